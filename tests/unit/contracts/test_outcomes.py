"""What goes back to publishers is a CloudEvent that says what EVENTS promises, and no more."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts.envelope import parse_structured, to_structured
from contracts.outcomes import (
    OUTCOMES,
    DeliveryOutcome,
    EventRejected,
    FieldError,
    PaymentRequested,
    SupplierTold,
    outcome_envelope,
)
from contracts.vocabulary import Channel, ErrorCode, Reason

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_every_promised_outcome_is_there() -> None:
    """Publishers bind by these names."""
    deliveries = (
        "accepted delivered undelivered uncertain failed expired suppressed cancelled parked"
    )
    assert set(OUTCOMES) == {
        "event.rejected",
        "event.waiting",
        "event.routed",
        *(f"delivery.{word}" for word in deliveries.split()),
        "call.forwarded",
        "supplier.told",
        "supplier.corrected",
        "post.scan_requested",
        "post.forward_requested",
        "post.hold_requested",
        "post.shred_requested",
        "post.collect_requested",
        "post.return_requested",
        "payment.requested",
        "service.not_ready",
        "information.requested",
        "erasure.requested",
    }


def test_the_call_centre_learns_two_fields() -> None:
    """The policy tells suppliers a name and a business name; a third field is a breach."""
    assert set(SupplierTold.model_fields) == {"name", "business_name"}


def test_an_outcome_is_a_cloudevent_of_ours() -> None:
    """It is read by the same libraries that publish to us."""
    outcome = DeliveryOutcome(
        delivery_id=UUID(int=7),
        source="/callcentre/doncaster",
        id="e-1",
        channel=Channel.SMS,
        destination="+44 7••• •••123",
        attempts=1,
        reason=Reason.PROVIDER_ACCEPTED,
        at=AT,
    )

    envelope = outcome_envelope("delivery.accepted", "d7-3", outcome, AT, subject="C-1042")
    read = parse_structured(to_structured(envelope))

    assert read == envelope
    assert (read.type, read.source, read.time) == ("onward.delivery.accepted.v1", "/onward", AT)
    assert read.data == {
        "delivery_id": str(UUID(int=7)),
        "source": "/callcentre/doncaster",
        "id": "e-1",
        "channel": "sms",
        "destination": "+44 7••• •••123",
        "attempts": 1,
        "reason": "provider_accepted",
        "at": "2026-11-20T10:00:00Z",
    }


def test_a_rejection_carries_every_error() -> None:
    """The publisher mends the event from this alone."""
    error = FieldError(path="data.text", code=ErrorCode.MISSING, text="is required")
    rejected = EventRejected(source="/x", id="e-1", errors=(error,))

    envelope = outcome_envelope("event.rejected", "r-1", rejected, AT)

    assert json.loads(to_structured(envelope))["data"]["errors"] == [
        {"path": "data.text", "code": "missing", "text": "is required"}
    ]


def test_an_amount_stays_a_decimal_string() -> None:
    """A float would lose pennies."""
    requested = PaymentRequested.model_validate(
        {
            "request_id": "p-1",
            "subscription_id": "sub-1",
            "period": "2026-12",
            "due_on": "2026-12-01",
            "amount": "120.10",
            "currency": "GBP",
            "method_label": "card ending 4242",
            "provider_token": "pm_1",
        }
    )

    data = outcome_envelope("payment.requested", "p-1", requested, AT).data

    assert isinstance(data, dict)
    assert data["amount"] == "120.10"


def test_an_outcome_of_another_kind_is_refused() -> None:
    """A delivery's word under a supplier's name would tell the wrong publisher the wrong thing."""
    with pytest.raises(TypeError, match="holds DeliveryOutcome"):
        outcome_envelope("delivery.failed", "1", SupplierTold(name=None, business_name="X"), AT)
