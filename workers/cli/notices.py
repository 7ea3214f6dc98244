"""Notices to everyone: how far each has come, and whom it has not reached."""

from collections.abc import Sequence
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from contracts.vocabulary import Purpose
from workers.cli.common import AsJson, fail, listing, opened, there

if TYPE_CHECKING:
    from store.engine import Transaction
    from store.reading.notices_told import Notice, Told

_NOTICE = {
    "event_id": "Notice",
    "name": "Name",
    "purpose": "What",
    "received_at": "Received (UTC)",
    "effective_at": "Takes effect",
    "planning": "Planned",
    "customers": "For",
    "newcomers": "New since",
    "reached": "Reached",
    "late": "Late",
    "under_way": "Under way",
    "not_reached": "Not reached",
}
_TOLD = {
    "customer_ref": "Customer",
    "state": "Reached",
    "at": "When (UTC)",
    "channel": "Channel",
    "masked": "Where",
    "reason": "Why",
    "detail": "Detail",
    "reference": "Reference",
    "entry": "Entry",
    "seal": "Seal",
}


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(notices)


def notices(
    notice: Annotated[
        UUID | None, typer.Argument(help="One notice: list whom it has not reached, and why.")
    ] = None,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="List whom it has reached as well, with the proof.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="The most to list.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show each notice to everyone, how many it has reached, and who is still to be told."""
    from store.reading import notices_told

    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        if notice is None:
            found = notices_told.notices(tx, limit)
            names = _names(tx, [one.event_id for one in found])
            rows = [{**_plain(one), "name": names.get(one.event_id)} for one in found]
            listing(rows, _NOTICE, as_json=as_json)
            return
        if notices_told.find(tx, notice) is None:
            fail(f"no notice has the id {notice}: onward notices lists them")
        told = notices_told.told(tx, notice, limit, everyone=everyone)
    listing([_plain(one) for one in told], _TOLD, as_json=as_json)


def _plain(one: "Notice | Told") -> dict[str, Any]:
    return {
        name: value.value if isinstance(value, Enum) else value
        for name, value in asdict(one).items()
    }


def _names(tx: "Transaction", event_ids: Sequence[UUID]) -> dict[UUID, str]:
    """A policy's version or an offer's campaign; none of a notice that does not open."""
    from contracts.events import load_data
    from contracts.events.notices import OfferPublished, PolicyChanged
    from store import inbox

    names = {}
    for kept in inbox.load(tx, event_ids):
        match load_data(kept.type, kept.data):
            case PolicyChanged(version=name) | OfferPublished(campaign_id=name):
                names[kept.id] = name
            case _:
                pass
    return names
