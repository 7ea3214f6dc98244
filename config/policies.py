"""What is done about retries, deadlines, uncertainty and waiting? As data.

Numbers that an office may want otherwise are settings; the rest are decided here, with reasons.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from config.bank_holidays import bank_holidays
from config.settings import Settings
from contracts.planning import (
    CODE_WAIT_SECONDS,
    WAIT_SECONDS,
    IdentityPolicy,
    LanePolicy,
    TextLimits,
)
from contracts.vocabulary import Channel, Inquiry, Lane, Retention


class WhenUncertain(StrEnum):
    """What becomes of a send whose fate no evidence settles."""

    PARK = "park"  # a person decides
    RESEND = "resend"  # once more with the same Message-ID, marked and counted


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and how far apart, a delivery is tried; seconds throughout.

    The first delay is at most ``base_seconds``, each later one at most twice as long, none longer
    than ``cap_seconds``; chance takes part of it away (``workers.routing.following``).
    """

    attempts: int
    base_seconds: float
    cap_seconds: float

    def scaled(self, scale: float) -> "RetryPolicy":
        """Give the same with its times multiplied."""
        return RetryPolicy(self.attempts, self.base_seconds * scale, self.cap_seconds * scale)


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a provider is no longer given anything, and how it comes back; seconds throughout.

    It opens after ``outages`` in a row, however far apart, or when they are ``share`` of its last
    ``lately`` answers; after only ``outages_again`` where it has not held for ``steady_seconds``
    yet. It stays open for ``cool_off_seconds``, twice as long each time that it did not hold, at
    most ``cool_off_cap_seconds``; chance takes up to half away. Then it is probed, while it is out
    every ``probe_again_seconds`` at the latest; ``harmless`` probes that go well, ``probe_seconds``
    apart, close it. What waited then goes out at ``drain_per_second``, twice that after each
    ``drain_doubles_seconds``. A rate limit that names no time waits ``busy_seconds``; one that
    does is obeyed up to ``longest_wait_seconds``, and then asked again.
    """

    outages: int
    outages_again: int
    lately: int
    share: float
    steady_seconds: float
    cool_off_seconds: float
    cool_off_cap_seconds: float
    probe_again_seconds: float
    harmless: int
    probe_seconds: float
    drain_per_second: float
    drain_doubles_seconds: float
    busy_seconds: float
    longest_wait_seconds: float

    def scaled(self, scale: float) -> "BreakerPolicy":
        """Give the same with its own times multiplied; those that others set stay as they are."""
        return replace(
            self,
            steady_seconds=self.steady_seconds * scale,
            cool_off_seconds=self.cool_off_seconds * scale,
            cool_off_cap_seconds=self.cool_off_cap_seconds * scale,
            probe_again_seconds=self.probe_again_seconds * scale,
            probe_seconds=self.probe_seconds * scale,
            drain_doubles_seconds=self.drain_doubles_seconds * scale,
            busy_seconds=self.busy_seconds * scale,
        )


@dataclass(frozen=True, slots=True)
class WaitingPolicy:
    """How long an event may wait for what it needs before it goes to attention."""

    urgent_seconds: int
    routine_seconds: int

    def limit(self, lane: Lane) -> int:
        """Give the seconds for an event that would go by ``lane``."""
        match lane:
            case Lane.LIVE | Lane.URGENT:
                return self.urgent_seconds
            case Lane.ROUTINE | Lane.BULK:
                return self.routine_seconds


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """How long after some time its texts are asked about for what they cost; seconds.

    ``slice_seconds`` of time at once.
    """

    after_seconds: float
    slice_seconds: float


@dataclass(frozen=True, slots=True)
class PostPolicy:
    """How many days an item is held before its customer is asked, and before it may be shredded."""

    ask_after_days: int
    shred_after_days: int


@dataclass(frozen=True, slots=True)
class OffersPolicy:
    """How many offers one customer may be sent within so many days."""

    most: int
    days: int


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long what is held about a customer is kept once their services have ended, in years.

    Of whom no service ever began, who only enquired, ordered or registered, is kept for
    ``prospect_months`` since they were last heard of; with invoices, payments or checks of
    identity, for as many years as these are kept, if that is longer.
    """

    years: Mapping[Retention, int]
    prospect_months: int


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies of one installation.

    ``resends`` is how often a delivery goes out again by policy before a person must decide.
    ``asking`` gives the seconds before each asking of a provider; their number is the limit.
    ``texts`` limits the texts to one number; none: as many as there are. ``countries`` are those
    whose numbers may be texted and rung. ``scale`` is what all times here have been multiplied by.
    """

    retries: Mapping[Lane, RetryPolicy]
    breaker: BreakerPolicy
    lanes: LanePolicy
    uncertain: Mapping[Channel, WhenUncertain]
    uncertain_after_seconds: Mapping[Channel, float]
    resends: int
    asking: Mapping[Inquiry, Mapping[Channel, tuple[float, ...]]]
    waiting: WaitingPolicy
    hold_limit_seconds: float
    texts: TextLimits | None
    prices: PricePolicy
    countries: frozenset[str]
    offers: OffersPolicy
    bulk_per_second: float
    post: PostPolicy
    retention: RetentionPolicy
    identity: IdentityPolicy
    office_time_zone: str
    scale: float


RETRIES: Mapping[Lane, RetryPolicy] = MappingProxyType(
    {
        # a caller is on the line: a few quick tries or none
        Lane.LIVE: RetryPolicy(attempts=3, base_seconds=0.5, cap_seconds=2),
        # within half an hour, most of it in the first minutes
        Lane.URGENT: RetryPolicy(attempts=10, base_seconds=2, cap_seconds=300),
        # greylisting relays ask for some minutes, broken ones take hours
        Lane.ROUTINE: RetryPolicy(attempts=12, base_seconds=15, cap_seconds=2 * 3600),
        Lane.BULK: RetryPolicy(attempts=12, base_seconds=60, cap_seconds=4 * 3600),
    }
)

BREAKER = BreakerPolicy(
    # each outage may leave a text uncertain, so few are enough. What went well before says little:
    # at 500 a second, a minute of it would hide thousands of outages
    outages=5,
    outages_again=2,
    # one that answers now and then is out as well; one in a hundred lost is a busy day
    lately=20,
    share=0.5,
    steady_seconds=120,
    # a restart at the provider's takes seconds. One whose probes go well and whose sends do not
    # leaves texts uncertain each time that it closes: that must become seldom
    cool_off_seconds=5,
    cool_off_cap_seconds=300,
    # a probe costs nothing, and a caller may be waiting for the provider to be back
    probe_again_seconds=30,
    # one answer may be luck between two faults
    harmless=3,
    probe_seconds=1,
    # 50 a second are a good deal for one that has just come back; ten seconds later it is 1,600
    drain_per_second=50,
    drain_doubles_seconds=2,
    busy_seconds=5,
    longest_wait_seconds=3600,
)

# How long evidence (a callback, a listing that names our attempt) is waited for. Callbacks come
# within seconds; a listing may lag. A call's uncertainty is over when its caller is.
UNCERTAIN_AFTER_SECONDS: Mapping[Channel, int] = MappingProxyType(
    {Channel.SMS: 300, Channel.CALL: 60, Channel.EMAIL: 60, Channel.POST: 0}
)

# When a provider is asked, in seconds from what makes us ask and then from asking to asking.
# The first three looks into a list fall within the time above, for one empty listing is none;
# later ones settle what was parked while the provider was out of order.
ASKING_SECONDS: Mapping[Inquiry, Mapping[Channel, tuple[int, ...]]] = MappingProxyType(
    {
        Inquiry.LISTING: MappingProxyType(
            {
                Channel.SMS: (20, 90, 150, 600, 1800, 7200, 6 * 3600),
                Channel.CALL: (5, 15, 30, 120, 600, 3600),
            }
        ),
        Inquiry.RECEIPT: MappingProxyType(
            {
                Channel.SMS: (180, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600),
                Channel.CALL: (90, 120, 600, 3600),
            }
        ),
    }
)

# A price comes soon after its text as a rule, and a day later for certain; nobody waits for it.
PRICES_AFTER_SECONDS = 86_400
PRICES_SLICE_SECONDS = 3_600


def policies(settings: Settings) -> Policies:
    """Build the policies from what is decided here and what is set."""
    scale = settings.time_scale
    return Policies(
        retries=MappingProxyType({lane: each.scaled(scale) for lane, each in RETRIES.items()}),
        breaker=BREAKER.scaled(scale),
        lanes=LanePolicy(
            MappingProxyType(
                {
                    Lane.LIVE: settings.deadline_live_seconds,
                    Lane.URGENT: settings.deadline_urgent_seconds,
                    Lane.ROUTINE: settings.deadline_routine_seconds,
                    Lane.BULK: settings.deadline_bulk_seconds,
                }
            ),
            bank_holidays(settings.bank_holidays),
            MappingProxyType({lane: each * scale for lane, each in WAIT_SECONDS.items()}),
            CODE_WAIT_SECONDS * scale,
            post_round=settings.post_round,
        ),
        uncertain=MappingProxyType(
            {
                Channel.SMS: WhenUncertain(settings.uncertain_sms),
                Channel.CALL: WhenUncertain(settings.uncertain_call),
                Channel.EMAIL: WhenUncertain(settings.uncertain_email),
                Channel.POST: WhenUncertain.PARK,  # a clerk reports it or does not
            }
        ),
        uncertain_after_seconds=MappingProxyType(
            {channel: seconds * scale for channel, seconds in UNCERTAIN_AFTER_SECONDS.items()}
        ),
        resends=settings.uncertain_resends,
        asking=MappingProxyType(
            {inquiry: _scaled(each, scale) for inquiry, each in ASKING_SECONDS.items()}
        ),
        waiting=WaitingPolicy(
            urgent_seconds=settings.waiting_limit_urgent_seconds,
            routine_seconds=settings.waiting_limit_seconds,
        ),
        hold_limit_seconds=settings.hold_limit_seconds,
        texts=_texts(settings) if settings.sms_throttle else None,
        prices=PricePolicy(PRICES_AFTER_SECONDS * scale, PRICES_SLICE_SECONDS * scale),
        countries=frozenset(settings.number_countries),
        post=PostPolicy(
            ask_after_days=settings.post_ask_after_days,
            shred_after_days=settings.post_shred_after_days,
        ),
        retention=retention_policy(settings),
        identity=IdentityPolicy(
            telephone=settings.identity_for_telephone,
            individuals=settings.identity_for_individuals,
            before_service=settings.identity_before_service,
        ),
        office_time_zone=settings.time_zone,
        bulk_per_second=settings.bulk_per_second,
        offers=OffersPolicy(most=settings.offers_most, days=settings.offers_days),
        scale=scale,
    )


def _texts(settings: Settings) -> TextLimits:
    # A text may leave as late as its lease ends: so that no hour has more, an hour and that have.
    seconds = (3600 + settings.lease_seconds) * settings.time_scale
    return TextLimits(settings.sms_per_hour, settings.sms_alike_per_hour, seconds)


def _scaled(
    waits: Mapping[Channel, tuple[int, ...]], scale: float
) -> Mapping[Channel, tuple[float, ...]]:
    return MappingProxyType(
        {channel: tuple(wait * scale for wait in each) for channel, each in waits.items()}
    )


def retention_policy(settings: Settings) -> RetentionPolicy:
    """Give how long what is held about people is kept."""
    return RetentionPolicy(
        years=MappingProxyType(
            {
                Retention.CONTACT: settings.keep_years,
                Retention.CONTENT: settings.keep_content_years,
                Retention.SENDS: settings.keep_years,
                Retention.BILLING: settings.keep_billing_years,
                Retention.IDENTITY: settings.keep_years,
            }
        ),
        prospect_months=settings.keep_prospect_months,
    )
