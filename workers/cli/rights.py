"""People's rights in their own data: requests and their clocks, copies, erasure."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.vocabulary import Purpose, Refusal, RightsKind, RightsStatus
from workers.cli import copies
from workers.cli.acts import As, Why, by_whom, refused
from workers.cli.common import (
    AsJson,
    Closed,
    Customer,
    OfCustomer,
    all_taken,
    fail,
    listing,
    opened,
    there,
)
from workers.cli.copies import Named, one_request

if TYPE_CHECKING:
    from store.rights.processors import Asked
    from workers.bootstrap.parts import Parts

rights_app = typer.Typer(help="What people ask of us about their own data.", no_args_is_help=True)
_REQUESTS = "Requests and their clocks"
_HOLDS = "Restrictions and legal holds"
_ERASURE = "Erasure and destruction"


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    rights_app.command("list", rich_help_panel=_REQUESTS)(list_requests)
    rights_app.command("open", rich_help_panel=_REQUESTS)(open_request)
    rights_app.command("stop", rich_help_panel=_REQUESTS)(stop)
    rights_app.command("run", rich_help_panel=_REQUESTS)(run)
    rights_app.command("close", rich_help_panel=_REQUESTS)(close)
    copies.add_to(rights_app)
    rights_app.command("restrict", rich_help_panel=_HOLDS)(restrict)
    rights_app.command("unrestrict", rich_help_panel=_HOLDS)(unrestrict)
    rights_app.command("hold", rich_help_panel=_HOLDS)(hold)
    rights_app.command("unhold", rich_help_panel=_HOLDS)(unhold)
    rights_app.command("erase", rich_help_panel=_ERASURE)(erase)
    rights_app.command("destroyed", rich_help_panel=_ERASURE)(destroyed)
    app.add_typer(rights_app, name="rights")
    app.add_typer(copies.transfers_app, name="transfers")
    app.command("restore-check")(restore_check)


def list_requests(
    customer: OfCustomer = None,
    closed: Closed = False,
    as_json: AsJson = False,
) -> None:
    """List requests, the most pressing first, and by when each must be answered."""
    from store.rights import transfers
    from store.rights.processors import asked_about
    from store.rights.requests import listed
    from workers.rights.requests import Clock

    with opened(there()) as parts, parts.store.read(Purpose.RIGHTS) as tx:
        clock = Clock(parts.policies)
        today = clock.day(tx)
        found = listed(tx, customer, closed=closed)
        asked = asked_about(tx, [one.id for one in found])
        until = {one.request_id: one.until for one in transfers.on_their_way(tx)}
        rows = [
            {
                "id": one.id,
                "customer": one.customer_ref,
                "request_id": one.request_id,
                "kind": one.kind.value,
                "status": one.status.value,
                "received_at": one.received_at,
                "target_on": clock.target(one),
                "due_on": one.due_on,
                "days_left": None if one.closed_at else (one.due_on - today).days,
                "waits_for": _unconfirmed(asked.get(one.id, ()), tx.now),
                "copy_until": until.get(one.id),
                "detail": one.detail,
                "answer": one.answer,
            }
            for one in found
        ]
    headings = {
        "id": "Request",
        "customer": "Customer",
        "kind": "Asks for",
        "status": "Status",
        "received_at": "Received",
        "due_on": "Due",
        "days_left": "Days left",
        "waits_for": "Processors to confirm",
        "copy_until": "Link until",
        "detail": "Says",
    }
    listing(rows, headings, as_json=as_json)


def open_request(
    customer: Customer,
    kind: Annotated[RightsKind, typer.Option(help="What they ask for.")],
    via: Annotated[str, typer.Option(help="How: web, phone, in_person, email or post.")] = "phone",
    received_at: Annotated[
        str | None, typer.Option(help="When, as 2026-12-25T09:00:00Z; else now.")
    ] = None,
    detail: Annotated[str | None, typer.Option(help="What they said.")] = None,
    as_json: AsJson = False,
) -> None:
    """Open a request that came by telephone, in person or by post: the same clock runs."""
    from workers.by_hand import publish, rights_event

    with opened(there()) as parts:
        with parts.store.read() as tx:
            at = received_at or tx.now.isoformat()
        body = rights_event(customer, kind.value, via, at, detail)
        (answer,) = publish(parts, [body])
    all_taken([answer])
    row = {"id": answer.id, "answer": answer.answer.value, "waits_for": answer.waits_for}
    listing([row], {"id": "Request", "answer": "Answer"}, as_json=as_json)
    if answer.waits_for:
        typer.echo(
            f"nothing is held about {customer}, so it stands in onward waiting and not in onward"
            " rights list; the law's month to tell them so runs all the same",
            err=True,
        )


def stop(request: Named, reason: Why = "", actor: As = "") -> None:
    """Have a request's clock stand still: they were asked who they are, or what they mean."""
    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(_requests(parts).stop_clock(one_request(parts, request), by))
    typer.echo("the clock stands still: onward rights run, once they have answered")


def run(request: Named, reason: Why = "", actor: As = "") -> None:
    """Have a request's clock run on."""
    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(_requests(parts).run_clock(one_request(parts, request), by))
        due = one_request(parts, request).due_on
    typer.echo(f"due on {due}")


def close(
    request: Named,
    refuse: Annotated[
        bool, typer.Option("--refuse", help="It is refused, on the ground that --reason gives.")
    ] = False,
    reason: Why = "",
    actor: As = "",
) -> None:
    """Note that a request was answered; --reason is the answer, and is kept with it."""
    by = by_whom(actor, reason, dry_run=False)
    status = RightsStatus.REFUSED if refuse else RightsStatus.DONE
    with opened(there()) as parts:
        refused(_requests(parts).close(one_request(parts, request), status, by))
    typer.echo(f"closed: {status.value}")


def erase(
    customer: Customer,
    yes: Annotated[bool, typer.Option("--yes", help="Do it: there is no way back.")] = False,
    reason: Why = "",
    actor: As = "",
) -> None:
    """Erase a customer whose service has not begun; of others, what need not be kept."""
    from workers.bootstrap.rights import open_erasing
    from workers.rights.erasure import letter

    by = by_whom(actor, reason, dry_run=False)
    if not yes:
        fail(f"all that is held about {customer} would be gone for good: say so with --yes")
    with opened(there()) as parts:
        done = open_erasing(parts).erase(customer, by)
    if done.refusal is Refusal.NOT_STOPPABLE:
        fail("something is being sent to them right now: try again in a minute")
    refused(done.refusal)
    typer.echo(f"{done.rows} rows and {done.files} files are erased")
    if done.asked:
        typer.echo(
            f"asked to erase it too, and to confirm it: {', '.join(done.asked)}"
            " (onward processors asked)"
        )
    if done.kept:
        typer.echo(letter(done.kept))


def restrict(customer: Customer, reason: Why = "", actor: As = "") -> None:
    """Keep what is held of a customer, and do nothing else with it: nothing is sent to them."""
    from workers.bootstrap.rights import open_restricting

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(open_restricting(parts).restrict(customer, by))
    typer.echo(f"nothing is sent to {customer} until that is lifted: onward rights unrestrict")


def unrestrict(
    customer: Customer,
    told: Annotated[
        bool, typer.Option("--told", help="They were told that it will be lifted (Article 18(3)).")
    ] = False,
    reason: Why = "",
    actor: As = "",
) -> None:
    """Lift a restriction: what was kept goes out, where its time is not over."""
    from workers.bootstrap.rights import open_restricting

    by = by_whom(actor, reason, dry_run=False)
    if not told:
        fail("they must be told before it is lifted: say so with --told")
    with opened(there()) as parts:
        refused(open_restricting(parts).lift(customer, by))
    typer.echo("lifted")


def hold(customer: Customer, reason: Why = "", actor: As = "") -> None:
    """Have nothing of a customer destroyed, however old: a court or a claim needs it."""
    from workers.bootstrap.rights import open_holds

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(open_holds(parts).hold(customer, by))
    typer.echo(f"nothing of {customer} is destroyed until the hold is lifted: onward rights unhold")


def unhold(customer: Customer, reason: Why = "", actor: As = "") -> None:
    """Lift a customer's legal hold: what is over is destroyed from now on."""
    from workers.bootstrap.rights import open_holds

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        refused(open_holds(parts).lift(customer, by))
    typer.echo("lifted")


def destroyed(
    customer: OfCustomer = None,
    as_json: AsJson = False,
) -> None:
    """List the certificates of what was destroyed because its time was over."""
    from store.rights.retaining import certificates

    with opened(there()) as parts, parts.store.read() as tx:
        rows = [dict(row) for row in certificates(tx, customer)]
    headings = {
        "customer_ref": "Customer",
        "retention": "Records",
        "ended_at": "Ended",
        "destroyed_at": "Destroyed",
        "rows": "Rows",
        "files": "Files",
    }
    listing(rows, headings, as_json=as_json)


def restore_check(as_json: AsJson = False) -> None:
    """After a backup was restored, before anything else runs: erase again, and opt out again.

    Whoever was erased since is erased, and whoever opted out since is sent nothing any more.
    """
    from workers.bootstrap.rights import open_restoring

    with opened(there()) as parts:
        restored = open_restoring(parts).run()
    rows = [{"done": "erased again", "whom": ref} for ref in restored.erased]
    if restored.opt_outs:
        rows.append({"done": "opted out or in again", "whom": f"{restored.opt_outs} places"})
    listing(rows, {"done": "Done", "whom": "Whom"}, as_json=as_json)


def _unconfirmed(asked: "Sequence[Asked]", now: datetime) -> str | None:
    """Which processors have not confirmed an erasure yet, and which should have."""
    told = [
        f"{one.processor} (overdue)" if one.due_at < now else one.processor
        for one in asked
        if one.confirmed_at is None
    ]
    return ", ".join(told) or None


def _requests(parts: "Parts") -> "Requests":
    from workers.bootstrap.rights import open_requests

    return open_requests(parts)


if TYPE_CHECKING:
    from workers.rights.requests import Requests
