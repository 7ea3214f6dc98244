"""Which version of the company's policy is in force at a moment?

Asked for each entry of the record, so what is known of the versions is kept for a while. A change
takes effect at its own moment, which is known long before: a major one a month, by the policy.
"""

import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, or_, select

from contracts.vocabulary import EventStatus
from store.tables import events, policy_versions

_KEPT_SECONDS = 30.0


class InForce:
    """The versions as this process last read them. ``before`` is in force until one that is known.

    Safe to share between threads: they may read at once, and read the same.
    """

    def __init__(self, before: str, steadily: Callable[[], float] = time.monotonic) -> None:
        self._before = before
        self._steadily = steadily
        self._known: tuple[float, tuple[tuple[datetime, str], ...]] | None = None

    def at(self, connection: Connection, moment: datetime) -> str:
        """Give the version that is in force at a moment."""
        known = self._known
        if known is None or self._steadily() - known[0] > _KEPT_SECONDS:
            self._known = known = (self._steadily(), _read(connection))
        begun = [version for effective_at, version in known[1] if effective_at <= moment]
        return begun[-1] if begun else self._before

    def forget(self) -> None:
        """Read anew when next asked: a version was added, or taken back."""
        self._known = None


def _read(connection: Connection) -> tuple[tuple[datetime, str], ...]:
    """Every version that was not taken back, in the order in which they take effect."""
    p, e = policy_versions.c, events.c
    rows = connection.execute(
        select(p.effective_at, p.version)
        .select_from(policy_versions.outerjoin(events, e.id == p.event_id))
        .where(or_(p.event_id.is_(None), e.status != EventStatus.WITHDRAWN, e.status.is_(None)))
        .order_by(p.effective_at, p.published_at)
    )
    return tuple((row.effective_at, row.version) for row in rows)
