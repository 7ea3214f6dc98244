from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts.vocabulary import DeliveryStatus
from tests.faults.evidence import Attempt, Delivery, Entry, Evidence, Sent, sent_of
from tests.faults.judging import judge
from tests.faults.load import Sample
from workers.sandbox.acceptance import Acceptance

EVENT, DELIVERY = UUID(int=1), UUID(int=2)
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
CONFIRMED = [Sample("e-1", "call.message_taken", b"{}", wanted=1)]


def sent(attempt: int = 1, reference: str = "SM1") -> Sent:
    """Give an acceptance of the delivery."""
    return Sent(DELIVERY, attempt, reference, AT)


def tried(
    fence: int = 1, verdict: str | None = "accepted", reference: str | None = "SM1"
) -> Attempt:
    """Give an attempt at the delivery."""
    return Attempt(DELIVERY, fence, verdict, reference)


def evidence(
    status: str = "accepted",
    *,
    due: bool = False,
    marked: bool = False,
    attempts: tuple[Attempt, ...] = (tried(),),
    entries: tuple[Entry, ...] = (),
    acceptances: tuple[Sent, ...] = (sent(),),
) -> Evidence:
    """Give the evidence of one event with one delivery."""
    return Evidence(
        events={"e-1": (EVENT, "routed")},
        rejected=frozenset(),
        nameless=0,
        deliveries=(Delivery(DELIVERY, EVENT, status, "planned", due, marked),),
        attempts=attempts,
        entries=entries,
        sent=acceptances,
    )


def nothing_found() -> Evidence:
    """Give the evidence of an installation that has nothing."""
    return Evidence({}, frozenset(), 0, (), (), (), ())


def test_one_acceptance_of_one_delivery_keeps_both_invariants() -> None:
    """What goes well must not be called broken."""
    found = judge(CONFIRMED, evidence())

    assert found.kept
    assert (found.lost, found.duplicated, found.uncertain) == (0, 0, 0)


def test_a_confirmed_event_that_is_not_on_record_is_lost() -> None:
    """A confirm is a promise: this is the loss that the harness exists to find."""
    found = judge(CONFIRMED, nothing_found())

    assert found.lost == 1
    assert "e-1 is not on record" in found.problems[0]


def test_an_event_without_its_deliveries_is_lost() -> None:
    """An event on record of which nothing is sent has not been sent onward."""
    found = judge([Sample("e-1", "call.message_taken", b"{}", wanted=2)], evidence())

    assert found.lost == 1


def test_what_is_called_accepted_and_never_was_is_lost() -> None:
    """Our own word proves nothing: the provider's record does."""
    found = judge(CONFIRMED, evidence(acceptances=()))

    assert found.lost == 1
    assert any("unfounded" in problem for problem in found.problems)


def test_what_is_due_and_left_at_the_end_is_lost() -> None:
    """Nobody would send it any more."""
    found = judge(CONFIRMED, evidence("pending", due=True, attempts=(), acceptances=()))

    assert found.lost == 1


@pytest.mark.parametrize("status", ["parked", "failed", "undelivered", "expired", "suppressed"])
def test_what_is_settled_or_waits_for_an_operator_is_not_lost(status: str) -> None:
    """The invariant asks for a known fate, not for an acceptance."""
    found = judge(CONFIRMED, evidence(status, attempts=(), acceptances=()))

    assert found.kept


def test_what_is_not_yet_due_is_not_lost() -> None:
    """A retry an hour from now is in good hands."""
    found = judge(CONFIRMED, evidence("pending", attempts=(), acceptances=()))

    assert found.kept
    assert found.not_due == 1


@pytest.mark.parametrize("status", [DeliveryStatus.UNCERTAIN, DeliveryStatus.SENDING])
def test_what_is_left_uncertain_breaks_the_invariant(status: DeliveryStatus) -> None:
    """Uncertain is a state to be settled, never an end."""
    found = judge(CONFIRMED, evidence(status.value, attempts=(), acceptances=()))

    assert not found.kept
    assert found.left_uncertain == 1


def test_a_second_acceptance_without_a_mark_is_a_duplicate() -> None:
    """The customer got it twice, and nobody decided so."""
    twice = evidence(
        attempts=(tried(), tried(2, reference="SM2")), acceptances=(sent(), sent(2, "SM2"))
    )

    found = judge(CONFIRMED, twice)

    assert found.duplicated == 1


def test_a_marked_resend_after_an_uncertain_attempt_is_no_duplicate() -> None:
    """The channel's policy asked for it, and it is counted as a resend."""
    resent = evidence(
        marked=True,
        attempts=(tried(verdict="unknown", reference=None), tried(2, reference="SM2")),
        acceptances=(sent(), sent(2, "SM2")),
    )

    found = judge(CONFIRMED, resent)

    assert found.kept
    assert found.resent == 1


def test_a_mark_does_not_excuse_more_acceptances_than_uncertain_attempts() -> None:
    """A mark is for one uncertain attempt, not a licence."""
    thrice = evidence(
        marked=True,
        attempts=(
            tried(verdict="unknown", reference=None),
            tried(2, reference="SM2"),
            tried(3, reference="SM3"),
        ),
        acceptances=(sent(), sent(2, "SM2"), sent(3, "SM3")),
    )

    assert judge(CONFIRMED, thrice).duplicated == 1


def test_an_acceptance_of_an_attempt_that_we_call_refused_is_found() -> None:
    """A wrong verdict would send it again unmarked, sooner or later."""
    found = judge(CONFIRMED, evidence("failed", attempts=(tried(verdict="rejected"),)))

    assert any("denied" in problem for problem in found.problems)


def test_an_acceptance_of_an_attempt_that_we_do_not_know_of_is_found() -> None:
    """Every attempt is on record before its first byte."""
    found = judge(CONFIRMED, evidence(attempts=()))

    assert any("stray" in problem for problem in found.problems)


def test_what_settled_an_uncertain_delivery_is_told() -> None:
    """How much is settled by evidence, and how much by policy, is the figure that matters."""
    entries = (
        Entry(DELIVERY, "uncertain", "no_answer", marked=False),
        Entry(DELIVERY, "accepted", "receipt", marked=False),
        Entry(DELIVERY, "delivered", "receipt", marked=False),
    )

    found = judge(CONFIRMED, evidence("delivered", entries=entries))

    assert found.uncertain == 1
    assert found.settled == {"receipt": 1}


def test_evidence_that_comes_after_parking_is_what_settled_it() -> None:
    """A late receipt leaves nothing for an operator, so it must not be told as if it had."""
    entries = (
        Entry(DELIVERY, "uncertain", "no_answer", marked=False),
        Entry(DELIVERY, "parked", "policy_parks", marked=False),
        Entry(DELIVERY, "delivered", "receipt", marked=False),
    )

    assert judge(CONFIRMED, evidence("delivered", entries=entries)).settled == {"receipt": 1}


def test_poison_must_be_on_record_as_rejected() -> None:
    """What breaks its contract is kept and answered too, with or without a name."""
    confirmed = [
        Sample("p-1", "call.message_taken", b"{", poison=True),
        Sample("p-2", "call.message_taken", b"{}", poison=True),
    ]
    found = nothing_found()
    one_named = Evidence({}, frozenset({"p-2"}), 0, (), (), (), ())
    all_there = Evidence({}, frozenset({"p-2"}), 1, (), (), (), ())

    assert [judge(confirmed, one).lost for one in (found, one_named, all_there)] == [2, 1, 0]


def test_our_ids_are_read_out_of_a_texts_callback_and_out_of_an_emails_ids() -> None:
    """Without them the oracle could not tell a resend from another delivery."""
    text = Acceptance(
        0,
        AT,
        "sms",
        "SM1",
        "+447700900111",
        "+447700900100",
        callback_url=f"https://o.example/hooks/twilio/message?delivery={DELIVERY}&attempt=3",
    )
    email = Acceptance(
        1,
        AT,
        "email",
        "MQ1",
        "a@example.com",
        "b@example.com",
        message_id=f"<{DELIVERY}@example.com>",
        envid=f"{DELIVERY}.2",
    )

    assert sent_of(text) == Sent(DELIVERY, 3, "SM1", AT)
    assert sent_of(email) == Sent(DELIVERY, 2, "MQ1", AT)
