"""What Twilio's answers and callback words come to mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Channel, DeliveryStatus, Reason
from workers.providers.base import Deferred, Rejected, Unknown
from workers.providers.twilio_errors import (
    DIAL_OUTCOMES,
    MESSAGE_RECEIPTS,
    PASSING,
    PERMANENT,
    WAITING,
    DialOutcome,
    dial_outcome,
    message_receipt,
    refusal,
)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, 21211, Reason.INVALID_DESTINATION),
        (400, 21614, Reason.INVALID_DESTINATION),
        (400, 21635, Reason.INVALID_DESTINATION),
        (400, 30006, Reason.INVALID_DESTINATION),
        (400, 21610, Reason.OPTED_OUT),
        (400, 21612, Reason.REFUSED),
        (403, 21408, Reason.REFUSED),
        (400, 21606, Reason.REFUSED),  # of some senders said for some countries alone
        (400, 29999, Reason.REFUSED),
        (400, None, Reason.REFUSED),
        (422, None, Reason.REFUSED),
    ],
)
def test_a_definite_refusal_is_for_good(status: int, code: int | None, reason: Reason) -> None:
    """Trying a refused number again earns a block, and delays the rule's next step."""
    verdict = refusal(Channel.SMS, status, code, None)

    assert isinstance(verdict, Rejected)
    assert verdict.reason is reason


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (429, 20429, Reason.BUSY_PROVIDER),
        (429, None, Reason.BUSY_PROVIDER),
        (429, 63038, Reason.BUSY_PROVIDER),
        (429, 29999, Reason.BUSY_PROVIDER),
        (400, 21611, Reason.BUSY_PROVIDER),
        (401, 20003, Reason.CREDENTIALS),
        (401, None, Reason.CREDENTIALS),
        (403, None, Reason.CREDENTIALS),
        (403, 20403, Reason.CREDENTIALS),
        (400, 20005, Reason.CREDENTIALS),
        (404, 20404, Reason.CREDENTIALS),
        (400, 21212, Reason.CREDENTIALS),
        (400, 21603, Reason.CREDENTIALS),
        (400, 21660, Reason.CREDENTIALS),
        (400, 30002, Reason.CREDENTIALS),
    ],
)
def test_what_is_not_the_deliverys_fault_spends_none_of_its_attempts(
    status: int, code: int | None, reason: Reason
) -> None:
    """A rate limit or a changed token would otherwise fail everything that is waiting."""
    verdict = refusal(Channel.SMS, status, code, 7.0)

    assert isinstance(verdict, Deferred)
    assert (verdict.reason, verdict.retry_after, verdict.spends_attempt) == (reason, 7.0, False)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, None),
        (500, 20500),
        (502, None),
        (503, 20503),
        (503, 20429),
        (504, None),
        (408, None),
        (499, None),
        (301, None),
        (307, None),
        (100, None),
    ],
)
def test_an_answer_that_settles_nothing_leaves_the_send_unknown(
    status: int, code: int | None
) -> None:
    """Twilio says that a request answered with a 5xx may have been acted on."""
    verdict = refusal(Channel.SMS, status, code, None)

    assert isinstance(verdict, Unknown)
    assert verdict.reason is Reason.NO_ANSWER


@pytest.mark.parametrize("code", [21220, 20404])
def test_a_call_that_is_over_is_told_from_a_refused_number(code: int) -> None:
    """The caller's details then go as a message; the customer's number is not to blame."""
    verdict = refusal(Channel.CALL, 404, code, None)

    assert verdict == Rejected(Reason.CALLER_GONE, str(code))


@given(
    channel=st.sampled_from([Channel.SMS, Channel.CALL]),
    status=st.integers(100, 999),
    code=st.none() | st.integers(),
)
def test_every_answer_gets_a_verdict_and_only_a_4xx_is_definite(
    channel: Channel, status: int, code: int | None
) -> None:
    """A code that Twilio adds tomorrow must neither raise nor turn a maybe into a no."""
    verdict = refusal(channel, status, code, None)

    assert isinstance(verdict, Unknown) or 400 <= status < 500


def test_receipts_rise_from_queued_to_the_last_word() -> None:
    """Callbacks overtake one another: a late `sent` must not undo `delivered`."""
    ranks = [
        MESSAGE_RECEIPTS[word].rank for word in ("queued", "sending", "sent", "delivered", "read")
    ]

    assert ranks == sorted(set(ranks))


# twilio-oai, twilio_api_v2010.json: message_enum_status and call_enum_status
MESSAGE_STATUSES = frozenset(
    [
        "queued",
        "sending",
        "sent",
        "failed",
        "delivered",
        "undelivered",
        "receiving",
        "received",
        "accepted",
        "scheduled",
        "read",
        "partially_delivered",
        "canceled",
    ]
)
CALL_ENDS = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


def test_every_status_of_the_providers_own_description_has_its_meaning() -> None:
    """What comes in is no delivery of ours; all else says something of one."""
    assert MESSAGE_STATUSES - {"receiving", "received"} == set(MESSAGE_RECEIPTS)
    assert set(DIAL_OUTCOMES) >= CALL_ENDS


def test_no_code_has_two_meanings() -> None:
    """The tables are read one after the other: a code in two would mean the first alone."""
    tables = [set(PERMANENT), set(WAITING), set(PASSING)]

    assert len(set.union(*tables)) == sum(len(table) for table in tables)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("queued", DeliveryStatus.ACCEPTED),
        ("sent", DeliveryStatus.ACCEPTED),
        ("delivered", DeliveryStatus.DELIVERED),
        ("Delivered ", DeliveryStatus.DELIVERED),
        ("undelivered", DeliveryStatus.UNDELIVERED),
        ("failed", DeliveryStatus.UNDELIVERED),
        ("canceled", DeliveryStatus.UNDELIVERED),
        ("teleported", None),
        ("", None),
    ],
)
def test_a_receipt_says_where_the_delivery_stands(word: str, status: DeliveryStatus | None) -> None:
    """A word that Twilio adds later means nothing yet, and breaks nothing."""
    assert message_receipt(word).status is status


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("completed", DialOutcome.ANSWERED),
        ("answered", DialOutcome.ANSWERED),
        ("busy", DialOutcome.BUSY),
        ("no-answer", DialOutcome.NO_ANSWER),
        ("failed", DialOutcome.FAILED),
        ("canceled", DialOutcome.CANCELED),
        ("diverted", DialOutcome.UNKNOWN),
    ],
)
def test_a_dial_status_says_whether_the_customer_was_reached(
    word: str, outcome: DialOutcome
) -> None:
    """The caller goes back to the agent unless the customer answered."""
    assert dial_outcome(word) is outcome
