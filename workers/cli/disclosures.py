"""Disclosures to authorities: opened, approved by two others, refused, handed over, hidden."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from contracts.vocabulary import Purpose
from workers.cli.acts import As, Why, by_whom, refused
from workers.cli.common import AsJson, Closed, fail, listing, new_file, opened, there
from workers.cli.times import MOMENT, moment_of

disclosures_app = typer.Typer(
    help="What authorities ask for: the law permits it, and two people must approve.",
    no_args_is_help=True,
)
_LISTED_BY = "onward disclosures list --closed"
Named = Annotated[UUID, typer.Argument(help="A disclosure, by its id.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    disclosures_app.command("open")(open_disclosure)
    disclosures_app.command("approve")(approve)
    disclosures_app.command("refuse")(refuse)
    disclosures_app.command("export")(export)
    disclosures_app.command("hide")(hide)
    disclosures_app.command("unhide")(unhide)
    disclosures_app.command("list")(list_disclosures)
    app.add_typer(disclosures_app, name="disclosures")


def open_disclosure(  # noqa: PLR0913, PLR0917 - each is an option
    customers: Annotated[list[str], typer.Argument(help="Whom it is about, by reference.")],
    authority: Annotated[str, typer.Option(help="Who asks: the authority, and the officer.")],
    reference: Annotated[str, typer.Option(help="Their reference.")],
    ground: Annotated[str, typer.Option(help="The legal ground that they name.")],
    records: Annotated[
        list[str],
        typer.Option(
            help="What is in scope, as the copy names it, with the fields if not all:"
            " ledger, or events:received_at,content.data.text, or files (repeatable)."
        ),
    ],
    event_type: Annotated[
        list[str] | None, typer.Option(help="Of events, these types alone (repeatable).")
    ] = None,
    since: Annotated[str | None, typer.Option(help=f"The period's beginning, {MOMENT}.")] = None,
    until: Annotated[
        str | None, typer.Option(help=f"Its end, not included, {MOMENT}; else now.")
    ] = None,
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Open one; nothing is disclosed until two others have approved it."""
    from store.rights.disclosures import Asked
    from workers.bootstrap.rights import open_disclosing
    from workers.rights.scope import ScopeError

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        asked = Asked(
            authority=authority,
            reference=reference,
            ground=ground,
            records=tuple(records),
            event_types=tuple(event_type or ()),
            since=moment_of(parts, "--since", since),
            until=moment_of(parts, "--until", until),
        )
        try:
            done = open_disclosing(parts).open(asked, customers, by)
        except ScopeError as error:
            fail(str(error))
    if done.disclosure_id is None:
        fail(f"nothing is known of {', '.join(done.unknown)}")
    listing([{"id": done.disclosure_id}], {"id": "Disclosure"}, as_json=as_json)
    typer.echo("two others must approve it: onward disclosures approve", err=True)


def approve(disclosure: Named, reason: Why = "", actor: As = "") -> None:
    """Approve one; not who opened it, and nobody twice."""
    from store.rights.disclosures import find
    from workers.bootstrap.rights import open_disclosing

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(open_disclosing(parts).approve(disclosure, by), _LISTED_BY)
        with parts.store.write() as tx:
            one = find(tx, disclosure)
    done = one is not None and one.status.value == "approved"
    typer.echo("approved" if done else "approved; another must too")


def refuse(disclosure: Named, reason: Why = "", actor: As = "") -> None:
    """Refuse one, for good; --reason is kept with it."""
    from workers.bootstrap.rights import open_disclosing

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(open_disclosing(parts).refuse(disclosure, by), _LISTED_BY)
    typer.echo("refused: nothing is disclosed")


def export(
    disclosure: Named,
    to: Annotated[Path, typer.Option(help="The ZIP file to write; must not be there yet.")],
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Write what is in scope, once two have approved; that it was is on record before."""
    from workers.bootstrap.rights import open_disclosing

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        with new_file(to):
            done = open_disclosing(parts).export(disclosure, to, by)
        hours = parts.settings.copy_folder_hours
    refused(done.refusal, _LISTED_BY)
    row = {
        "file": str(to),
        "records": done.records,
        "files": done.files,
        "sha256": done.sha256,
    }
    headings = {"file": "File", "records": "Records", "files": "Files", "sha256": "SHA-256"}
    listing([row], headings, as_json=as_json)
    typer.echo(f"the file is deleted in {hours} hours", err=True)


def hide(disclosure: Named, reason: Why = "", actor: As = "") -> None:
    """Leave one out of the copies of whom it is about, since to tell them would defeat it."""
    from workers.bootstrap.rights import open_disclosing

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(open_disclosing(parts).hide(disclosure, by), _LISTED_BY)
    typer.echo("it is left out of their copies, until onward disclosures unhide")


def unhide(disclosure: Named, reason: Why = "", actor: As = "") -> None:
    """Have one in the copies of whom it is about again."""
    from workers.bootstrap.rights import open_disclosing

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(open_disclosing(parts).show(disclosure, by), _LISTED_BY)
    typer.echo("it is in their copies again")


def list_disclosures(
    closed: Closed = False,
    as_json: AsJson = False,
) -> None:
    """List what authorities ask for, and who has approved it."""
    from store.rights.disclosures import listed
    from workers.rights.disclosures import approvers

    with opened(there()) as parts, parts.store.read(Purpose.DISCLOSURE) as tx:
        rows = [
            {
                "id": one.id,
                "authority": one.asked.authority,
                "reference": one.asked.reference,
                "ground": one.asked.ground,
                "customers": ", ".join(one.subjects),
                "records": " ".join(one.asked.records),
                "event_types": ", ".join(one.asked.event_types) or None,
                "since": one.asked.since,
                "until": one.asked.until,
                "status": one.status.value,
                "opened_by": one.opened_by,
                "approved_by": ", ".join(approvers(tx, one)) or None,
                "hidden": one.hidden,
                "exported_at": one.exported_at,
                "sha256": one.sha256,
            }
            for one in listed(tx, closed=closed)
        ]
    headings = {
        "id": "Disclosure",
        "authority": "Authority",
        "reference": "Reference",
        "customers": "About",
        "records": "Scope",
        "status": "Status",
        "opened_by": "Opened by",
        "approved_by": "Approved by",
    }
    listing(rows, headings, as_json=as_json)
