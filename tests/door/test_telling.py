from datetime import UTC, datetime, timedelta
from typing import Any

from structlog.testing import capture_logs

from contracts.envelope import Envelope
from contracts.vocabulary import DeliveryStatus, Reason
from store import outbox
from store.deliveries.transitions import Move, move
from store.outbox import Outcome
from tests.door.opened import Office
from tests.factories import envelope
from workers.telling import tell

ADDRESS = "1 Harbour Lane\nWestport\nZZ1 1AA"


def told_of_all(office: Office) -> list[Envelope]:
    """Every outcome there is, as it is told."""
    with office.store.write() as tx:
        outbox.give_positions(tx)
        return tell(tx, outbox.unpublished(tx))


def of_type(told: list[Envelope], name: str) -> list[Any]:
    """The data of what was told under a name."""
    return [each.data for each in told if each.type == f"onward.{name}.v1"]


def test_whatever_a_day_brings_is_told_as_its_contract_says(office: Office) -> None:
    """A publisher builds on the AsyncAPI document, and on nothing else."""
    about = envelope
    soon = (datetime.now(UTC) + timedelta(seconds=90)).isoformat()
    office.tell(
        about("call.message_taken", id="first"),
        about("call.waiting", call_id="call-5", not_after=soon),
        about("invoice.issued"),
        about("post.received", item_id="item-1"),
        about("destination.added", destination_id="d-home", kind="postal", value=ADDRESS),
        about("destination.verified", destination_id="d-home"),
        about("item.instructed", items=["item-1"], do="forward", postal_destination="d-home"),
        about("item.instructed", items=["item-1"], do="return"),
        about("customer.corrected", trading_name="Harbour Joiners"),
        about(
            "event.withdrawn",
            data={"source": "/callcentre/doncaster", "id": "first", "reason": "taken in error"},
        ),
        about("customer.registered", subject="C-2", services=["phone_answering"], addresses=...),
    )

    with capture_logs() as logged:
        told = told_of_all(office)

    assert [line for line in logged if line["event"] == "outcome_unfit"] == []
    assert of_type(told, "supplier.corrected")
    assert of_type(told, "post.forward_requested")
    assert of_type(told, "post.return_requested")
    cancelled = of_type(told, "delivery.cancelled")
    assert [each["id"] for each in cancelled if each["reason"] == "withdrawn"] == ["first"]


def test_what_a_service_lacks_is_told_in_words(office: Office) -> None:
    """Registration reads it out to the customer."""
    office.tell(
        envelope("customer.registered", subject="C-2", services=["phone_answering"], addresses=...)
    )
    starting = envelope("service.started", subject="C-2", services=["phone_answering"])
    office.hand_in(starting)

    (missing,) = of_type(told_of_all(office), "service.not_ready")

    assert missing["services"] == ["phone_answering"]
    assert all(isinstance(text, str) for text in missing["missing"])


def test_a_delivery_is_told_with_its_event_and_masked(office: Office) -> None:
    """A publisher knows its own ids; where it went is shown, not given."""
    office.tell(envelope("call.message_taken", id="first"))
    with office.store.write() as tx:
        failed = Move(
            delivery_id=office.hinted[-1].delivery_id,
            to=DeliveryStatus.FAILED,
            reason=Reason.REFUSED,
            detail="21408",
        )
        move(tx, [failed], [DeliveryStatus.PENDING])

    told = told_of_all(office)

    (data,) = of_type(told, "delivery.failed")
    assert (data["source"], data["id"]) == ("/callcentre/doncaster", "first")
    assert data["destination"].endswith("123")
    assert "447700900123" not in str(told)
    assert (data["reason"], data["detail"]) == ("refused", "21408")


def test_an_outcome_that_fits_no_contract_holds_up_no_other(office: Office) -> None:
    """One wrong row must not silence all that comes after it."""
    with office.store.write() as tx:
        wrong = Outcome(
            id="wrong", audience="publisher:all", name="event.waiting", at=tx.now, facts={"x": 1}
        )
        outbox.add(tx, [wrong])

    with capture_logs() as logged:
        told = told_of_all(office)

    assert [each.data for each in told if each.id == "wrong"] == [{"x": 1}]
    assert [line["outcome"] for line in logged if line["event"] == "outcome_unfit"] == [
        "event.waiting"
    ]
