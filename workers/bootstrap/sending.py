"""How is the sending half of a process put together?"""

from collections.abc import Callable, Sequence
from uuid import UUID

from config.processors import insist
from contracts.vocabulary import Channel, Lane
from store.deliveries.recording import Result
from workers.bootstrap.parts import Parts
from workers.bootstrap.preparing import open_preparing
from workers.bootstrap.providers import open_carriers
from workers.bootstrap.rights import insist_on_check
from workers.dispatch.actors import Deliver, declare_actors
from workers.dispatch.carriers import Carriers
from workers.dispatch.delivering import Delivering, Means
from workers.dispatch.journal import Journal
from workers.dispatch.large_blocks import map_large_blocks
from workers.dispatch.loop import Loop
from workers.dispatch.probing import Probing
from workers.dispatch.replaying import Replaying
from workers.dispatch.running import Running
from workers.dispatch.space import Space
from workers.metrics.definitions import BATCHES_IN_HAND, SENDS_UNDER_WAY
from workers.running.alive import Crew

_STOP_SECONDS = 60.0
_LOOP_SECONDS = 30.0  # an event loop that answers nothing for so long is stuck
_MARGIN_SECONDS = 30.0


class Dispatch:
    """The sending half of a process: workers, their loop, and their providers.

    Raises ``UndeclaredProcessorError`` where nobody is named who runs a part in use, and
    ``UncheckedRestoreError`` where the database was restored and not checked.
    """

    def __init__(self, parts: Parts, lanes: Sequence[Lane]) -> None:
        settings = parts.settings
        insist(settings)
        insist_on_check(parts)
        map_large_blocks()
        preparing = open_preparing(parts)
        self._loop = Loop()
        self._journal = Journal(settings.journals, parts.worker)
        self._carriers = Carriers(open_carriers(settings), parts.policies.breaker)
        self.probing = Probing(parts.store, self._carriers, self._loop)
        self.probing.round()
        # A batch lasts two leases at most: one to send and one to record.
        limit = 2 * settings.lease_seconds + _MARGIN_SECONDS
        crew = parts.beats.crew("batches", lambda: self._running.places, limit)
        means = Means(
            store=parts.store,
            readings=parts.readings,
            policies=parts.policies,
            carriers=self._carriers,
            preparing=preparing,
            loop=self._loop,
            hint=parts.hints,
            journal=self._journal,
            lease_seconds=settings.lease_seconds,
            count=parts.metrics,
            turn=crew.turn,
            space=Space(settings.document_memory_bytes),
        )
        delivering = Delivering(means)
        declare_actors(parts.broker, self._at_work(parts, delivering.deliver, crew))
        self._replaying = Replaying(
            settings.journals,
            parts.store,
            parts.policies,
            preparing,
            self._counted_replay(parts, delivering.record),
        )
        self._running = Running(
            parts.broker, self._loop, lanes, self._carriers.channels, settings.dispatch_threads
        )
        parts.beats.ask("threads", self._running.ended)
        parts.readiness.ask("hints", self._running.unconnected)
        parts.readiness.ask(
            "providers", lambda: None if self._carriers.channels else "none is set up"
        )
        self._loop.beat(parts.beats.loop("sends", _LOOP_SECONDS))
        parts.metrics.show(
            SENDS_UNDER_WAY, lambda: [((name,), n) for name, n in self._loop.under_way.items()]
        )

    def _at_work(self, parts: Parts, deliver: Deliver, crew: Crew) -> Deliver:
        """Count hints, and who is at work on them."""
        metrics = parts.metrics
        metrics.show(BATCHES_IN_HAND, lambda: [((), crew.busy)])

        def counted(channel: Channel, delivery_ids: Sequence[UUID]) -> None:
            metrics.hinted(channel, len(delivery_ids))
            with crew:
                deliver(channel, delivery_ids)

        return counted

    def _counted_replay(
        self, parts: Parts, record: Callable[[Sequence[Result]], None]
    ) -> Callable[[Sequence[Result]], None]:
        def recording(results: Sequence[Result]) -> None:
            record(results)
            parts.metrics.replayed(results)

        return recording

    def start(self) -> None:
        """Begin sending, and replaying what the dead left behind; returns at once.

        Raises ``workers.dispatch.journal.JournalError`` where nothing could be sent.
        """
        with self._journal.page():
            pass
        self._replaying.start()
        self.probing.start()
        self._running.start()

    def stop(self) -> None:
        """Finish what is under way, give back what is not, close all connections."""
        self._running.stop(_STOP_SECONDS)
        self.probing.stop()
        for carrier in self._carriers:
            self._loop.call(carrier.provider.close)
        self._loop.close()
        self._journal.close()
        self._replaying.stop()
