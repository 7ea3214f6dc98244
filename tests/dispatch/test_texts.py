"""Do texts leave as they should: few to one number, from whom, how long, and at what cost?"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.rules import RuleSet
from contracts.senders import Sender
from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store import tables
from store.audit import By
from store.deliveries import bundling
from store.record import sealing
from tests.building import first_of, preferences
from tests.dispatch.sending import Sending, open_sending
from tests.factories import catch_all, envelope
from workers.dispatch.carriers import Carrier
from workers.routing.sms_length import segments
from workers.sandbox.behaviour import Act, Rule

S = DeliveryStatus
SMS, CALL = Channel.SMS, Channel.CALL
KIM = By("kim", "Asked for it.")


@pytest.fixture
def sparing(empty_url: str, tmp_path: Path) -> Iterator[Sending]:
    """Give one that sends a number no more than two texts an hour."""
    with open_sending(empty_url, tmp_path, sms_throttle=True, sms_per_hour=2) as opened:
        opened.house.serve(rules=[catch_all("d-mobile")])
        yield opened


def _messages(sending: Sending, many: int, **more: Any) -> None:
    for n in range(many):
        sending.house.have_message(call_id=f"call-{n}", text=f"No. {n}", **more)


def test_what_a_number_has_no_room_for_is_sent_an_hour_later(sparing: Sending) -> None:
    """Nothing is lost by it, and no network blocks the number."""
    _messages(sparing, 3)

    sparing.deliver(SMS)
    at_once = [str(text.body) for text in sparing.accepted()]
    sparing.deliver(SMS)
    still = len(sparing.accepted())
    sparing.house.clock.advance(hours=1, minutes=1)  # one may leave as late as its lease ends
    sparing.deliver(SMS)

    assert sorted(body.count("No. 0") for body in at_once) == [0, 1]
    assert sorted(body.count("No. 1") for body in at_once) == [0, 1]
    assert still == 2
    assert "No. 2" in str(sparing.accepted()[2].body)
    assert {row["status"] for row in sparing.house.deliveries()} == {S.ACCEPTED}


def test_what_a_number_has_no_room_for_is_bundled_into_one_text(sparing: Sending) -> None:
    """An afternoon's callers come as one list, not one an hour until the next day."""
    _messages(sparing, 6)
    sparing.deliver(SMS)
    with sparing.house.store.write() as tx:
        bundled = bundling.bundle_throttled(tx, 100)
    sparing.house.clock.advance(hours=1, minutes=1)
    sparing.deliver(SMS)

    *_, last = sparing.accepted()
    assert (bundled, len(sparing.accepted())) == (4, 3)
    assert "4 messages for you" in str(last.body)
    assert sum(f"No. {n}" in str(last.body) for n in range(6)) == 4


def test_an_emergency_is_sent_all_the_same(sparing: Sending) -> None:
    """It is counted, and waits for none that is not urgent."""
    _messages(sparing, 3)
    sparing.deliver(SMS)

    sparing.house.have_message(call_id="call-9", text="The roof!", urgency="emergency")
    sparing.deliver(SMS)

    assert "The roof!" in str(sparing.accepted()[-1].body)
    assert len(sparing.accepted()) == 3


def test_what_cannot_be_written_is_found_out_as_ever(sparing: Sending) -> None:
    """Where numbers are spared a text is written in its claim: one bad one holds up no other."""
    house = sparing.house
    good = house.have_message(call_id="call-1")
    (bad,) = house.have_message(call_id="call-2")
    with house.store.write() as tx:
        tx.connection.execute(
            tables.events.update()
            .where(tables.events.c.id == house.delivery(id=bad)["event_id"])
            .values(type="offer.published")
        )

    sparing.deliver(SMS)

    assert [house.status(one) for one in good] == [S.ACCEPTED]
    assert house.delivery(id=bad)["reason"] is Reason.TEMPLATE_FAILED


@pytest.mark.parametrize(
    ("text", "count"), [("Short.", 2), ("x" * 1000, 8), ("x" * 4000, 10), ("Łódź " * 60, 8)]
)
def test_the_record_says_into_how_many_segments_a_text_went(
    embedded: Sending, text: str, count: int
) -> None:
    """At once, by our own count; networks bill them one by one."""
    embedded.house.have_message(text=text)

    embedded.deliver(SMS)

    (entry,) = embedded.house.entries()
    (taken,) = embedded.accepted()
    assert entry["segments"] == segments(str(taken.body))
    assert entry["segments"] == count
    with embedded.house.store.write() as tx:
        sealing.seal_next(tx)
    assert sealing.verify(embedded.house.store).broken is None


def test_a_limit_of_segments_is_kept_for_each_purpose(
    empty_sqlite_url: str, tmp_path: Path
) -> None:
    """An office may want messages whole, and all else short."""
    limits: dict[str, Any] = {"sms_segments": 3, "sms_segments_by_purpose": {"messages": 1}}
    with open_sending(empty_sqlite_url, tmp_path, **limits) as sending:
        sending.house.serve(rules=[catch_all("d-mobile")])
        sending.house.have_message(text="word " * 200)
        sending.house.tell(envelope("invoice.cancelled", reason="word " * 200))
        sending.deliver(SMS)

        found = [segments(str(one.body)) for one in sending.accepted() if one.kind == "sms"]

    assert found[0] == 1


def test_the_provider_keeps_a_text_no_longer_than_its_deadline(embedded: Sending) -> None:
    """An urgent text that is stuck at a network must not arrive at night."""
    embedded.house.have_message(call_id="call-1", urgency="urgent", text="The roof!")
    embedded.house.have_message(call_id="call-2")
    embedded.house.clock.advance(minutes=10)

    embedded.deliver(SMS)

    urgent, routine = sorted(embedded.accepted(), key=lambda one: "roof" not in str(one.body))
    assert urgent.validity_seconds == pytest.approx(20 * 60, abs=2)
    assert routine.validity_seconds == 14_400


def test_a_customers_texts_come_from_its_own_sender(sending: Sending) -> None:
    """Their people know that name."""
    sending.parts.operations.set_sender("C-1042", Sender("HarbourLane"), KIM)
    sending.house.have_message(call_id="call-1")
    sending.deliver(SMS)
    sending.parts.operations.clear_sender("C-1042", KIM)
    sending.house.have_message(call_id="call-2")
    sending.deliver(SMS)

    assert [text.sender for text in sending.accepted()] == ["HarbourLane", "+447700900100"]


def test_what_wants_an_answer_comes_from_a_number(empty_sqlite_url: str, tmp_path: Path) -> None:
    """Neither the customer's name nor the company's can be texted back."""
    names: dict[str, Any] = {"sms_sender": "Brindle", "sms_reply_number": "+447700900111"}
    with open_sending(empty_sqlite_url, tmp_path, **names) as sending:
        house = sending.house
        house.serve(rules=[catch_all("d-mobile")])
        sending.parts.operations.set_sender("C-1042", Sender("HarbourLane"), KIM)
        (plain,) = house.have_message(call_id="call-1")
        (coded,) = house.have_message(call_id="call-2")
        _want_a_code(sending, coded)

        sending.deliver(SMS)

        assert house.status(plain) is S.ACCEPTED
        senders = {text.reference: text.sender for text in sending.accepted()}
        assert senders[house.delivery(id=plain)["reference"]] == "HarbourLane"
        assert senders[house.delivery(id=coded)["reference"]] == "+447700900111"


def _want_a_code(sending: Sending, delivery_id: Any) -> None:
    """Let a delivery follow from a version of the rules whose step asks for a reply code."""
    rules = {
        "version": 7,
        "rules": [
            catch_all("d-mobile", steps=[{"destination": "d-mobile", "acknowledge": "code"}])
        ],
        "callers": {},
    }
    content = RuleSet.model_validate(rules).model_dump_json(exclude_unset=True, by_alias=True)
    with sending.house.store.write() as tx:
        tx.connection.execute(
            tables.rule_sets.insert().values(
                customer_ref="C-1042",
                version=7,
                content=tx.seal("C-1042", "rule_sets.content:C-1042/7", content.encode()),
                set_by=tx.seal("C-1042", "rule_sets.set_by:C-1042/7", b"kim"),
                told_us_by="web",
                set_at=tx.now,
            )
        )
        tx.connection.execute(
            tables.deliveries.update()
            .where(tables.deliveries.c.id == delivery_id)
            .values(rule_version=7)
        )


def test_a_sender_of_its_own_that_is_refused_costs_the_customer_nothing_but_the_name(
    sending: Sending,
) -> None:
    """The text goes out under the company's, and the breaker of all others stays closed."""
    sending.parts.operations.set_sender("C-1042", Sender("HarbourLane"), KIM)
    sending.sandbox.behave(Rule(Act.REFUSE, channel="sms", sender="HarbourLane", code=21212))
    sending.house.have_message()

    sending.deliver(SMS)
    before = sending.house.standing(channel=SMS)
    sending.house.clock.advance(seconds=1)
    sending.deliver(SMS)

    assert before == [("d-mobile", "pending", "sender_refused")]
    assert [text.sender for text in sending.accepted()] == ["+447700900100"]
    assert sending.house.standing(channel=SMS) == [("d-mobile", "accepted", "provider_accepted")]
    (provider,) = [row for row in sending.house.rows(tables.providers) if row["channel"] is SMS]
    assert provider["state"].value == "closed"


def test_a_number_that_is_barred_meanwhile_is_not_texted_and_the_next_step_goes(
    empty_url: str, tmp_path: Path
) -> None:
    """What was allowed when it was added need not be allowed now (toll fraud)."""
    with open_sending(empty_url, tmp_path, number_countries=("IE",)) as sending:
        sending.house.serve(rules=[first_of("d-mobile", "d-mail")])
        sending.house.tell(preferences("C-1042", first_of("d-mobile", "d-mail")))
        sending.house.have_message()

        sending.deliver(SMS)

        assert sending.accepted() == []
        assert sending.house.standing() == [
            ("d-mobile", "suppressed", "number_barred"),
            ("d-mail", "pending", "next_step"),
        ]
        (entry,) = sending.house.entries()
        assert (entry["outcome"], entry["reason"].value, entry["detail"]) == (
            "suppressed",
            "number_barred",
            "country",
        )


def test_a_number_that_is_barred_is_not_rung_either(empty_sqlite_url: str, tmp_path: Path) -> None:
    """Calls are what toll fraud is about; the caller's message goes its own way."""
    with open_sending(empty_sqlite_url, tmp_path, number_countries=("IE",)) as sending:
        sending.house.serve(rules=[catch_all("d-mobile", "d-mail")])
        late = sending.house.clock.now + timedelta(seconds=20)
        sending.house.tell(envelope("call.waiting", not_after=late.isoformat()))

        sending.deliver(CALL)

        assert sending.accepted() == []
        (call,) = sending.house.deliveries(channel=CALL)
        assert (call["status"], call["reason"]) == (S.SUPPRESSED, Reason.NUMBER_BARRED)


def test_a_second_account_sends_under_its_own_sender(
    embedded: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customer's number is the first account's."""
    embedded.parts.operations.set_sender("C-1042", Sender("+447700900200"), KIM)
    embedded.house.have_message()
    carriers = embedded.dispatch._carriers
    first = carriers.by_name["twilio-sms"]
    spare = Carrier(first.provider, first.width, first.where, "+447700900777")
    monkeypatch.setattr(carriers, "choose", lambda _: spare)

    embedded.deliver(SMS)

    assert [text.sender for text in embedded.accepted()] == ["+447700900777"]
