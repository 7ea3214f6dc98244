"""Which provider carries a channel now? The first in its order that may be used.

Each process keeps a reading of the store's word, renewed about once a second, so that no batch
asks for it. What its own verdicts say it puts down itself, and knows at once.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from structlog import get_logger

from config.policies import BreakerPolicy
from contracts.vocabulary import BreakerState, Channel
from store import providers
from store.engine import Transaction
from store.providers import Known, ProviderState
from workers.dispatch import breaker
from workers.dispatch.breaker import Alarm, Tally
from workers.providers.base import Provider, Verdict

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A provider, and how many sends it may have under way in this process.

    ``where`` is its address for operators. ``sender`` is whom a text comes from, where that is
    another's than the first provider's.
    """

    provider: Provider
    width: int
    where: str = ""
    sender: str | None = None

    @property
    def name(self) -> str:
        """Its name in claims, attempts and the ledger."""
        return self.provider.name


@dataclass(frozen=True, slots=True)
class Concern:
    """An alarm about one provider, to be put down with the results that raised it."""

    provider: str
    alarm: Alarm


@dataclass(slots=True)
class _Reading:
    """What the store said, and when: by its clock, and by ours."""

    states: Mapping[str, ProviderState] = field(default_factory=dict)
    now: datetime | None = None
    read_at: float = 0.0


class Carriers:
    """The providers of one process, in the order of their channels. Safe between threads."""

    def __init__(
        self,
        carriers: Sequence[Carrier],
        policy: BreakerPolicy,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.by_name: Mapping[str, Carrier] = {one.name: one for one in carriers}
        self.policy = policy
        self._chance = chance
        self._reading = _Reading()
        self._tallies: dict[str, Tally] = {}
        self._held: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Carrier]:
        return iter(self.by_name.values())

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels that something is set up for."""
        return tuple(dict.fromkeys(one.provider.channel for one in self))

    @property
    def known(self) -> list[Known]:
        """Each provider with its turn in its channel."""
        turns = dict.fromkeys(self.channels, 0)
        found = []
        for one in self:
            channel = one.provider.channel
            found.append(Known(one.name, channel, turns[channel]))
            turns[channel] += 1
        return found

    def choose(self, channel: Channel) -> Carrier | None:
        """Give the first of the channel that may be used; none: everything due has to wait."""
        for one in self:
            if one.provider.channel is channel and self.usable(one.name):
                return one
        return None

    def usable(self, name: str) -> bool:
        """Whether a provider may be given something, as far as this process knows."""
        if name in self._held:
            return False
        reading = self._reading
        state = reading.states.get(name)
        if state is None or reading.now is None:
            return True
        return state.usable(reading.now + timedelta(seconds=time.monotonic() - reading.read_at))

    def learn(self, states: Sequence[ProviderState], now: datetime) -> None:
        """Take the store's word, read at ``now`` by its clock."""
        with self._lock:
            before = self._reading.states
            self._reading = _Reading({s.name: s for s in states}, now, time.monotonic())
            self._held = frozenset()
        for state in states:
            self._tell(before.get(state.name), state)

    def judge(
        self, name: str, verdicts: Sequence[Verdict], claimed_at: datetime, now: datetime
    ) -> Concern | None:
        """Count a provider's verdicts; a concern is to be put down with their results.

        From then on this process begins nothing more with it, until the store's next word. What
        was claimed before it came back, and what comes in while it is out, counts no more: a
        request of before may time out long after.
        """
        with self._lock:
            state = self._reading.states.get(name)
            if state is None or not verdicts or state.state is not BreakerState.CLOSED:
                return None
            if state.usable_since is not None and claimed_at < state.usable_since:
                return None
            tally = self._tallies.get(name) or Tally()
            self._tallies[name], alarm = breaker.judge(state, tally, verdicts, self.policy, now)
            if alarm is not None:
                self._held |= {name}
        return None if alarm is None else Concern(name, alarm)

    def put_down(self, tx: Transaction, concern: Concern) -> None:
        """Keep in the store what a concern makes of its provider; harmless if repeated."""
        state = providers.locked(tx, concern.provider)
        if state is not None:
            after = breaker.alarmed(state, concern.alarm, self.policy, tx.now, self._chance)
            self._keep(tx, state, after)

    def put_down_probe(self, tx: Transaction, name: str, verdict: Verdict) -> None:
        """Keep in the store what a probe makes of its provider."""
        state = providers.locked(tx, name)
        if state is not None:
            after = breaker.probed(state, verdict, self.policy, tx.now, self._chance)
            self._keep(tx, state, after)

    def _keep(self, tx: Transaction, before: ProviderState, after: ProviderState) -> None:
        kept = before if after == before else providers.save(tx, after)
        now = tx.now
        tx.after_commit.append(lambda: self._learn_one(kept, now))

    def _learn_one(self, state: ProviderState, now: datetime) -> None:
        with self._lock:
            before = self._reading.states
            self._reading = _Reading({**before, state.name: state}, now, time.monotonic())
            self._held -= {state.name}
            if state.state is not BreakerState.CLOSED:
                self._tallies.pop(state.name, None)
        self._tell(before.get(state.name), state)

    def _tell(self, before: ProviderState | None, now: ProviderState) -> None:
        was = BreakerState.CLOSED if before is None else before.state
        if now.state is not was:
            log.warning(
                "breaker",
                provider=now.name,
                state=now.state.value,
                was=was.value,
                reason=now.reason.value if now.reason else None,
                code=now.code,
            )
        if now.wait_until is not None and (before is None or before.wait_until != now.wait_until):
            log.warning("provider_waits", provider=now.name, until=now.wait_until.isoformat())
