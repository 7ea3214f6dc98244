"""A customer's rules, shown and edited."""

import json
from typing import Annotated, Any

import click
import typer

from contracts.vocabulary import Purpose
from workers.cli.account import account_name
from workers.cli.common import Customer, fail, opened, there

rules_app = typer.Typer(help="A customer's rules.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    rules_app.command("show")(show)
    rules_app.command("edit")(edit)
    app.add_typer(rules_app, name="rules")


def show(customer: Customer) -> None:
    """Print the rules in force, with their version."""
    typer.echo(json.dumps(_in_force(customer), indent=2))


def edit(
    customer: Customer,
    set_by: Annotated[
        str, typer.Option("--as", help="Who sets them; else the system account.")
    ] = "",
) -> None:
    """Edit the rules in an editor; what cannot be is shown, and the editor opens again."""
    from workers.by_hand import preferences_event, publish

    before = _in_force(customer)
    text = json.dumps({"rules": before["rules"], "callers": before["callers"]}, indent=2)
    while True:
        edited = click.edit(text, extension=".json")
        if edited is None or edited.strip() == text.strip():
            typer.echo("nothing changed")
            return
        text = edited
        try:
            rules = json.loads(edited)
        except ValueError as error:
            problems = [f"not JSON: {error}"]
        else:
            event = preferences_event(customer, rules, before["version"], account_name(set_by))
            with opened() as parts:
                answer = publish(parts, [event])[0]
            if not answer.problems:
                waits = f", and waits for its {answer.waits_for}" if answer.waits_for else ""
                typer.echo(f"taken in{waits}")
                return
            problems = [f"{p.path}: {p.text}" for p in answer.problems]
        for problem in problems:
            typer.echo(problem, err=True)
        if not typer.confirm("Edit again?", default=True):
            fail("the rules in force are unchanged")


def _in_force(customer: str) -> dict[str, Any]:
    with opened(there()) as parts, parts.store.read(Purpose.SET_UP) as tx:
        found = parts.readings.load(tx, [customer]).get(customer)
    if found is None:
        fail(f"there is no customer {customer}")
    rules = found.rules.model_dump(mode="json", exclude_unset=True) if found.rules else {}
    return {
        "version": found.rules_version,
        "rules": rules.get("rules", []),
        "callers": rules.get("callers", {}),
    }
