from zoneinfo import ZoneInfo

import pytest

from tests.routing.reading import Row, Scene, as_told, at, event_of, scenes
from workers.routing.checks import check_rules
from workers.routing.explaining import explain
from workers.routing.planning import plan

SCENES = scenes()
LEAST_ROWS = 200


@pytest.mark.parametrize(
    ("scene", "row"),
    [pytest.param(scene, row, id=row.name) for scene in SCENES for row in scene.rows],
)
def test_what_follows_from_an_event_is_what_the_table_says(scene: Scene, row: Row) -> None:
    """Every row was read by eye: the table is what was promised to customers."""
    tz = ZoneInfo(scene.customer.time_zone)
    now = at(row.moment, tz)

    found = plan(event_of(row, now), scene.customer, now, scene.policy)

    assert as_told(found, now, tz) == row.expected


@pytest.mark.parametrize(
    ("scene", "row"),
    [pytest.param(scene, row, id=row.name) for scene in SCENES for row in scene.rows],
)
def test_the_explanation_names_the_rule_that_the_table_names(scene: Scene, row: Row) -> None:
    """An operator tells the customer what the explanation says."""
    now = at(row.moment, ZoneInfo(scene.customer.time_zone))

    found = explain(event_of(row, now), scene.customer, now, scene.policy)

    named = {part.rpartition(" by ")[2] for part in row.expected if " by " in part}
    own = {name for name in named if not name.startswith("@")}
    assert own <= {search.matched for search in found.searches}


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_rules_of_every_table_may_be_set(scene: Scene) -> None:
    """A table about rules that are refused would show nothing."""
    found = check_rules(scene.rules, scene.callers, scene.customer, scene.policy)

    assert found == ()


def test_there_are_as_many_rows_as_were_asked_for() -> None:
    """A table that is not read would pass unseen."""
    assert sum(len(scene.rows) for scene in SCENES) >= LEAST_ROWS
