"""27, 28: a supplier is told the fields of its list and nothing more, and each telling is kept."""

import json
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from contracts.envelope import to_structured
from contracts.outcomes import OUTCOMES
from contracts.suppliers import SUPPLIERS, FieldNotAllowedError, projection
from contracts.vocabulary import Role
from store import outbox, tables
from store.rights.supplier_disclosures import disclose, disclosures
from tests.building import POST, House
from tests.factories import envelope
from tests.policy.desk import OFFICER, Office, copied
from workers.telling import tell

# What the call-centre is sent over the wire, whole: every key, and no other.
GOLDEN = {
    "specversion": "1.0",
    "id": ...,
    "source": "/onward",
    "type": "onward.supplier.told.v1",
    "time": "2026-11-20T10:00:00Z",
    "datacontenttype": "application/json",
    "data": {"name": "Tom Ash", "business_name": "Harbour Lane Joinery"},
}


def _sent(house: House) -> list[dict[str, Any]]:
    """All that goes to suppliers, as it stands on the wire."""
    with house.store.write() as tx:
        waiting = [o for o in outbox.unpublished(tx) if o.name.startswith("supplier.")]
        return [json.loads(to_structured(one)) for one in tell(tx, waiting)]


def test_clause_28_the_call_centre_is_sent_exactly_two_names(office: Office) -> None:
    """The envelope counts as well: a customer's reference there would be a third field."""
    office.house.tell(envelope("customer.registered"))

    (sent,) = _sent(office.house)

    assert sent.keys() == GOLDEN.keys()
    assert sent | {"id": ...} == GOLDEN


@pytest.mark.parametrize("supplier", SUPPLIERS.values(), ids=lambda one: one.role.value)
def test_clause_27_what_a_supplier_gets_is_the_fields_of_its_list(supplier: Any) -> None:
    """A field added to an outcome, and not to the list, fails here; and the other way about."""
    for name in supplier.outcomes:
        assert OUTCOMES[name].model.model_fields.keys() == supplier.fields.keys()
        assert OUTCOMES[name].role is supplier.role
    assert SUPPLIERS[Role.CALL_CENTRE].fields.keys() == {"name", "business_name"}


@pytest.mark.parametrize(
    "told",
    [
        {"name": "Tom Ash", "business_name": "HLJ", "email": "tom@harbourlane.example"},
        {"name": "Tom Ash", "business_name": "HLJ", "marketing": None},
        {"name": "Tom Ash"},
    ],
)
def test_clause_27_another_field_cannot_even_be_built(
    office: Office, told: dict[str, str | None]
) -> None:
    """The error names the field and no value; nothing is put on record."""
    office.house.register()
    before = len(office.house.rows(tables.supplier_disclosures))

    with pytest.raises(FieldNotAllowedError) as refused, office.house.store.write() as tx:
        disclose(tx, Role.CALL_CENTRE, "supplier.told", "C-1042", told, tx.new_id(), None)

    assert "harbourlane" not in str(refused.value)
    assert len(office.house.rows(tables.supplier_disclosures)) == before
    with pytest.raises(FieldNotAllowedError):
        projection(Role.CALL_CENTRE, told)


def test_clause_27_each_telling_is_on_record(office: Office) -> None:
    """Who was told, which fields, when, and what stood in them."""
    office.house.tell(
        envelope("customer.registered"),
        envelope("customer.corrected", data={"trading_name": "HLJ", "told_us_by": "email"}),
    )

    with office.house.store.read() as tx:
        found = disclosures(tx, "C-1042", 10)

    assert [(one.outcome, one.supplier) for one in found] == [
        ("supplier.corrected", Role.CALL_CENTRE),
        ("supplier.told", Role.CALL_CENTRE),
    ]
    assert found[0].fields == ("name", "business_name")
    assert found[0].told == {"name": "Tom Ash", "business_name": "HLJ"}
    assert len(_sent(office.house)) == len(found)


def test_clause_27_who_needs_no_supplier_is_told_to_none(office: Office) -> None:
    """Nobody answers the telephone for who has only post."""
    office.house.tell(envelope("customer.registered", services=[*POST]))

    assert office.house.rows(tables.supplier_disclosures) == []


def test_clause_27_tellings_stand_in_the_copy(office: Office) -> None:
    """A person may ask who was told of them."""
    office.house.tell(envelope("customer.registered"))

    (row,) = copied(office, "C-1042")["supplier_disclosures"]

    assert (row["supplier"], row["fields"]) == ("call-centre", "name,business_name")
    assert row["content"]["name"] == "Tom Ash"


def test_clause_27_a_telling_is_never_changed(office: Office) -> None:
    """And goes with its customer."""
    office.house.tell(envelope("customer.registered"))

    with pytest.raises(DBAPIError, match="only new rows"), office.house.store.write() as tx:
        tx.connection.execute(update(tables.supplier_disclosures).values(fields="name"))
    office.erasing.erase("C-1042", OFFICER)

    assert office.house.rows(tables.supplier_disclosures) == []
