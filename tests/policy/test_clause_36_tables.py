"""Clause 36b: nothing that we hold about a customer is left out of their copy, table by table."""

import json
import zipfile

import pytest
from sqlalchemy import Column, MetaData, String, Table, Text

from store.rights.copying import NOT_COPIED, SOURCES
from store.tables import metadata
from tests.policy.desk import OFFICER, Office, texts
from tests.policy.seeding import NAMES_THEM, REF, seed


def _copy(office: Office) -> dict[str, bytes]:
    to = office.folder / "copy.zip"
    assert office.copies.copy(REF, to, OFFICER, release_all=True) is not None
    with zipfile.ZipFile(to) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_clause_36b_a_canary_in_each_table_comes_out_in_every_form(office: Office) -> None:
    """As JSON, in the table's CSV, and on the page to read."""
    planted = {source.table.name: seed(office.house, source) for source in SOURCES}

    members = _copy(office)

    records = json.loads(members["records.json"])
    page = members["read-me-first.html"].decode()
    for name, canaries in planted.items():
        told = texts(records[name])
        sheet = members[f"csv/{name}.csv"].decode()
        for canary in canaries:
            assert canary in told, name
            assert canary in sheet, name
            assert canary in page, name


def _without_exporter(found: MetaData) -> set[str]:
    """Tables of which nobody has said how they are copied, nor why they are not."""
    copied = {source.table.name for source in SOURCES}
    nobodys = {
        table.name
        for table in metadata.tables.values()
        if not NAMES_THEM & set(table.c.keys()) and table.name not in copied
    }
    return found.tables.keys() - copied - NOT_COPIED.keys() - nobodys


@pytest.mark.parametrize("name", sorted(NAMES_THEM - {"ref"}))
def test_clause_36b_a_new_table_that_names_a_customer_and_has_no_exporter_fails(name: str) -> None:
    """Whichever way it names them."""
    grown = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(grown)
    Table("guests", grown, Column(name, String(100), primary_key=True), Column("said", Text()))

    assert _without_exporter(metadata) == set()
    assert _without_exporter(grown) == {"guests"}


def test_clause_36b_each_reason_for_not_copying_is_in_the_copy(office: Office) -> None:
    """Whoever reads it can ask about what they were not given."""
    office.house.serve()

    manifest = json.loads(_copy(office)["manifest.json"])

    assert manifest["not_copied"] == dict(NOT_COPIED)
    assert all(manifest["not_copied"].values())
