"""How does an operator let go what a customer's rules hold?"""

from typing import Annotated
from uuid import UUID

import typer

from workers.cli.acts import As, DryRun, Why, by_whom, tell
from workers.cli.common import AsJson, opened, there


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(release)


def release(
    ids: Annotated[list[UUID] | None, typer.Argument(help="Held deliveries, by their ids.")] = None,
    customer: Annotated[
        str, typer.Option("--customer", help="All that is held for this customer.")
    ] = "",
    dry_run: DryRun = False,
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Send what a customer's rules hold, as when they have asked for it by telephone."""
    ref = customer.strip()
    if bool(ids) == bool(ref):
        raise typer.BadParameter("give ids, or --customer REFERENCE")
    by = by_whom(actor, reason, dry_run=dry_run)
    with opened(there()) as parts:
        done = parts.operations.release(ids or [], by, customer_ref=ref or None, dry_run=dry_run)
    tell([done], dry_run=dry_run, as_json=as_json)
