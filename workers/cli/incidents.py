"""Breaches: what happened, which sends it concerns, by when the ICO is told, what was decided."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from contracts.vocabulary import Channel, Purpose, Telling
from workers.cli.acts import As, Why, by_whom, refused
from workers.cli.common import AsJson, Closed, fail, listing, opened, there
from workers.cli.times import MOMENT, moment_of

if TYPE_CHECKING:
    from workers.rights.incidents import Known

incidents_app = typer.Typer(
    help="Breaches: which sends each concerns, and by when it must be told.", no_args_is_help=True
)
_LISTED_BY = "onward incidents list --closed"
Named = Annotated[UUID, typer.Argument(help="An incident, by its id.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    incidents_app.command("open")(open_incident)
    incidents_app.command("list")(list_incidents)
    incidents_app.command("show")(show)
    incidents_app.command("decide")(decide)
    incidents_app.command("close")(close)
    app.add_typer(incidents_app, name="incidents")


def open_incident(  # noqa: PLR0913, PLR0917 - each is an option
    what: Annotated[str, typer.Argument(help="What happened, in your own words.")],
    customer: Annotated[str | None, typer.Option(help="Sends of this customer.")] = None,
    destination: Annotated[str | None, typer.Option(help="To this destination of theirs.")] = None,
    value: Annotated[
        str | None, typer.Option(help="To this number or address, whosever it is now.")
    ] = None,
    template: Annotated[
        str | None, typer.Option(help="Written by this template, by its version's beginning.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="About events of this system.")] = None,
    channel: Annotated[Channel | None, typer.Option(help="By this channel.")] = None,
    since: Annotated[
        str | None, typer.Option(help=f"Sent at this time or later, {MOMENT}.")
    ] = None,
    until: Annotated[str | None, typer.Option(help=f"Sent before this, {MOMENT}.")] = None,
    aware: Annotated[
        str | None, typer.Option(help=f"When we became aware of it, {MOMENT}; else now.")
    ] = None,
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Open one, and list the sends that it concerns: all that is given must hold of each."""
    from store.rights.affected import Wrong
    from workers.bootstrap.rights import open_incidents

    by = by_whom(actor, reason or what, dry_run=False)
    with opened(there()) as parts:
        wrong = Wrong(
            customer=customer,
            destination=destination,
            value=value,
            template=template,
            source=source,
            channel=channel,
            since=moment_of(parts, "--since", since),
            until=moment_of(parts, "--until", until),
        )
        if wrong.says_nothing:
            fail(
                "say which sends: --customer, --destination, --value, --template, --source,"
                " --channel, or a period by --since and --until"
            )
        incidents = open_incidents(parts)
        made = incidents.open(what, wrong, moment_of(parts, "--aware", aware), by)
        known = incidents.known(made)
    if known is None:
        raise AssertionError
    _tell(known, as_json=as_json)


def list_incidents(
    closed: Closed = False,
    as_json: AsJson = False,
) -> None:
    """List breaches, the first due first, and how long there is to tell the ICO."""
    from store.rights.incidents import entries_of, listed

    with opened(there()) as parts, parts.store.read(Purpose.RIGHTS) as tx:
        rows = [
            {
                "id": one.id,
                "what": one.what,
                "aware_at": one.aware_at,
                "due_at": one.due_at,
                "left": None if one.closed_at else _left(one.due_at - tx.now),
                "sends": len(entries_of(tx, one.id)),
                "opened_by": one.opened_by,
                "closed_at": one.closed_at,
            }
            for one in listed(tx, closed=closed)
        ]
    headings = {
        "id": "Incident",
        "what": "What happened",
        "aware_at": "Known since (UTC)",
        "due_at": "Due (UTC)",
        "left": "Left",
        "sends": "Sends",
        "closed_at": "Closed",
    }
    listing(rows, headings, as_json=as_json)


def show(incident: Named, as_json: AsJson = False) -> None:
    """Show one: its sends, and what was decided about it."""
    from workers.bootstrap.rights import open_incidents

    with opened(there()) as parts:
        known = open_incidents(parts).known(incident)
    if known is None:
        fail(f"there is no incident {incident}: see onward incidents list --closed")
    _tell(known, as_json=as_json)


def decide(
    incident: Named,
    decided: Annotated[
        Telling,
        typer.Argument(help="Who is told of it, or is not."),
    ],
    reason: Why = "",
    actor: As = "",
) -> None:
    """Note whether the ICO, or the people concerned, are told of it; --reason says why."""
    from workers.bootstrap.rights import open_incidents

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(open_incidents(parts).decide(incident, decided, by), _LISTED_BY)
    typer.echo(f"noted: {decided.value}")


def close(incident: Named, reason: Why = "", actor: As = "") -> None:
    """Close one, once it is decided whether the ICO and the people concerned are told."""
    from workers.bootstrap.rights import open_incidents

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(open_incidents(parts).close(incident, by), _LISTED_BY)
    typer.echo("closed")


def _tell(known: "Known", *, as_json: bool) -> None:
    one = known.incident
    sends = [
        {
            "customer": each.customer_ref,
            "event": each.event_type,
            "channel": None if each.channel is None else each.channel.value,
            "to": each.masked,
            "sent_at": each.sent_at,
            "outcome": each.outcome,
            "template": each.template_version,
            "delivery": each.delivery_id,
            "entry": each.entry_id,
        }
        for each in known.sends
    ]
    decided = [
        {"decided": each.decided.value, "by": each.actor, "at": each.at} for each in known.decided
    ]
    if as_json:
        row = {
            "id": one.id,
            "what": one.what,
            "aware_at": one.aware_at,
            "due_at": one.due_at,
            "closed_at": one.closed_at,
            "opened_by": one.opened_by,
            "sends": sends,
            "decided": decided,
        }
        listing([row], {}, as_json=True)
        return
    typer.echo(f"Incident {one.id}: {one.what}")
    typer.echo(f"Known since {one.aware_at:%Y-%m-%d %H:%M} UTC; to the ICO by")
    typer.echo(f"{one.due_at:%Y-%m-%d %H:%M} UTC, unless it is unlikely to be a risk to anybody.")
    headings = {
        "customer": "Customer",
        "event": "Event",
        "to": "To",
        "sent_at": "Sent (UTC)",
        "outcome": "Last word",
        "template": "Template",
    }
    listing(sends, headings, as_json=False)
    if decided:
        listing(decided, {"decided": "Decided", "by": "By", "at": "At (UTC)"}, as_json=False)


def _left(time: timedelta) -> str:
    hours = time // timedelta(hours=1)
    return f"{hours} h" if time >= timedelta() else f"overdue by {-hours} h"
