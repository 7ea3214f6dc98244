"""A customer's file: notes of what was said, with their versions, and emails, in threads."""

import uuid
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.vocabulary import NoteChannel, Purpose
from workers.cli.acts import by_whom
from workers.cli.common import AsJson, Customer, all_taken, fail, listing, opened, there

if TYPE_CHECKING:
    from store.office.correspondence import Letter
    from store.office.notes import Note

_GONE = "(destroyed)"
Limit = Annotated[int, typer.Option(min=1, help="The most to list, the newest of all.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(note)
    app.command()(notes)
    app.command()(correspondence)


def note(
    customer: Customer,
    text: Annotated[str, typer.Option(help="What was said, and what is to be done.")],
    channel: Annotated[NoteChannel, typer.Option(help="How it was said.")] = NoteChannel.PHONE,
    amends: Annotated[
        str | None, typer.Option(help="The note that this is the next version of, by its id.")
    ] = None,
    follow_up_by: Annotated[
        str | None, typer.Option(help="By when to follow it up, as 2026-12-25T09:00:00Z.")
    ] = None,
    author: Annotated[
        str, typer.Option("--as", help="Who writes it; else the system account.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write a note into a customer's file, or the next version of one. Nothing is written over."""
    from workers.by_hand import note_event, publish

    by = by_whom(author, text, dry_run=False)
    with opened(there()) as parts:
        with parts.store.read() as tx:
            now = tx.now.isoformat()
        told = {
            "note_id": str(uuid.uuid4()),
            "channel": channel.value,
            "author": by.actor,
            "text": text,
            "at": now,
            "follow_up_by": follow_up_by,
            "amends": amends,
        }
        (answer,) = publish(parts, [note_event(customer, told)])
    all_taken([answer])
    waits = f"waits for its {answer.waits_for}" if answer.waits_for else ""
    row = {"note": told["note_id"], "answer": answer.answer.value, "says": waits}
    listing([row], {"note": "Note", "answer": "Answer", "says": ""}, as_json=as_json)


def notes(
    customer: Annotated[str | None, typer.Option(help="The customer's reference.")] = None,
    to_follow_up: Annotated[
        bool, typer.Option("--to-follow-up", help="What is to be followed up, of everyone.")
    ] = False,
    limit: Limit = 200,
    as_json: AsJson = False,
) -> None:
    """Show a customer's notes, each with its earlier versions, or what is to be followed up."""
    from store.office.notes import of_customer
    from store.office.notes import to_follow_up as read_follow_ups

    if (customer is None) != to_follow_up:
        fail("give either --customer REFERENCE or --to-follow-up")
    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        found = read_follow_ups(tx, limit) if customer is None else of_customer(tx, customer, limit)
    headings = {
        "at": "When",
        "customer": "Customer",
        "note": "Note",
        "version": "Version",
        "channel": "How",
        "author": "By",
        "follow_up_by": "Follow up by",
        "text": "Says",
        "state": "",
    }
    listing([_note_row(one) for one in found], headings, as_json=as_json)


def _note_row(one: "Note") -> dict[str, Any]:
    said = one.said
    return {
        "id": one.id,
        "customer": one.customer_ref,
        "publisher": one.publisher,
        "note": one.note_id,
        "version": one.version,
        "channel": said.channel.value if said else None,
        "at": said.at if said else None,
        "recorded_at": one.recorded_at,
        "author": said.author if said else _GONE,
        "text": said.text if said else _GONE,
        "follow_up_by": said.follow_up_by if said else None,
        "state": "withdrawn" if one.withdrawn else "",
    }


def correspondence(
    customer: Annotated[str, typer.Option(help="The customer's reference.")],
    limit: Limit = 200,
    as_json: AsJson = False,
) -> None:
    """Show the emails that went to and fro with a customer, thread by thread."""
    from store.office.correspondence import of_customer

    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        found = of_customer(tx, customer, limit)
    numbers: dict[Any, int] = {}
    rows = [
        {"thread": numbers.setdefault(one.thread, len(numbers) + 1), **_letter_row(one)}
        for one in found
    ]
    headings = {
        "thread": "Thread",
        "at": "When",
        "direction": "Way",
        "from": "From",
        "to": "To",
        "subject": "Subject",
        "text": "Says",
        "files": "Files",
        "delivery": "Answers our send",
        "state": "",
    }
    listing(rows, headings, as_json=as_json)


def _letter_row(one: "Letter") -> dict[str, Any]:
    told = one.told or {}
    return {
        "id": one.id,
        "thread_id": one.thread,
        "at": one.at,
        "direction": one.direction.value,
        "message_id": told.get("message_id", _GONE),
        "in_reply_to": told.get("in_reply_to"),
        "from": told.get("from", _GONE),
        "to": ", ".join(told.get("to", [_GONE])),
        "subject": told.get("subject"),
        "text": told.get("text"),
        "files": len(told.get("attachments", [])) or None,
        "attachments": told.get("attachments", []),
        "content_sha256": told.get("content_sha256"),
        "delivery": one.delivery_id,
        "state": "differs from another of its Message-ID" if one.variant else "",
    }
