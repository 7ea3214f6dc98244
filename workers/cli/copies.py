"""Copies of somebody's records: made, looked through for other persons, and delivered."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.vocabulary import Purpose, Refusal, Review
from workers.cli.acts import As, Why, by_whom, refused
from workers.cli.common import AsJson, Customer, fail, listing, new_file, opened, there

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.rights.requests import Request
    from workers.bootstrap.parts import Parts
    from workers.rights.copies import Copied
    from workers.rights.delivering import Delivered
    from workers.rights.reviews import Mark

transfers_app = typer.Typer(
    help="Temporary copies on their way out, and until when they are there.", no_args_is_help=True
)
_PANEL = "Copies"
Named = Annotated[str, typer.Argument(help="A request, by our id or its publisher's.")]


def add_to(rights_app: typer.Typer) -> None:
    """Add these commands."""
    rights_app.command("copy", rich_help_panel=_PANEL)(copy)
    rights_app.command("review", rich_help_panel=_PANEL)(review)
    rights_app.command("deliver", rich_help_panel=_PANEL)(deliver)
    transfers_app.command("list")(list_transfers)
    transfers_app.command("sweep")(sweep)


def copy(
    customer: Customer,
    to: Annotated[Path, typer.Option(help="The ZIP file to write; must not be there yet.")],
    release: Annotated[
        list[str] | None,
        typer.Option(help="An event, by our id, whose other persons may be seen (repeatable)."),
    ] = None,
    release_all: Annotated[
        bool, typer.Option("--release-all", help="Every other person may be seen.")
    ] = False,
    provided: Annotated[
        bool,
        typer.Option("--provided", help="Only what they gave us, for another provider."),
    ] = False,
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Copy all that is held about a customer into a ZIP: JSON, CSV, a page, and the scans.

    The file is deleted when its time is over (ONWARD_COPY_FOLDER_HOURS). To send it: deliver.
    """
    from workers.bootstrap.rights import open_copies

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        with new_file(to):
            found = open_copies(parts).copy(
                customer,
                to,
                by,
                release or (),
                release_all=release_all,
                provided_alone=provided,
            )
        hours = parts.settings.copy_folder_hours
    if found is None:
        fail(f"nothing is held about {customer}")
    row = {"file": str(to), "sha256": found.sha256, **_counts(found)}
    headings = {"file": "File", "records": "Records", "files": "Files", "withheld": "Withheld"}
    listing([row], headings, as_json=as_json)
    typer.echo(f"the file is deleted in {hours} hours: hand it over, or deliver it", err=True)
    if found.undecided:
        _tell_undecided(customer, len(found.undecided))


def review(
    customer: Customer,
    release: Annotated[
        list[str] | None, typer.Option(help="An event whose other persons may be seen.")
    ] = None,
    redact: Annotated[
        list[str] | None, typer.Option(help="An event whose other persons are left out.")
    ] = None,
    withhold: Annotated[
        list[str] | None, typer.Option(help="An event of which what was said is left out too.")
    ] = None,
    rest: Annotated[
        Review | None, typer.Option(help="What to do with all that are undecided.")
    ] = None,
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """List the records that tell of another person, or decide about some, by our id.

    Each option may be given several times. A copy is delivered once all are decided.
    """
    from workers.bootstrap.rights import open_reviewing

    named = {
        Review.RELEASED: release or [],
        Review.REDACTED: redact or [],
        Review.WITHHELD: withhold or [],
    }
    unknown: list[str] = []
    with opened(there()) as parts:
        reviewing = open_reviewing(parts)
        wanted: list[tuple[Review, Sequence[str]]] = [(d, ids) for d, ids in named.items() if ids]
        wanted += [] if rest is None else [(rest, ())]
        if wanted:
            by = by_whom(actor, reason, dry_run=False)
            for decided, ids in wanted:
                answers = reviewing.decide(customer, ids, decided, by)
                unknown += [one for one, refusal in answers.items() if refusal is not None]
        found = reviewing.marks(customer)
    _list_marks(found, as_json=as_json)
    if unknown:
        fail(f"no event of {customer}: {', '.join(unknown)}")


def deliver(
    request: Named,
    to: Annotated[str, typer.Option(help="A verified mobile or email of theirs, by its id.")],
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Send a link that hands their copy out once; the request is closed when they fetch it."""
    from store.files import FilesAwayError
    from workers.bootstrap.preparing import links
    from workers.bootstrap.rights import open_delivering
    from workers.by_hand import hint

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        if links(parts) is None:
            fail("nobody could follow the link: set ONWARD_PUBLIC_URL")
        asked = one_request(parts, request)
        try:
            done = open_delivering(parts).deliver(asked, to, by)
        except FilesAwayError as error:
            fail(str(error))
        hint(parts, done.due)
    if done.refusal is Refusal.UNDECIDED:
        fail(f"{_undecided(asked.customer_ref, len(done.undecided))}; nothing was sent")
    if done.refusal is Refusal.DESTINATION_REMOVED:
        fail(f"{asked.customer_ref} has no destination {to}: onward trace, or onward rules")
    refused(done.refusal)
    _tell_delivered(asked, to, done, as_json=as_json)


def list_transfers(
    gone: Annotated[bool, typer.Option("--gone", help="Those that are gone too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List temporary copies, and until when each is there."""
    from store.rights.transfers import listed

    with opened(there()) as parts, parts.store.read(Purpose.RIGHTS) as tx:
        rows = [
            {
                "id": one.id,
                "kind": one.kind.value,
                "customer": one.customer_ref,
                "made_at": one.made_at,
                "until": one.until,
                "where": f"{one.host}:{one.place}" if one.host else "sealed, with the other files",
                "overdue": one.removed_at is None and one.until <= tx.now,
                "gone": None if one.gone is None else one.gone.value,
            }
            for one in listed(tx, gone=gone)
        ]
    headings = {
        "kind": "Holds",
        "customer": "Customer",
        "made_at": "Made",
        "until": "Until",
        "where": "Where",
        "gone": "Gone",
    }
    listing(rows, headings, as_json=as_json)


def sweep(as_json: AsJson = False) -> None:
    """Delete those whose time is over, as upkeep does: of those in folders, this machine's."""
    from workers.bootstrap.rights import open_transfers

    with opened(there()) as parts:
        sweeping = open_transfers(parts)
        count = sweeping.sweep_unfinished()
        while some := sweeping.sweep():
            count += some
    listing([{"removed": count}], {"removed": "Removed"}, as_json=as_json)


def one_request(parts: "Parts", name: str) -> "Request":
    """Give the one request of a name; says what is wrong where there is none, or several."""
    from store.rights.requests import named

    with parts.store.write() as tx:
        found = named(tx, name)
    if not found:
        fail(f"there is no request {name}: see onward rights list --closed")
    if len(found) > 1:
        ids = ", ".join(str(one.id) for one in found)
        fail(f"several requests are named {name}: give one of our ids, {ids}")
    return found[0]


def _counts(found: "Copied") -> dict[str, int]:
    return {
        "records": sum(found.rows.values()),
        "files": found.files,
        "missing_files": found.missing,
        "withheld": len(found.withheld),
        "undecided": len(found.undecided),
    }


def _tell_delivered(asked: "Request", to: str, done: "Delivered", *, as_json: bool) -> None:
    if done.transfer is None or done.copied is None:
        raise AssertionError
    row = {
        "request": asked.id,
        "destination": to,
        "delivery": done.delivery_id,
        "until": done.transfer.until,
        "sha256": done.copied.sha256,
        **_counts(done.copied),
    }
    headings = {"destination": "To", "until": "Until", "records": "Records", "files": "Files"}
    listing([row], headings, as_json=as_json)
    typer.echo("the link goes out now; the request is closed when the copy is fetched", err=True)


def _list_marks(found: "Sequence[Mark]", *, as_json: bool) -> None:
    rows = [
        {
            "id": one.id,
            "type": one.type,
            "received_at": one.received_at,
            "where": ", ".join(one.where),
            "decided": None if one.decided is None else one.decided.value,
            "by": one.by,
        }
        for one in found
    ]
    headings = {
        "id": "Event",
        "type": "Type",
        "received_at": "Received",
        "where": "Another person in",
        "decided": "Decided",
        "by": "By",
    }
    listing(rows, headings, as_json=as_json)


def _undecided(customer: str, count: int) -> str:
    what = "1 record tells" if count == 1 else f"{count} records tell"
    return (
        f"{what} of another person, and nobody has decided:"
        f" onward rights review {customer} --release ID, --redact ID or --withhold ID"
    )


def _tell_undecided(customer: str, count: int) -> None:
    typer.echo(f"{_undecided(customer, count)}; meanwhile they are left out", err=True)
