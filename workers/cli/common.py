"""What do all commands share? Opening an installation, plain errors, and listings."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

    from config.settings import Settings
    from workers.bootstrap.parts import Parts
    from workers.intake.submission import Answered

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Customer = Annotated[str, typer.Argument(help="The customer's reference.")]
OfCustomer = Annotated[str | None, typer.Option("--customer", help="Of this customer alone.")]
Closed = Annotated[bool, typer.Option("--closed", help="The closed ones too.")]
DATABASE = "onward.db"  # as config.settings names it
_WRONG = 1
_UNUSABLE = 2


def settings() -> "Settings":
    """Read the settings and set up logs; all that is wrong is said at once, exit 2."""
    from config import logs
    from config.loading import SettingsError
    from workers.bootstrap.parts import read_settings

    try:
        found = read_settings()
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(f"onward: {problem}", err=True)
        raise typer.Exit(_UNUSABLE) from None
    logs.configure(found.log_level, found.log_format)
    return found


def there() -> "Settings":
    """Read the settings of an installation that must be there already; exit 1 if it is not."""
    found = settings()
    if found.database_url is None and not (found.data_dir / DATABASE).exists():
        fail(
            f"there is no installation in {found.data_dir}: set ONWARD_DATA_DIR to its folder,"
            " or begin one with `onward up`"
        )
    return found


@contextmanager
def opened(found: "Settings | None" = None, *, people: bool = True) -> "Iterator[Parts]":
    """Open the installation; what stops that is said in a sentence, exit 1.

    Where ``people`` read, nothing personal opens unless it is said what for (``store.purposes``).
    """
    from sqlalchemy.exc import DBAPIError

    from config.keyfile import MasterKeyError
    from config.processors import UndeclaredProcessorError
    from config.sending import MissingSettingsError
    from store.encryption.keys import Unopenable
    from store.encryption.root_keys import NoRootKeyError
    from workers.bootstrap.parts import open_parts
    from workers.dispatch.journal import JournalError
    from workers.intake.topology import TopologyError
    from workers.rights.restoring import UncheckedRestoreError
    from workers.running.broker import BrokerAwayError
    from workers.running.failpoints import FailpointsError
    from workers.running.ops import OpsPortError

    parts = None
    try:
        parts = open_parts(found or settings())
        parts.store.people_read = people
        yield parts
    except (
        BrokerAwayError,
        FailpointsError,
        JournalError,
        MasterKeyError,
        MissingSettingsError,
        NoRootKeyError,
        OpsPortError,
        TopologyError,
        UncheckedRestoreError,
        UndeclaredProcessorError,
        Unopenable,
    ) as error:
        fail(str(error))
    except DBAPIError as error:
        fail(_of_the_database(error))
    finally:
        if parts is not None:
            parts.close()


def _of_the_database(error: "DBAPIError") -> str:
    state = getattr(error.orig, "sqlstate", None)
    if state == "42P01" or "no such table" in str(error.orig):
        return "the database has no tables of ours yet: run `onward migrate`"
    return f"the database does not answer as it should ({type(error.orig).__name__})"


def fail(*lines: str) -> NoReturn:
    """Say what is wrong, further lines indented, and exit 1."""
    typer.echo("onward: " + "\n  ".join(lines), err=True)
    raise typer.Exit(_WRONG)


def all_taken(answers: "Iterable[Answered]", *before: str) -> None:
    """Where events of ours were not taken in, say what is wrong with each field, and exit 1."""
    problems = [f"{p.path}: {p.text}" for answer in answers for p in answer.problems]
    if problems:
        fail(*before, *problems)


@contextmanager
def new_file(file: Path) -> Iterator[None]:
    """Say why a new file cannot be written, exit 1."""
    try:
        yield
    except FileExistsError:
        fail(f"{file} is there already: choose another name, or move it away")
    except OSError as error:
        fail(f"{file}: {error.strerror}")


def listing(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, as_json: bool
) -> None:
    """Print rows as a table with these columns (name to heading), or all they hold as JSON."""
    if as_json:
        json.dump([dict(row) for row in rows], sys.stdout, default=in_json, indent=2)
        sys.stdout.write("\n")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    width = None if sys.stdout.isatty() else 160
    # What others wrote is shown as they wrote it: brackets are no markup.
    Console(width=width, markup=False, emoji=False, highlight=False).print(table)
    if not rows:
        typer.echo("none")


def in_json(value: object) -> str:
    """Write what JSON has no form for: instants as RFC 3339 has them, anything else as text."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else harmless(str(value))


def harmless(text: str) -> str:
    """Give a text that no terminal takes for commands: a customer, or anybody, wrote it."""
    return "".join(
        one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in text
    )
