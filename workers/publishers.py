"""What does a publisher's broker user look like, and how is it made?

RabbitMQ then allows it exactly what the store does: its own types, its own outcomes, and no
``user_id`` but its own.
"""

import re
import secrets
import shlex
from itertools import chain
from typing import Any

from config.definitions import (
    PublisherAccess,
    definitions,
    publisher_commands,
    user_definition,
)
from config.topology import FAMILY_KEYS, Topology
from contracts.events import TYPES
from store.publishers import Publisher

_SALT_BYTES = 4
_PASSWORD_BYTES = 24
# No dots: a publisher reads `<name>.*`, and must not thereby read `<name>.other`'s.
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}", re.ASCII)
_PATTERN = re.compile(r"[a-z_]+\.[a-z_*]+|\*\.[a-z_]+", re.ASCII)
_RESERVED = frozenset({"unknown", "guest", "onward"})


def name_problem(name: str) -> str | None:
    """Say what is wrong with a publisher's name; none if nothing is."""
    if name in _RESERVED:
        return f"{name} is not a publisher's name; choose another"
    if _NAME.fullmatch(name) is None:
        return "a name has 1 to 60 lower-case letters, digits, - and _, and begins with a letter"
    return None


def new_password() -> str:
    """Make a password for a broker user; kept nowhere."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def access(publisher: Publisher) -> PublisherAccess:
    """Give what the broker must allow this publisher."""
    keys = chain.from_iterable(_routing_keys(pattern) for pattern in publisher.types)
    return PublisherAccess(publisher.name, tuple(sorted(set(keys))))


def broker_commands(
    publisher: Publisher, vhost: str = "/", password: str | None = None
) -> list[str]:
    """Give the ``rabbitmqctl`` commands that make the user, or renew its permissions.

    Without a password the first command asks for one.
    """
    first, *others = publisher_commands(access(publisher), vhost)
    if password is not None:
        first = f"{first} {shlex.quote(password)}"
    return [first, *others]


def broker_definitions(
    publisher: Publisher, vhost: str = "/", password: str | None = None
) -> dict[str, Any]:
    """Give the same as definitions, for ``rabbitmqctl import_definitions``.

    With a password, the user too, by its salted hash; without, the user must be there.
    """
    made = definitions(Topology((), (), ()), [access(publisher)], vhost)
    wanted = {name: made[name] for name in ("permissions", "topic_permissions")}
    if password is None:
        return wanted
    salt = secrets.token_bytes(_SALT_BYTES)
    return {"users": [user_definition(publisher.name, password, salt)], **wanted}


def _routing_keys(pattern: str) -> tuple[str, ...]:
    """Give the keys for a pattern of the store's, in which ``*`` may stand for a dot too."""
    if pattern == "*":
        return tuple(chain.from_iterable(FAMILY_KEYS.values()))
    if _PATTERN.fullmatch(pattern):
        return (pattern,)
    asked = Publisher("", (pattern,), ())
    return tuple(name for name in TYPES if asked.may_publish(name))
