"""What would be sent on an event, and why? Asked of the planner itself; nothing is changed."""

import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from contracts.vocabulary import Purpose
from workers.cli.common import AsJson, fail, in_json, opened, there

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.planning import Customer, Routable
    from contracts.problems import Problem
    from store.engine import Transaction
    from workers.bootstrap.parts import Parts
    from workers.routing.explaining import Explanation
    from workers.routing.sample_events import Said

_MOST_BARRED = 1_000


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(explain)


def explain(  # noqa: PLR0913, PLR0917 - each is an option of the command
    customer: Annotated[
        str | None, typer.Argument(help="The customer's reference; of a past event: its own.")
    ] = None,
    sample: Annotated[
        str | None, typer.Option(help="A sample event of this type, such as call.message_taken.")
    ] = None,
    event: Annotated[
        str | None, typer.Option(help="A past event: our id, or its publisher's.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="With --event, for a publisher's id: its source.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="The moment, as 2026-12-25T09:00:00Z; else now.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="A file of rules that are not in force: what if they were?")
    ] = None,
    person: Annotated[
        str | None, typer.Option(help="Of a sample: whom it is for, or addressed to.")
    ] = None,
    department: Annotated[
        str | None, typer.Option(help="Of a sample call: the department it is for.")
    ] = None,
    urgency: Annotated[
        str | None, typer.Option(help="Of a sample message: routine, urgent or emergency.")
    ] = None,
    caller: Annotated[
        str | None, typer.Option(help="Of a sample call: the number that rings.")
    ] = None,
    post_class: Annotated[
        str | None, typer.Option(help="Of sample post: letter, large_letter, packet or parcel.")
    ] = None,
    sender_class: Annotated[
        str | None, typer.Option(help="Of sample post: official, bank, court, business, unknown.")
    ] = None,
    contains: Annotated[
        list[str] | None, typer.Option(help="Of sample post: cheque, card, …; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what would be sent on an event, when, where and why; and what would not, and why not."""
    from workers.cli.explained import as_plain, lines_of

    options: dict[str, str | tuple[str, ...] | None] = {
        "person": person,
        "department": department,
        "urgency": urgency,
        "caller": caller,
        "post_class": post_class,
        "sender_class": sender_class,
        "contains": tuple(contains or ()),
    }
    said = {name: value for name, value in options.items() if value}
    if (sample is None) == (event is None):
        fail("give either --sample TYPE or --event ID")
    if event is not None and said:
        fail(f"{_option(next(iter(said)))} is said of a --sample only")
    with (
        opened(there()) as parts,
        parts.store.read(Purpose.SET_UP if event is None else Purpose.RECORD) as tx,
    ):
        moment = tx.now if at is None else _moment(at)
        if event is not None:
            ref, about = _past(tx, event, source, customer)
        else:
            ref, about = _sampled(str(sample), said, moment, customer)
        whom = _customer(parts, tx, ref, rules)
        found = _explained(parts, tx, whom, about, moment)
    if as_json:
        json.dump(as_plain(found), sys.stdout, default=in_json, indent=2)
        sys.stdout.write("\n")
        return
    for line in lines_of(found, whom.time_zone):
        typer.echo(line)


def _moment(text: str) -> datetime:
    from contracts.instants import parse_instant

    try:
        return parse_instant(text)
    except ValueError as error:
        fail(f"--at {error}")


def _past(
    tx: "Transaction", name: str, source: str | None, customer: str | None
) -> "tuple[str, Routable]":
    """Find the event that is meant, and whose it is."""
    from contracts.events import load_data
    from contracts.planning import Routable
    from store import inbox

    ids = inbox.named(tx, name, source)
    kept = inbox.load(tx, ids)
    if not kept:
        fail(f"no event is kept by the name {name}: try onward find, or onward trace")
    if len(kept) > 1:
        sources = ", ".join(sorted({one.source for one in kept}))
        fail(f"several events have the id {name}; say which with --source, one of {sources}")
    (found,) = kept
    ref = customer or found.customer_ref
    if ref is None:
        fail("this event is nobody's yet, or everybody's: name a customer too")
    if found.customer_ref not in {None, ref}:
        fail(f"this event is of another customer, {found.customer_ref}")
    data = load_data(found.type, found.data)
    return ref, Routable(found.id, found.type, found.received_at, data)


def _sampled(
    event_type: str, said: "Said", at: datetime, customer: str | None
) -> "tuple[str, Routable]":
    from contracts.problems import Malformed
    from workers.routing.sample_events import sample_event

    if customer is None:
        fail("name the customer whose rules are asked")
    try:
        return customer, sample_event(event_type, said, at)
    except Malformed as broken:
        fail(*(f"{_option(each.path)} {each.text}" for each in broken.problems))


def _customer(parts: "Parts", tx: "Transaction", ref: str, rules: Path | None) -> "Customer":
    """Give the customer, where asked as if other rules were in force."""
    found = parts.readings.load(tx, [ref]).get(ref)
    if found is None:
        fail(f"there is no customer {ref}")
    return found if rules is None else _as_if(parts, found, rules)


def _as_if(parts: "Parts", customer: "Customer", file: Path) -> "Customer":
    from contracts.problems import Malformed
    from contracts.rules import Callers, RuleSet
    from workers.by_hand import read_preferences
    from workers.routing.checks import check_rules, unknown_destinations

    try:
        wanted = read_preferences(file.read_bytes(), admit_drama=parts.settings.sandbox)
    except Malformed as broken:
        _refused(broken.problems)
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except ValueError:
        fail(f"{file}: is not JSON")
    unknown = unknown_destinations(wanted.rules, customer.destinations)
    if unknown:
        names = ", ".join(unknown)
        fail(f"these rules would wait for destinations that nobody has added: {names}")
    callers = wanted.callers or Callers()
    problems = check_rules(wanted.rules, callers, customer, parts.policies.lanes)
    if problems:
        _refused(problems)
    version = customer.rules_version + 1
    return replace(
        customer,
        rules_version=version,
        rules=RuleSet(version=version, rules=wanted.rules, callers=callers),
    )


def _explained(
    parts: "Parts", tx: "Transaction", whom: "Customer", about: "Routable", at: datetime
) -> "Explanation":
    from store.customers.suppressed import suppressed
    from workers.routing.explaining import explain as asked

    barred = {
        (one.destination_id, one.purpose): one.reason
        for one in suppressed(tx, whom.ref, _MOST_BARRED)
        if one.destination_id is not None
    }
    return asked(about, whom, at, parts.policies.lanes, barred)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _refused(problems: "Sequence[Problem]") -> NoReturn:
    fail("these rules would be refused:", *(f"{each.path}: {each.text}" for each in problems))
