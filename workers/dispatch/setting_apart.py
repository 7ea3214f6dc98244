"""What goes out by itself, because a digest has no room for its document?

Each such event leaves the digest and becomes a delivery of its own to the same place, in one
transaction: attached where it alone fits, by a link where not, or held for an operator where its
document is not what it was said to be, as if there had been no digest.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.planning import LanePolicy, PlannedDelivery
from contracts.vocabulary import DeliveryStatus, Mode, Reason
from store.deliveries import adding, gathering
from store.deliveries.adding import Due
from store.engine import Transaction
from workers.routing.own_way import APART_WAY

Row = Mapping[str, Any]


def send_apart(
    tx: Transaction, policy: LanePolicy, row: Row, event_ids: Sequence[UUID]
) -> list[Due]:
    """Take events out of a digest that is pending again, and plan them; give what is due.

    That is each of them, and the digest, unless nothing is left in it.
    """
    if row["status"] is not DeliveryStatus.PENDING:
        return []
    inside = gathering.still_in(tx, row["id"], event_ids)
    left = gathering.leave(tx, [each.event_id for each in inside], Reason.SENT_APART, row["id"])
    rows = [
        adding.delivery_row(
            tx,
            each,
            PlannedDelivery(
                channel=row["channel"],
                destination_id=row["destination_id"],
                destination_version=row["destination_version"],
                rule_id=APART_WAY,
                rule_version=row["rule_version"],
                step=row["step"],
                mode=Mode.ALL,
                content=row["content"],
                lane=row["lane"],
                purpose=row["purpose"],
                due_at=tx.now,
                deadline_at=tx.now + timedelta(seconds=policy.deadline(row["lane"])),
                attach=True,
            ),
        )
        for each in inside
    ]
    due = adding.add(tx, rows)
    if row["id"] in left and adding.is_pending(tx, row["id"]):
        due.append(Due(row["id"], row["channel"], row["lane"], tx.now))
    return due
