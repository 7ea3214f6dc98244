"""Is what came of a send kept, whatever has happened to the delivery meanwhile?"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store import tables
from store.deliveries import due, settling
from store.deliveries.claiming import Claimed
from store.deliveries.receiving import Word, receive
from store.deliveries.recording import Result, record
from tests.building import House
from tests.factories import catch_all
from tests.operations.recorded import KIM
from workers.operations import Operations

S = DeliveryStatus
RESEND = frozenset({Channel.EMAIL})


@pytest.fixture
def mail(house: House) -> UUID:
    """Have one email that is due."""
    house.serve(rules=[catch_all("d-mail")])
    (only,) = house.have_message()
    return only


def _accepted(claimed: Claimed, reference: str = "ref-1", **more: Any) -> Result:
    return Result(
        claimed=claimed,
        verdict="accepted",
        to=S.ACCEPTED,
        reason=Reason.PROVIDER_ACCEPTED,
        provider="smtp",
        reference=reference,
        **more,
    )


def _unknown(claimed: Claimed) -> Result:
    return Result(
        claimed=claimed,
        verdict="unknown",
        to=S.UNCERTAIN,
        reason=Reason.NO_ANSWER,
        due_at=claimed.started_at + timedelta(seconds=60),
    )


def _deferred(claimed: Claimed, *, spends: bool = True) -> Result:
    return Result(
        claimed=claimed,
        verdict="deferred",
        to=S.PENDING,
        reason=Reason.PROVIDER_FAULT,
        code="451",
        due_at=claimed.started_at + timedelta(seconds=30),
        spends_attempt=spends,
    )


def _rejected(claimed: Claimed) -> Result:
    return Result(
        claimed=claimed, verdict="rejected", to=S.FAILED, reason=Reason.REFUSED, code="550"
    )


def _record(house: House, *results: Result) -> list[dict[str, Any]]:
    with house.store.write() as tx:
        return record(tx, results)


def _rescue(house: House) -> list[UUID]:
    with house.store.write() as tx:
        return due.rescue(tx, dict.fromkeys(Channel, 300.0))


def _settle(house: House) -> list[tuple[UUID, S]]:
    with house.store.write() as tx:
        return settling.settle_uncertain(tx, RESEND, 3)


def test_an_acceptance_is_on_record_with_all_that_proves_it(house: House, mail: UUID) -> None:
    """Delivery, attempt, ledger and publisher say the same."""
    (claimed,) = house.claim()
    house.clock.advance(seconds=1)

    _record(house, _accepted(claimed, content_digest="c0ffee", template_version="3"))

    row = house.delivery(id=mail)
    assert (row["status"], row["reference"], row["attempts"]) == (S.ACCEPTED, "ref-1", 1)
    assert row["lease_until"] is None
    (attempt,) = house.rows(tables.attempts)
    assert (attempt["verdict"], attempt["reference"]) == ("accepted", "ref-1")
    (entry,) = house.entries()
    assert (entry["outcome"], entry["attempt"], entry["template_version"]) == ("accepted", 1, "3")
    assert entry["attempted_at"] + timedelta(seconds=1) == entry["settled_at"]
    (told,) = house.outcomes("delivery.accepted")
    assert (told["channel"], told["attempts"]) == ("email", 1)


def test_a_retry_is_pending_again_and_nobody_is_told(house: House, mail: UUID) -> None:
    """Publishers hear of ends, not of every try; the attempt is kept."""
    (claimed,) = house.claim()

    _record(house, _deferred(claimed))

    row = house.delivery(id=mail)
    assert (row["status"], row["attempts"], row["detail"]) == (S.PENDING, 1, "451")
    assert row["due_at"] == claimed.started_at + timedelta(seconds=30)
    assert house.entries() == []
    assert [a["verdict"] for a in house.rows(tables.attempts)] == ["deferred"]


def test_an_attempt_that_was_not_the_deliverys_fault_is_not_spent(house: House, mail: UUID) -> None:
    """An outage spends nobody's retries; the fence rises all the same."""
    for _ in range(3):
        (claimed,) = house.claim()
        _record(house, _deferred(claimed, spends=False))
        house.clock.advance(minutes=1)

    row = house.delivery(id=mail)
    assert (row["attempts"], row["fence"]) == (0, 3)
    assert len(house.rows(tables.attempts)) == 3


def test_a_record_counts_for_its_own_claim_alone(house: House, mail: UUID) -> None:
    """A worker that was stopped and wakes up must not speak for the one that took over."""
    (old,) = house.claim(worker="w-1")
    _record(house, _deferred(old))
    house.clock.advance(minutes=1)
    (new,) = house.claim(worker="w-2")

    changed = _record(house, _accepted(old, "ref-old"))

    assert changed == []
    assert house.status(mail) is S.SENDING
    assert new.fence == old.fence + 1
    assert [a["reference"] for a in house.rows(tables.attempts)] == ["ref-old", None]


def test_a_claim_nobody_recorded_is_uncertain_when_its_lease_ends(house: House, mail: UUID) -> None:
    """The worker died with the send in its hands: nobody knows."""
    house.claim(lease_seconds=60)
    house.clock.advance(seconds=59)
    early = _rescue(house)
    house.clock.advance(seconds=1)

    found = _rescue(house)

    assert (early, found) == ([], [mail])
    assert house.standing() == [("d-mail", "uncertain", "lease_ran_out")]
    assert house.delivery()["due_at"] == house.clock.now + timedelta(seconds=300)
    assert [e["outcome"] for e in house.entries()] == ["uncertain"]


@pytest.mark.parametrize(
    ("channel", "status", "reason", "marked"),
    [("d-mail", "pending", "policy_resends", True), ("d-mobile", "parked", "policy_parks", False)],
)
def test_what_no_evidence_settles_goes_by_its_channels_policy(
    house: House, channel: str, status: str, reason: str, *, marked: bool
) -> None:
    """A text would be sent twice: a person decides. An email goes again, and is marked."""
    house.serve(rules=[catch_all(channel)])
    house.have_message()
    (claimed,) = house.claim()
    _record(house, _unknown(claimed))
    early = _settle(house)
    house.clock.advance(seconds=61)

    _settle(house)

    assert early == []
    assert house.standing() == [(channel, status, reason)]
    assert house.delivery()["marked"] is marked
    assert len(house.claim()) == (1 if marked else 0)


def _nothing(_: House) -> None:
    """Leave it as it is."""


def _rescued(house: House) -> None:
    house.clock.advance(seconds=61)
    _rescue(house)


def _settled(house: House) -> None:
    _rescued(house)
    house.clock.advance(seconds=301)
    _settle(house)


@pytest.mark.parametrize("meanwhile", [_nothing, _rescued, _settled])
@pytest.mark.parametrize("channel", ["d-mail", "d-mobile"])
def test_an_acceptance_beats_not_knowing(house: House, channel: str, meanwhile: Any) -> None:
    """Late evidence settles: uncertain, parked, or about to be sent once more."""
    house.serve(rules=[catch_all(channel)])
    house.have_message()
    (claimed,) = house.claim(lease_seconds=60)
    meanwhile(house)

    _record(house, _accepted(claimed))

    assert house.standing() == [(channel, "accepted", "provider_accepted")]
    assert house.claim() == []


@pytest.mark.parametrize(
    ("refusal", "becomes"),
    [(_deferred, S.PENDING), (_rejected, S.FAILED)],
    ids=["for now", "for good"],
)
def test_a_late_refusal_settles_what_was_uncertain(
    house: House, mail: UUID, refusal: Callable[[Claimed], Result], becomes: S
) -> None:
    """A definite refusal proves that nothing was sent, however late it is told."""
    (claimed,) = house.claim(lease_seconds=60)
    _rescued(house)

    _record(house, refusal(claimed))

    assert house.status(mail) is becomes
    assert house.delivery()["attempts"] == 1


def test_a_late_refusal_leaves_a_newer_attempt_alone(house: House, mail: UUID) -> None:
    """It proves something about its own attempt, and nothing about the one after it."""
    (claimed,) = house.claim(lease_seconds=60)
    _rescued(house)
    house.clock.advance(seconds=301)
    _settle(house)
    house.claim(lease_seconds=60)

    _record(house, _rejected(claimed))

    assert house.status(mail) is S.SENDING
    assert [a["verdict"] for a in house.rows(tables.attempts)] == ["rejected", None]


def test_a_late_refusal_of_what_is_parked_is_kept_for_whoever_decides(house: House) -> None:
    """What a person may be looking into is not pulled from under their hands."""
    house.serve(rules=[catch_all("d-mobile")])
    house.have_message()
    (claimed,) = house.claim(lease_seconds=60)
    _rescued(house)
    house.clock.advance(seconds=301)
    _settle(house)

    _record(house, _deferred(claimed))

    assert house.standing() == [("d-mobile", "parked", "policy_parks")]
    assert [(a["verdict"], a["code"]) for a in house.rows(tables.attempts)] == [("deferred", "451")]


def test_a_receipt_that_came_first_is_not_unsaid_by_our_own_timeout(
    house: House, mail: UUID
) -> None:
    """The callback overtook the answer, and the answer never came: the reference stays."""
    (claimed,) = house.claim()
    with house.store.write() as tx:
        receive(
            tx,
            [Word(mail, claimed.fence, S.DELIVERED, Reason.RECEIPT, reference="SM-by-receipt")],
        )

    _record(house, _unknown(claimed))

    assert house.status(mail) is S.DELIVERED
    assert [a["reference"] for a in house.rows(tables.attempts)] == ["SM-by-receipt"]
    assert house.delivery()["reference"] == "SM-by-receipt"


def test_what_a_receipt_told_first_is_on_record_with_what_was_sent(
    house: House, mail: UUID
) -> None:
    """The receipt does not know what was sent, or by which template; our own answer does."""
    (claimed,) = house.claim()
    with house.store.write() as tx:
        word = Word(mail, claimed.fence, S.DELIVERED, Reason.RECEIPT, reference="SM-1")
        receive(tx, [word])

    _record(house, _accepted(claimed, "SM-1", template_version="t-7"))

    assert house.status(mail) is S.DELIVERED
    entries = [(e["outcome"], e["template_version"], e["reference"]) for e in house.entries()]
    assert entries == [("delivered", None, "SM-1"), ("accepted", "t-7", "SM-1")]


def test_what_a_bounce_told_first_is_found_by_its_reference_all_the_same(
    house: House, mail: UUID
) -> None:
    """The bounce did not know it; an operator who has it from the relay looks it up by it."""
    (claimed,) = house.claim()
    with house.store.write() as tx:
        receive(tx, [Word(mail, claimed.fence, S.UNDELIVERED, Reason.BOUNCED)])

    _record(house, _accepted(claimed, "MQ-1"))

    assert house.status(mail) is S.UNDELIVERED
    assert house.delivery()["reference"] == "MQ-1"


def test_an_answer_that_comes_late_does_not_undo_an_operators_replay(
    house: House, mail: UUID
) -> None:
    """A dead worker's journal knows of an acceptance; a receipt has long said what came of it."""
    (claimed,) = house.claim()
    with house.store.write() as tx:
        receive(tx, [Word(mail, claimed.fence, S.UNDELIVERED, Reason.RECEIPT, reference="SM-1")])
    Operations(house.store, house.policies.lanes).replay([mail], KIM)

    _record(house, _accepted(claimed, "SM-1"))

    assert house.status(mail) is S.PENDING
    assert [c.marked for c in house.claim()] == [True]


def test_a_bounce_that_comes_again_does_not_undo_an_operators_replay(
    house: House, mail: UUID
) -> None:
    """It has no reference to be known by, and says nothing that was not known."""
    (claimed,) = house.claim()
    _record(house, _unknown(claimed))
    bounce = Word(mail, claimed.fence, S.UNDELIVERED, Reason.BOUNCED)
    with house.store.write() as tx:
        receive(tx, [bounce])
    Operations(house.store, house.policies.lanes).replay([mail], KIM)

    with house.store.write() as tx:
        receive(tx, [bounce])

    assert house.status(mail) is S.PENDING


def test_recording_twice_says_it_once(house: House, mail: UUID) -> None:
    """The commit went through and its answer was lost: the repetition does nothing."""
    (claimed,) = house.claim()
    _record(house, _accepted(claimed))

    again = _record(house, _accepted(claimed))

    assert again == []
    assert len(house.entries()) == 1
    assert house.delivery(id=mail)["transition"] == 2


def test_what_happens_to_a_delivery_twice_is_told_twice(house: House, mail: UUID) -> None:
    """An outcome's name is its delivery's and that of the change, so none is taken for a repeat."""
    for _ in range(2):
        (claimed,) = house.claim()
        _record(house, _unknown(claimed))
        _record(house, _unknown(claimed))
        house.clock.advance(seconds=61)
        _settle(house)

    told = {row["id"] for row in house.rows(tables.outbox, name="delivery.uncertain")}

    assert told == {f"{mail}:2", f"{mail}:5"}


def test_a_group_is_recorded_together_each_by_its_own_result(house: House) -> None:
    """A hundred outcomes are one transaction, of every kind."""
    house.serve()
    house.have_message()
    house.have_message(call_id="call-2")
    claimed = house.claim()

    changed = _record(
        house,
        _accepted(claimed[0], "a"),
        _deferred(claimed[1]),
        _unknown(claimed[2]),
        _accepted(claimed[3], "b"),
    )

    assert {row["id"] for row in changed} == {c.delivery_id for c in claimed}
    assert [row["status"] for row in house.deliveries()] == [
        S.ACCEPTED,
        S.PENDING,
        S.UNCERTAIN,
        S.ACCEPTED,
    ]


def test_what_is_due_is_given_to_one_hinter_and_not_again_for_a_while(
    house: House, mail: UUID
) -> None:
    """With a million queued, hinting at everything every second would multiply the queue."""
    lanes = [house.delivery()["lane"]]
    long_ago = house.clock.now - timedelta(seconds=60)
    with house.store.write() as tx:
        hinted_at_intake = due.unhinted(tx, lanes, long_ago, 10)
        due.unhint(tx, [mail])
    with house.store.write() as tx:
        found = due.unhinted(tx, lanes, long_ago, 10)
    with house.store.write() as tx:
        again = due.unhinted(tx, lanes, long_ago, 10)
    house.clock.advance(seconds=61)
    with house.store.write() as tx:
        later = due.unhinted(tx, lanes, house.clock.now - timedelta(seconds=60), 10)

    assert [hinted_at_intake, [d.delivery_id for d in found], again] == [[], [mail], []]
    assert [d.delivery_id for d in later] == [mail]
