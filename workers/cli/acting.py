"""What operators do: replay, cancel, resolve, pause, resume, lift; and the record of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from contracts.vocabulary import Purpose, Target
from workers.cli.acts import As, DryRun, Why, by_whom, tell
from workers.cli.common import AsJson, fail, listing, opened, there

if TYPE_CHECKING:
    from workers.bootstrap.parts import Parts

suppressions_app = typer.Typer(
    help="Destinations that must not be used, and for what.", no_args_is_help=True
)

Ids = Annotated[
    list[UUID] | None, typer.Argument(help="Deliveries or rejected events, by their ids.")
]
Cause = Annotated[
    str | None, typer.Option(help="All that wait for this cause, as `onward attention` names it.")
]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many of the cause.")]
Provider = Annotated[str, typer.Argument(help="Its name, as `onward queues` shows it.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (replay, cancel, resolve, pause, resume, audit):
        app.command()(command)
    suppressions_app.command("list")(list_suppressions)
    suppressions_app.command("lift")(lift)
    app.add_typer(suppressions_app, name="suppressions")


def replay(
    ids: Ids = None,
    cause: Cause = None,
    limit: Limit = 100,
    dry_run: DryRun = False,
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Send what waits for attention back to work, or take rejected events in anew."""
    by = by_whom(actor, reason, dry_run=dry_run)
    with opened(there()) as parts:
        chosen = _choose(parts, ids, cause, limit)
        done = []
        if chosen.contradictions and not (chosen.deliveries or chosen.rejected):
            fail("what was done with an item cannot be sent again: onward cancel closes it")
        if chosen.deliveries or not chosen.rejected:
            done.append(parts.operations.replay(chosen.deliveries, by, dry_run=dry_run))
        if chosen.rejected:
            done.append(parts.taking_in_again.replay(chosen.rejected, by, dry_run=dry_run))
    tell(done, left=chosen.left, dry_run=dry_run, as_json=as_json)


def cancel(
    ids: Ids = None,
    cause: Cause = None,
    limit: Limit = 100,
    dry_run: DryRun = False,
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Close what is unsent or waits for attention, because nobody wants it any more."""
    by = by_whom(actor, reason, dry_run=dry_run)
    with opened(there()) as parts:
        chosen = _choose(parts, ids, cause, limit)
        done = []
        if chosen.contradictions:
            done.append(parts.operations.dismiss(chosen.contradictions, by, dry_run=dry_run))
        if chosen.deliveries or not (chosen.rejected or chosen.contradictions):
            done.append(parts.operations.cancel(chosen.deliveries, by, dry_run=dry_run))
        if chosen.rejected:
            done.append(parts.taking_in_again.dismiss(chosen.rejected, by, dry_run=dry_run))
    tell(done, left=chosen.left, dry_run=dry_run, as_json=as_json)


def resolve(
    delivery: Annotated[UUID, typer.Argument(help="An uncertain or parked delivery, by its id.")],
    sent: Annotated[
        str, typer.Option("--sent", help="It was sent: the provider's reference for it.")
    ] = "",
    not_sent: Annotated[
        bool,
        typer.Option("--not-sent", help="It was not sent: it goes out, as for the first time."),
    ] = False,
    dry_run: DryRun = False,
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Say what you have found out about a send whose fate nobody knows."""
    from workers.operations import NotSent, Sent

    if bool(sent.strip()) == not_sent:
        raise typer.BadParameter("give either --sent REFERENCE or --not-sent")
    by = by_whom(actor, reason, dry_run=dry_run)
    evidence = NotSent() if not_sent else Sent(sent.strip()[:200])
    with opened(there()) as parts:
        done = parts.operations.resolve(delivery, evidence, by, dry_run=dry_run)
    tell([done], dry_run=dry_run, as_json=as_json)


def pause(provider: Provider, reason: Why = "", actor: As = "", as_json: AsJson = False) -> None:
    """Take a provider out of use: the next of its channel takes over, or what is due waits."""
    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        done = parts.operations.pause(provider, by)
    tell([done], as_json=as_json)


def resume(provider: Provider, reason: Why = "", actor: As = "", as_json: AsJson = False) -> None:
    """Put a paused provider back into use."""
    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        done = parts.operations.resume(provider, by)
    tell([done], as_json=as_json)


def audit(
    limit: Annotated[
        int, typer.Option(min=1, help="The most acts to list, the newest first.")
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """List what operators did, why, and to what."""
    from store.audit import last_acts

    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        rows = [
            {
                "at": act.at,
                "actor": act.actor,
                "account": act.account,
                "verb": act.verb.value,
                "done": act.done,
                "refused": act.refused,
                "target": _first(act.targets),
                "reason": "(erased)" if act.reason is None else act.reason,
                "id": act.id,
                "targets": [
                    {
                        "kind": one.kind.value,
                        "target": one.target,
                        "refused": one.refusal.value if one.refusal else None,
                        "detail": one.detail,
                    }
                    for one in act.targets
                ],
            }
            for act in last_acts(tx, limit)
        ]
    headings = {
        "at": "When (UTC)",
        "actor": "Who",
        "verb": "Did",
        "done": "Done",
        "refused": "Refused",
        "target": "To",
        "reason": "Why",
    }
    listing(rows, headings, as_json=as_json)


def list_suppressions(
    customer: Annotated[
        str | None, typer.Option(help="Only this customer's, by reference.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most to list, the newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List destinations that must not be used, for what, why, and since when."""
    from store.customers.suppressed import suppressed

    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        rows = [
            {
                "customer": one.customer_ref,
                "destination": one.destination_id,
                "masked": one.masked,
                "purpose": one.purpose.value,
                "reason": one.reason.value,
                "set_by": one.set_by.value if one.set_by else None,
                "since": one.since,
            }
            for one in suppressed(tx, customer, limit)
        ]
    headings = {
        "customer": "Customer",
        "destination": "Destination",
        "masked": "Where",
        "purpose": "Not for",
        "reason": "Why",
        "set_by": "By",
        "since": "Since (UTC)",
    }
    listing(rows, headings, as_json=as_json)


def lift(
    customer: Annotated[str, typer.Option(help="The customer's reference.")],
    destination: Annotated[str, typer.Option(help="Its destination, by id.")],
    purpose: Annotated[
        Purpose | None, typer.Option(help="For this purpose alone; else for all.")
    ] = None,
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Let a destination be used again, as when its owner has asked for it.

    The provider keeps a list of its own of who replied STOP: they must reply START as well.
    """
    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        done = parts.operations.lift(customer, destination, purpose, by)
    tell([done], as_json=as_json)


class _Chosen:
    def __init__(
        self,
        deliveries: list[UUID],
        rejected: list[UUID],
        contradictions: list[UUID],
        left: int = 0,
    ) -> None:
        self.deliveries, self.rejected, self.left = deliveries, rejected, left
        self.contradictions = contradictions


def _choose(parts: "Parts", ids: Sequence[UUID] | None, cause: str | None, limit: int) -> _Chosen:
    """Find what is meant: by ids, or by a cause, of which ``left`` are beyond the limit."""
    from store.office.contradictions import among
    from store.reading.attention import (
        CLOCK,
        FOLLOW_UP,
        OVERDUE,
        attention,
        members,
        rejected_among,
    )

    if bool(ids) == bool(cause):
        raise typer.BadParameter("give ids, or --cause CAUSE as `onward attention` names it")
    with parts.store.read(Purpose.RECORD) as tx:
        if ids:
            rejected, against = rejected_among(tx, ids), among(tx, ids)
            named = [one for one in ids if one not in rejected and one not in against]
            return _Chosen(named, sorted(rejected), sorted(against))
        wanted = (cause or "").strip("/")
        groups = [group for group in attention(tx) if group.falls_under(wanted)]
        if not groups:
            fail(f"nothing waits for {wanted}: see onward attention")
        if all(group.kind == OVERDUE for group in groups):
            fail("what waits for something is taken up when that appears: see onward waiting")
        if all(group.kind == CLOCK for group in groups):
            fail("a clock ends when what it is of is done: onward attention says how")
        if all(group.kind == FOLLOW_UP for group in groups):
            fail("a follow-up ends when its note is amended without one: see onward notes")
        found = members(tx, wanted, limit)
    total = sum(group.count for group in groups)
    return _Chosen(
        [one.id for one in found if one.target is Target.DELIVERY],
        [one.id for one in found if one.target is Target.REJECTED],
        [one.id for one in found if one.target is Target.CONTRADICTION],
        total - len(found),
    )


def _first(targets: Sequence[Any]) -> str:
    if not targets:
        return ""
    more = f" and {len(targets) - 1} more" if len(targets) > 1 else ""
    return f"{targets[0].kind.value} {targets[0].target}{more}"
