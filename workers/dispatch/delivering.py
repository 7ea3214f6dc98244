"""How one hint is worked off: claim, prepare, send, record; each step for the whole batch.

A delivery that another worker has claimed is not seen here at all, so a hint may come twice.
Outcomes are recorded as they arrive, in groups: one straggler never keeps the rest unrecorded. What
is claimed names a page of the journal, which is settled only when all of it is on record.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
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
from store.customers import changes as customer_changes
from store.customers.known import Readings
from store.deliveries import due
from store.deliveries.adding import Due
from store.deliveries.claiming import Claim, Claimed, ClaimResult, Texts, claim
from store.deliveries.recording import Result, record
from store.engine import Store, Transaction, is_outage, is_race, steadily
from workers.dispatch import results, withholding
from workers.dispatch.batch import Batch
from workers.dispatch.carriers import Carrier, Carriers, Concern
from workers.dispatch.journal import Journal, JournalError, Page
from workers.dispatch.loop import Loop, NotBegun, Sent
from workers.dispatch.preparing import Overfull, Preparing, Ready
from workers.dispatch.setting_apart import send_apart
from workers.dispatch.space import Space
from workers.following_up import advances, follow_up
from workers.providers.base import Email, Outgoing, Provider
from workers.routing.rendering import RenderedText
from workers.running.failpoints import reach

log = get_logger(__name__)
T = TypeVar("T")
Written = dict[UUID, RenderedText]
_MARGIN_SECONDS = 5.0
_SPACE_SECONDS = 0.5
_DOCUMENTS_AT_ONCE = 10  # to be looked at and sent before what has come back is put on record
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

    ``turn`` is called whenever a batch that waits tries again: it is not stuck. ``space`` is for
    documents: what does not fit is prepared when there is room.
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
    space: Space


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
            weighed = [(one, self._means.preparing.weight(one)) for one in claimed]
            light = [one for one, weight in weighed if not weight]
            ready, unsendable = self._prepare(light, carrier.sender, written)
        reach("dispatch.prepared")
        lasts = self._means.lease_seconds - carrier.provider.timeout - _MARGIN_SECONDS
        waiting = deque((one, weight) for one, weight in weighed if weight)
        batch = Batch(page, carrier, claimed_at, claimed_at + lasts, waiting)
        try:
            self._see_through(batch, ready, unsendable)
        finally:
            self._means.space.give(batch.weight)

    def _see_through(
        self, batch: Batch, ready: Sequence[Ready], unsendable: Sequence[Result]
    ) -> None:
        """Send, and what waits for space as there is some; record each as it is through."""
        self._send(batch, batch.add(ready))
        failed = self._try_to_record(lambda: unsendable)
        while batch.awaited or batch.waiting:
            if failed is None and batch.waiting:
                failed = self._try_to_record(partial(list, self._begin_waiting(batch)))
            if failed is not None:
                batch.waiting.clear()  # the journal knows that they have not left
            if batch.awaited:
                group, freed = batch.gather()
                self._means.space.give(freed)
                if failed is None:
                    concern = self._concern(batch, group)
                    failed = self._try_to_record(partial(self._results, batch, group), concern)
            elif batch.waiting:
                self._means.space.wait(_SPACE_SECONDS)
                self._means.turn()
        if failed is not None:  # nothing is under way any more, and the journal has it all
            raise failed

    def _begin_waiting(self, batch: Batch) -> list[Result]:
        """Send some of what there is space for; give what cannot be sent, or not in time."""
        space, found = self._means.space, list[Result]()
        begun = len(batch.made)
        while batch.waiting and len(batch.made) - begun < _DOCUMENTS_AT_ONCE:
            one, weight = batch.waiting[0]
            if batch.late or self._means.loop.stopping.is_set():
                left = [claimed for claimed, _ in batch.waiting]
                found += [results.of_not_begun(c, batch.now(c.started_at)) for c in left]
                batch.waiting.clear()
            elif not space.take(weight):
                break
            else:
                batch.waiting.popleft()
                found += self._begin(batch, one, weight)
        return found

    def _begin(self, batch: Batch, one: Claimed, weight: int) -> list[Result]:
        """Send one, and keep its space only if its document goes along."""
        ready, unsendable = self._prepare([one], batch.carrier.sender, {})
        goes_along = any(isinstance(r.outgoing, Email) and r.outgoing.attachments for r in ready)
        if not goes_along:
            self._means.space.give(weight)
        self._send(batch, batch.add(ready, weight if goes_along else 0))
        return unsendable

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
            elif isinstance(prepared, Overfull):
                unsendable.append(results.of_overfull(prepared, one.started_at))
            else:
                policies = self._means.policies
                unsendable.append(results.of_unsendable(prepared, policies, one.started_at))
        return ready, unsendable

    def _send(self, batch: Batch, outgoing: Sequence[tuple[int, Outgoing]]) -> None:
        carrier = batch.carrier
        self._means.loop.send(
            carrier.provider,
            carrier.width,
            outgoing,
            batch.begin_before,
            batch,
            batch.arriving,
            lambda: self._means.carriers.usable(carrier.name),
        )

    def _results(self, batch: Batch, group: Sequence[Sent]) -> list[Result]:
        return [self._result(batch, sent) for sent in group]

    def _concern(self, batch: Batch, group: Sequence[Sent]) -> Concern | None:
        verdicts = [sent.verdict for sent in group if not isinstance(sent.verdict, NotBegun)]
        claimed_at = batch.made[0].claimed.started_at
        return self._means.carriers.judge(
            batch.carrier.name, verdicts, claimed_at, batch.now(claimed_at)
        )

    def _result(self, batch: Batch, sent: Sent) -> Result:
        made = batch.made[sent.place]
        now = batch.now(made.claimed.started_at)
        if isinstance(sent.verdict, NotBegun):
            pause = timedelta(seconds=sent.verdict.pause)
            return results.of_not_begun(made.claimed, now + pause)
        return results.of_verdict(made, sent.verdict, batch.carrier.name, self._means.policies, now)

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
            elif results.says_dead(result):
                customer_changes.suppress(
                    tx,
                    result.claimed.value_index,
                    result.claimed.purpose,
                    Reason.BOUNCED,
                    SuppressedBy.BOUNCE,
                )
        following = self._follow(tx, [row for row in changed if by_id[row["id"]].advance])
        for row in changed:
            apart = by_id[row["id"]].apart
            if apart:
                following += send_apart(tx, self._means.policies.lanes, row, apart)
        following += withholding.send_without(tx, self._means.policies.lanes, changed)
        if concern is not None:
            self._means.carriers.put_down(tx, concern)
        return following

    def _follow(self, tx: Transaction, rows: Sequence[dict[str, Any]]) -> list[Due]:
        if not rows:
            return []
        return follow_up(tx, self._means.readings, self._means.policies.lanes, rows)


def _passes(error: BaseException) -> bool:
    return isinstance(error, JournalError) or is_outage(error) or is_race(error)


def _goes_on(row: dict[str, Any]) -> bool:
    """Whether what was found impossible at its claim goes on to the rule's next step."""
    return row["status"] is DeliveryStatus.EXPIRED or advances(row)


def _say_waiting(state: RetryCallState) -> None:
    if state.attempt_number & (state.attempt_number - 1):  # at 1, 2, 4, 8…: an outage may be long
        return
    error = state.outcome.exception() if state.outcome else None
    log.warning("delivering_waits", attempt=state.attempt_number, error_type=type(error).__name__)
