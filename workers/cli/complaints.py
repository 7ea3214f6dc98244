"""Complaints about privacy: entered, acknowledged in time, answered and closed."""

from typing import Annotated
from uuid import UUID

import typer

from contracts.vocabulary import Purpose, Refusal
from workers.cli.acts import As, Why, by_whom, refused
from workers.cli.common import AsJson, Closed, OfCustomer, fail, listing, opened, there
from workers.cli.times import MOMENT, moment_of

complaints_app = typer.Typer(
    help="Complaints about how we use personal information.", no_args_is_help=True
)
_WAYS = ("web", "phone", "in_person", "email", "post")
_LISTED_BY = "onward complaints list --closed"
Named = Annotated[UUID, typer.Argument(help="A complaint, by its id.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    complaints_app.command("open")(open_complaint)
    complaints_app.command("acknowledge")(acknowledge)
    complaints_app.command("close")(close)
    complaints_app.command("list")(list_complaints)
    app.add_typer(complaints_app, name="complaints")


def open_complaint(
    detail: Annotated[str, typer.Argument(help="Who complains, how to reach them, and of what.")],
    customer: Annotated[
        str | None, typer.Option(help="The customer's reference, if it is one.")
    ] = None,
    via: Annotated[str, typer.Option(help="How: web, phone, in_person, email or post.")] = "phone",
    received_at: Annotated[str | None, typer.Option(help=f"When, {MOMENT}; else now.")] = None,
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Enter a complaint, and say by when it must be acknowledged."""
    from store.rights.complaints import find
    from workers.bootstrap.rights import open_complaints
    from workers.rights.complaints import Came

    if via not in _WAYS:
        fail(f"--via must be one of {', '.join(_WAYS)}")
    by = by_whom(actor, reason or "entered as it came", dry_run=False)
    with opened(there()) as parts:
        came = Came(detail, via, customer, moment_of(parts, "--received-at", received_at))
        made = open_complaints(parts).open(came, by)
        if isinstance(made, Refusal):
            fail(f"nothing is known of {customer}: leave --customer out if they are none")
        with parts.store.write() as tx:
            one = find(tx, made)
    until = None if one is None else one.acknowledge_by
    row = {"id": made, "acknowledge_by": until}
    listing([row], {"id": "Complaint", "acknowledge_by": "Acknowledge by"}, as_json=as_json)


def acknowledge(complaint: Named, reason: Why = "", actor: As = "") -> None:
    """Note that whoever complained was told that it came; --reason says how."""
    from workers.bootstrap.rights import open_complaints

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(open_complaints(parts).acknowledge(complaint, by), _LISTED_BY)
    typer.echo("acknowledged")


def close(complaint: Named, reason: Why = "", actor: As = "") -> None:
    """Note the answer that they were given: --reason is it, and is kept with the complaint."""
    from workers.bootstrap.rights import open_complaints

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(open_complaints(parts).close(complaint, by), _LISTED_BY)
    typer.echo("closed")


def list_complaints(
    customer: OfCustomer = None,
    closed: Closed = False,
    as_json: AsJson = False,
) -> None:
    """List complaints, the oldest first, and by when each must be acknowledged."""
    from store.rights.complaints import listed
    from workers.rights.requests import Clock

    with opened(there()) as parts, parts.store.read(Purpose.RIGHTS) as tx:
        today = Clock(parts.policies).day(tx)
        rows = [
            {
                "id": one.id,
                "customer": one.customer_ref,
                "status": one.status.value,
                "via": one.via,
                "received_at": one.received_at,
                "acknowledge_by": one.acknowledge_by,
                "days_left": None if one.acknowledged_at else (one.acknowledge_by - today).days,
                "acknowledged_at": one.acknowledged_at,
                "closed_at": one.closed_at,
                "detail": one.detail,
                "answer": one.answer,
            }
            for one in listed(tx, customer, closed=closed)
        ]
    headings = {
        "id": "Complaint",
        "customer": "Customer",
        "status": "Status",
        "received_at": "Received",
        "acknowledge_by": "Acknowledge by",
        "days_left": "Days left",
        "detail": "Says",
    }
    listing(rows, headings, as_json=as_json)
