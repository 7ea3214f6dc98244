"""What people say is wrong about them, or object to: contested, corrected, settled, stopped."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.vocabulary import ContestedField, Purpose, RightsKind, RightsStatus
from workers.cli.acts import As, Why, by_whom, refused
from workers.cli.common import AsJson, Customer, OfCustomer, all_taken, fail, listing, opened, there
from workers.cli.copies import one_request
from workers.cli.rights import rights_app

if TYPE_CHECKING:
    from store.rights.contests import Contested
    from store.rights.requests import Request
    from workers.bootstrap.parts import Parts

_PANEL = "Corrections and objections"
Place = Annotated[str | None, typer.Option("--destination", help="A destination, by its id.")]
AField = Annotated[ContestedField | None, typer.Option("--field", help="What of their names.")]
OfRequest = Annotated[
    str | None,
    typer.Option("--request", help="The request that it is part of; else their only open one."),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to those on people's rights."""
    del app
    rights_app.command("contest", rich_help_panel=_PANEL)(contest)
    rights_app.command("settle", rich_help_panel=_PANEL)(settle)
    rights_app.command("contested", rich_help_panel=_PANEL)(contested)
    rights_app.command("correct", rich_help_panel=_PANEL)(correct)
    rights_app.command("object", rich_help_panel=_PANEL)(object_)


def contest(
    customer: Customer,
    destination: Place = None,
    field: AField = None,
    request: OfRequest = None,
    reason: Why = "",
    actor: As = "",
) -> None:
    """Use something no more that a customer says is wrong, until it is settled; nothing is lost."""
    from workers.bootstrap.rights import open_contesting

    what, by = _what(destination, field), by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        part_of = _asked(parts, customer, request)
        refused(open_contesting(parts).contest(customer, what, part_of, by))
    if field is None:
        typer.echo(f"nothing goes to {what} until it is settled; what is due there is held")
    else:
        typer.echo(f"suppliers are told nothing of {customer} until it is settled")


def settle(
    customer: Customer,
    destination: Place = None,
    field: AField = None,
    reason: Why = "",
    actor: As = "",
) -> None:
    """Use again what was contested, as it stands; what was held goes out, deadlines anew."""
    from workers.bootstrap.rights import open_contesting

    what, by = _what(destination, field), by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(open_contesting(parts).settle(customer, what, by))
    typer.echo("settled")


def contested(
    customer: OfCustomer = None,
    settled: Annotated[bool, typer.Option("--settled", help="The settled ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what customers say is wrong, and is not used meanwhile."""
    from store.rights.contests import listed

    with opened(there()) as parts, parts.store.read(Purpose.RIGHTS) as tx:
        rows = [
            {
                "since": one.since,
                "customer": one.customer_ref,
                "what": one.destination_id or (one.field.value if one.field else None),
                "request": one.rights_request_id,
                "settled_at": one.settled_at,
                "settled_as": one.settled_as.value if one.settled_as else None,
            }
            for one in listed(tx, customer, settled=settled)
        ]
    headings = {
        "since": "Since",
        "customer": "Customer",
        "what": "Contested",
        "request": "Request",
        "settled_at": "Settled",
        "settled_as": "As",
    }
    listing(rows, headings, as_json=as_json)


def correct(
    customer: Customer,
    changes: Annotated[
        list[str],
        typer.Option(
            "--set",
            help="FIELD=VALUE: legal_name, trading_name, invoice_email, time_zone, locale,"
            " contact.name, contact.email, contact.phone, addresses.home, addresses.business,"
            " or destination.ID (repeatable).",
        ),
    ],
    told_us_by: Annotated[
        str, typer.Option(help="How they told us: web, phone, in_person or email.")
    ] = "phone",
    request: OfRequest = None,
    reason: Why = "",
    actor: As = "",
) -> None:
    """Put right what a customer says is wrong, and close their request for it.

    What stood there before is kept; what is on its way follows the new value, which for a
    destination must be verified first; suppliers are told; past sends stay as they were.
    """
    from workers.bootstrap.rights import open_requests
    from workers.by_hand import publish

    by = by_whom(actor, reason, dry_run=False)
    wanted = dict(_pair(one) for one in changes)
    with opened(there()) as parts:
        asked = _asked(parts, customer, request)
        answers = publish(parts, _events(parts, customer, wanted, told_us_by))
        all_taken(answers, "not all was corrected, and no request closed:")
        requests = open_requests(parts)
        requests.corrected(customer, list(wanted), by)
        if asked is not None:
            refused(requests.close(asked, RightsStatus.DONE, by))
    typer.echo(f"corrected: {', '.join(wanted)}")
    for name in _destinations(wanted):
        typer.echo(f"{name} is used again once it is verified: publish its destination.verified")
    if asked is not None:
        typer.echo(f"closed: request {asked.id}")


def object_(customer: Customer, reason: Why = "", actor: As = "") -> None:
    """Carry an objection out: no more offers, nor what rests on our interests alone."""
    from workers.bootstrap.rights import open_objecting
    from workers.rights.objection import letter

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        done = open_objecting(parts).object(customer, by)
    refused(done.refusal)
    typer.echo(f"{done.offers} offers were stopped and {done.rows} records deleted; tell them:")
    typer.echo(letter())


def _what(destination: str | None, field: ContestedField | None) -> "Contested":
    if destination is not None and field is None:
        return destination
    if field is not None and destination is None:
        return field
    raise typer.BadParameter("give either --destination ID or --field NAME")


def _asked(parts: "Parts", customer: str, name: str | None) -> "Request | None":
    """The request that is meant: the named one, or else their only open one."""
    return _only_one(parts, customer) if name is None else _request_of(parts, customer, name)


def _request_of(parts: "Parts", customer: str, name: str) -> "Request":
    found = one_request(parts, name)
    if found.customer_ref != customer or found.kind is not RightsKind.CORRECTION:
        fail(f"{name} is no request of {customer} for a correction: see onward rights list")
    return found


def _only_one(parts: "Parts", customer: str) -> "Request | None":
    """Their open request for a correction; none where there is none, or several to choose from."""
    from store.rights.requests import listed

    with parts.store.read(Purpose.RIGHTS) as tx:
        found = [one for one in listed(tx, customer) if one.kind is RightsKind.CORRECTION]
    return found[0] if len(found) == 1 else None


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"{text} is not FIELD=VALUE", param_hint="--set")
    return name.strip(), value.strip()


def _events(parts: "Parts", customer: str, wanted: dict[str, str], told_us_by: str) -> list[bytes]:
    """The events that make the changes: one for the profile, one for each destination."""
    from store.customers.known import described, profile_of
    from workers.by_hand import correction_event, destination_event

    with parts.store.read(Purpose.RIGHTS) as tx:
        profile = profile_of(tx, customer)
        places = {name: described(tx, customer, name) for name in _destinations(wanted)}
    if profile is None:
        fail(f"there is no customer {customer}")
    changed: dict[str, Any] = {}
    events = []
    for name, value in wanted.items():
        outer, _, inner = name.partition(".")
        if outer == "destination":
            if not places[inner]:
                fail(f"{customer} has no destination {inner}: see onward rules show {customer}")
            events.append(destination_event(customer, inner, value, places[inner]))
        elif inner:
            whole = changed.setdefault(outer, dict(profile.get(outer) or {}))
            whole[inner] = value
        else:
            changed[outer] = value
    if changed:
        events.insert(0, correction_event(customer, changed, told_us_by))
    return events


def _destinations(wanted: Iterable[str]) -> list[str]:
    """Those of the names to correct that are destinations, by their ids."""
    pairs = [name.partition(".") for name in wanted]
    return [inner for outer, _, inner in pairs if outer == "destination"]
