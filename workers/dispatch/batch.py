"""What is in hand of one hint: what has been handed to the loop, and what waits for space."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from contracts.vocabulary import Channel
from store.deliveries.claiming import Claimed
from store.engine import steadily
from workers.dispatch.carriers import Carrier
from workers.dispatch.journal import Page
from workers.dispatch.loop import Sent
from workers.dispatch.preparing import Ready
from workers.providers.base import Outgoing, Verdict

_GROUP = 100
_GROUP_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Made:
    """One send that was handed to the loop, without what is sent: that goes when it has gone.

    ``weight`` is the space that it takes.
    """

    claimed: Claimed
    content_digest: str
    template_version: str | None
    segments: int | None
    weight: int


@dataclass(slots=True)
class Batch:
    """The sends of one hint, each by its place; ``waiting`` have documents and wait for space.

    It notes them on its page of the journal, for the loop.
    """

    page: Page
    carrier: Carrier
    claimed_at: float
    begin_before: float
    waiting: deque[tuple[Claimed, int]]
    made: list[Made] = field(default_factory=list)
    arriving: "SimpleQueue[Sent]" = field(default_factory=SimpleQueue)
    awaited: int = 0
    weight: int = 0

    @property
    def channel(self) -> Channel:
        """By which all of it goes."""
        return self.carrier.provider.channel

    @property
    def since(self) -> timedelta:
        """How long ago it was claimed."""
        return timedelta(seconds=steadily() - self.claimed_at)

    @property
    def late(self) -> bool:
        """Whether nothing more of it may begin: its claim could end meanwhile."""
        return steadily() >= self.begin_before

    def now(self, started_at: datetime) -> datetime:
        """Give the store's time: what it was at the claim, and what has passed here since."""
        return started_at + self.since

    def add(self, ready: Sequence[Ready], weight: int = 0) -> list[tuple[int, Outgoing]]:
        """Give places to what is ready, as the loop takes it."""
        first = len(self.made)
        self.made += [
            Made(one.claimed, one.content_digest, one.template_version, one.segments, weight)
            for one in ready
        ]
        self.awaited += len(ready)
        self.weight += weight * len(ready)
        return [(first + at, one.outgoing) for at, one in enumerate(ready)]

    def gather(self) -> tuple[list[Sent], int]:
        """Wait for the next that are through, some at a time; and give the space they took."""
        group = [self.arriving.get()]
        until = steadily() + _GROUP_SECONDS
        while len(group) < min(self.awaited, _GROUP):
            try:
                group.append(self.arriving.get(timeout=max(0.0, until - steadily())))
            except Empty:
                break
        freed = sum(self.made[sent.place].weight for sent in group)
        self.awaited -= len(group)
        self.weight -= freed
        return group, freed

    def mark(self, place: int) -> None:
        """Note that a send is about to leave. Raises ``JournalError``: then it must not."""
        one = self.made[place]
        self.page.mark(one.claimed.delivery_id, one.claimed.fence, one.template_version)

    def answered(self, place: int, verdict: Verdict) -> None:
        """Note what was answered."""
        claimed = self.made[place].claimed
        self.page.answered(claimed.delivery_id, claimed.fence, verdict)
