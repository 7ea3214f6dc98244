"""Which moment does an option mean? An instant, or the beginning of a day at the office."""

from datetime import datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from workers.cli.common import fail

if TYPE_CHECKING:
    from workers.bootstrap.parts import Parts

MOMENT = "as 2026-11-22 or 2026-11-22T10:00:00Z"


def moment_of(parts: "Parts", option: str, text: str | None) -> datetime | None:
    """Read a moment; none where none is given. Says what is wrong, and exits 1."""
    from contracts.instants import parse_day, parse_instant

    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError:
        pass
    try:
        office = ZoneInfo(parts.policies.office_time_zone)
        return datetime.combine(parse_day(text), time(), office)
    except ValueError:
        fail(f"{option} must be a day or an instant with its offset, {MOMENT}")
