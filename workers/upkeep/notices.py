"""How is a notice to everyone planned? In chunks, each a short transaction of its own.

Nothing that intake waits for is held: a chunk reads customers, and writes rows that nobody else
writes. One customer is planned for once, and a notice that cannot be read stops no other.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from pydantic import ValidationError

from config.policies import Policies
from contracts.events import load_data
from contracts.planning import Customer, Plan, Routable
from contracts.vocabulary import EventStatus, Purpose, Reason
from store import inbox, notices
from store.deliveries import adding
from store.deliveries.adding import Following
from store.engine import Store, Transaction
from store.inbox import Kept
from store.notices import Recipient, Task
from store.record import ledger
from workers.routing.own_way import capped
from workers.routing.planning import plan

_CHUNK = 500


def plan_notices(store: Store, policies: Policies, chunk: int = _CHUNK) -> int:
    """Plan one chunk of the oldest notice; give how much there was to do.

    None only where no notice is left to be planned. What is due is hinted at by upkeep, at the pace
    at which notices go.
    """
    with store.write() as tx:
        task = notices.next_task(tx)
        if task is None:
            return 0
        event = _read(tx, task)
        if event is None:
            return 1
        refs = notices.refs_after(tx, task.after_customer, chunk)
        known = notices.planned_for(tx, task.event_id, refs)
        fresh = [ref for ref in refs if ref not in known]
        count = _plan_for(tx, task, event, fresh, policies, newcomers=False)
        notices.advance(tx, task, refs[-1] if refs else None, count)
        return max(len(refs), 1)


def plan_newcomers(store: Store, policies: Policies, chunk: int = _CHUNK) -> int:
    """Plan notices that have not taken effect yet for who has become a customer since."""
    with store.read() as tx:
        waiting = notices.open_to_newcomers(tx)
    return sum(_plan_newcomers(store, policies, event_id, chunk) for event_id in waiting)


def _plan_newcomers(store: Store, policies: Policies, event_id: UUID, chunk: int) -> int:
    with store.write() as tx:
        task = notices.task_of(tx, event_id)
        refs = notices.newcomers(tx, task, chunk) if task is not None else []
        if task is None or not refs:
            return 0
        event = _read(tx, task)
        if event is None:
            return 0
        return _plan_for(tx, task, event, refs, policies, newcomers=True)


def _read(tx: Transaction, task: Task) -> tuple[Kept, Routable] | None:
    """Read a notice; none, and its task is set aside or closed, where it is not to be planned."""
    found = inbox.load(tx, [task.event_id])
    if not found:
        notices.set_aside(tx, task, "unopenable")
        return None
    kept = found[0]
    if kept.status is EventStatus.WITHDRAWN:
        notices.close(tx, task)
        return None
    try:
        read = load_data(kept.type, kept.data)
    except ValidationError:  # its text may hold what the event says
        notices.set_aside(tx, task, "unreadable")
        return None
    return kept, Routable(kept.id, kept.type, kept.received_at, read)


def _plan_for(
    tx: Transaction,
    task: Task,
    event: tuple[Kept, Routable],
    refs: Sequence[str],
    policies: Policies,
    *,
    newcomers: bool,
) -> int:
    kept, routable = event
    plans = _plans(tx, task, routable, notices.audience(tx, refs), policies)
    tx.prepare_keys(ref for ref, planned in plans if planned.non_sends)
    rows, entries = [], []
    for ref, planned in plans:
        after = Following(kept.id, kept.publisher, ref, kept.service)
        made = (adding.delivery_row(tx, after, d) for d in planned.deliveries)
        rows += [row | {"hinted_at": None} for row in made]
        entries += [adding.non_send_entry(tx, after, n) for n in planned.non_sends]
    adding.add(tx, rows)
    ledger.append(tx, entries)
    told = [Recipient(ref, _why_nothing(planned)) for ref, planned in plans]
    notices.note_recipients(tx, task, told, newcomer=newcomers)
    return len(plans)


def _plans(
    tx: Transaction,
    task: Task,
    event: Routable,
    customers: dict[str, Customer],
    policies: Policies,
) -> list[tuple[str, Plan]]:
    """What follows for each customer whom the notice concerns, in their order."""
    plans = [
        (ref, planned)
        for ref in sorted(customers)
        if (planned := plan(event, customers[ref], tx.now, policies.lanes)) != Plan()
    ]
    if task.purpose is not Purpose.OFFERS:
        return plans
    agreed = [ref for ref, planned in plans if planned.deliveries]
    since = tx.now - timedelta(days=policies.offers.days)
    lately = notices.offers_lately(tx, agreed, since)
    return [
        (ref, capped(planned, lately.get(ref, 0), policies.offers.most)) for ref, planned in plans
    ]


def _why_nothing(planned: Plan) -> Reason | None:
    return None if planned.deliveries else planned.non_sends[0].reason
