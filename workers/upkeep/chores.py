"""What are upkeep's chores? Each is one short transaction, and safe to run twice."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

from structlog import get_logger

from config.policies import Policies, WhenUncertain
from contracts.vocabulary import Channel, Lane, Reason
from store import notices, outbox, providers
from store.customers.known import Readings
from store.deliveries import advancing, bundling, ending, holding, settling
from store.deliveries import due as waiting
from store.deliveries.adding import Due
from store.engine import Store, steadily
from store.record import sealing
from store.rights import contests
from workers.dispatch.broker import SENDING
from workers.dispatch.hints import Hints
from workers.following_up import follow_up
from workers.running.failpoints import reach
from workers.running.priority import yield_to_others
from workers.upkeep.notices import plan_newcomers, plan_notices
from workers.upkeep.pacing import allowances
from workers.upkeep.payments import request_payments
from workers.upkeep.post import ask_for_rounds, see_to_held

log = get_logger(__name__)
_LIVE_AGAIN = timedelta(seconds=2)
_AGAIN = timedelta(seconds=60)
_AT_ONCE = 2_000
_PAGE = 500
_NEAR_EMPTY = 20
_NOTICES_SECONDS = 0.45
_BREATH = 1.5  # of the time that a chunk took
_PLENTY = 1_000  # hints in one queue: more would tell nobody anything for a while


@dataclass(frozen=True, slots=True)
class Chore:
    """One thing to do every so many seconds; ``run`` gives how much there was to do."""

    name: str
    every: float
    run: Callable[[], int]


class Chores:
    """The chores of an installation."""

    def __init__(
        self,
        store: Store,
        readings: Readings,
        policies: Policies,
        hints: Hints,
        recheck: Callable[[], int],
        *,
        interval: float,
        seal_interval: float,
        list_after: float = 0,
    ) -> None:
        self._store = store
        self._readings = readings
        self._policies = policies
        self._hints = hints
        self._recheck = recheck
        self._interval = interval
        self._seal_interval = seal_interval
        self._list_after = list_after
        # Planning for everyone takes a core for a minute: it gets what all else leaves.
        self._aside = ThreadPoolExecutor(1, "planning", initializer=yield_to_others)

    def all(self) -> tuple[Chore, ...]:
        """Give the chores that every installation has."""
        soon = min(1.0, self._interval)
        return (
            Chore("hint_live", soon, self.hint_live),
            Chore("hint_due", self._interval, self.hint_due),
            Chore("hint_bulk", min(0.5, self._interval), self.hint_bulk),
            Chore("rescue", self._interval, self.rescue),
            Chore("settle_uncertain", self._interval, self.settle_uncertain),
            Chore("go_on", soon, self.go_on),
            Chore("expire", soon, self.expire),
            Chore("bundle_throttled", soon, self.bundle_throttled),
            Chore("park_long_held", self._interval * 5, self.park_long_held),
            Chore("let_go_settled", self._interval * 5, self.let_go_settled),
            Chore("plan_notices", min(0.5, self._interval), self.plan_notices),
            Chore("plan_newcomers", self._interval * 10, self.plan_newcomers),
            Chore("post_rounds", self._interval * 5, self.post_rounds),
            Chore("held_post", self._interval * 60, self.held_post),
            Chore("request_payments", self._interval * 5, self.request_payments),
            Chore("recheck_waiting", self._interval * 5, self._recheck),
            Chore("list_outcomes", min(0.5, self._interval), self.list_outcomes),
            Chore("seal", self._seal_interval, self.seal),
        )

    def hint_live(self) -> int:
        """Hint again, soon, at what cannot wait: a lost live hint would mean a lost caller."""
        every = min(1.0, self._interval)
        return self._hint_again((Lane.LIVE, Lane.URGENT), _LIVE_AGAIN, every)

    def hint_due(self) -> int:
        """Hint at what has become due, and again at what was hinted long ago."""
        return self._hint_again((Lane.ROUTINE,), _AGAIN, self._interval)

    def hint_bulk(self) -> int:
        """Hint at notices and offers, no faster than they may go, and none while some are planned.

        Nobody else hints at what is newly planned: a hundred thousand at once, or both at a time,
        would take the processor, the database and the relay from everything that is urgent.
        """
        with self._store.read() as tx:
            if notices.being_planned(tx):
                return 0
        every = min(0.5, self._interval)
        most = max(1, int(self._policies.bulk_per_second * every))
        return self._hint_again((Lane.BULK,), _AGAIN, every, most)

    def _hint_again(
        self, lanes: Sequence[Lane], older_than: timedelta, every: float, most: int = _AT_ONCE
    ) -> int:
        # Each queue for itself: one that nobody works off must not keep others from their hints.
        backlogs: dict[tuple[Lane, Channel], int] = {}
        for lane, channel in product(lanes, SENDING):
            backlog = self._hints.backlog([lane], [channel])
            if backlog is None:
                return 0
            backlogs[lane, channel] = backlog
        found: list[Due] = []
        with self._store.write() as tx:
            states, breaker = providers.states(tx), self._policies.breaker
            left = dict(allowances(states, breaker, tx.now, every, most))
            for (lane, channel), backlog in backlogs.items():
                if backlog >= _PLENTY or not left[channel]:
                    continue
                # While hints wait, hinting again would only multiply them (hazard 20).
                before = None if backlog > _NEAR_EMPTY else tx.now - older_than
                some = waiting.unhinted(tx, [lane], before, left[channel], [channel])
                left[channel] -= len(some)
                found += some
        untold = self._hints.tell(found)
        if untold:  # as soon as it can be
            with self._store.write() as tx:
                waiting.unhint(tx, untold)
        return len(found) - len(untold)

    def rescue(self) -> int:
        """Call uncertain what a worker claimed and never recorded."""
        with self._store.write() as tx:
            rescued = waiting.rescue(tx, self._policies.uncertain_after_seconds)
            reach("upkeep.rescue.before_commit")
        reach("upkeep.rescue.committed")
        for delivery_id in rescued:
            log.warning("lease_ran_out", delivery_id=str(delivery_id))
        return len(rescued)

    def settle_uncertain(self) -> int:
        """Apply the channels' policies to what no evidence has settled."""
        resend = frozenset(
            channel
            for channel, policy in self._policies.uncertain.items()
            if policy is WhenUncertain.RESEND
        )
        with self._store.write() as tx:
            settled = settling.settle_uncertain(tx, resend, self._policies.resends)
            reach("upkeep.settle.before_commit")
        reach("upkeep.settle.committed")
        for delivery_id, status in settled:
            log.warning(
                "uncertain_settled_by_policy", delivery_id=str(delivery_id), status=status.value
            )
        return len(settled)

    def go_on(self) -> int:
        """Send the next step where one has had its time and the customer was not reached.

        Where none is left, what was urgent and to be acknowledged is parked for an operator. A
        call whose fate is not known by then is told of as a message.
        """
        count, full = 0, True
        while full:
            with self._store.write() as tx:
                rows = advancing.waited(tx, _PAGE)
                silent = advancing.unreached(tx, rows)
                found = follow_up(tx, self._readings, self._policies.lanes, silent)
                parked = advancing.settle(tx, rows, silent)
                reach("upkeep.go_on.before_commit")
            reach("upkeep.go_on.committed")
            self._hints(found)
            for delivery_id in parked:
                log.warning("nobody_acknowledged", delivery_id=str(delivery_id))
            count += len(found)
            full = len(rows) == _PAGE
        return count

    def bundle_throttled(self) -> int:
        """Have texts for which a number has no room go out as one, in the first moment there is."""
        with self._store.write() as tx:
            return bundling.bundle_throttled(tx, _AT_ONCE)

    def park_long_held(self) -> int:
        """Ask an operator about what a rule has held for longer than it may."""
        with self._store.write() as tx:
            parked = holding.park_long_held(tx, self._policies.hold_limit_seconds, _AT_ONCE)
        for delivery_id in parked:
            log.warning("held_too_long", delivery_id=str(delivery_id))
        return len(parked)

    def let_go_settled(self) -> int:
        """Send what a claim has held for a destination that was contested until just then."""
        with self._store.write() as tx:
            return len(contests.let_go_settled(tx, self._policies.lanes, _AT_ONCE))

    def expire(self) -> int:
        """Expire what is past its deadline; a live call becomes its message."""
        with self._store.write() as tx:
            ids = ending.past_deadline(tx, tx.now, _AT_ONCE)
            rows = ending.expire(tx, ids, Reason.DEADLINE)
            found = follow_up(tx, self._readings, self._policies.lanes, rows)
        self._hints(found)
        return len(rows)

    def plan_notices(self) -> int:
        """Plan notices to everyone, at a lower priority than all else."""
        return self._aside.submit(self._plan_notices).result()

    def _plan_notices(self) -> int:
        """Plan chunk by chunk for a part of the time, with pauses between.

        What is urgent meets a short chunk at the most, not a database that is busy for long.
        """
        until, planned, count = steadily() + _NOTICES_SECONDS, 0, 1
        while count and (begun := steadily()) < until:
            count = plan_notices(self._store, self._policies)
            planned += count
            time.sleep((steadily() - begun) * _BREATH if count else 0)
        return planned

    def plan_newcomers(self) -> int:
        """Plan notices that have not taken effect yet for who has become a customer since."""
        return plan_newcomers(self._store, self._policies)

    def post_rounds(self) -> int:
        """Ask the mailroom for consolidated post whose day has come."""
        count, found = ask_for_rounds(self._store, self._readings, self._policies)
        self._hints(found)
        return count

    def held_post(self) -> int:
        """Ask customers about what is held for long; have shredded what they allow to be."""
        count, found = see_to_held(self._store, self._readings, self._policies)
        self._hints(found)
        return count

    def request_payments(self) -> int:
        """Ask billing for the repeat payments that are due."""
        return request_payments(self._store)

    def list_outcomes(self) -> int:
        """Put committed outcomes into the order that readers follow.

        What publishes them to the broker lists them as it does; this lists what it leaves, so that
        a broker that is away keeps nothing from those who read over HTTP.
        """
        with self._store.write() as tx:
            return outbox.give_positions(tx, older_than=self._list_after)

    def seal(self) -> int:
        """Chain new ledger entries."""
        with self._store.write() as tx:
            sealed = sealing.seal_next(tx)
            reach("upkeep.seal.before_commit")
        reach("upkeep.seal.committed")
        return sealed
