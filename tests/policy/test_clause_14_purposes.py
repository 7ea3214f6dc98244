"""Clauses 14 and 33: data are used for the purposes that the policy names, and for no others."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.main import get_command
from typer.testing import CliRunner

from config.processors import Declared
from contracts.outcomes import OUTCOMES
from contracts.vocabulary import NEVER_SENT, Purpose, Retention
from store import tables
from store.purposes import ALLOWED, NoPurposeError, PurposeRefusedError
from store.rights import copying
from tests.building import MAIL, House
from tests.factories import envelope
from tests.policy.desk import Office
from workers.cli import app

# What the policy says that data are used for ("How will we use the information", "How will we
# share your information", "Marketing Preference", "Your Rights").
IN_THE_POLICY = {
    "quote",
    "order",
    "payment",
    "identity",
    "set_up",
    "messages",
    "calls",
    "post",
    "invoice",
    "policy_notice",
    "offers",
    "record",
    "reports",
    "rights",
    "disclosure",
}
ROOT = Path(__file__).parents[2]


def _value(house: House, purpose: Purpose | None) -> bytes:
    """Open where C-1042's emails go."""
    (row,) = house.rows(tables.destinations, customer_ref="C-1042", destination_id="d-mail")
    with house.store.read(purpose) as tx:
        return tx.open("destinations.value:C-1042/d-mail/1", row["value"])


def _said(house: House, purpose: Purpose) -> bytes:
    """Open what a caller said."""
    (row,) = house.rows(tables.events, type="call.message_taken")
    with house.store.read(purpose) as tx:
        return tx.open(f"events.content:{row['id']}", row["content"])


def test_clause_14_purposes_are_those_of_the_policy() -> None:
    """A new one fails here until the policy has it."""
    assert {one.value for one in Purpose} == IN_THE_POLICY


def test_clause_14_every_purpose_stands_in_the_matrix() -> None:
    """With the classes of records that it may be served by; offers by no more than an address."""
    assert ALLOWED.keys() == set(Purpose)
    assert ALLOWED[Purpose.OFFERS] == {Retention.CONTACT}
    assert ALLOWED[Purpose.REPORTS] == frozenset()
    assert [one for one, kept in ALLOWED.items() if Retention.IDENTITY in kept] == [
        Purpose.IDENTITY
    ]


@pytest.mark.parametrize("purpose", list(Purpose))
def test_clause_14_a_read_opens_what_its_purpose_allows(office: Office, purpose: Purpose) -> None:
    """And raises for all else: nobody reads on without noticing."""
    office.house.serve()
    office.house.tell(envelope("call.message_taken"))

    for opens, kept in ((_value, Retention.CONTACT), (_said, Retention.CONTENT)):
        if kept in ALLOWED[purpose]:
            assert opens(office.house, purpose)
        else:
            with pytest.raises(PurposeRefusedError):
                opens(office.house, purpose)


def test_clause_14_an_invoice_is_billing_wherever_it_stands(office: Office) -> None:
    """Its event is kept as billing is: who sends messages need not know of it."""
    office.house.serve()
    office.house.tell(envelope("invoice.issued"))
    (row,) = office.house.rows(tables.events, type="invoice.issued")
    place = f"events.content:{row['id']}"

    with office.house.store.read(Purpose.INVOICE) as tx:
        assert tx.open(place, row["content"])
    with office.house.store.read(Purpose.MESSAGES) as tx, pytest.raises(PurposeRefusedError):
        tx.open(place, row["content"])


def test_clause_14_who_reads_and_does_not_say_what_for_reads_nothing(office: Office) -> None:
    """As every command line does, and every page that people ask for."""
    office.house.serve()
    office.house.store.people_read = True

    with pytest.raises(NoPurposeError, match="destinations"):
        _value(office.house, None)

    assert _value(office.house, Purpose.RIGHTS) == MAIL.encode()


def test_clause_14_a_whole_copy_is_the_persons_right_and_nothing_else(office: Office) -> None:
    """The same reading for offers stops at the first thing that was said or paid."""
    office.house.serve()
    office.house.tell(envelope("call.message_taken"), envelope("invoice.issued"))

    with office.house.store.snapshot(Purpose.RIGHTS) as tx:
        assert dict(copying.everything(tx, "C-1042"))["events"]
    with office.house.store.snapshot(Purpose.OFFERS) as tx, pytest.raises(PurposeRefusedError):
        dict(copying.everything(tx, "C-1042"))


def test_clause_14_every_send_and_every_non_send_has_a_purpose() -> None:
    """The tables themselves take none without."""
    assert not tables.deliveries.c.purpose.nullable
    assert not tables.ledger.c.purpose.nullable


def test_clause_14_doors_pages_and_rights_name_what_they_read_for() -> None:
    """Commands are watched as they run; here nobody may forget it either."""
    nameless = []
    rooms = (ROOT / "workers/intake/door", ROOT / "workers/rights")
    for path in sorted(found for room in rooms for found in room.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        attr="read" | "snapshot", value=ast.Attribute(attr="store" | "_store")
                    ),
                    args=[],
                ):
                    nameless.append(f"{path.relative_to(ROOT)}:{node.lineno}")
                case _:
                    pass

    assert [one.rpartition(":")[0] for one in nameless] == [
        "workers/intake/door/access.py",  # which publisher a key is
        "workers/intake/door/uploading.py",  # whether a file is here
        "workers/rights/erasure.py",  # references alone
        "workers/rights/retention.py",  # the same
        "workers/rights/retention.py",
        "workers/rights/retention.py",
        "workers/rights/transfers.py",  # names of files
    ]


def test_clause_33_no_purpose_serves_others() -> None:
    """Offers are our own; nothing is ever sent for what is only read."""
    assert not [one for one in Purpose if re.search(r"market|sell|share|partner|third", one.value)]
    assert Purpose.OFFERS not in NEVER_SENT


def _names_in(model: type[BaseModel]) -> set[str]:
    found: set[str] = set()
    for name, field in model.model_fields.items():
        found.add(name)
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found |= _names_in(part)
    return found


def test_clause_33_nobody_is_told_whom_they_may_advertise_to() -> None:
    """No outcome, and so no supplier's, has a field about marketing or consent."""
    names = {name for kind in OUTCOMES.values() for name in _names_in(kind.model)}

    assert "destination" in names
    assert not [n for n in names if re.search(r"market|offer|consent|promo|segment|opt_?in", n)]
    assert "parts" in _names_in(Declared)


def _listings() -> list[list[str]]:
    """Every command that can be asked without naming a customer or a thing."""
    found: list[list[str]] = []

    def walk(command: Any, words: list[str]) -> None:
        for name, child in getattr(command, "commands", {}).items():
            walk(child, [*words, name])
        if not hasattr(command, "commands") and not any(p.required for p in command.params):
            found.append(words)

    walk(get_command(app), [])
    return found


_RUNS_ON = {"up", "intake", "dispatch", "upkeep", "web", "bounces", "demo"}
_CHANGES = {"migrate", "topology", "restore-check"}
_MOST_LISTINGS = 20  # that answer without being told about whom


def test_clause_33_no_listing_gives_contacts_out_in_bulk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One customer's copy is theirs; a list of everybody's addresses has no command."""
    monkeypatch.setenv("ONWARD_SANDBOX", "true")
    monkeypatch.setenv("ONWARD_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(app, ["migrate"])
    events = []
    for number in range(3):
        ref = f"C-{number}"
        events += _customer(ref, f"jo{number}@harbourlane.example", f"+44770090012{number}")
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(json.dumps(one) for one in events))
    published = CliRunner().invoke(app, ["publish", str(file)])
    assert published.exit_code == 0, published.output
    shown = CliRunner().invoke(
        app,
        [
            "rights",
            "copy",
            "C-1",
            "--to",
            str(tmp_path / "one.zip"),
            "--reason",
            "asked",
            "--as",
            "privacy",
        ],
    )
    assert shown.exit_code == 0, shown.output

    leaks, listed = [], 0
    for words in _listings():
        if words[0] in _RUNS_ON | _CHANGES:
            continue
        result = CliRunner().invoke(app, words)
        listed += result.exit_code == 0
        canaries = [f"jo{n}@harbour" for n in range(3)] + [f"770090012{n}" for n in range(3)]
        leaks += [(words, canary) for canary in canaries if canary in result.output]

    assert listed > _MOST_LISTINGS, listed
    assert leaks == []


def _customer(ref: str, email: str, mobile: str) -> list[dict[str, Any]]:
    made = [
        envelope(
            "customer.registered",
            subject=ref,
            services=["phone_answering"],
            addresses=...,
            also_known_as=[],
            contact={"name": f"Jo {ref}", "email": email, "phone": mobile},
            invoice_email=email,
        )
    ]
    for name, kind, value in (("d-mail", "email", email), ("d-mobile", "mobile", mobile)):
        made.append(
            envelope("destination.added", subject=ref, destination_id=name, kind=kind, value=value)
        )
        made.append(envelope("destination.verified", subject=ref, destination_id=name))
    made.append(envelope("consent.given", subject=ref))
    return made
