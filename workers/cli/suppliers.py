"""What suppliers may be told about customers, and what they were told."""

from collections.abc import Mapping
from typing import Annotated

import typer

from contracts.vocabulary import Purpose
from workers.cli.common import AsJson, listing, opened, there

suppliers_app = typer.Typer(help="What suppliers are told about customers.", no_args_is_help=True)
_GONE = "(destroyed)"


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    suppliers_app.command("fields")(fields)
    suppliers_app.command("told")(told)
    app.add_typer(suppliers_app, name="suppliers")


def fields(as_json: AsJson = False) -> None:
    """List what each supplier may be told about a customer: these fields, and no others."""
    from contracts.suppliers import SUPPLIERS

    rows = [
        {"supplier": one.role.value, "who": one.what, "field": name, "from": source}
        for one in SUPPLIERS.values()
        for name, source in one.fields.items()
    ]
    headings = {"supplier": "Supplier", "who": "Who", "field": "Is told", "from": "From"}
    listing(rows, headings, as_json=as_json)


def told(
    customer: Annotated[str | None, typer.Option(help="About this customer alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most to list, the newest first.")] = 200,
    as_json: AsJson = False,
) -> None:
    """List what suppliers were told about customers: who, which fields, when, and what."""
    from store.rights.supplier_disclosures import disclosures

    with opened(there()) as parts, parts.store.read(Purpose.RECORD) as tx:
        rows = [
            {
                "at": one.at,
                "supplier": one.supplier.value,
                "outcome": one.outcome,
                "customer": one.customer_ref,
                "fields": list(one.fields) if as_json else ", ".join(one.fields),
                "told": one.told if as_json else _shown(one.told),
            }
            for one in disclosures(tx, customer, limit)
        ]
    headings = {
        "at": "When",
        "supplier": "Supplier",
        "outcome": "How",
        "customer": "Customer",
        "fields": "Fields",
        "told": "Was told",
    }
    listing(rows, headings, as_json=as_json)


def _shown(told: Mapping[str, str | None] | None) -> str:
    return _GONE if told is None else "; ".join(str(value) for value in told.values())
