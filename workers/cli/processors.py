"""The third parties that carry and keep what we hold: who they are, and what they were asked."""

from typing import Annotated

import typer

from workers.cli.common import AsJson, OfCustomer, all_taken, fail, listing, opened, settings, there

processors_app = typer.Typer(
    help="Third parties that carry or keep what we hold about people.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    processors_app.command("list")(list_processors)
    processors_app.command("asked")(list_asked)
    processors_app.command("confirm")(confirm)
    app.add_typer(processors_app, name="processors")


def list_processors(as_json: AsJson = False) -> None:
    """List who runs each part, where and under which contract; exit 1 where nobody is named."""
    from config.processors import processors_of, undeclared

    found = settings()
    rows = [
        {
            "part": one.part,
            "category": one.category.value,
            "processor": one.name,
            "company": one.company,
            "region": one.region,
            "contract": one.contract,
            "asked_to_erase": one.erases_when_asked,
        }
        for one in processors_of(found)
    ]
    headings = {
        "part": "Part",
        "category": "Category",
        "company": "Run by",
        "region": "Where",
        "contract": "Contract",
    }
    listing(rows, headings, as_json=as_json)
    missing = undeclared(found)
    if missing:
        fail(*missing)


def list_asked(
    customer: OfCustomer = None,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="Those that have confirmed, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List which processors were asked to erase somebody, the most overdue first."""
    from store.rights.processors import listed

    with opened(there()) as parts, parts.store.read() as tx:
        now = tx.now
        rows = [
            {
                "request": one.erasure_id,
                "processor": one.processor,
                "customer": one.customer_ref,
                "parts": one.parts,
                "asked_at": one.asked_at,
                "due_at": one.due_at,
                "overdue": one.confirmed_at is None and one.due_at < now,
                "confirmed_at": one.confirmed_at,
            }
            for one in listed(tx, customer, confirmed=confirmed)
        ]
    headings = {
        "request": "Request",
        "processor": "Processor",
        "customer": "Customer",
        "asked_at": "Asked",
        "due_at": "Due",
        "overdue": "Overdue",
        "confirmed_at": "Confirmed",
    }
    listing(rows, headings, as_json=as_json)


def confirm(
    request: Annotated[
        str, typer.Argument(help="The request, as `onward processors asked` has it.")
    ],
    processor: Annotated[str, typer.Argument(help="The processor that has erased.")],
    at: Annotated[
        str | None, typer.Option(help="When it had, as 2026-12-25T09:00:00Z; else now.")
    ] = None,
) -> None:
    """Confirm for a processor that publishes no events that it has erased what it was asked to."""
    from workers.by_hand import erasure_confirmed_event, publish

    with opened(there()) as parts:
        with parts.store.read() as tx:
            when = at or tx.now.isoformat()
        (answer,) = publish(parts, [erasure_confirmed_event(request, processor, when)])
    all_taken([answer])
    typer.echo("confirmed")
