"""Which repeat payments are due? Each is asked for once, on its day or after, never before."""

from datetime import date, timedelta

from structlog import get_logger

from store.billing import subscriptions
from store.billing.subscriptions import Due, Subscription
from store.encryption.keys import Unopenable
from store.engine import Store, Transaction
from workers.routing.repeats import begins, due_after, period
from workers.routing.schedules import zone

log = get_logger(__name__)
_AT_ONCE = 500
_LATER = timedelta(hours=1)


def request_payments(store: Store) -> int:
    """Ask billing for what is due; give how many subscriptions were looked at.

    What was missed, because nothing ran here, is asked for now, period by period; nothing for a
    period that begins after the customer's services have ended. One that cannot be read keeps no
    other waiting, and is looked at again later.
    """
    with store.write() as tx:
        found = subscriptions.due(tx, _AT_ONCE)
        for one in found:
            try:
                _request(tx, one)
            except (Unopenable, KeyError):
                log.error(  # noqa: TRY400 - a traceback may hold how somebody pays
                    "payment_not_requested",
                    customer=one.customer_ref,
                    event_id=str(one.event_id),
                )
                subscriptions.put_off(tx, one, one.due_on, tx.now + _LATER)
        return len(found)


def _request(tx: Transaction, one: Subscription) -> None:
    tz = zone(one.time_zone)
    today = tx.now.astimezone(tz).date()
    due_on = one.due_on
    while due_on <= today and not _is_over(one, due_on):
        named = period(one.starts_on, one.repeats, due_on)
        subscriptions.request(tx, one, Due(due_on, named))
        due_on = due_after(one.starts_on, one.repeats, due_on)
    over = _is_over(one, due_on)
    # By the clock that the customer has now: it may be another than when this was reckoned.
    subscriptions.put_off(tx, one, due_on, None if over else begins(due_on, tz))


def _is_over(one: Subscription, due_on: date) -> bool:
    if one.withdrawn or (one.ended_on is not None and due_on >= one.ended_on):
        return True
    return (
        one.terminated_at is not None and begins(due_on, zone(one.time_zone)) >= one.terminated_at
    )
