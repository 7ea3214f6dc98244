"""Which master keys open the root key? One at a time, and two while one takes over from the other.

The root key is made with the first use of an installation, and kept once for each master key that
may open it, wrapped. To change the master key is to add a row and later to take one away: nothing
that is sealed is written anew, and no process needs to stop.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, func, insert, select

from store.encryption.keys import MasterKey, RootKey
from store.tables import root_keys


class NoRootKeyError(Exception):
    """The root key is not to be had with this master key; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Opener:
    """A master key that opens the root key, by its name."""

    master: str
    added_at: datetime


def open_root(engine: Engine, master: MasterKey, *, make: bool = True) -> RootKey:
    """Give the root key; of a new installation, where asked, make it. Raises ``NoRootKeyError``."""
    names = [one.master for one in openers(engine)]
    if not names and not make:
        raise NoRootKeyError("nothing is stored yet, and no root key is made")
    if names and master.name not in names:
        raise NoRootKeyError(_other(master, names))
    if names:
        with engine.connect() as connection:
            found = _of(connection.execution_options(onward_reads=True), master)
    else:
        with engine.begin() as connection:
            found = _make(connection, master)
    if found is None:  # another process made it meanwhile, with a master key of its own
        raise NoRootKeyError(_other(master, [one.master for one in openers(engine)]))
    return found


def add(engine: Engine, root: RootKey, master: MasterKey) -> bool:
    """Have a further master key open the root key; give whether it is new."""
    with engine.begin() as connection:
        if _of(connection, master) is not None:
            return False
        _put(connection, root, master)
        return True


def take_away(engine: Engine, master_name: str) -> bool:
    """Have a master key open nothing any more; give whether it did. The last one stays.

    Raises ``NoRootKeyError`` for the last one.
    """
    with engine.begin() as connection:
        _lock(connection)
        names = list(connection.execute(select(root_keys.c.master)).scalars())
        if names == [master_name]:
            raise NoRootKeyError("it is the only master key: without it nothing would open")
        gone = connection.execute(root_keys.delete().where(root_keys.c.master == master_name))
        return bool(gone.rowcount)


def openers(engine: Engine) -> list[Opener]:
    """Give the master keys that open the root key, the oldest first."""
    with engine.connect() as connection:
        reading = connection.execution_options(onward_reads=True)
        rows = reading.execute(select(root_keys).order_by(root_keys.c.added_at))
        return [Opener(row.master, row.added_at) for row in rows]


def _other(master: MasterKey, names: Sequence[str]) -> str:
    return (
        f"this master key ({master.name}) does not open what is stored, which"
        f" {', '.join(names)} does: put the right key back, and lose none"
    )


def _of(connection: Connection, master: MasterKey) -> RootKey | None:
    wrapped = connection.execute(
        select(root_keys.c.wrapped).where(root_keys.c.master == master.name)
    ).scalar()
    return None if wrapped is None else master.unwrap(wrapped)


def _make(connection: Connection, master: MasterKey) -> RootKey | None:
    """Make the root key, unless another process has meanwhile, with this master key or another."""
    _lock(connection)
    if connection.execute(select(func.count()).select_from(root_keys)).scalar_one():
        return _of(connection, master)
    root = RootKey.new()
    _put(connection, root, master)
    return root


def _put(connection: Connection, root: RootKey, master: MasterKey) -> None:
    row = {"master": master.name, "wrapped": master.wrap(root), "added_at": datetime.now(UTC)}
    connection.execute(insert(root_keys), row)


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE root_keys IN EXCLUSIVE MODE")
