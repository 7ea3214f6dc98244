"""What is the call-centre told at once of a caller who is not even dialled for?"""

import pytest

from tests import factories
from tests.building import House
from tests.factories import Sample

NO_CALLS: Sample = {
    "rule_id": "no-calls",
    "match": {"events": ["call.waiting"]},
    "action": {"timing": "none"},
}


@pytest.mark.parametrize(
    ("rules", "not_after", "end"),
    [
        pytest.param([], "2026-11-20T09:00:00Z", "expired", id="too-late"),
        pytest.param([NO_CALLS], "2026-11-20T10:10:00Z", "failed", id="not-wanted"),
    ],
)
def test_the_call_centre_hears_at_once_of_a_call_that_is_not_dialled(
    house: House, rules: list[Sample], not_after: str, end: str
) -> None:
    """Its agent holds the caller and waits for a word; nothing later would bring one."""
    house.serve(rules=[*rules, factories.catch_all("d-mobile")])

    house.tell(factories.envelope("call.waiting", not_after=not_after))

    (told,) = house.outcomes("call.forwarded")
    assert (told["call_id"], told["outcome"]) == ("call-1", end)


def test_of_a_call_that_is_dialled_nothing_is_told_yet(house: House) -> None:
    """Its end is told when it has ended."""
    house.serve()

    house.tell(factories.envelope("call.waiting", not_after="2026-11-20T10:10:00Z"))

    assert house.outcomes("call.forwarded") == []
