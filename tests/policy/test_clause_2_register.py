"""Clause 2: every personal field is registered with why, on what ground, how long, and for whom."""

import json
from base64 import b64encode
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, String, Table, Text
from typer.testing import CliRunner

from store.personal import REGISTER, Basis
from store.tables import metadata
from tests.registering import unregistered
from workers.cli import app


def _copied() -> MetaData:
    """The tables as they are, for a test to add to."""
    copied = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(copied)
    return copied


def test_clause_2_every_field_has_its_entry_and_every_entry_is_whole() -> None:
    """What nobody can say the purpose of must not be stored."""
    assert unregistered(metadata) == set()
    for table, holding in REGISTER.items():
        assert holding.purpose, table
        assert isinstance(holding.basis, Basis), table
        assert holding.whose, table
        assert holding.retention is not None or holding.until, table
        assert all(field.what for field in holding.fields.values()), table


@pytest.mark.parametrize("type_", [String(100), Text()], ids=["words", "text"])
def test_clause_2_a_field_that_is_not_registered_fails_the_build(type_: String) -> None:
    """The check is no formality: it finds a new column, and a new table whole."""
    grown = _copied()
    grown.tables["customers"].append_column(Column("favourite_colour", type_))
    Table("guests", grown, Column("name", type_), Column("seen", type_))

    assert unregistered(grown) == {"customers.favourite_colour", "guests.name", "guests.seen"}


def test_clause_2_the_register_is_the_record_of_processing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Article 30(1): who answers for it, why, whose, for whom, until when, how protected."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONWARD_SANDBOX", "true")
    monkeypatch.setenv("ONWARD_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ONWARD_MASTER_KEY", b64encode(b"k" * 32).decode())
    monkeypatch.setenv("ONWARD_COMPANY_LEGAL_NAME", "Saltmarsh Holdings Ltd")

    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0

    printed = CliRunner().invoke(app, ["register", "--article-30"])

    assert printed.exit_code == 0, printed.output
    record = json.loads(printed.output)
    assert record["controller"]["legal_name"] == "Saltmarsh Holdings Ltd"
    assert record["security_measures"]
    told = ("purpose", "basis", "data_subjects", "erased", "recipients")
    empty = [
        (one["held_in"], name) for one, name in product(record["activities"], told) if not one[name]
    ]
    assert empty == []
    fields = {
        f"{one['held_in']}.{field['name']}"
        for one in record["activities"]
        for field in one["fields"]
    }
    assert fields == {f"{table}.{name}" for table, one in REGISTER.items() for name in one.fields}
