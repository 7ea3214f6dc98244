"""Who may publish: each with a key of its own, and what that key opens.

Only a digest of the key is kept. A key is 256 random bits, so one SHA-256 is enough: there is
nothing to guess (a slow hash is for what people choose).
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from hashlib import sha256

from sqlalchemy import Row, select, update

from contracts.vocabulary import Door, Role
from store.engine import Transaction
from store.tables import publishers

_PREFIX = "onward_"


@dataclass(frozen=True, slots=True)
class Publisher:
    """One publisher. Types and sources are patterns in which ``*`` stands for anything.

    One with the role processor is ``processor`` of those declared, and speaks for no other.
    """

    name: str
    types: tuple[str, ...]
    sources: tuple[str, ...]
    doors: tuple[Door, ...] = ()
    roles: tuple[Role, ...] = ()
    processor: str | None = None

    def may_publish(self, event_type: str) -> bool:
        """Whether this type (without prefix and version) is this publisher's to report."""
        return any(fnmatchcase(event_type, pattern) for pattern in self.types)

    def speaks_for(self, source: str) -> bool:
        """Whether events of this source are this publisher's."""
        return any(fnmatchcase(source, pattern) for pattern in self.sources)

    def may_open(self, door: Door) -> bool:
        """Whether this publisher's key opens a door beside publishing."""
        return door in self.doors

    def audiences(self) -> tuple[str, ...]:
        """Whose outcomes this publisher is given: its own, and those of its roles."""
        roles = [f"role:{role.value}" for role in self.roles]
        asked = [] if self.processor is None else [f"processor:{self.processor}"]
        return (f"publisher:{self.name}", *roles, *asked)


class PublisherExistsError(Exception):
    """A publisher of this name is there already; revoke it, or choose another name."""


def add(tx: Transaction, publisher: Publisher) -> str:
    """Enter a publisher and give its key, which is shown this once and kept nowhere."""
    there = tx.connection.execute(
        select(publishers.c.revoked_at).where(publishers.c.name == publisher.name)
    ).first()
    if there is not None and there.revoked_at is None:
        raise PublisherExistsError(publisher.name)
    key = _PREFIX + secrets.token_urlsafe(32)
    grants = asdict(publisher)
    row = {
        "name": grants.pop("name"),
        "grants": json.dumps(grants),
        "key_digest": key_digest(key),
        "created_at": tx.now,
        "revoked_at": None,
    }
    if there is None:
        tx.connection.execute(publishers.insert().values(**row))
    else:
        tx.connection.execute(
            publishers.update().where(publishers.c.name == publisher.name).values(**row)
        )
    return key


def revoke(tx: Transaction, name: str) -> bool:
    """Close a publisher's key for good; false where there is none by this name."""
    done = tx.connection.execute(
        update(publishers)
        .where(publishers.c.name == name, publishers.c.revoked_at.is_(None))
        .values(revoked_at=tx.now)
    )
    return bool(done.rowcount)


def by_key(tx: Transaction, key: str) -> Publisher | None:
    """Give the publisher whose key this is."""
    row = tx.connection.execute(
        select(publishers).where(
            publishers.c.key_digest == key_digest(key), publishers.c.revoked_at.is_(None)
        )
    ).first()
    return _publisher(row) if row else None


def by_name(tx: Transaction, name: str) -> Publisher | None:
    """Give a publisher by its name, which is its broker user's too."""
    row = tx.connection.execute(
        select(publishers).where(publishers.c.name == name, publishers.c.revoked_at.is_(None))
    ).first()
    return _publisher(row) if row else None


def of_processor(tx: Transaction, processor: str) -> Publisher | None:
    """Give the publisher that is admitted for a processor."""
    admitted = (one for one, is_admitted in every(tx) if is_admitted)
    return next((one for one in admitted if one.processor == processor), None)


def every(tx: Transaction) -> list[tuple[Publisher, bool]]:
    """Give all publishers, each with whether it is still admitted."""
    rows: Sequence[Row[tuple[object, ...]]] = tx.connection.execute(
        select(publishers).order_by(publishers.c.name)
    ).all()
    return [(_publisher(row), row.revoked_at is None) for row in rows]


def key_digest(key: str) -> bytes:
    """What is kept of a key."""
    return sha256(key.encode()).digest()


def _publisher(row: Row[tuple[object, ...]]) -> Publisher:
    grants = json.loads(row.grants)
    return Publisher(
        name=row.name,
        types=tuple(grants["types"]),
        sources=tuple(grants["sources"]),
        doors=tuple(Door(door) for door in grants["doors"]),
        roles=tuple(Role(role) for role in grants["roles"]),
        processor=grants["processor"],
    )
