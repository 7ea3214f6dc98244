"""How the call-centre learns what became of a waiting call: `call.forwarded`, once for each end."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import select

from contracts.vocabulary import DeliveryStatus, Reason, Role
from store import outbox
from store.engine import Transaction
from store.outbox import Outcome, to_publisher, to_role
from store.publishers import by_name
from store.tables import events

End = Literal["answered", "no_answer", "busy", "failed", "expired"]

_ENDS: Mapping[Reason, End] = MappingProxyType(
    {
        Reason.BUSY: "busy",
        Reason.NOT_ANSWERED: "no_answer",
        Reason.NOT_ACCEPTED: "no_answer",
        Reason.CALLER_GONE: "no_answer",
    }
)


def end_of(row: Mapping[str, Any]) -> End:
    """The call-centre's word for why a delivery of a call did not put the caller through."""
    if row["reason"] in _ENDS:
        return _ENDS[row["reason"]]
    return "expired" if row["status"] is DeliveryStatus.EXPIRED else "failed"


def tell_forwarded(tx: Transaction, row: Mapping[str, Any], end: End, seconds: int) -> None:
    """Tell how a call ended: to the call-centre's role, and to its publisher if not of that role.

    ``row`` is a delivery's on the channel `call`. Telling it twice tells it once.
    """
    call_id = tx.connection.execute(
        select(events.c.correlation).where(events.c.id == row["event_id"])
    ).scalar()
    publisher = by_name(tx, row["publisher"])
    audiences = [to_role(Role.CALL_CENTRE)]
    if publisher is not None and Role.CALL_CENTRE not in publisher.roles:
        audiences.append(to_publisher(publisher.name))
    outbox.add(
        tx,
        [
            Outcome(
                id=f"{row['event_id']}:call.forwarded:{end}" + (":own" if place else ""),
                audience=audience,
                name="call.forwarded",
                at=tx.now,
                customer_ref=row["customer_ref"],
                event_id=row["event_id"],
                delivery_id=row["id"],
                facts={"call_id": call_id, "outcome": end, "seconds": seconds},
            )
            for place, audience in enumerate(audiences)
        ],
    )
