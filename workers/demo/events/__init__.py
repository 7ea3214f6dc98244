"""What happens in the course of the demo's day? Every event, hour by hour, as data."""

from collections.abc import Mapping
from datetime import datetime

from workers.demo.documents import Paper
from workers.demo.events.billing import bills, bills_taken_back
from workers.demo.events.calls import calls
from workers.demo.events.customers import after_changes, changes, opening
from workers.demo.events.messages import again_and_wrong, messages
from workers.demo.events.notices import notices
from workers.demo.events.post import letters, post
from workers.demo.events.writing import CARD, Pen
from workers.demo.office import businesses
from workers.demo.telling import Hour

__all__ = ["CARD", "hours"]

_HOURS = (
    opening,
    messages,
    again_and_wrong,
    calls,
    post,
    letters,
    bills,
    bills_taken_back,
    changes,
    after_changes,
    notices,
)


def hours(now: datetime, papers: Mapping[str, Paper]) -> tuple[Hour, ...]:
    """Give the whole day; ``now`` is when it is played."""
    pen = Pen(now, papers, {one.ref: one for one in businesses(now)})
    return tuple(hour(pen) for hour in _HOURS)
