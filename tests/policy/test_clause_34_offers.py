"""Clause 34: an offer goes by email, to who agreed to it, now and then; and nothing else is one."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.rule_words import Matchable
from contracts.vocabulary import Answer, Channel, Purpose
from store import tables
from tests.building import House, sandbox_policies
from tests.dispatch.sending import Sending
from tests.factories import envelope
from workers.cli import app
from workers.routing.promoting import promotions
from workers.routing.template_files import SHIPPED
from workers.upkeep.notices import plan_notices

INVOICES = "accounts@harbourlane.example"


def _offer(house: House, **changes: Any) -> None:
    house.tell(envelope("offer.published", services=..., **{"valid_until": ...} | changes))
    while plan_notices(house.store, house.policies):
        pass


def _not_sent(house: House) -> list[str]:
    return [entry["reason"].value for entry in house.entries(outcome="not_sent")]


def test_clause_34_who_has_not_agreed_is_sent_none(sending: Sending) -> None:
    """Neither who never said anything, nor a company, nor who pays us month by month."""
    house = sending.house
    house.register("C-company", legal_name="Saltmarsh Holdings Ltd")
    house.register("C-pays")
    house.tell(
        envelope("customer.ordered", subject="C-order"),
        envelope("invoice.issued", subject="C-pays"),
        envelope("payment.received", subject="C-pays"),
    )

    _offer(house)
    for channel in (Channel.EMAIL, Channel.SMS):
        sending.deliver(channel, [r["id"] for r in house.deliveries(purpose=Purpose.OFFERS)])

    assert house.deliveries(purpose=Purpose.OFFERS) == []
    assert sending.accepted() == []
    assert set(_not_sent(house)) == {"no_consent"}


def test_clause_34_who_has_agreed_gets_it_by_email_and_it_says_why(sending: Sending) -> None:
    """And how to stop it; to where their invoices go, and nowhere else."""
    house = sending.house
    house.register("C-agrees", invoice_email=INVOICES)
    house.tell(envelope("consent.given", subject="C-agrees"))

    _offer(house)
    sending.deliver(Channel.EMAIL)

    (mail,) = sending.mails()
    body = mail.get_body(("plain",))
    assert mail["To"] == INVOICES
    assert body is not None
    assert "You get this because you agreed to our news and offers." in body.get_content()


def test_clause_34_that_they_agreed_is_kept_with_its_evidence(house: House) -> None:
    """Who must show it can: when, how, to which wording."""
    house.register()

    house.tell(envelope("consent.given"))

    (row,) = house.rows(tables.consents)
    assert (row["purpose"], row["channel"]) == (Purpose.OFFERS, Channel.EMAIL)
    assert row["wording_version"] == "2020-04"
    place = f"C-1042/offers/email/{row['given_at'].isoformat()}"
    with house.store.read() as tx:
        assert tx.open(f"consents.method:{place}", row["method"]) == b"web form"
        told = tx.open(f"consents.evidence:{place}", row["evidence"])
    assert told == b"Ticked the box on the order page."


@pytest.mark.parametrize("channel", ["sms", "call", "post"])
def test_clause_34_nobody_can_agree_to_another_channel(house: House, channel: str) -> None:
    """The policy offers email alone, so there is nothing to agree to."""
    house.register()

    answer = house.hand_in_one(envelope("consent.given", channel=channel))

    assert answer.answer is Answer.REJECTED
    assert [one.path for one in answer.problems] == ["data.channel"]


def test_clause_34_an_offer_by_text_is_impossible(house: House) -> None:
    """No rule can ask for one, no template could write it, and no address is no reason for it."""
    house.register(contact=..., invoice_email=...)
    house.tell(envelope("consent.given"))

    _offer(house)

    assert "offer.published" not in set(Matchable)
    assert list(SHIPPED.rglob("sms/offer*")) == []
    assert house.deliveries(purpose=Purpose.OFFERS) == []
    assert _not_sent(house) == ["no_address"]


def test_clause_34_one_more_than_may_be_sent_is_not(house: House) -> None:
    """In so many days; it is on record as not sent, and the next days' may go again."""
    most = 3
    house.policies = sandbox_policies(offers_most=most, offers_days=30)
    house.register()
    house.tell(envelope("consent.given"))

    for _ in range(most + 1):
        _offer(house)
        house.clock.advance(hours=1)
    house.clock.advance(days=30)
    _offer(house)

    assert len(house.deliveries(purpose=Purpose.OFFERS)) == most + 1
    assert _not_sent(house) == ["offers_capped"]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("en-GB/email/invoice.issued/body.txt", "Why not try our meeting rooms?"),
        ("en-GB/email/call.message_taken/body.html", "{% block promotion %}Rooms{% endblock %}"),
        ("en-GB/sms/call.message_taken.txt", "Get 20% off your next month."),
        ("en-GB/email/footer.txt", "Refer a friend and save £20!"),
        ("en-GB/email/policy.changed/body.txt", "Sign up today for our special offer."),
        (
            "en-GB/email/payment.failed/body.txt",
            '{% include "en-GB/email/offer.published/body.txt" %}',
        ),
    ],
)
def test_clause_34_a_template_of_a_service_that_promotes_fails_the_lint(
    name: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An advertisement under an invoice is an offer, to whoever agreed to none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONWARD_SANDBOX", "true")
    monkeypatch.setenv("ONWARD_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ONWARD_MASTER_KEY", b64encode(b"k" * 32).decode())
    monkeypatch.setenv("ONWARD_TEMPLATES_DIR", str(tmp_path / "own"))
    own = tmp_path / "own" / name
    own.parent.mkdir(parents=True)
    own.write_text(f"\n{source}\n", "utf-8")
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0

    tried = CliRunner().invoke(app, ["preview", "--all"])

    assert tried.exit_code == 1
    assert f"{name} line 2: promotes (" in tried.output


def test_clause_34_no_template_that_comes_with_onward_promotes_anything() -> None:
    """But an offer's own, which does nothing else."""
    shipped = {
        path.relative_to(SHIPPED).as_posix(): path.read_text("utf-8")
        for path in SHIPPED.rglob("*")
        if path.is_file()
    }

    found = {name: list(promotions(name, source)) for name, source in shipped.items()}

    assert {name: words for name, words in found.items() if words} == {}
    assert list(promotions("en-GB/email/offer.published/body.txt", "50% off")) == []
