"""What does every act share? Who acts and why, and what was done or refused."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.vocabulary import Refusal
from workers.cli.account import account_name, system_account
from workers.cli.common import fail

if TYPE_CHECKING:
    from store.audit import By
    from workers.operations import Performed

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in your own words; kept, encrypted.")]
As = Annotated[str, typer.Option("--as", help="Who does it; else the system account.")]


def by_whom(actor: str, reason: str, *, dry_run: bool) -> "By":
    """Say who acts and why; without a reason nothing is done, but it may be tried.

    The system account stands beside the name that is given with ``--as``.
    """
    from store.audit import By

    if not reason.strip() and not dry_run:
        raise typer.BadParameter("say why: it is kept with what you do", param_hint="--reason")
    return By(account_name(actor)[:200], reason.strip(), system_account())


def refused(refusal: Refusal | None, listed_by: str = "") -> None:
    """Say why something was not done, if it was not, and exit 1.

    ``listed_by`` is the command that lists what can be named here, where one does.
    """
    from workers.cli.words import REFUSALS

    if refusal is Refusal.UNKNOWN and listed_by:
        fail(f"nothing is known by this id: see {listed_by}")
    if refusal is not None:
        fail(REFUSALS[refusal])


def tell(
    performed: Sequence["Performed"], *, left: int = 0, dry_run: bool = False, as_json: bool
) -> None:
    """Say what was done, and of each that was refused why; exit 1 if nothing was done."""
    from workers.cli.words import REFUSALS

    done = [one for each in performed for one in each.done]
    refused = [one for each in performed for one in each.refused]
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "verb": performed[0].verb.value,
                    "dry_run": dry_run,
                    "acts": [str(each.act) for each in performed if each.act is not None],
                    "done": [{"target": one.target, "detail": one.detail} for one in done],
                    "refused": [
                        {
                            "target": one.target,
                            "why": one.refusal.value if one.refusal else None,
                            "says": REFUSALS[one.refusal] if one.refusal else None,
                            "detail": one.detail,
                        }
                        for one in refused
                    ],
                    "left": left,
                },
                indent=2,
            )
        )
    else:
        would = "would be done" if dry_run else "done"
        typer.echo(f"{performed[0].verb.value}: {len(done)} {would}, {len(refused)} refused")
        marked = sum(one.detail == "marked" for one in done)
        if marked:
            typer.echo(f"{marked} of them marked: an earlier send of theirs is not ruled out")
        for one in done[:20]:
            typer.echo(f"  {one.target}  {one.detail or ''}".rstrip())
        if len(done) > 20:
            typer.echo(f"  and {len(done) - 20} more; --json lists all")
        for one in refused:
            detail = f" ({one.detail})" if one.detail else ""
            says = REFUSALS[one.refusal] if one.refusal else ""
            typer.echo(f"  {one.target}  refused: {says}{detail}")
        if left:
            typer.echo(f"{left} more wait for the same: run it again, or give --limit")
        if dry_run:
            typer.echo("nothing was changed")
    if refused and not done:
        raise typer.Exit(1)
