"""How is a notice to everyone planned? In chunks, each a short transaction of its own."""

from config.policies import Policies
from contracts.events import load_data
from contracts.planning import Routable
from store import inbox, ledger
from store.customers import Readings, refs_after
from store.deliveries import adding
from store.deliveries.adding import Due, Following
from store.engine import Store
from store.notices import advance, next_task
from workers.routing.planning import plan

_CHUNK = 500


def plan_notices(
    store: Store, readings: Readings, policies: Policies, chunk: int = _CHUNK
) -> tuple[int, list[Due]]:
    """Plan one chunk of the oldest notice; give how many customers, and what is due by it."""
    with store.write() as tx:
        task = next_task(tx)
        if task is None:
            return 0, []
        refs = refs_after(tx, task.after_customer, chunk)
        kept = inbox.load(tx, [task.event_id])[0]
        event = Routable(kept.id, kept.type, kept.received_at, load_data(kept.type, kept.data))
        rows, entries = [], []
        customers = readings.load(tx, refs)
        for ref in refs:
            planned = plan(event, customers[ref], tx.now, policies.lanes)
            after = Following(kept.id, kept.publisher, ref)
            rows += [adding.delivery_row(tx, after, d) for d in planned.deliveries]
            entries += [adding.non_send_entry(tx, after, n) for n in planned.non_sends]
        due = adding.add(tx, rows)
        ledger.append(tx, entries)
        advance(tx, task, refs[-1] if refs else None, len(refs))
        return max(len(refs), 1), due
