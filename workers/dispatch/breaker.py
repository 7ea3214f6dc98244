"""When is a provider no longer given anything to send, and when is it again?

Pure: verdicts, the time and chance are passed in, and the caller keeps what is decided here.
A provider is judged by what concerns all it carries, never by a number that it refused:

    closed ── outages, or no answers, in a row ──→ open ── a probe went well ──→ half open
       ↑                                            ↑                              │
       │                                            └───────── one did not ────────┤
       └──────────────────────────── enough of them did ───────────────────────────┘

A rate limit opens nothing: the provider is left alone until the time that it named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from config.policies import BreakerPolicy
from contracts.vocabulary import BreakerState, Reason
from store.providers import ProviderState
from workers.providers.base import Accepted, Deferred, Rejected, Unknown, Verdict

LAST_DOUBLING: Final = 20  # beyond it any cap is reached
_OUTAGES: Final = frozenset({Reason.UNREACHABLE, Reason.PROVIDER_FAULT, Reason.CREDENTIALS})


class Bearing(Enum):
    """What one verdict says about its provider."""

    WELL = "well"  # it works, whatever it made of this delivery
    TROUBLE = "trouble"  # an outage, no answer, or perhaps a rate limit
    WAIT = "wait"  # a rate limit that holds for all we send
    NOTHING = "nothing"  # it may be this delivery's own


@dataclass(frozen=True, slots=True)
class Tally:
    """What one process has seen of a provider lately: what was trouble, the newest last."""

    troubles: tuple[bool, ...] = ()

    def then(self, *, trouble: bool, lately: int) -> "Tally":
        """Give the same with one more, and the oldest forgotten."""
        return Tally((*self.troubles, trouble)[-lately:])


@dataclass(frozen=True, slots=True)
class Alarm:
    """Why a provider is to be left alone; ``wait`` in seconds where it asked for time only."""

    reason: Reason
    code: str
    wait: float | None = None


def bearing(verdict: Verdict) -> Bearing:
    """What this verdict says about the provider."""
    match verdict:
        case Accepted() | Rejected():
            return Bearing.WELL
        case Unknown():
            return Bearing.TROUBLE
        case Deferred(reason=Reason.BUSY_PROVIDER, concerns_all=True):
            return Bearing.WAIT
        case Deferred(spends_attempt=True):
            return Bearing.NOTHING
        case Deferred(reason=reason) if reason in _OUTAGES or reason is Reason.BUSY_PROVIDER:
            return Bearing.TROUBLE
        case Deferred():
            return Bearing.NOTHING


def judge(
    state: ProviderState,
    tally: Tally,
    verdicts: Sequence[Verdict],
    policy: BreakerPolicy,
    now: datetime,
) -> tuple[Tally, Alarm | None]:
    """Count verdicts in; an alarm says that the provider is to be left alone, and begins anew."""
    alarm = None
    for verdict in verdicts:
        match bearing(verdict):
            case Bearing.WELL:
                tally = tally.then(trouble=False, lately=policy.lately)
            case Bearing.TROUBLE:
                tally = tally.then(trouble=True, lately=policy.lately)
                if _is_enough(tally, state, policy, now):
                    alarm = _alarm(verdict, policy)
            case Bearing.WAIT:
                alarm = _longer(alarm, _alarm(verdict, policy))
            case Bearing.NOTHING:
                pass
    return (tally if alarm is None else Tally()), alarm


def alarmed(
    state: ProviderState,
    alarm: Alarm,
    policy: BreakerPolicy,
    now: datetime,
    random: Callable[[], float],
) -> ProviderState:
    """What an alarm makes of a provider; nothing, where somebody gave the same one before."""
    if alarm.wait is not None:
        until = now + timedelta(seconds=alarm.wait)
        if state.wait_until is not None and state.wait_until >= until:
            return state
        return replace(
            state,
            wait_until=until,
            usable_since=until,
            reason=alarm.reason,
            code=alarm.code,
        )
    if state.state is not BreakerState.CLOSED:
        return state
    before = state.openings if _unsteady(state, policy, now) else 0
    return replace(
        state,
        state=BreakerState.OPEN,
        reason=alarm.reason,
        code=alarm.code,
        opened_at=now,
        openings=before + 1,
        harmless=0,
        probe_at=now + _cool_off(before + 1, policy, random),
        usable_since=None,
    )


def probed(
    state: ProviderState,
    verdict: Verdict,
    policy: BreakerPolicy,
    now: datetime,
    random: Callable[[], float],
) -> ProviderState:
    """What a probe makes of a provider that is not closed."""
    if state.state is BreakerState.CLOSED:
        return state
    match verdict:
        case Accepted() if state.harmless + 1 >= policy.harmless:
            return replace(
                state, state=BreakerState.CLOSED, probe_at=None, harmless=0, usable_since=now
            )
        case Accepted():
            soon = now + timedelta(seconds=policy.probe_seconds)
            return replace(
                state, state=BreakerState.HALF_OPEN, probe_at=soon, harmless=state.harmless + 1
            )
        case Deferred(reason, code) | Rejected(reason, code) | Unknown(reason, code):
            return replace(
                state,
                state=BreakerState.OPEN,
                reason=reason,
                code=code,
                harmless=0,
                probe_at=now + _until_next_probe(state, verdict, policy, now, random),
            )


def _is_enough(tally: Tally, state: ProviderState, policy: BreakerPolicy, now: datetime) -> bool:
    least = policy.outages_again if _unsteady(state, policy, now) else policy.outages
    row = tally.troubles[-least:]
    often = sum(tally.troubles) >= policy.share * policy.lately
    return often or (len(row) == least and all(row))


def _unsteady(state: ProviderState, policy: BreakerPolicy, now: datetime) -> bool:
    """Whether it opened before and has not held since."""
    if state.openings == 0 or state.usable_since is None:
        return False
    return now - state.usable_since < timedelta(seconds=policy.steady_seconds)


def _alarm(verdict: Verdict, policy: BreakerPolicy) -> Alarm:
    match verdict:
        case Deferred(reason=Reason.BUSY_PROVIDER, code=code, retry_after=wish):
            wait = policy.busy_seconds if wish is None else max(0.0, wish)
            return Alarm(Reason.BUSY_PROVIDER, code, min(wait, policy.longest_wait_seconds))
        case Deferred(reason, code) | Rejected(reason, code) | Unknown(reason, code):
            return Alarm(reason, code)
        case Accepted():  # never trouble
            raise ValueError("an acceptance is no reason for an alarm")


def _longer(one: Alarm | None, other: Alarm) -> Alarm:
    """Of two alarms the graver: an outage, or the longer wait."""
    if one is None or (one.wait is not None and other.wait is not None and other.wait > one.wait):
        return other
    return one


def _cool_off(openings: int, policy: BreakerPolicy, random: Callable[[], float]) -> timedelta:
    longest = policy.cool_off_seconds * 2 ** min(openings - 1, LAST_DOUBLING)
    return timedelta(seconds=min(longest, policy.cool_off_cap_seconds) * (1 + random()) / 2)


def _until_next_probe(
    state: ProviderState,
    verdict: Verdict,
    policy: BreakerPolicy,
    now: datetime,
    random: Callable[[], float],
) -> timedelta:
    """The longer it has been out, the longer until it is asked again; never sooner than it told."""
    out = (now - (state.opened_at or now)).total_seconds() / 2
    wait = min(max(out, policy.cool_off_seconds), policy.probe_again_seconds) * (1 + random()) / 2
    told = verdict.retry_after if isinstance(verdict, Deferred) else None
    return timedelta(seconds=max(wait, min(told or 0.0, policy.longest_wait_seconds)))
