from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic_core import to_json

from contracts.envelope import parse_structured
from contracts.events import parse_event
from contracts.events.registry import TYPES
from contracts.problems import Malformed
from contracts.vocabulary import Family
from workers.demo.documents import papers
from workers.demo.events import hours
from workers.demo.office import businesses
from workers.demo.telling import Told
from workers.demo.wishes import a_clock_at_night

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
TOLD = [told for hour in hours(NOW, papers(NOW)) for told in hour.told]


def test_the_day_is_as_full_as_it_says() -> None:
    """A demo that left a family out would show nothing of it."""
    of_the_day = [told for told in TOLD if told.shows]

    families = {TYPES[told.type].family for told in of_the_day}

    assert len(businesses(NOW)) >= 12
    assert len(of_the_day) >= 60
    assert families == set(Family)


def test_an_id_is_used_again_only_where_that_is_the_point() -> None:
    """Two events under one id by mistake would leave one of them untold."""
    ids = Counter((told.source, told.id) for told in TOLD if not told.again)

    assert [name for name, times in ids.items() if times > 1] == []


@pytest.mark.parametrize("told", TOLD, ids=lambda told: f"{told.id}-{told.answer}")
def test_every_event_is_as_right_or_wrong_as_the_script_says(told: Told) -> None:
    """A slip in the script would be shown as a fault of what it shows."""
    try:
        parse_event(parse_structured(to_json(told.envelope())), admit_drama=True)
    except Malformed as broken:
        problems = broken.problems
    else:
        problems = ()

    wrong = any("missing" in end or "card_data" in end for end in told.ends)
    assert bool(problems) == wrong, problems


def test_at_any_hour_of_the_year_it_is_night_somewhere() -> None:
    """The message that waits for morning must wait whenever the demo is played."""
    every_hour = [NOW + timedelta(minutes=30 * half) for half in range(2 * 24 * 366)]

    local = [at.astimezone(ZoneInfo(a_clock_at_night(at))) for at in every_hour]

    assert {at.hour for at in local if 7 <= at.hour < 18} == set()


def test_every_paper_is_a_pdf() -> None:
    """What is uploaded is checked against its type, and what is attached is opened by people."""
    made = papers(NOW).values()

    assert all(paper.content.startswith(b"%PDF-") for paper in made)
