"""Does the register name everything that the tables hold about people?"""

import pytest

from contracts.vocabulary import Retention
from store.personal import NOBODYS, REGISTER, Form, retention_of
from store.tables import metadata
from store.types import Sealed
from tests.registering import could_be_personal, unregistered


def test_every_column_that_could_hold_something_about_a_person_is_registered() -> None:
    """A new column fails here until somebody has said what it is, why, and for how long."""
    found = could_be_personal(metadata)

    gone = {
        f"{table}.{name}"
        for table, holding in REGISTER.items()
        for name in (holding.fields.keys() | holding.neutral) - found[table]
    }

    assert set(found) == REGISTER.keys() | NOBODYS
    assert unregistered(metadata) == set()
    assert gone == set()


def test_what_is_sealed_is_registered_so_and_nothing_else_is() -> None:
    """The register must say how a value is kept, not how it should be."""
    for name, table in metadata.tables.items():
        for column in table.c:
            registered = name in REGISTER and column.name in REGISTER[name].fields
            form = REGISTER[name].fields[column.name].form if registered else None
            assert (form is Form.SEALED) == isinstance(column.type, Sealed), f"{name}.{column.name}"


def test_who_is_held_for_no_set_time_has_an_end_all_the_same() -> None:
    """For good is an answer, and must be given in words."""
    assert [n for n, one in REGISTER.items() if one.retention is None and not one.until] == []


@pytest.mark.parametrize(
    ("place", "retention"),
    [
        ("destinations.value:C-1042/d-mail/1", Retention.CONTACT),
        ("ledger.personal:7", Retention.SENDS),
        ("subscriptions.content:C-1042/s", Retention.BILLING),
        ("events.content:7", Retention.CONTENT),
    ],
)
def test_how_long_a_value_is_kept_follows_from_its_place(place: str, retention: Retention) -> None:
    """So that no caller can choose the wrong key by mistake."""
    assert retention_of(place) is retention


@pytest.mark.parametrize("place", ["here", "customers.ref:C-1", "customers.shoe_size:C-1"])
def test_what_the_register_does_not_know_has_no_key(place: str) -> None:
    """Nothing personal is sealed in a place that nobody answers for."""
    with pytest.raises(KeyError):
        retention_of(place)
