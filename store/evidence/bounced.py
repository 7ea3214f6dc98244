"""What bounced, counted by the address that it went to; and when an address is barred for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, select

from contracts.vocabulary import BounceKind, Reason, SuppressedBy
from store import bulk
from store.customers.changes import suppress_place
from store.engine import Transaction
from store.tables import bounces, destinations, suppressions


@dataclass(frozen=True, slots=True)
class BouncePolicy:
    """A mailbox that bounced ``soft_limit`` times within ``soft_days`` counts as a dead one."""

    soft_limit: int
    soft_days: int


def note_bounce(
    tx: Transaction,
    delivery: Mapping[str, Any],
    fence: int,
    kind: BounceKind,
    status: str,
    policy: BouncePolicy,
) -> bool:
    """Keep one bounce, and bar its address from the delivery's purpose where it is enough.

    Whether it is. A dead address is enough at once; of a full mailbox, and the like, several are.
    Told again, it counts no more; nothing is barred where the customer has given another address.
    """
    place = _place(tx, delivery)
    if place is None:
        return False
    row = {
        "delivery_id": delivery["id"],
        "fence": fence,
        "value_index": place.value_index,
        "kind": kind,
        "status": status,
        "at": tx.now,
    }
    bulk.insert_rows(tx, bounces, [row], skip_existing=True)
    barred = kind is BounceKind.HARD or (
        kind is BounceKind.SOFT and _lately(tx, place, policy) >= policy.soft_limit
    )
    if barred:
        suppress_place(tx, delivery, Reason.BOUNCED, SuppressedBy.BOUNCE)
    return barred


def _place(tx: Transaction, delivery: Mapping[str, Any]) -> Any:
    """Find where a delivery went; with when it was last shown, or said, to be well."""
    d, s = destinations, suppressions
    return tx.connection.execute(
        select(d.c.value_index, d.c.verified_at, s.c.lifted_at)
        .outerjoin(
            s,
            and_(s.c.value_index == d.c.value_index, s.c.purpose == delivery["purpose"]),
        )
        .where(
            d.c.customer_ref == delivery["customer_ref"],
            d.c.destination_id == delivery["destination_id"],
            d.c.version == delivery["destination_version"],
        )
    ).first()


def _lately(tx: Transaction, place: Any, policy: BouncePolicy) -> int:
    """Count soft bounces; those before the address was verified, or let go, count no more."""
    since = max(
        tx.now - timedelta(days=policy.soft_days),
        *(at for at in (place.verified_at, place.lifted_at) if at is not None),
    )
    b = bounces.c
    counted = select(func.count()).where(
        b.value_index == place.value_index, b.kind == BounceKind.SOFT, b.at > since
    )
    return int(tx.connection.execute(counted).scalar_one())
