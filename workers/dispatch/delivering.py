"""How one hint is worked off: claim, prepare, send, record; each step for the whole batch.

A delivery that another worker has claimed is not seen here at all, so a hint may come twice.
Outcomes are recorded as they arrive, in groups: one straggler never keeps the rest unrecorded. What
is claimed names a page of the journal, which is settled only when all of it is on record.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from structlog import get_logger
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from config.policies import Policies
from contracts.vocabulary import Channel, DeliveryStatus, Reason, SuppressedBy
from store import customer_changes
from store.customers import Readings
from store.deliveries import due
from store.deliveries.adding import Due
from store.deliveries.claiming import Claim, Claimed, ClaimResult, Texts, claim
from store.deliveries.recording import Result, record
from store.engine import Store, Transaction, is_outage, is_race, steadily
from workers.dispatch import results
from workers.dispatch.carriers import Carrier, Carriers, Concern
from workers.dispatch.journal import Journal, JournalError, Page
from workers.dispatch.loop import Loop, NotBegun, Sent
from workers.dispatch.preparing import Preparing, Ready
from workers.failpoints import reach
from workers.following_up import advances, follow_up
from workers.providers.base import Provider, Verdict
from workers.routing.rendering import RenderedText

log = get_logger(__name__)
T = TypeVar("T")
Written = dict[UUID, RenderedText]
_GROUP = 100
_GROUP_SECONDS = 0.02
_MARGIN_SECONDS = 5.0
_LARGE = 20
_LARGE_AT_ONCE = 3


class Counting(Protocol):
    """Who counts what is claimed and recorded, after it is committed."""

    def claimed(self, channel: Channel, asked: int, result: ClaimResult) -> None:
        """Count what became of one hint's deliveries."""

    def recorded(self, results: Sequence[Result], now: datetime) -> None:
        """Count what attempts came to, by the store's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What delivering stands on; ``journal`` names this process in its claims.

    ``turn`` is called whenever a batch that waits tries again: it is not stuck.
    """

    store: Store
    readings: Readings
    policies: Policies
    carriers: Carriers
    preparing: Preparing
    loop: Loop
    hint: Callable[[Sequence[Due]], int]
    journal: Journal
    lease_seconds: float
    count: Counting
    turn: Callable[[], None]


class ClaimUnknownError(Exception):
    """The commit of a claim was not answered: what it claimed is found by the journal's page."""


class Delivering:
    """Works off hints. One for a process; each call runs in a worker's thread."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._large = threading.BoundedSemaphore(_LARGE_AT_ONCE)

    def deliver(self, channel: Channel, delivery_ids: Sequence[UUID]) -> None:
        """Send what is due among ``delivery_ids`` and record what came of it.

        Where no provider of the channel may be used, nothing is claimed: upkeep hints again when
        one may. While the store is away, or the journal cannot be written, it waits with the hint
        in hand.
        """
        reach("dispatch.hinted")
        carrier = self._means.carriers.choose(channel)
        if carrier is None:
            self._patiently(lambda: self._put_back(delivery_ids))
            return
        try:
            with ExitStack() as using:
                page = self._patiently(lambda: using.enter_context(self._means.journal.page()))
                self._work_off(page, carrier, delivery_ids)
        except ClaimUnknownError:
            log.warning("claim_unknown", deliveries=len(delivery_ids))
        reach("dispatch.worked_off")

    def _work_off(self, page: Page, carrier: Carrier, delivery_ids: Sequence[UUID]) -> None:
        # Small batches mostly wait for the disk; large ones would only fight for the processor.
        with self._large if len(delivery_ids) >= _LARGE else nullcontext():
            claimed_at, claimed, written = self._patiently(
                lambda: self._claim(page, carrier.provider, delivery_ids)
            )
            ready, unsendable = self._prepare(claimed, carrier.sender, written)
        reach("dispatch.prepared")
        arriving: SimpleQueue[Sent] = SimpleQueue()
        self._send(page, carrier, ready, claimed_at, arriving)
        failed = self._try_to_record(lambda: unsendable)
        awaited = len(ready)
        while awaited:
            group = _gather(arriving, min(awaited, _GROUP))
            awaited -= len(group)
            if failed is None:
                since = timedelta(seconds=steadily() - claimed_at)
                found = partial(self._results, ready, group, carrier.provider, since)
                concern = self._concern(carrier, group, ready[0].claimed.started_at, since)
                failed = self._try_to_record(found, concern)
        if failed is not None:  # nothing is under way any more, and the journal has it all
            raise failed

    def _patiently(self, act: Callable[[], T]) -> T:
        """Act, again and again while it cannot be done here; a stop gives up."""
        stopping, turn = self._means.loop.stopping, self._means.turn

        def trying() -> T:
            turn()
            return act()

        return Retrying(
            retry=retry_if_exception(_passes),
            stop=stop_when_event_set(stopping),
            wait=wait_random_exponential(multiplier=0.05, max=3),
            sleep=sleep_using_event(stopping),
            before_sleep=_say_waiting,
            reraise=True,
        )(trying)

    def _claim(
        self, page: Page, provider: Provider, ids: Sequence[UUID]
    ) -> tuple[float, tuple[Claimed, ...], Written]:
        means, claimed_at, took = self._means, steadily(), False
        texts: Written = {}
        by = Claim(page.name, provider.name, means.lease_seconds, self._texts(texts))
        try:
            with means.store.write() as tx:
                result = claim(tx, ids, by)
                following = self._follow(tx, [row for row in result.settled if _goes_on(row)])
                took = bool(result.claimed)
                reach("dispatch.before_claim")
        except DBAPIError as error:
            if took:
                raise ClaimUnknownError from error
            raise
        reach("dispatch.claimed")
        means.count.claimed(provider.channel, len(ids), result)
        means.hint(following)
        return claimed_at, result.claimed, texts

    def _texts(self, written: Written) -> Texts | None:
        """What limits texts to one number; keeps in ``written`` what it has to write for that."""
        limits = self._means.policies.texts
        if limits is None:
            return None

        def said(claimed: Claimed) -> str | None:
            text = self._means.preparing.written(claimed)
            if text is None:
                return None
            written[claimed.delivery_id] = text
            return text.body

        return Texts(limits, said)

    def _put_back(self, ids: Sequence[UUID]) -> None:
        with self._means.store.write() as tx:
            due.unhint(tx, ids)

    def _prepare(
        self, claimed: Sequence[Claimed], sender: str | None, written: Written
    ) -> tuple[list[Ready], list[Result]]:
        ready: list[Ready] = []
        unsendable: list[Result] = []
        for one in claimed:
            text = written.get(one.delivery_id)
            prepared = self._means.preparing.prepare(one, one.started_at, sender, text)
            if isinstance(prepared, Ready):
                ready.append(prepared)
            else:
                policies = self._means.policies
                unsendable.append(results.of_unsendable(prepared, policies, one.started_at))
        return ready, unsendable

    def _send(
        self,
        page: Page,
        carrier: Carrier,
        ready: Sequence[Ready],
        claimed_at: float,
        arriving: "SimpleQueue[Sent]",
    ) -> None:
        lasts = self._means.lease_seconds - carrier.provider.timeout - _MARGIN_SECONDS
        outgoing = [(place, one.outgoing) for place, one in enumerate(ready)]
        noted = _Noted(page, ready)
        self._means.loop.send(
            carrier.provider,
            carrier.width,
            outgoing,
            claimed_at + lasts,
            noted,
            arriving,
            lambda: self._means.carriers.usable(carrier.name),
        )

    def _results(
        self, ready: Sequence[Ready], group: Sequence[Sent], provider: Provider, since: timedelta
    ) -> list[Result]:
        return [self._result(ready[sent.place], sent, provider, since) for sent in group]

    def _concern(
        self, carrier: Carrier, group: Sequence[Sent], claimed_at: datetime, since: timedelta
    ) -> Concern | None:
        verdicts = [sent.verdict for sent in group if not isinstance(sent.verdict, NotBegun)]
        return self._means.carriers.judge(carrier.name, verdicts, claimed_at, claimed_at + since)

    def _result(self, ready: Ready, sent: Sent, provider: Provider, since: timedelta) -> Result:
        # The store's clock: its time at the claim, and what has passed here since.
        now = ready.claimed.started_at + since
        if isinstance(sent.verdict, NotBegun):
            pause = timedelta(seconds=sent.verdict.pause)
            return results.of_not_begun(ready.claimed, now + pause)
        return results.of_verdict(ready, sent.verdict, provider.name, self._means.policies, now)

    def _try_to_record(
        self, find: Callable[[], Sequence[Result]], concern: Concern | None = None
    ) -> Exception | None:
        """Record; give what went wrong, for what is under way must be awaited first."""
        try:
            self.record(find(), concern)
        except Exception as error:  # noqa: BLE001 - raised by the caller
            return error
        return None

    def record(self, found: Sequence[Result], concern: Concern | None = None) -> None:
        """Record, and wait out an outage as long as the claims hold; then the journal has them."""
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
                recorded_at = tx.now
                reach("dispatch.before_record")
        reach("dispatch.recorded")
        self._means.count.recorded(found, recorded_at)
        self._means.hint(following)

    def _record_once(
        self, tx: Transaction, found: Sequence[Result], concern: Concern | None
    ) -> list[Due]:
        changed = record(tx, found)
        by_id = {result.claimed.delivery_id: result for result in found}
        for result in found:
            if result.reason is Reason.OPTED_OUT and result.claimed.value_index:
                customer_changes.suppress(
                    tx,
                    result.claimed.value_index,
                    result.claimed.purpose,
                    Reason.OPTED_OUT,
                    SuppressedBy.STOP,
                )
        following = self._follow(tx, [row for row in changed if by_id[row["id"]].advance])
        if concern is not None:
            self._means.carriers.put_down(tx, concern)
        return following

    def _follow(self, tx: Transaction, rows: Sequence[dict[str, Any]]) -> list[Due]:
        if not rows:
            return []
        return follow_up(tx, self._means.readings, self._means.policies.lanes, rows)


@dataclass(frozen=True, slots=True)
class _Noted:
    """Notes the sends of one batch, each by its place, on a page of the journal."""

    page: Page
    ready: Sequence[Ready]

    def mark(self, place: int) -> None:
        one = self.ready[place]
        self.page.mark(one.claimed.delivery_id, one.claimed.fence, one.template_version)

    def answered(self, place: int, verdict: Verdict) -> None:
        claimed = self.ready[place].claimed
        self.page.answered(claimed.delivery_id, claimed.fence, verdict)


def _passes(error: BaseException) -> bool:
    return isinstance(error, JournalError) or is_outage(error) or is_race(error)


def _goes_on(row: dict[str, Any]) -> bool:
    """Whether what was found impossible at its claim goes on to the rule's next step."""
    return row["status"] is DeliveryStatus.EXPIRED or advances(row)


def _gather(arriving: "SimpleQueue[Sent]", most: int) -> list[Sent]:
    group = [arriving.get()]
    until = steadily() + _GROUP_SECONDS
    while len(group) < most:
        try:
            group.append(arriving.get(timeout=max(0.0, until - steadily())))
        except Empty:
            break
    return group


def _say_waiting(state: RetryCallState) -> None:
    if state.attempt_number & (state.attempt_number - 1):  # at 1, 2, 4, 8…: an outage may be long
        return
    error = state.outcome.exception() if state.outcome else None
    log.warning("delivering_waits", attempt=state.attempt_number, error_type=type(error).__name__)
