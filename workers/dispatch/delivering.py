"""How one hint is worked off: claim, prepare, send, record; each step for the whole batch.

A delivery that another worker has claimed is not seen here at all, so a hint may come twice.
Outcomes are recorded as they arrive, in groups: one straggler never keeps the rest unrecorded.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any
from uuid import UUID

from structlog import get_logger
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_random_exponential,
)

from config.policies import Policies
from contracts.vocabulary import Channel, DeliveryStatus, Reason
from store import customer_changes
from store.customers import Readings
from store.deliveries import due
from store.deliveries.adding import Due
from store.deliveries.claiming import Claim, Claimed, claim
from store.deliveries.recording import Result, record
from store.engine import Store, Transaction, is_outage, is_race
from workers.dispatch import results
from workers.dispatch.carriers import Carrier, Carriers, Concern
from workers.dispatch.loop import Loop, NotBegun, Sent
from workers.dispatch.preparing import Preparing, Ready
from workers.following_up import advances, follow_up
from workers.providers.base import Provider

log = get_logger(__name__)
_GROUP = 100
_GROUP_SECONDS = 0.02
_MARGIN_SECONDS = 5.0
_LARGE = 20
_LARGE_AT_ONCE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What delivering stands on. ``worker`` names this process in its claims."""

    store: Store
    readings: Readings
    policies: Policies
    carriers: Carriers
    preparing: Preparing
    loop: Loop
    hint: Callable[[Sequence[Due]], int]
    worker: str
    lease_seconds: float


class Delivering:
    """Works off hints. One for a process; each call runs in a worker's thread."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._large = threading.BoundedSemaphore(_LARGE_AT_ONCE)

    def deliver(self, channel: Channel, delivery_ids: Sequence[UUID]) -> None:
        """Send what is due among ``delivery_ids`` and record what came of it.

        Where no provider of the channel may be used, nothing is claimed: upkeep hints again when
        one may.
        """
        carrier = self._means.carriers.choose(channel)
        if carrier is None:
            self._put_back(delivery_ids)
            return
        claimed_at = time.monotonic()
        # Small batches mostly wait for the disk; large ones would only fight for the processor.
        with self._large if len(delivery_ids) >= _LARGE else nullcontext():
            claimed = self._claim(carrier.provider, delivery_ids)
            ready, unsendable = self._prepare(claimed, carrier.sender)
        arriving: SimpleQueue[Sent] = SimpleQueue()
        self._send(carrier, ready, claimed_at, arriving)
        self._record(unsendable)
        self._record_as_they_arrive(carrier.provider, ready, claimed_at, arriving)

    def _claim(self, provider: Provider, ids: Sequence[UUID]) -> tuple[Claimed, ...]:
        means = self._means
        by = Claim(means.worker, provider.name, means.lease_seconds)
        with means.store.write() as tx:
            result = claim(tx, ids, by)
            following = self._follow(tx, [row for row in result.settled if _goes_on(row)])
        means.hint(following)
        return result.claimed

    def _put_back(self, ids: Sequence[UUID]) -> None:
        with self._means.store.write() as tx:
            due.unhint(tx, ids)

    def _prepare(
        self, claimed: Sequence[Claimed], sender: str | None
    ) -> tuple[list[Ready], list[Result]]:
        ready: list[Ready] = []
        unsendable: list[Result] = []
        for one in claimed:
            prepared = self._means.preparing.prepare(one, one.started_at, sender)
            if isinstance(prepared, Ready):
                ready.append(prepared)
            else:
                policies = self._means.policies
                unsendable.append(results.of_unsendable(prepared, policies, one.started_at))
        return ready, unsendable

    def _send(
        self,
        carrier: Carrier,
        ready: Sequence[Ready],
        claimed_at: float,
        arriving: "SimpleQueue[Sent]",
    ) -> None:
        lasts = self._means.lease_seconds - carrier.provider.timeout - _MARGIN_SECONDS
        outgoing = [(place, one.outgoing) for place, one in enumerate(ready)]
        self._means.loop.send(
            carrier.provider,
            carrier.width,
            outgoing,
            claimed_at + lasts,
            arriving,
            lambda: self._means.carriers.usable(carrier.name),
        )

    def _record_as_they_arrive(
        self,
        provider: Provider,
        ready: Sequence[Ready],
        claimed_at: float,
        arriving: "SimpleQueue[Sent]",
    ) -> None:
        awaited = len(ready)
        while awaited:
            group = _gather(arriving, min(awaited, _GROUP))
            awaited -= len(group)
            since = timedelta(seconds=time.monotonic() - claimed_at)
            self._record(
                [self._result(ready[s.place], s, provider, since) for s in group],
                self._concern(provider, group, ready[0].claimed.started_at, since),
            )

    def _concern(
        self, provider: Provider, group: Sequence[Sent], claimed_at: datetime, since: timedelta
    ) -> Concern | None:
        verdicts = [sent.verdict for sent in group if not isinstance(sent.verdict, NotBegun)]
        return self._means.carriers.judge(provider.name, verdicts, claimed_at, claimed_at + since)

    def _result(self, ready: Ready, sent: Sent, provider: Provider, since: timedelta) -> Result:
        # The store's clock: its time at the claim, and what has passed here since.
        now = ready.claimed.started_at + since
        if isinstance(sent.verdict, NotBegun):
            return results.of_not_begun(ready.claimed, now)
        return results.of_verdict(ready, sent.verdict, provider.name, self._means.policies, now)

    def _record(self, found: Sequence[Result], concern: Concern | None = None) -> None:
        """Record, and wait out an outage as long as the claims hold; then upkeep takes over."""
        if not found:
            return
        following: list[Due] = []
        for attempt in Retrying(
            retry=retry_if_exception(lambda e: is_outage(e) or is_race(e)),
            stop=stop_after_delay(self._means.lease_seconds),
            wait=wait_random_exponential(multiplier=0.05, max=3),
            before_sleep=_say_waiting,
            reraise=True,
        ):
            with attempt, self._means.store.write() as tx:
                following = self._record_once(tx, found, concern)
        self._means.hint(following)

    def _record_once(
        self, tx: Transaction, found: Sequence[Result], concern: Concern | None
    ) -> list[Due]:
        changed = record(tx, found)
        by_id = {result.claimed.delivery_id: result for result in found}
        for result in found:
            if result.reason is Reason.OPTED_OUT:
                customer_changes.suppress(
                    tx, result.claimed.value_index, result.claimed.purpose, Reason.OPTED_OUT
                )
        following = self._follow(tx, [row for row in changed if by_id[row["id"]].advance])
        if concern is not None:
            self._means.carriers.put_down(tx, concern)
        return following

    def _follow(self, tx: Transaction, rows: Sequence[dict[str, Any]]) -> list[Due]:
        if not rows:
            return []
        return follow_up(tx, self._means.readings, self._means.policies.lanes, rows)


def _goes_on(row: dict[str, Any]) -> bool:
    """Whether what was found impossible at its claim goes on to the rule's next step."""
    return row["status"] is DeliveryStatus.EXPIRED or advances(row)


def _gather(arriving: "SimpleQueue[Sent]", most: int) -> list[Sent]:
    group = [arriving.get()]
    until = time.monotonic() + _GROUP_SECONDS
    while len(group) < most:
        try:
            group.append(arriving.get(timeout=max(0.0, until - time.monotonic())))
        except Empty:
            break
    return group


def _say_waiting(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("recording_waits", attempt=state.attempt_number, error_type=type(error).__name__)
