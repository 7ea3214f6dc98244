"""The record: what was sent on, and where something is found."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.vocabulary import Purpose
from workers.cli.common import AsJson, listing, opened, there

if TYPE_CHECKING:
    from store.reading.read_models import EventStory, SendLine

_SEND = {
    "at": "When",
    "event_type": "What",
    "channel": "Channel",
    "masked": "Where",
    "outcome": "Outcome",
    "reason": "Why",
    "segments": "Parts",
    "cost": "Cost",
    "reference": "Reference",
}


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(sends)
    app.command()(replies)
    app.command()(find)


def sends(
    customer: Annotated[str, typer.Option(help="The customer's reference.")],
    limit: Annotated[int, typer.Option(min=1, help="The most to list, the newest of all.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Show what was sent on to a customer, when, where and by which channel, and why not."""
    from store.reading.queries import sends_of_customer

    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        rows = [_row(send) for send in sends_of_customer(tx, customer, limit=limit)]
    listing(rows, _SEND, as_json=as_json)


def replies(
    customer: Annotated[
        str | None, typer.Option(help="The customer's reference; without it, those of nobody.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most to list, the newest of all.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Show what a customer has texted back, and to which of our texts."""
    from store.evidence.replies import of_customer, unattributed

    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        lines = unattributed(tx, limit) if customer is None else of_customer(tx, customer, limit)
    rows = [
        {
            "received_at": line.received_at,
            "kind": line.kind.value,
            "text": line.text,
            "delivery": line.delivery_id,
        }
        for line in lines
    ]
    headings = {"received_at": "When", "kind": "Asks", "text": "Text", "delivery": "Answers"}
    listing(rows, headings, as_json=as_json)


def find(
    text: Annotated[str, typer.Argument(help="A caller's name or number, a call, item, invoice.")],
    as_json: AsJson = False,
) -> None:
    """Find events by a caller's name or number, a call, an item, an invoice."""
    from store.reading.queries import find as look_for

    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        rows = [row for found in look_for(tx, text) for row in _story_rows(found)]
    headings = {
        "received_at": "Received",
        "customer": "Customer",
        "event": "Event",
        "event_type": "What",
        "channel": "Channel",
        "masked": "Where",
        "outcome": "Outcome",
        "reason": "Why",
        "at": "Since",
    }
    listing(rows, headings, as_json=as_json)


def _story_rows(story: "EventStory") -> list[dict[str, Any]]:
    """An event's deliveries and non-sends, a row each; at least one row for the event itself."""
    event: dict[str, Any] = {
        "received_at": story.received_at,
        "customer": story.customer_ref,
        "event": story.event_id,
        "event_type": story.type,
    }
    sent = [
        {
            "channel": d.channel.value,
            "masked": d.masked,
            "outcome": d.status.value,
            "reason": d.reason.value,
            "at": d.changed_at,
            "delivery": d.id,
        }
        for d in story.deliveries
    ]
    not_sent = [
        {
            "channel": n.channel.value if n.channel else None,
            "outcome": "not_sent",
            "reason": n.reason.value,
            "at": n.at,
        }
        for n in story.non_sends
    ]
    waits = story.waiting
    own: dict[str, Any] = {"outcome": story.status.value if story.status else None}
    if waits is not None:
        own["reason"] = f"waits for its {waits.waits_for}"
        own["at"] = waits.since
    rows: list[dict[str, Any]] = [*sent, *not_sent] or [own]
    return [{**event, **row} for row in rows]


def _row(send: "SendLine") -> dict[str, Any]:
    row = {name: getattr(send, name, None) for name in _SEND}
    names = {
        "source": send.source,
        "event": send.event_id,
        "delivery": send.delivery_id,
        "entry": send.id,
    }
    return row | {"cost": None if send.price is None else f"{send.price} {send.currency}"} | names
