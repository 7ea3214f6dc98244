"""What goes out when an email's document cannot? The same email without it, which says so.

Planned in the transaction that holds the email back for an operator, and once only: the customer
is not left waiting for somebody to look, and gets the email itself when the document is right.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from contracts.planning import LanePolicy, PlannedDelivery
from contracts.vocabulary import DeliveryStatus, Mode, Reason
from store.deliveries import adding
from store.deliveries.adding import Due, Following
from store.engine import Transaction
from workers.routing.own_way import HELD_WAY

Row = Mapping[str, Any]


def is_withheld(row: Row) -> bool:
    """Whether a delivery, as it now is, is held back for its document."""
    return row["status"] is DeliveryStatus.PARKED and row["reason"] is Reason.UNUSABLE_DOCUMENT


def send_without(tx: Transaction, policy: LanePolicy, rows: Sequence[Row]) -> list[Due]:
    """Plan the notice of each that is held back; give what is due, to hint after the commit.

    What cannot be sent there any more is found at its claim, as ever.
    """
    notices = [
        adding.delivery_row(
            tx,
            Following(row["event_id"], row["publisher"], row["customer_ref"], row["service"]),
            PlannedDelivery(
                channel=row["channel"],
                destination_id=row["destination_id"],
                destination_version=row["destination_version"],
                rule_id=HELD_WAY,
                rule_version=row["rule_version"],
                step=row["step"],
                mode=Mode.ALL,
                content=row["content"],
                lane=row["lane"],
                purpose=row["purpose"],
                due_at=tx.now,
                deadline_at=tx.now + timedelta(seconds=policy.deadline(row["lane"])),
                attach=False,
            ),
        )
        for row in rows
        if is_withheld(row)
    ]
    return adding.add(tx, notices) if notices else []
