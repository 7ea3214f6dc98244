"""Does a reader who remembers how far they read miss nothing and hear nothing twice?"""

from typing import Any

from contracts.vocabulary import Role
from store import outbox, tables
from store.outbox import Outcome, to_publisher, to_role
from tests.building import START, House


def _outcome(name: str, **changes: Any) -> Outcome:
    given: dict[str, Any] = {
        "id": f"{name}:1",
        "audience": to_publisher("all"),
        "name": "event.routed",
        "at": START,
        "facts": {"n": name},
    }
    return Outcome(**(given | changes))


def _add(house: House, *outcomes: Outcome) -> None:
    with house.store.write() as tx:
        outbox.add(tx, outcomes)


def _list(house: House, limit: int = 2_000) -> int:
    with house.store.write() as tx:
        return outbox.give_positions(tx, limit)


def _after(house: House, position: int, *audiences: str) -> list[Outcome]:
    with house.store.read() as tx:
        return outbox.after(tx, audiences or [to_publisher("all")], position, 100)


def test_an_outcome_told_twice_is_one(house: House) -> None:
    """Whoever repeats a step repeats its word; the name of the word is the same."""
    _add(house, _outcome("a"))
    _add(house, _outcome("a", facts={"n": "changed"}))
    _list(house)

    (told,) = _after(house, 0)

    assert (told.facts, told.position) == ({"n": "a"}, 1)


def test_outcomes_are_read_from_where_one_left_off(house: House) -> None:
    """In one order, whatever was listed when."""
    _add(house, _outcome("a"), _outcome("b"))
    _list(house)
    first = _after(house, 0)
    _add(house, _outcome("c"))
    _list(house)

    then = _after(house, first[-1].position or 0)

    assert [o.facts["n"] for o in (*first, *then)] == ["a", "b", "c"]


def test_what_is_not_listed_is_not_read(house: House) -> None:
    """A reader would else pass over what commits late with an earlier time."""
    _add(house, _outcome("a"))

    assert _after(house, 0) == []


def test_listing_goes_on_where_it_stopped(house: House) -> None:
    """A backlog is listed in shares."""
    _add(house, *(_outcome(f"{n}") for n in range(5)))

    listed = [_list(house, 2) for _ in range(4)]

    assert listed == [2, 2, 1, 0]
    assert [o.position for o in _after(house, 0)] == [1, 2, 3, 4, 5]


def test_a_row_that_commits_late_is_read_by_who_has_read_on(server_house: House) -> None:
    """Its time is earlier, its position is not (hazard 22)."""
    house = server_house
    with house.store.write() as late:
        outbox.add(late, [_outcome("late")])
        _add(house, _outcome("b"))
        _list(house)
        read = _after(house, 0)

    _list(house)

    assert [o.facts["n"] for o in _after(house, read[-1].position or 0)] == ["late"]


def test_a_reader_hears_its_own_and_its_roles_outcomes_alone(house: House) -> None:
    """One call-centre's customers are not another's business."""
    _add(
        house,
        _outcome("mine", audience=to_publisher("leeds")),
        _outcome("ours", audience=to_role(Role.CALL_CENTRE)),
        _outcome("theirs", audience=to_publisher("doncaster")),
        _outcome("mail", audience=to_role(Role.MAILROOM)),
    )
    _list(house)

    heard = _after(house, 0, to_publisher("leeds"), to_role(Role.CALL_CENTRE))

    assert sorted(o.facts["n"] for o in heard) == ["mine", "ours"]


def test_what_is_personal_in_an_outcome_is_sealed_and_opens(house: House) -> None:
    """The supplier is told a name; the table does not hold it."""
    house.register()
    _add(house, _outcome("a", customer_ref="C-1042", content={"name": "Tom Ash"}))
    _list(house)

    told = [o for o in _after(house, 0) if o.id == "a:1"]

    assert told[0].content == {"name": "Tom Ash"}
    (row,) = house.rows(tables.outbox, id="a:1")
    assert b"Tom" not in row["content"]


def test_what_the_broker_confirmed_is_not_published_again(house: House) -> None:
    """And what it did not, is."""
    _add(house, _outcome("a"), _outcome("b"))
    _list(house)
    with house.store.write() as tx:
        outbox.mark_published(tx, outbox.unpublished(tx)[:1])

    with house.store.read() as tx:
        left = outbox.unpublished(tx)

    assert [o.facts["n"] for o in left] == ["b"]


def test_what_is_published_before_it_is_listed_is_listed_with_that(house: House) -> None:
    """A reader over HTTP finds it too, in one order with what was listed otherwise."""
    _add(house, _outcome("a"))
    _list(house)
    _add(house, _outcome("b"), _outcome("c"))

    with house.store.write() as tx:
        outbox.mark_published(tx, [o for o in outbox.unpublished(tx) if o.facts["n"] != "b"])

    assert [(o.facts["n"], o.position) for o in _after(house, 0)] == [("a", 1), ("c", 2)]
    _list(house)
    assert [(o.facts["n"], o.position) for o in _after(house, 2)] == [("b", 3)]


def test_what_is_young_is_left_to_whoever_publishes_it(house: House) -> None:
    """Listing it first would be one more write of each row."""
    _add(house, _outcome("a"))

    with house.store.write() as tx:
        listed = outbox.give_positions(tx, older_than=3)

    assert listed == 0
