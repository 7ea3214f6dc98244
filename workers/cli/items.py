"""One item of post: where it stands, and all that befell it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.vocabulary import Purpose
from workers.cli.common import AsJson, fail, listing, opened, there

if TYPE_CHECKING:
    from store.office.custody import Line

_LINE = {
    "at": "When (UTC)",
    "what": "What",
    "do": "To do",
    "why": "Why",
    "how": "How",
    "destination_id": "Where",
    "by": "By",
    "authority": "On what authority",
    "carrier": "Carrier",
    "reference": "Reference",
    "contradiction": "Against its instruction",
}


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(item)


def item(
    item_id: Annotated[str, typer.Argument(metavar="ITEM", help="The item, by its id.")],
    as_json: AsJson = False,
) -> None:
    """Tell all that befell an item of post, in the order of time: its chain of custody."""
    from store.office import custody, items

    with opened(there()) as parts, parts.store.read(Purpose.POST) as tx:
        known = items.find(tx, [item_id])
        lines = custody.of_item(tx, item_id)
    if not known:
        fail(f"no item {item_id} was ever reported: try onward find")
    listing([_row(line) for line in lines], _LINE, as_json=as_json)


def _row(line: "Line") -> dict[str, Any]:
    words = ("what", "do", "why", "contradiction")
    row = {name: getattr(line, name) for name in _LINE}
    row |= {name: row[name].value if row[name] is not None else None for name in words}
    return {**row, "event_id": line.event_id}
