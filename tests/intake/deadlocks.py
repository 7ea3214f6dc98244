"""How does a test notice deadlocks, when whoever is chosen to give way simply tries again?"""

import contextlib
from collections.abc import Iterator

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext

from tests.building import House

_DEADLOCK = "40P01"


@contextlib.contextmanager
def deadlocks(house: House) -> Iterator[list[str]]:
    """Give the statements that the database broke a deadlock with, as they come."""
    found: list[str] = []

    def note(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlstate", None) == _DEADLOCK:
            found.append(context.statement or "")

    event.listen(house.store.engine, "handle_error", note)
    try:
        yield found
    finally:
        event.remove(house.store.engine, "handle_error", note)
