"""How do publishers get over AMQP what they are told?

At least once: an outcome is marked as published after the broker has confirmed it, and carries its
own id, so a repeated one is recognised. One that the broker refuses (a publisher's queue is full)
is tried some times more and then set aside, so that it holds up nobody else's: it stays readable at
``GET /outcomes``.
"""

import time
from collections import Counter
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from config.logs import where_it_failed
from config.topology import OUTCOMES
from contracts.envelope import STRUCTURED, Envelope, to_structured
from store import outbox
from store.engine import Store, Transaction
from store.outbox import Outcome
from store.publishers import every
from workers.running.broker import LOST, reason_of
from workers.running.failpoints import reach
from workers.telling import tell
from workers.upkeep.confirming import Confirming, Letter

log = get_logger(__name__)

_BATCH = 500
_REFUSALS = 5
_PAUSE_SECONDS = 5.0


class OutcomePublisher:
    """Publishes the outbox. For one thread, under the lease of whoever keeps house.

    A broker that failed is left in peace for ``pause`` seconds.
    """

    def __init__(self, url: str, store: Store, pause: float = _PAUSE_SECONDS) -> None:
        self._store = store
        self._pause = pause
        self._publishing = Confirming(url, "onward outcomes")
        self._refusals: Counter[str] = Counter()
        self._not_before = 0.0

    def publish_some(self) -> int:
        """Publish the next outcomes and list them; give how many need no more publishing.

        Raises what the store raises, and one of ``broker.LOST`` where the broker is away;
        it is then left in peace for some seconds, for which nothing is published.
        """
        if time.monotonic() < self._not_before:
            return 0
        # A writing transaction, for it ends by asking who leads: a leader that was stopped for long
        # must not publish again what another has published.
        with self._store.write() as tx:
            waiting = outbox.unpublished(tx, _BATCH)
            admitted = [publisher for publisher, is_admitted in every(tx) if is_admitted]
            told, untold = _told(tx, waiting)
        if not waiting:
            return 0
        addressed = [
            (outcome, _letter(publisher.name, outcome, envelope))
            for outcome, envelope in told
            for publisher in admitted
            if outcome.audience in publisher.audiences()
        ]
        try:
            taken = self._publishing.publish([letter for _, letter in addressed])
        except LOST as error:
            self._not_before = time.monotonic() + self._pause
            log.warning("outcomes_not_published", count=len(waiting), reason=reason_of(error))
            raise
        reach("upkeep.outcomes.published")
        refused = untold | {
            outcome.id
            for (outcome, _), was_taken in zip(addressed, taken, strict=True)
            if not was_taken
        }
        return self._mark([o for o in waiting if o.id not in refused or self._set_aside(o)])

    def close(self) -> None:
        """Close the connection."""
        self._publishing.close()

    def _mark(self, done: Sequence[Outcome]) -> int:
        with self._store.write() as tx:
            outbox.mark_published(tx, done)
        reach("upkeep.outcomes.marked")
        for outcome in done:
            self._refusals.pop(outcome.id, None)
        return len(done)

    def _set_aside(self, outcome: Outcome) -> bool:
        self._refusals[outcome.id] += 1
        if self._refusals[outcome.id] < _REFUSALS:
            return False
        log.error("outcome_refused", outcome=outcome.id, tries=_REFUSALS)
        return True


def _told(
    tx: Transaction, outcomes: Sequence[Outcome]
) -> tuple[list[tuple[Outcome, Envelope]], set[str]]:
    """Give each outcome's event, and the ids of those that a fault of ours keeps untold."""
    if not outcomes:
        return [], set()
    try:
        return list(zip(outcomes, tell(tx, outcomes), strict=True)), set()
    except SQLAlchemyError:
        raise
    except Exception as fault:  # noqa: BLE001 - one that cannot be told must not silence the others
        if len(outcomes) == 1:
            where = "\n".join(where_it_failed(fault))  # without the text, which may quote values
            log.error("outcome_untold", exception=where)  # noqa: TRY400 - the same
            return [], {outcomes[0].id}
    told, untold = [], set()
    for outcome in outcomes:
        more, failed = _told(tx, [outcome])
        told += more
        untold |= failed
    return told, untold


def _letter(reader: str, outcome: Outcome, envelope: Envelope) -> Letter:
    return Letter(
        exchange=OUTCOMES,
        routing_key=f"{reader}.{outcome.name}",
        id=outcome.id,
        content_type=STRUCTURED,
        body=to_structured(envelope),
    )
