"""Which attempts does a provider's list account for? By count, and never by guessing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Said
from workers.providers.lookups import Leg, Listed
from workers.upkeep.matching import Doubtful, match_legs, match_texts

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
LASTS = timedelta(seconds=60)
FOUND, FEWER, NOTHING = Said.FOUND, Said.FEWER, Said.NOTHING


def _tried(delivery: int, seconds: float = 0, fence: int = 1, digest: str = "d") -> Doubtful:
    return Doubtful(UUID(int=delivery), fence, START + timedelta(seconds=seconds), digest)


def _listed(seconds: float, digest: str = "d", name: str = "") -> tuple[str, Listed]:
    at = START + timedelta(seconds=seconds)
    return digest, Listed(name or f"SM{seconds}", "sent", created_at=at)


def _said(tried: list[Doubtful], listed: list[tuple[str, Listed]]) -> list[Said]:
    found = match_texts(tried, listed, LASTS)
    return [found[one.key].said for one in tried]


@pytest.mark.parametrize(
    ("tried", "listed", "wanted"),
    [
        ([_tried(1)], [], [NOTHING]),
        ([_tried(1)], [_listed(5)], [FOUND]),
        ([_tried(1)], [_listed(-50)], [FOUND]),  # the provider's clock is behind
        ([_tried(1)], [_listed(-61)], [NOTHING]),
        ([_tried(1)], [_listed(121)], [NOTHING]),
        ([_tried(1)], [_listed(5, digest="other")], [NOTHING]),
        ([_tried(1), _tried(2)], [_listed(5)], [FEWER, FEWER]),
        ([_tried(1), _tried(2)], [_listed(5), _listed(6)], [FOUND, FOUND]),
        ([_tried(1), _tried(2, digest="e")], [_listed(5)], [FOUND, NOTHING]),
        # far apart in time, they have nothing to do with one another
        ([_tried(1), _tried(2, 3600)], [_listed(5)], [FOUND, NOTHING]),
        ([_tried(1), _tried(2, 3600)], [_listed(3605)], [NOTHING, FOUND]),
        # two tries of one delivery say the same to the same person
        ([_tried(1), _tried(1, 30, fence=2)], [_listed(35)], [NOTHING, FOUND]),
        ([_tried(1), _tried(1, 30, fence=2)], [_listed(5), _listed(35)], [FOUND, FOUND]),
        ([_tried(1), _tried(1, 300, fence=2)], [_listed(5)], [FOUND, NOTHING]),
    ],
)
def test_what_the_list_says_of_attempts(
    tried: list[Doubtful], listed: list[tuple[str, Listed]], wanted: list[Said]
) -> None:
    """Each row is one way to lose a message, or to send it twice."""
    assert _said(tried, listed) == wanted


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 400)), min_size=1, max_size=6),
    st.lists(st.integers(-100, 500), max_size=6),
)
def test_no_text_accounts_for_two_attempts(tries: list[tuple[int, int]], texts: list[int]) -> None:
    """One text that settled two deliveries would have lost one of them."""
    tried = [_tried(delivery, at, fence) for fence, (delivery, at) in enumerate(tries, 1)]
    listed = [_listed(at, name=f"SM{n}") for n, at in enumerate(texts)]

    found = match_texts(tried, listed, LASTS)

    named = [one.text.reference for one in found.values() if one.text is not None]
    assert len(named) == len(set(named))
    assert set(found) == {one.key for one in tried}


def _leg(name: str) -> Leg:
    return Leg(name, "completed", 5, "+447700900123")


def test_legs_are_matched_in_the_order_of_dialling() -> None:
    """A number that was busy and then rung again has two legs."""
    first, second = (UUID(int=1), 1), (UUID(int=2), 1)

    both = match_legs([first, second], [_leg("CA1"), _leg("CA2")])
    fewer = match_legs([first, second], [_leg("CA1")])
    none = match_legs([first], [])

    assert [both[key].leg for key in (first, second)] == [_leg("CA1"), _leg("CA2")]
    assert {one.said for one in fewer.values()} == {FEWER}
    assert none[first].said is NOTHING
