"""What can be done from a command line? ``onward --help`` lists it.

Commands import what they need when they run, so that each starts fast.
"""

import sys

import typer

from config.uncaught import tell, tell_without_texts
from workers.cli import (
    acting,
    complaints,
    customers,
    disclosures,
    emails,
    events,
    explaining,
    incidents,
    installing,
    items,
    keys,
    looking,
    notices,
    policy,
    processes,
    processors,
    proving,
    records,
    releasing,
    reporting,
    righting,
    rights,
    showing,
    suppliers,
    texting,
    vault,
    written,
)

app = typer.Typer(
    name="onward",
    help="Sends calls, post and invoices onward, the way each customer asked, and proves it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for group in (
    processes,
    installing,
    events,
    looking,
    acting,
    releasing,
    customers,
    explaining,
    emails,
    texting,
    records,
    written,
    items,
    notices,
    proving,
    reporting,
    rights,
    disclosures,
    incidents,
    complaints,
    righting,
    suppliers,
    processors,
    vault,
    keys,
    policy,
    showing,
):
    group.add_to(app)


def main() -> None:
    """Run the command line. A fault of ours is told by its places, and exits 1."""
    tell_without_texts()
    try:
        app()
    except Exception as error:  # noqa: BLE001 - Python would print its text
        tell(error)
        sys.exit(1)
