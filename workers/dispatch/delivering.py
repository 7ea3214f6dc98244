"""How one hint is worked off: claim, prepare, send, record; each step for the whole batch.

A delivery that another worker has claimed is not seen here at all, so a hint may come twice.
Outcomes are recorded as they arrive, in groups: one straggler never keeps the rest unrecorded.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
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
from store.deliveries.adding import Due
from store.deliveries.claiming import Claim, Claimed, claim
from store.deliveries.due import give_back
from store.deliveries.recording import Result, record
from store.engine import Store, Transaction, is_outage, is_race
from workers.dispatch.loop import Loop, NotBegun, Sent
from workers.dispatch.preparing import Preparing, Ready, Unsendable
from workers.following_up import follow_up
from workers.providers.base import Accepted, Deferred, Provider, Rejected, Verdict
from workers.routing.following import Standing, Transition, after

log = get_logger(__name__)
_GROUP = 100
_GROUP_SECONDS = 0.02
_MARGIN_SECONDS = 5.0
_MAY_COME = frozenset({"missing", "unreachable"})


@dataclass(frozen=True, slots=True)
class Carrier:
    """A provider, and how many sends it may have under way in this process."""

    provider: Provider
    width: int


class Delivering:
    """Works off hints. One for a process; each call runs in a worker's thread."""

    def __init__(
        self,
        store: Store,
        readings: Readings,
        policies: Policies,
        carriers: Mapping[Channel, Carrier],
        preparing: Preparing,
        loop: Loop,
        hint: Callable[[Sequence[Due]], int],
        *,
        worker: str,
        lease_seconds: float,
    ) -> None:
        self._store = store
        self._readings = readings
        self._policies = policies
        self._carriers = carriers
        self._preparing = preparing
        self._loop = loop
        self._hint = hint
        self._worker = worker
        self._lease_seconds = lease_seconds

    def deliver(self, channel: Channel, delivery_ids: Sequence[UUID]) -> None:
        """Send what is due among ``delivery_ids`` and record what came of it."""
        carrier = self._carriers[channel]
        begun = time.monotonic()
        claimed = self._claim(carrier, delivery_ids)
        if not claimed:
            return
        begin_before = begun + self._lease_seconds - carrier.provider.timeout - _MARGIN_SECONDS
        ready, results = self._prepare(claimed, begun)
        arriving: SimpleQueue[Sent] = SimpleQueue()
        outgoing = [(place, one.outgoing) for place, one in enumerate(ready)]
        self._loop.send(carrier.provider, carrier.width, outgoing, begin_before, arriving)
        self._record(results)
        self._record_as_they_arrive(carrier.provider, ready, arriving, begun)

    def _claim(self, carrier: Carrier, ids: Sequence[UUID]) -> tuple[Claimed, ...]:
        by = Claim(self._worker, carrier.provider.name, self._lease_seconds)
        due: list[Due] = []
        with self._store.write() as tx:
            result = claim(tx, ids, by)
            late = [row for row in result.settled if row["status"] is DeliveryStatus.EXPIRED]
            due = self._follow(tx, late)
        self._hint(due)
        return result.claimed

    def _prepare(
        self, claimed: Sequence[Claimed], begun: float
    ) -> tuple[list[Ready], list[Result]]:
        ready: list[Ready] = []
        results: list[Result] = []
        for one in claimed:
            prepared = self._preparing.prepare(one, one.started_at)
            match prepared:
                case Ready():
                    ready.append(prepared)
                case Unsendable():
                    verdict = _unsendable(prepared)
                    results.append(self._result(one, verdict, begun))
        return ready, results

    def _record_as_they_arrive(
        self,
        provider: Provider,
        ready: Sequence[Ready],
        arriving: "SimpleQueue[Sent]",
        begun: float,
    ) -> None:
        awaited = len(ready)
        while awaited:
            group = _gather(arriving, min(awaited, _GROUP))
            awaited -= len(group)
            not_begun = [ready[s.place] for s in group if isinstance(s.verdict, NotBegun)]
            self._give_back([one.claimed for one in not_begun])
            self._record(
                [
                    self._result(
                        ready[sent.place].claimed,
                        sent.verdict,
                        begun,
                        ready[sent.place],
                        provider.name,
                    )
                    for sent in group
                    if not isinstance(sent.verdict, NotBegun)
                ]
            )

    def _result(
        self,
        claimed: Claimed,
        verdict: Verdict,
        begun: float,
        ready: Ready | None = None,
        provider: str | None = None,
    ) -> Result:
        standing = Standing(claimed.lane, claimed.tries - 1, claimed.deadline_at)
        # The store's clock: its time at the claim, and what has passed here since.
        now = claimed.started_at + timedelta(seconds=time.monotonic() - begun)
        transition = after(
            verdict, standing, self._policies.retries[claimed.lane], now, random.random
        )
        due_at = transition.due_at
        if transition.to is DeliveryStatus.UNCERTAIN:
            settle = self._policies.uncertain_after_seconds[claimed.channel]
            due_at = now + timedelta(seconds=settle)
        return Result(
            claimed=claimed,
            verdict=type(verdict).__name__.lower(),
            to=transition.to,
            reason=transition.reason,
            code=transition.code,
            provider=provider,
            reference=verdict.reference if isinstance(verdict, Accepted) else None,
            due_at=due_at,
            spends_attempt=transition.spends_attempt,
            content_digest=ready.content_digest if ready else "",
            template_version=ready.template_version if ready else None,
            advance=_advances(transition),
        )

    def _record(self, results: Sequence[Result]) -> None:
        """Record, and wait out an outage as long as the claims hold; then upkeep takes over."""
        if not results:
            return
        due: list[Due] = []
        for attempt in Retrying(
            retry=retry_if_exception(lambda e: is_outage(e) or is_race(e)),
            stop=stop_after_delay(self._lease_seconds),
            wait=wait_random_exponential(multiplier=0.05, max=3),
            before_sleep=_say_waiting,
            reraise=True,
        ):
            with attempt, self._store.write() as tx:
                due = self._record_once(tx, results)
        self._hint(due)

    def _record_once(self, tx: Transaction, results: Sequence[Result]) -> list[Due]:
        changed = record(tx, results)
        by_id = {result.claimed.delivery_id: result for result in results}
        for result in results:
            if result.reason is Reason.OPTED_OUT:
                customer_changes.suppress(
                    tx, result.claimed.value_index, result.claimed.purpose, Reason.OPTED_OUT
                )
        return self._follow(tx, [row for row in changed if by_id[row["id"]].advance])

    def _follow(self, tx: Transaction, rows: Sequence[dict[str, Any]]) -> list[Due]:
        return follow_up(tx, self._readings, self._policies.lanes, rows) if rows else []

    def _give_back(self, claimed: Sequence[Claimed]) -> None:
        if not claimed:
            return
        with self._store.write() as tx:
            give_back(tx, [(one.delivery_id, one.fence) for one in claimed])
        log.info("claims_given_back", deliveries=len(claimed))


def _advances(transition: Transition) -> bool:
    """Whether the rule's next step, or the message of a call not put through, goes out now."""
    return transition.advance or transition.to is DeliveryStatus.EXPIRED


def _unsendable(one: Unsendable) -> Verdict:
    """A document that is not here yet may still come; anything else is for an operator."""
    if one.reason is Reason.UNUSABLE_DOCUMENT and one.code in _MAY_COME:
        return Deferred(one.reason, one.code)
    return Rejected(one.reason, one.code)


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
