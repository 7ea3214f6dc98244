"""When is the digest sent that an event goes into?

By the customer's clock, and always later than the event: what comes at the very moment of a digest
goes into the next one. Where the clock changes, a time that it skips is the moment of the change,
and one that it shows twice is its first showing; an hourly digest goes out whenever the clock shows
a full hour, so in an hour that is repeated once more.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from contracts.planning import DigestTimes
from contracts.rule_words import WEEK
from contracts.rules import Digest
from workers.routing.schedules import ONE_DAY, instant_at

HOUR: Final = timedelta(hours=1)
USUAL_TIME: Final = "17:00"  # of a digest that names none; `check_rules` wants one named
_DAYS_AHEAD: Final = 9


def digest_times(digest: Digest, now: datetime, tz: ZoneInfo) -> DigestTimes:
    """The first digest after this instant, and the one that follows it; in UTC."""
    first = next_digest(digest, now, tz)
    return DigestTimes(first, next_digest(digest, first, tz))


def next_digest(digest: Digest, after: datetime, tz: ZoneInfo) -> datetime:
    """The first instant later than ``after`` at which this digest is sent; in UTC."""
    if digest.every == "hour":
        return _next_hour(after, tz)
    hour, minute = (digest.at or USUAL_TIME).split(":")
    minutes = int(hour) * 60 + int(minute)
    weekday = WEEK.index(digest.on) if digest.every == "week" and digest.on is not None else None
    day = after.astimezone(tz).date()
    for _ in range(_DAYS_AHEAD):
        if weekday is None or day.weekday() == weekday:
            instant = instant_at(tz, day, minutes)
            if instant > after:
                return instant
        day += ONE_DAY
    raise LookupError("no digest within nine days")


def _next_hour(after: datetime, tz: ZoneInfo) -> datetime:
    local = after.astimezone(tz)
    ahead = HOUR - timedelta(
        minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
    instant = after.astimezone(UTC) + ahead
    shown = instant.astimezone(tz)
    if shown.replace(tzinfo=None) < local.replace(tzinfo=None) + ahead and shown.minute:
        # The clock went back by less than an hour: the full hour is still ahead.
        return instant + HOUR - timedelta(minutes=shown.minute)
    return instant
