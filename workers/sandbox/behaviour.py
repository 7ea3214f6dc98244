"""How should the sandbox misbehave towards this request?

A script is a list of rules; a rule says on what it acts and what it does. The first that fires
decides a request's fate. Chance comes from a seed, time from the clock passed in.
"""

import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

_GREYLIST_ENTRIES = 100_000


class Act(StrEnum):
    """What a rule does."""

    REFUSE = "refuse"  # definite, with `code`
    OVER_QUOTA = "over_quota"  # email: the mailbox is full
    GREYLIST = "greylist"  # email: 451 at the first try of a sender and recipient
    RATE_LIMIT = "rate_limit"  # more than `per_second` are told to wait `retry_after`
    UNAVAILABLE = "unavailable"  # 503 or 421, nothing accepted
    DROP = "drop"  # connection closed, nothing accepted
    RESET = "reset"  # connection reset, nothing accepted
    HANG = "hang"  # never answered, nothing accepted
    ACCEPT_THEN_FAULT = "accept_then_fault"  # accepted, then `status` 500 (email: 451) is said
    ACCEPT_THEN_DROP = "accept_then_drop"
    ACCEPT_THEN_RESET = "accept_then_reset"
    ACCEPT_THEN_HANG = "accept_then_hang"
    SLOW = "slow"  # waits `latency_ms` first, then goes on
    RECEIPT = "receipt"  # the later word: `word` and `error_code`
    CALLBACKS = "callbacks"  # how status callbacks are posted: `how`, `delay_ms`
    BOUNCE = "bounce"  # email: a report comes back later: `action`, `enhanced`, `delay_ms`
    DIAL = "dial"  # what a dialled number does: `outcome`, `ring_ms`, `talk_ms`, `seconds`


LATER_ACTS = frozenset({Act.SLOW, Act.RECEIPT, Act.CALLBACKS, Act.BOUNCE, Act.DIAL})
FATES = frozenset(Act) - LATER_ACTS
AFTER_ACCEPTING = frozenset(act for act in Act if act.startswith("accept_then_"))

Channel = Literal["sms", "call", "email", "read"]
Stage = Literal["connect", "mail", "rcpt", "data", "body", "dot"]
How = Literal["none", "plain", "duplicate", "reordered", "before_reply", "delayed", "forged"]
Outcome = Literal["answer", "no_answer", "busy", "failed", "voicemail"]
Count = Annotated[int, Field(ge=1)]
Span = Annotated[float, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Rule:
    """One instruction: on whom (all that is given must match), how often, and what.

    ``to`` and ``sender`` take shell patterns. ``read`` is every GET of Twilio's. A rule lets its
    first ``skip`` matches pass, fires ``times`` times at most, with ``probability``, and only for
    ``for_seconds`` after it was set. ``stage`` is of SMTP alone.
    """

    act: Act
    channel: Channel | None = None
    to: str | None = None
    sender: str | None = None
    stage: Stage | None = None
    times: Count | None = None
    skip: Annotated[int, Field(ge=0)] = 0
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    for_seconds: Span | None = None
    code: int | None = None
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    latency_ms: Span = 0
    per_second: Count = 1
    retry_after: Span = 1
    word: Literal["delivered", "undelivered", "failed", "sent"] = "delivered"
    error_code: int | None = None
    how: How = "plain"
    delay_ms: Span = 0
    action: Literal["failed", "delayed", "delivered", "relayed"] = "failed"
    enhanced: Annotated[str, Field(pattern=r"^[245]\.\d{1,3}\.\d{1,3}$")] = "5.1.1"
    outcome: Outcome = "answer"
    ring_ms: Span = 0
    talk_ms: Span = 0
    seconds: Annotated[int, Field(ge=0)] | None = None
    digits: Annotated[str, Field(pattern=r"^[0-9*#]{1,20}$")] = "1"

    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Script:
    """A whole behaviour, as the control API takes it."""

    rules: tuple[Rule, ...] = ()
    seed: int = 0

    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is happening: a request, or one stage of an SMTP transaction."""

    channel: Channel
    to: str = ""
    sender: str = ""
    stage: Stage | None = None


DEFAULT_STAGE: Mapping[Act, Stage] = {
    Act.REFUSE: "rcpt",
    Act.OVER_QUOTA: "rcpt",
    Act.GREYLIST: "rcpt",
    Act.RATE_LIMIT: "rcpt",
    Act.UNAVAILABLE: "mail",
}


@dataclass(slots=True)
class _Standing:
    """A rule in force, and what it has seen."""

    rule: Rule
    since: float
    seen: int = 0
    fired: int = 0
    tokens: float = 0
    filled_at: float = 0
    met: dict[tuple[str, str], None] = field(default_factory=dict)


def script_from(document: object) -> Script:
    """Check a script from outside; raises ``pydantic.ValidationError`` naming every fault."""
    return TypeAdapter(Script).validate_json(json.dumps(document))


class Behaviour:
    """The rules in force, and how often each has fired."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._standing: list[_Standing] = []
        self._acts: frozenset[Act] = frozenset()
        self._chance = random.Random(0)  # noqa: S311 - repeatable faults, not secrets

    def replace(self, script: Script) -> None:
        """Forget the rules so far; these hold from now."""
        self._standing = []
        self._chance = random.Random(script.seed)  # noqa: S311 - as above
        self.add(script.rules)

    def add(self, rules: Iterable[Rule]) -> None:
        """Let further rules hold, after those in force."""
        now = self._clock()
        self._standing += [
            _Standing(rule, since=now, tokens=rule.per_second, filled_at=now) for rule in rules
        ]
        self._acts = frozenset(standing.rule.act for standing in self._standing)

    def rules(self) -> list[Rule]:
        """The rules in force, in order."""
        return [standing.rule for standing in self._standing]

    def fired(self) -> list[int]:
        """How often each rule in force has fired, in order."""
        return [standing.fired for standing in self._standing]

    def fate(self, occasion: Occasion) -> Rule | None:
        """The rule that decides this request; None to serve it well."""
        return self._first(FATES, occasion) if self._acts & FATES else None

    def latency(self, occasion: Occasion) -> float:
        """Seconds to wait before anything else."""
        rule = self._first({Act.SLOW}, occasion) if Act.SLOW in self._acts else None
        return rule.latency_ms / 1000 if rule else 0.0

    def wish(self, act: Act, occasion: Occasion) -> Rule | None:
        """The rule for what follows an acceptance: receipt, callbacks, dial."""
        return self._first({act}, occasion) if act in self._acts else None

    def _first(self, acts: Iterable[Act], occasion: Occasion) -> Rule | None:
        now = self._clock()
        for standing in self._standing:
            rule = standing.rule
            if (
                rule.act in acts
                and _matches(rule, occasion)
                and self._fires(standing, occasion, now)
            ):
                return rule
        return None

    def _fires(self, standing: _Standing, occasion: Occasion, now: float) -> bool:
        rule = standing.rule
        if rule.for_seconds is not None and now - standing.since >= rule.for_seconds:
            return False
        if rule.times is not None and standing.fired >= rule.times:
            return False
        standing.seen += 1
        if standing.seen <= rule.skip:
            return False
        if rule.probability < 1 and self._chance.random() >= rule.probability:
            return False
        if rule.act is Act.RATE_LIMIT and _take_token(standing, now):
            return False
        if rule.act is Act.GREYLIST and _met(standing, occasion):
            return False
        standing.fired += 1
        return True


def _matches(rule: Rule, occasion: Occasion) -> bool:
    if rule.channel is not None and rule.channel != occasion.channel:
        return False
    if occasion.channel == "email" and occasion.stage is not None and rule.act in _STAGED:
        if (rule.stage or DEFAULT_STAGE.get(rule.act, "dot")) != occasion.stage:
            return False
    elif rule.stage is not None:
        return False
    if rule.to is not None and not fnmatchcase(occasion.to, rule.to):
        return False
    return rule.sender is None or fnmatchcase(occasion.sender, rule.sender)


_STAGED = FATES | {Act.SLOW}


def _take_token(standing: _Standing, now: float) -> bool:
    rate = standing.rule.per_second
    standing.tokens = min(rate, standing.tokens + (now - standing.filled_at) * rate)
    standing.filled_at = now
    if standing.tokens < 1:
        return False
    standing.tokens -= 1
    return True


def _met(standing: _Standing, occasion: Occasion) -> bool:
    pair = (occasion.sender, occasion.to)
    if pair in standing.met:
        return True
    if len(standing.met) >= _GREYLIST_ENTRIES:
        standing.met.pop(next(iter(standing.met)))
    standing.met[pair] = None
    return False
