"""The record: what was sent on, where something is found, and whether the chain holds."""

from typing import Annotated, Any

import typer

from workers.cli.common import AsJson, fail, listing, opened

_SEND = {
    "at": "When",
    "event_type": "What",
    "channel": "Channel",
    "masked": "Where",
    "outcome": "Outcome",
    "reason": "Why",
    "reference": "Reference",
}


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(sends)
    app.command()(find)
    app.command()(verify)


def sends(
    customer: Annotated[str, typer.Option(help="The customer's reference.")],
    limit: Annotated[int, typer.Option(help="The most to list, the newest of all.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Show what was sent on to a customer, when, where and by which channel, and why not."""
    from store.queries import sends_of_customer  # noqa: PLC0415 - commands load late

    with opened() as parts, parts.store.read() as tx:
        rows = [_row(send) for send in sends_of_customer(tx, customer, limit=limit)]
    listing(rows, _SEND, as_json=as_json)


def find(
    text: Annotated[str, typer.Argument(help="A caller's name or number, a call, item, invoice.")],
    as_json: AsJson = False,
) -> None:
    """Find events by a caller's name or number, a call, an item, an invoice."""
    from store.queries import find as look_for  # noqa: PLC0415 - commands load late

    with opened() as parts, parts.store.read() as tx:
        rows = [
            {"event": found.event_id, "customer": found.customer_ref, **_row(send)}
            for found in look_for(tx, text)
            for send in found.sends
        ]
    listing(rows, {"customer": "Customer", "event": "Event", **_SEND}, as_json=as_json)


def verify(as_json: AsJson = False) -> None:
    """Check the ledger's chain, and name the first broken row; exit 1 if there is one."""
    from store.sealing import verify as check  # noqa: PLC0415 - commands load late

    with opened() as parts:
        result = check(parts.store)
    row: dict[str, Any] = {
        "entries": result.entries,
        "seals": result.seals,
        "unsealed": result.unsealed,
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


def _row(send: Any) -> dict[str, Any]:
    return {name: getattr(send, name) for name in _SEND}
