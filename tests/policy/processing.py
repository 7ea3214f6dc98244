"""Who carries and keeps what for an office, and how does each of them confirm an erasure?"""

from typing import Any
from uuid import UUID

from config.processors import Processor
from contracts.vocabulary import Answer, Category, DeliveryStatus, Reason, Role
from store.deliveries.recording import Result, record
from store.publishers import Publisher
from store.rights import processors
from tests.building import House
from tests.factories import envelope, valid


def runs(part: str, name: str, category: Category = Category.COMMUNICATIONS) -> Processor:
    """Declare who runs a part."""
    return Processor(part, category, name, f"{name} Ltd", "GB", "DPA")


RUNS = (
    runs("provider", "relay"),
    runs("call-centre", "centre"),
    runs("payments", "bank", Category.FINANCIAL),
    runs("files", "bucket", Category.STORAGE),
    runs("backup", "vaults", Category.BACKUP),
)


def sent_to(house: House, ref: str = "C-1042") -> None:
    """Have a customer before their service, of whom an invoice has gone out by email."""
    house.register(ref, contact=..., invoice_email="accounts@harbourlane.example")
    house.tell(envelope("invoice.issued", subject=ref))
    (claimed,) = house.claim()
    with house.store.write() as tx:
        sent = Result(
            claimed=claimed,
            verdict="accepted",
            to=DeliveryStatus.ACCEPTED,
            reason=Reason.PROVIDER_ACCEPTED,
            provider="provider",
            reference="SM-77",
        )
        record(tx, [sent])


def confirmed(request: str, processor: str, **more: Any) -> dict[str, Any]:
    """Make the receipt of a processor."""
    return envelope(
        "erasure.confirmed",
        data=valid("erasure.confirmed", request_id=request, processor=processor),
        **{"subject": None} | more,
    )


def publisher(processor: str) -> Publisher:
    """Give the publisher of a processor."""
    return Publisher(
        f"{processor}-desk", ("erasure.confirmed",), ("*",), (), (Role.PROCESSOR,), processor
    )


def confirm(house: House, request: UUID, *names: str) -> None:
    """Have processors confirm an erasure."""
    for name in names:
        told = house.hand_in_one(confirmed(str(request), name), publisher(name))
        assert told.answer is Answer.ACCEPTED


def asked(house: House, *, confirmed: bool = False) -> list[processors.Asked]:
    """Give who was asked, and has not confirmed it yet; the others too, where wanted."""
    with house.store.read() as tx:
        return processors.listed(tx, confirmed=confirmed)
