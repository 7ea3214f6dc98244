"""L2: what a customer gave us can be read from JSON and CSV, and set up at another provider."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.building import BOTH, open_house
from tests.factories import Sample, catch_all, envelope
from tests.policy.desk import OFFICER, Office

Records = Mapping[str, list[dict[str, Any]]]
# What another provider sets for itself: when it heard of it, and how it counts.
OF_OURS = {
    *("revision", "first_seen_at", "registered_at", "started_at", "changed_at", "verified_at"),
    *("set_at", "rules_version", "version", "terminated_at", "restricted_at"),
}


def _provided(office: Office, name: str) -> zipfile.ZipFile:
    to = office.folder / name
    found = office.copies.copy("C-1042", to, OFFICER, provided_alone=True)
    assert found is not None
    return zipfile.ZipFile(to)


def _from_json(archive: zipfile.ZipFile) -> Records:
    found: Records = json.loads(archive.read("records.json"))
    return found


def _from_csv(archive: zipfile.ZipFile) -> Records:
    """Read the sheets as any program may: the first apostrophe says that it is no formula."""
    found = {}
    for member in archive.namelist():
        if member.startswith("csv/"):
            sheet = archive.read(member).decode("utf-8-sig")
            rows = csv.DictReader(io.StringIO(sheet, newline=""))
            name = Path(member).stem
            found[name] = [{key: _value(cell) for key, cell in row.items()} for row in rows]
    return found


def _value(cell: str) -> Any:
    text = cell.removeprefix("'")
    return json.loads(text) if text[:1] in {"{", "["} else text or None


def _set_up(records: Records) -> Iterator[Sample]:
    """What another provider has to be told, from the copy alone."""
    (customer,) = records["customers"]
    registered = {name: value for name, value in customer["profile"].items() if name != "prospect"}
    registered |= {name: customer[name] for name in ("time_zone", "locale")}
    yield envelope("customer.registered", data={**registered, "services": [*BOTH]})
    for place in records["destinations"]:
        if place["destination_id"].startswith("@"):
            continue  # where invoices go: it is in the registration
        named = ("destination_id", "kind", "value", "label", "person")
        data = {name: place[name] for name in named if place[name]}
        yield envelope("destination.added", data=data)
        how = {"how": place["verified_how"], "verified_at": place["verified_at"]}
        yield envelope(
            "destination.verified", data={"destination_id": place["destination_id"], **how}
        )
    for rules in records["rule_sets"][-1:]:
        yield envelope(
            "preferences.set",
            data={
                "rules": rules["content"]["rules"],
                "callers": rules["content"]["callers"],
                "told_us_by": rules["told_us_by"],
                "set_by": rules["set_by"],
            },
        )
    for consent in records["consents"]:
        yield envelope(
            "consent.given",
            data={
                "purpose": consent["purpose"],
                "channel": consent["channel"],
                "at": consent["given_at"],
                "method": consent["method"],
                "wording_version": consent["wording_version"],
                "evidence": consent["evidence"],
            },
        )


def _theirs(records: Records) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [{k: v for k, v in row.items() if k not in OF_OURS} for row in rows]
        for name, rows in records.items()
    }


@pytest.mark.parametrize("read", [_from_json, _from_csv], ids=["json", "csv"])
def test_clause_l2_a_copy_sets_the_customer_up_elsewhere_as_they_were(
    office: Office, read: Callable[[zipfile.ZipFile], Records], tmp_path: Path
) -> None:
    """There and back: the other provider's copy of them holds the same."""
    post = {"do": "forward", "postal_destination": "d-postal"}
    office.house.serve(services=BOTH, rules=[catch_all("d-mobile", "d-mail", post=post)])
    office.house.tell(envelope("consent.given"))
    with _provided(office, "ours.zip") as archive:
        ours = read(archive)

    there = tmp_path / "there"
    there.mkdir()
    with open_house(f"sqlite:///{there}/onward.db", make=True) as elsewhere:
        elsewhere.tell(*_set_up(ours))
        with _provided(Office(elsewhere, there), "theirs.zip") as archive:
            theirs = _from_json(archive)

    expected = _theirs(_from_json(_provided(office, "again.zip")))
    assert _theirs(theirs) == expected
    assert expected["rule_sets"][0]["content"]["rules"][0]["rule_id"] == "everything"


@pytest.mark.parametrize(
    "name", ["=1+1", "'=1+1", "+44 Ltd", "-5", "@home", "O'Hara", "''", '"q"', "007", "true"]
)
def test_clause_l2_no_value_is_changed_by_its_way_through_a_sheet(
    office: Office, name: str
) -> None:
    """Not even one that a spreadsheet would take for a formula."""
    office.house.serve()
    office.house.tell(
        envelope(
            "destination.added",
            destination_id="d-odd",
            kind="email",
            value="odd@harbourlane.example",
            label=name,
        )
    )

    with _provided(office, "copy.zip") as archive:
        as_json, as_csv = _from_json(archive), _from_csv(archive)

    labels = [
        {row["destination_id"]: row["label"] for row in found["destinations"]}
        for found in (as_json, as_csv)
    ]
    assert labels[0]["d-odd"] == labels[1]["d-odd"] == name
