"""The ledger's proofs: whether its chain holds, what is published of it, and one entry's proof."""

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from contracts.vocabulary import Purpose
from workers.cli.common import AsJson, fail, listing, opened, there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from store.engine import Store
    from store.record.checkpoints import Checkpoint
    from store.record.sealing import Trusted

_LAST = "last"
_PROCESSES = 4


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(verify)
    app.command()(checkpoints)
    app.command()(prove)


def verify(
    from_checkpoint: Annotated[
        str | None,
        typer.Option(
            help="Check from a checkpoint on: its file, as somebody kept it, or `last`, the last"
            " that was written."
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="How many check a long ledger at once; unset: one a core, to 4."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the ledger's chain and checkpoints; name the first broken row, and exit 1."""
    from store.record.sealing import NOTHING
    from store.record.verifying import verify_together

    with opened(there()) as parts:
        published = _published(parts.settings.checkpoints)
        kept = published if from_checkpoint is None else _named(from_checkpoint, published)
        _insist(parts.store, published, kept)
        trusted = NOTHING if from_checkpoint is None else _trusted(kept[-1])
        at_once = processes or min(os.cpu_count() or 1, _PROCESSES)
        result = verify_together(parts.store, _opened, at_once, trusted)
    row: dict[str, Any] = {
        "entries": result.entries,
        "seals": result.seals,
        "unsealed": result.unsealed,
        "checkpoints": len(published),
        "head": result.head,
        "holds": result.broken is None,
    }
    if result.broken is not None:
        row |= {
            "broken": result.broken.what,
            "seal": result.broken.seal,
            "position": result.broken.position,
            "entry": result.broken.entry,
        }
    listing([row], {name: name.capitalize() for name in row}, as_json=as_json)
    if result.broken is not None:
        fail(f"the chain is broken: {result.broken.what}")


@contextmanager
def _opened() -> "Iterator[Store]":
    with opened(there()) as parts:
        yield parts.store


def checkpoints(as_json: AsJson = False) -> None:
    """Sign and write what is sealed since the last checkpoint, and list them, the newest last."""
    from store.record.checkpoints import Published, public_key, publish_next

    with opened(there()) as parts:
        published = Published(parts.settings.checkpoints)
        while publish_next(parts.store, published) is not None:
            pass
        found = published.all()
        key = public_key(parts.store.root)
        place = parts.settings.checkpoints
    rows = [
        {name: getattr(one, name) for name in ("number", "at", "entries", "last_seal", "root")}
        for one in found
    ]
    headings = {
        "number": "Number",
        "at": "At",
        "entries": "Entries",
        "last_seal": "Seals",
        "root": "Root",
    }
    listing(rows, headings, as_json=as_json)
    typer.echo(f"at {place}, signed with {key}", err=True)


def prove(
    send: Annotated[UUID, typer.Argument(help="A delivery, event or ledger entry, by our id.")],
    without: Annotated[
        list[str] | None,
        typer.Option(help="Leave out: destination, masked or content_digest (repeatable)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print what proves a send to others: a program for any Python, or with --json its proofs."""
    from store.record import proving

    unknown = set(without or ()) - set(proving.SHOWN)
    if unknown:
        raise typer.BadParameter(f"is one of {', '.join(proving.SHOWN)}", param_hint="--without")
    shown = [name for name in proving.SHOWN if name not in (without or ())]
    with opened(there()) as parts:
        published = _published(parts.settings.checkpoints)
        with parts.store.snapshot(Purpose.RECORD) as tx:
            rows = proving.entries_of(tx, send)
            if not rows:
                fail(f"nothing on the ledger is named {send}: see onward sends, onward trace")
            found = [proving.prove(tx, row, published, shown) for row in rows]
    for one in found:
        if isinstance(one, proving.NotProvable):
            fail(f"entry {one.entry_id}: {one.why} (onward checkpoints makes one at once)")
    proofs = [one for one in found if isinstance(one, dict)]
    typer.echo(json.dumps(proofs, indent=2) if as_json else proving.script(proofs))


def _published(url: str) -> "list[Checkpoint]":
    from store.record.checkpoints import NotACheckpointError, Published

    try:
        return Published(url).all()
    except NotACheckpointError as error:
        fail(f"{url}: {error}")


def _named(name: str, published: "list[Checkpoint]") -> "list[Checkpoint]":
    from store.record.checkpoints import NotACheckpointError, read

    if name == _LAST:
        return published[-1:] or fail("no checkpoint was written yet: onward checkpoints")
    try:
        return [read(Path(name).read_bytes())]
    except OSError as error:
        fail(f"{name}: {error.strerror}")
    except NotACheckpointError as error:
        fail(f"{name}: {error}")


def _insist(store: "Store", published: "list[Checkpoint]", kept: "list[Checkpoint]") -> None:
    """Stop where the checkpoints do not hold; a kept one is held against the ledger itself."""
    from store.record.checkpoints import fault_of, public_key

    with store.snapshot() as tx:
        key = public_key(store.root)
        fault = fault_of(tx, published, key) or fault_of(tx, kept, key)
    if fault is not None:
        fail(f"the chain is broken: {fault}")


def _trusted(checkpoint: "Checkpoint") -> "Trusted":
    from store.record.sealing import Trusted

    return Trusted(checkpoint.last_seal, bytes.fromhex(checkpoint.head), checkpoint.entries)
