"""Events by hand: publishing files, and what was rejected or waits."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.vocabulary import Purpose
from workers.cli.common import AsJson, fail, listing, opened, there

if TYPE_CHECKING:
    from workers.intake.submission import Answered


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(publish)
    app.command()(rejected)
    app.command()(waiting)


def publish(
    files: Annotated[
        list[Path], typer.Argument(help="Events as JSON, a JSON list, or JSON lines.")
    ],
    as_json: AsJson = False,
) -> None:
    """Take events in from files, and say what became of each."""
    from workers.by_hand import publish as take_in
    from workers.by_hand import read_events

    bodies = []
    for file in files:
        try:
            bodies += read_events(file.read_bytes())
        except (OSError, ValueError) as error:
            fail(f"{file}: {error.strerror if isinstance(error, OSError) else error}")
    with opened() as parts:
        answers = take_in(parts, bodies)
    rows = [
        {
            "event": a.event_id,
            "answer": a.answer.value,
            "says": _says(a),
        }
        for a in answers
    ]
    listing(rows, {"event": "Event", "answer": "Answer", "says": ""}, as_json=as_json)
    if any(a.problems for a in answers):
        raise typer.Exit(1)


def _says(answer: "Answered") -> str:
    if answer.waits_for is not None:
        return f"waits for its {answer.waits_for}"
    return "; ".join(f"{p.path}: {p.text}" for p in answer.problems)


def rejected(
    limit: Annotated[int, typer.Option(min=1, help="The most to list, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List rejected events and why."""
    from store.reading.queries import rejected as read

    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        rows = [
            {
                "received_at": r.received_at,
                "publisher": r.publisher,
                "source": r.source,
                "event_id": r.event_id,
                "type": r.type,
                "problems": "; ".join(f"{p.path}: {p.text}" for p in r.problems),
            }
            for r in read(tx, limit)
        ]
    headings = {
        "received_at": "Received",
        "publisher": "Publisher",
        "event_id": "Event",
        "type": "Type",
        "problems": "Why",
    }
    listing(rows, headings, as_json=as_json)


def waiting(as_json: AsJson = False) -> None:
    """List events that wait, for what, and until when."""
    from store.reading.queries import waiting as read

    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        rows = [
            {
                "since": w.since,
                "source": w.source,
                "event_id": w.event_id,
                "type": w.type,
                "waits_for": w.waits_for,
                "until": w.until,
                "overdue": "yes" if w.overdue else "",
            }
            for w in read(tx)
        ]
    headings = {
        "since": "Since",
        "event_id": "Event",
        "type": "Type",
        "waits_for": "Waits for",
        "until": "Until",
        "overdue": "Overdue",
    }
    listing(rows, headings, as_json=as_json)
