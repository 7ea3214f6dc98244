"""Whom texts to a customer come from: shown, set, and taken back."""

from typing import Annotated

import typer

from contracts.vocabulary import Purpose
from workers.cli.acts import As, Why, by_whom, tell
from workers.cli.common import AsJson, listing, opened, there

senders_app = typer.Typer(help="Senders that customers have to themselves.", no_args_is_help=True)

Customer = Annotated[str, typer.Option(help="The customer's reference.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    senders_app.command("list")(list_senders)
    senders_app.command("set")(set_sender)
    senders_app.command("clear")(clear_sender)
    app.add_typer(senders_app, name="senders")


def list_senders(
    limit: Annotated[int, typer.Option(min=1, help="The most to list.")] = 200,
    as_json: AsJson = False,
) -> None:
    """List customers whose texts come from a sender of their own; all others' from the company."""
    from store.customers.senders import own_senders

    with opened(there()) as parts, parts.store.read(Purpose.SET_UP) as tx:
        rows = [
            {"customer": one.customer_ref, "sender": one.sender or "(erased)"}
            for one in own_senders(tx, limit)
        ]
    listing(rows, {"customer": "Customer", "sender": "Texts come from"}, as_json=as_json)


def set_sender(
    customer: Customer,
    sender: Annotated[
        str, typer.Option(help="A number of our account's, or a name of up to 11 characters.")
    ],
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Let texts to a customer come from a sender of its own.

    A name cannot be answered: what asks for an answer comes from the company's number all the same.
    """
    from contracts.senders import read_sender

    by = by_whom(actor, reason, dry_run=False)
    try:
        wanted = read_sender(sender)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--sender") from None
    with opened(there()) as parts:
        done = parts.operations.set_sender(customer, wanted, by)
    tell([done], as_json=as_json)


def clear_sender(
    customer: Customer, reason: Why = "", actor: As = "", as_json: AsJson = False
) -> None:
    """Let texts to a customer come from the company again."""
    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        done = parts.operations.clear_sender(customer, by)
    tell([done], as_json=as_json)
