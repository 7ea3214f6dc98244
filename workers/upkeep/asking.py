"""How are providers asked about what nobody answered for, for missing receipts, and for prices?

A round is taken from the store in one short transaction, asked on a thread of its own while other
chores go on, and applied in short transactions when its answers are there. No transaction is open
while a provider is asked.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from structlog import get_logger

from config.policies import Policies
from contracts.vocabulary import Channel, Inquiry, Said
from store.customers.known import Readings
from store.deliveries.adding import Due
from store.engine import Store, Transaction
from store.evidence import inquiries, pricing
from store.evidence.inquiries import Answer, Asking
from workers.providers.lookups import Unanswered
from workers.receipts.apply import DialReceipt, MessageReceipt, apply, apply_dial
from workers.receipts.counts import Counts, Meaning, Way
from workers.receipts.racing import without_races
from workers.upkeep.judging import Judged, Judging
from workers.upkeep.questions import Askable, Prices, Question, Reply, ask_all

log = get_logger(__name__)

_IN_ONE = 200  # receipts in one transaction
_AT_ONCE = 40  # of each kind in a round: what is left over has waited longest and comes next
_WAYS = {Inquiry.LISTING: Way.LISTING, Inquiry.RECEIPT: Way.RECEIPT}
_MEANINGS = {
    Said.NOTHING: Meaning.NOTHING,
    Said.FEWER: Meaning.NOTHING,
    Said.UNANSWERED: Meaning.UNANSWERED,
    Said.NOTHING_NEW: Meaning.REPEATED,
    Said.FOUND: Meaning.CHANGED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What asking stands on."""

    store: Store
    readings: Readings
    policies: Policies
    judging: Judging
    askable: Askable
    hint: Callable[[Sequence[Due]], object]
    counts: Counts


class AskingProviders:
    """The chore. ``run`` returns at once; ``close`` ends what is under way."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="asking", daemon=True)
        self._thread.start()
        self._round: Future[list[tuple[Question, Reply]]] | None = None
        self._seen_until: dict[tuple[Inquiry, Channel], datetime] = {}

    def run(self) -> int:
        """Apply the answers of the round before, if they are there, and begin the next."""
        done = 0
        if self._round is not None:
            if not self._round.done():
                return 0
            finished, self._round = self._round, None
            done = self._apply_all(finished.result())
        questions = self._take()
        if questions:
            asking = ask_all(self._means.askable, questions)
            self._round = asyncio.run_coroutine_threadsafe(asking, self._loop)
        return done

    def finish(self) -> int:
        """Wait for the round under way, and apply its answers."""
        if self._round is None:
            return 0
        finished, self._round = self._round, None
        return self._apply_all(finished.result())

    def close(self) -> None:
        """Leave the round under way, and give back all connections."""
        if self._round is not None:
            self._round.cancel()
        asyncio.run_coroutine_threadsafe(self._means.askable.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _take(self) -> list[Question]:
        means, prices = self._means, self._means.policies.prices
        askings: list[Asking] = []
        seen_until: dict[tuple[Inquiry, Channel], datetime] = {}
        with means.store.write() as tx:
            for inquiry, by_channel in means.policies.asking.items():
                for channel, waits in by_channel.items():
                    seen = self._seen_until.get((inquiry, channel))
                    taken = inquiries.take(tx, inquiry, channel, waits, _AT_ONCE, seen)
                    seen_until[inquiry, channel] = taken.seen_until
                    askings += taken.askings
            names = means.askable.texts.keys()
            slices = pricing.due(tx, names, prices.after_seconds, prices.slice_seconds)
        self._seen_until = seen_until
        questions = means.judging.questions(askings) if askings else []
        return [*questions, *(Prices(one) for one in slices)]

    def _apply_all(self, replies: Sequence[tuple[Question, Reply]]) -> int:
        changed = 0
        for question, reply in replies:
            answers, receipts = self._means.judging.judge(question, reply)
            for start in range(0, max(1, len(receipts)), _IN_ONE):
                some = (answers if start == 0 else [], receipts[start : start + _IN_ONE])
                due = without_races(self._means.store, partial(self._apply, some))
                self._means.hint(due)
            if isinstance(question, Prices) and not isinstance(reply, Unanswered):
                with self._means.store.write() as tx:
                    pricing.seen(tx, question.slice.provider, question.slice.until)
            changed += len(receipts)
            self._tell(answers)
        return changed

    def _apply(self, judged: Judged, tx: Transaction) -> list[Due]:
        answers, receipts = judged
        means = self._means
        inquiries.note(tx, answers)
        texts = [one for one in receipts if isinstance(one, MessageReceipt)]
        due = list(apply(tx, texts, means.readings, means.policies.lanes).due) if texts else []
        for one in receipts:
            if isinstance(one, DialReceipt):
                due += apply_dial(tx, one, means.readings, means.policies.lanes).due
        return due

    def _tell(self, answers: Sequence[Answer]) -> None:
        for one in answers:
            self._means.counts.add(_WAYS[one.asking.inquiry], _MEANINGS[one.said])
            log.info(
                "provider_asked",
                inquiry=one.asking.inquiry.value,
                delivery_id=str(one.asking.delivery_id),
                attempt=one.asking.fence,
                provider=one.asking.provider,
                said=one.said.value,
            )
