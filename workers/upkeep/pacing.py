"""How many deliveries of each channel may upkeep hint at now? By how their providers stand.

While none of a channel may be used, none: what is due waits in the store, and expires there if it
must. Once one is back, few at first and then more: an outage of an hour must not end in a storm.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from config.policies import BreakerPolicy
from contracts.vocabulary import Channel
from store.providers import ProviderState
from workers.dispatch.broker import SENDING

_LAST_DOUBLING = 30.0  # beyond it any bound is reached


def allowances(
    states: Sequence[ProviderState], policy: BreakerPolicy, now: datetime, seconds: float, most: int
) -> Mapping[Channel, int]:
    """Give what may be hinted at in these ``seconds``, at most ``most`` of any channel.

    A channel of which nothing is known is not held back: dispatch has not said yet.
    """
    return {channel: _allowance(channel, states, policy, now, seconds, most) for channel in SENDING}


def _allowance(
    channel: Channel,
    states: Sequence[ProviderState],
    policy: BreakerPolicy,
    now: datetime,
    seconds: float,
    most: int,
) -> int:
    of_channel = [state for state in states if state.channel is channel]
    usable = [state for state in of_channel if state.usable(now)]
    if of_channel and not usable:
        return 0
    since = usable[0].usable_since if usable else None
    if since is None:
        return most
    doublings = (now - since).total_seconds() / policy.drain_doubles_seconds
    rate = policy.drain_per_second * 2 ** min(max(0.0, doublings), _LAST_DOUBLING)
    return min(most, max(1, int(rate * seconds)))
