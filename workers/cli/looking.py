"""What operators look at: what needs them, one story in order of time, and the queues."""

import json
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.vocabulary import Purpose
from workers.cli.common import AsJson, fail, harmless, in_json, listing, opened, there

if TYPE_CHECKING:
    from store.reading.attention import Member
    from workers.cli.board import Board

_REDRAW_SECONDS = 1.0
_SHARE = 9  # at most one part in ten of the time is spent on asking


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(attention)
    app.command()(trace)
    app.command()(queues)


def attention(
    cause: Annotated[
        str | None, typer.Option("--list", help="List what waits for this cause, one by one.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="With --list: the most to list, oldest first.")
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what waits for you, by cause, and what puts it right."""
    from store.reading.attention import CLOCK, CONTRADICTED, members
    from store.reading.attention import attention as read
    from workers.cli.words import ago, kind_of, mending

    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        if cause is not None:
            _list_members(members(tx, cause.strip("/"), limit), as_json=as_json)
            return
        groups, now = read(tx), tx.now
    if as_json:
        rows = [
            {
                "kind": group.kind,
                "cause": group.cause,
                "count": group.count,
                "oldest": group.oldest,
                "examples": [str(each) for each in group.examples],
                "mend": mending(group),
            }
            for group in groups
        ]
        listing(rows, {}, as_json=True)
        return
    if not groups:
        typer.echo("nothing waits for you")
    shown = ""
    for group in groups:
        if group.kind != shown:
            shown = group.kind
            total = sum(each.count for each in groups if each.kind == shown)
            typer.echo(f"\n{shown.upper()}  {total}  {kind_of(group)}")
        typer.echo(
            f"\n  {group.count} × {harmless('  '.join(group.words))}"
            f"  (oldest: {ago(now - group.oldest)})"
        )
        if group.kind not in {CLOCK, CONTRADICTED}:  # their own lines say where to look
            typer.echo(f"    e.g. onward trace {group.examples[0]}")
        for line in mending(group):
            typer.echo(f"    {harmless(line)}")
    if groups:
        typer.echo(
            "\nAdd --reason WHY to a command, --dry-run to try it, --list CAUSE to see each."
        )


def _list_members(found: "Sequence[Member]", *, as_json: bool) -> None:
    from workers.cli.words import told_by_provider

    rows = [
        {
            **asdict(one),
            "target": one.target.value if one.target else "event" if one.event_id else one.type,
            "event": one.event_id,
            "about": "; ".join(
                [one.detail or "", *(told_by_provider(line) for line in one.asked)]
            ).strip("; "),
        }
        for one in found
    ]
    headings = {
        "id": "Id",
        "since": "Since (UTC)",
        "type": "What",
        "event": "Event",
        "customer_ref": "Customer",
        "masked": "Where",
        "attempts": "Tries",
        "about": "Detail",
    }
    listing(rows, headings, as_json=as_json)


def trace(
    name: Annotated[
        str,
        typer.Argument(
            help="A delivery's or event's id, a call, an item, an invoice, a provider's reference."
        ),
    ],
    source: Annotated[
        str | None, typer.Option(help="For an event by its publisher's id: its source.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell all that happened to a delivery, an event, or a call, in the order of time."""
    from store.reading.tracing import trace as read
    from workers.cli.timeline import as_plain, lines_of

    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        story = read(tx, name, source)
    if story is None:
        fail(f"nothing is known by the name {name}: try onward find, or onward attention")
    if as_json:
        json.dump(as_plain(story), sys.stdout, default=in_json, indent=2)
        sys.stdout.write("\n")
        return
    for line in lines_of(story):
        typer.echo(harmless(line))


def queues(
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and draw it anew each second; Ctrl-C leaves.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show every lane and channel: what is due, held, under way, and how fast it goes."""
    from workers.cli.board import Board

    with opened(there()) as parts:
        board = Board(parts)
        try:
            if as_json:
                json.dump(board.look().as_plain(), sys.stdout, default=in_json, indent=2)
                sys.stdout.write("\n")
            elif watch:
                _watch(board)
            else:
                board.look().print()
        finally:
            board.close()


def _watch(board: "Board") -> None:
    from rich.live import Live

    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    with Live(board.look().drawn(), auto_refresh=False, screen=sys.stdout.isatty()) as live:
        pause = _REDRAW_SECONDS
        while not told.wait(pause):
            began = time.monotonic()
            live.update(board.look().drawn(), refresh=True)
            took = time.monotonic() - began
            pause = max(_REDRAW_SECONDS - took, took * _SHARE)
