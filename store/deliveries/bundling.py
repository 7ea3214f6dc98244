"""How do texts for which a number has no room go out as one?

What exceeds a number's limit waits for its moment (`texting`). If each waited for a moment of its
own, thirty callers in a minute would be told of one by one, hours later. So what waits for the same
place is bundled: it goes in the first moment that there is, and what comes while that one waits
joins it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import and_, func, or_, select

from contracts.vocabulary import Channel, DeliveryStatus, Mode, Purpose, Reason
from store import bulk
from store.deliveries import adding, gathering
from store.deliveries.transitions import Move, move
from store.engine import Transaction
from store.tables import deliveries, gathered

BUNDLE = "@bundle"  # in place of a rule: the `@` keeps it apart from customers' rules
MOST_IN_ONE = 100
Row = Mapping[str, Any]
_PLACE = (
    "customer_ref",
    "channel",
    "destination_id",
    "destination_version",
    "lane",
    "purpose",
    "content",
)
_place = itemgetter(*_PLACE)


def bundle_throttled(tx: Transaction, limit: int) -> int:
    """Bundle what waits for room at the same place; give how many deliveries were bundled.

    Looks at ``limit`` of them at most. What a worker is claiming is left to it, and what could
    only go after its deadline is left to expire.
    """
    d = deliveries.c
    rows = tx.connection.execute(
        select(deliveries)
        .where(
            d.status == DeliveryStatus.PENDING,
            d.channel == Channel.SMS,
            or_(d.reason == Reason.THROTTLED, and_(d.rule_id == BUNDLE, d.fence == 0)),
            d.due_at.is_not(None),
        )
        .order_by(*(d[name] for name in _PLACE), d.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).mappings()
    return sum(_bundle_place(tx, [dict(row) for row in of]) for _, of in groupby(rows, _place))


def _bundle_place(tx: Transaction, rows: Sequence[Row]) -> int:
    """Bundle what waits for one place, with what is bundled for it already."""
    loose = [row for row in rows if may_bundle([row])]
    if not loose:
        return 0
    due_at = min(row["due_at"] for row in rows)
    wanted = [row for row in loose if row["deadline_at"] > due_at][:MOST_IN_ONE]
    opened = next((row for row in rows if _is_open(row) and row["deadline_at"] > due_at), None)
    if opened is not None:
        return _join(tx, opened, wanted, due_at)
    if len(wanted) < 2:
        return 0
    bundle(tx, wanted, due_at)
    return len(wanted)


def _is_open(row: Row) -> bool:
    return row["rule_id"] == BUNDLE and not row["fence"]


def _join(tx: Transaction, opened: Row, wanted: Sequence[Row], due_at: datetime) -> int:
    g = gathered.c
    inside = tx.connection.execute(
        select(func.count()).where(g.delivery_id == opened["id"], g.left_for.is_(None))
    ).scalar_one()
    joining = wanted[: max(0, MOST_IN_ONE - inside)]
    if not joining:
        return 0
    both = [opened, *joining]
    _take_in(tx, opened, joining)
    bulk.update_rows(
        tx,
        deliveries,
        ["id"],
        [
            {
                "id": opened["id"],
                "due_at": due_at,
                "first_due_at": min(row["first_due_at"] for row in both),
                "deadline_at": min(row["deadline_at"] for row in both),
                "attach": any(row["attach"] for row in both),
                "marked": any(row["marked"] for row in both),
                "hinted_at": None,
                "changed_at": tx.now,
            }
        ],
    )
    return len(joining)


def may_bundle(rows: Sequence[Row]) -> bool:
    """Whether deliveries can go out as one: to one place, for one purpose, none by itself needed.

    What goes step by step is followed up by itself, and live calls and post are each their own.
    """
    first = rows[0] if rows else None
    return first is not None and all(
        row["mode"] is Mode.ALL
        and row["purpose"] is not Purpose.RIGHTS  # its link is its own
        and not row["gathers"]
        and row["status"] is DeliveryStatus.PENDING
        and row["due_at"] is not None
        and row["channel"] in {Channel.SMS, Channel.EMAIL}
        and all(row[name] == first[name] for name in _PLACE)
        for row in rows
    )


def bundle(tx: Transaction, rows: Sequence[Row], due_at: datetime) -> dict[str, Any]:
    """Make one delivery of several that wait for the same place; give it.

    ``rows`` are rows of ``deliveries``, locked by the caller, that ``may_bundle`` agrees to, the
    first to be told first. Each is cancelled as `bundled`, with the new delivery's id, and its
    event goes out with it by the rule that it was planned by. The earliest deadline holds.
    """
    if not may_bundle(rows):
        raise ValueError("these cannot be bundled: see may_bundle")
    first = rows[0]
    made = {name: first[name] for name in deliveries.c.keys()} | {  # noqa: SIM118 - columns' names
        "id": tx.new_id(),
        "rule_id": BUNDLE,
        "rule_version": 0,
        "step": 0,
        "gathers": True,
        "attach": any(row["attach"] for row in rows),
        "marked": any(row["marked"] for row in rows),
        "reason": Reason.PLANNED,
        "detail": None,
        "transition": 0,
        "attempts": 0,
        "fence": 0,
        "planned_at": tx.now,
        "first_due_at": min(row["first_due_at"] for row in rows),
        "due_at": due_at,
        "deadline_at": min(row["deadline_at"] for row in rows),
        "digest_at": None,
        "hinted_at": None,
        "changed_at": tx.now,
    }
    adding.add(tx, [made])
    _take_in(tx, made, rows)
    return made


def _take_in(tx: Transaction, made: Row, rows: Iterable[Row]) -> None:
    gathering.gather(tx, [(made["id"], row) for row in rows])
    moves = [
        Move(
            delivery_id=row["id"],
            to=DeliveryStatus.CANCELLED,
            reason=Reason.BUNDLED,
            detail=str(made["id"]),
        )
        for row in rows
    ]
    move(tx, moves, [DeliveryStatus.PENDING])
