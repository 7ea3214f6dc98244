"""What shall the clerk do with this item? And where does it go, if it may go anywhere?

Reading the address is the check that it is verified: there is no other way to it, and each
reading is in the log, by ids.
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from structlog import get_logger

from contracts.vocabulary import DeliveryStatus, DestinationKind, Door, PostAction, Purpose, Reason
from store.customers.known import reach
from store.engine import Transaction
from store.office import items
from store.office.items import Item
from store.publishers import Publisher
from store.tables import deliveries
from workers.intake.door.access import opens
from workers.intake.door.describing import refusals
from workers.intake.door.parts import DoorParts, Opened
from workers.intake.door.refusals import Refusal
from workers.intake.door.shapes import ItemShape

log = get_logger(__name__)
router = APIRouter(tags=["post"])

ItemsKey = Annotated[Publisher, Depends(opens(Door.ITEMS))]
_CALLED_OFF = frozenset(
    {DeliveryStatus.CANCELLED, DeliveryStatus.EXPIRED, DeliveryStatus.SUPPRESSED}
)


@router.get(
    "/items/{item_id:path}",
    response_model_exclude_none=True,
    summary="What to do with an item of post",
    description=(
        "`do`, until when and why. For `forward` with the full address, read now: where the"
        " destination is not verified, or is contested, at this moment the answer is `hold`."
    ),
    responses=refusals(401, 403, 404, 503),
)
async def what_to_do(item_id: str, publisher: ItemsKey, inside: Opened) -> ItemShape:
    """Tell what to do with one item."""
    found = await run_in_threadpool(_look_up, inside.parts, publisher, item_id)
    if found is None:
        raise Refusal(404, "no item of this id was ever reported")
    return found


def _look_up(parts: DoorParts, publisher: Publisher, item_id: str) -> ItemShape | None:
    with parts.store.read(Purpose.POST) as tx:
        item = items.find(tx, [item_id]).get(item_id)
        if item is None:
            return None
        if item.do is not PostAction.FORWARD or item.done_at is not None:
            return _shown(item)
        refusal = _called_off(tx, item) or _ended(parts, tx, item)
        if refusal is not None:
            return _held(item, refusal)
        if item.waits_for_its_day:
            return _shown(item).model_copy(
                update={"do": PostAction.HOLD, "why": Reason.CONSOLIDATED}
            )
        place = None
        if item.customer_ref is not None and item.destination_id is not None:
            place = reach(tx, item.customer_ref, item.destination_id)
    if place is None:
        return _held(item, Reason.DESTINATION_REMOVED)
    if place.kind is not DestinationKind.POSTAL:
        return _held(item, Reason.DESTINATION_UNFIT)
    if place.contested:
        return _held(item, Reason.DESTINATION_CONTESTED)
    if not place.verified:
        return _held(item, Reason.DESTINATION_UNVERIFIED)
    log.info(
        "address_read",
        publisher=publisher.name,
        item_id=item_id,
        customer=item.customer_ref,
        destination_id=item.destination_id,
    )
    return _shown(item).model_copy(update={"address": place.value})


def _called_off(tx: Transaction, item: Item) -> Reason | None:
    """Why the letter is not wanted any more; none while it is."""
    if item.delivery_id is None:
        return None
    row = tx.connection.execute(
        select(deliveries.c.status, deliveries.c.reason).where(deliveries.c.id == item.delivery_id)
    ).first()
    return row.reason if row is not None and row.status in _CALLED_OFF else None


def _ended(parts: DoorParts, tx: Transaction, item: Item) -> Reason | None:
    if item.customer_ref is None:
        return None
    customer = parts.readings.load(tx, [item.customer_ref]).get(item.customer_ref)
    if customer is not None and customer.restricted:
        return Reason.RESTRICTED
    ended = customer.terminated_at if customer is not None else None
    return Reason.SERVICE_TERMINATED if ended is not None and ended <= tx.now else None


def _held(item: Item, why: Reason) -> ItemShape:
    return ItemShape(
        item_id=item.item_id, do=PostAction.HOLD, why=why, destination_id=item.destination_id
    )


def _shown(item: Item) -> ItemShape:
    return ItemShape(
        item_id=item.item_id,
        do=item.do,
        why=item.why,
        until=item.until.date() if item.until is not None else None,
        authority=item.authority,
        consolidate=item.consolidate,
        destination_id=item.destination_id,
        done_as=item.done_as,
        done_at=item.done_at,
    )
