"""What does RabbitMQ's administrator load or type to set up exchanges, queues and publishers?

Each publisher has a broker user of its own. It may publish the types it was admitted for and no
others, and may bind and read its own outcomes and nobody else's. Passwords are never written
here: definitions carry the salted hash that RabbitMQ keeps, commands ask for the password.
"""

import hashlib
import re
import shlex
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from config.topology import EVENTS, OUTCOMES, Topology

NOTHING = "^$"
SERVICE_SCOPE = r"^(onward\..*|amq\.default)$"  # dramatiq publishes through the default exchange


@dataclass(frozen=True, slots=True)
class PublisherAccess:
    """A publisher's broker user: its name, and the types it may publish (``call.*`` for all)."""

    name: str
    types: tuple[str, ...]

    @property
    def own_queues(self) -> str:
        """The queues that it may declare for its outcomes: its own name, and names under it."""
        return rf"onward\.outcomes\.{re.escape(self.name)}(\..+)?"

    @property
    def configure(self) -> str:
        """What it may declare."""
        return f"^{self.own_queues}$"

    @property
    def write(self) -> str:
        """What it may publish to or bind."""
        return rf"^(onward\.events|{self.own_queues})$"

    @property
    def read(self) -> str:
        """What it may consume or bind from."""
        return rf"^(onward\.outcomes|{self.own_queues})$"

    @property
    def routing_keys(self) -> str:
        """The routing keys that it may publish with."""
        if not self.types:
            return NOTHING
        patterns = (re.escape(kind).replace(r"\*", "[a-z_]+") for kind in sorted(self.types))
        return f"^({'|'.join(patterns)})$"

    @property
    def binding_keys(self) -> str:
        """The keys that it may bind its outcomes by."""
        return rf"^{re.escape(self.name)}\."


def definitions(
    topology: Topology, publishers: Iterable[PublisherAccess] = (), vhost: str = "/"
) -> dict[str, Any]:
    """Give RabbitMQ definitions (``rabbitmqctl import_definitions``): topology and permissions.

    Users themselves are not in it, for their passwords: see ``user_definition``.
    """
    known = tuple(publishers)
    return {
        "vhosts": [{"name": vhost}],
        "exchanges": [
            {
                "name": exchange.name,
                "vhost": vhost,
                "type": exchange.kind,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": dict(exchange.arguments),
            }
            for exchange in topology.exchanges
        ],
        "queues": [
            {
                "name": queue.name,
                "vhost": vhost,
                "durable": True,
                "auto_delete": False,
                "arguments": dict(queue.arguments),
            }
            for queue in topology.queues
        ],
        "bindings": [
            {
                "source": binding.exchange,
                "vhost": vhost,
                "destination": binding.queue,
                "destination_type": "queue",
                "routing_key": binding.key,
                "arguments": {},
            }
            for binding in topology.bindings
        ],
        "permissions": [
            {
                "user": publisher.name,
                "vhost": vhost,
                "configure": publisher.configure,
                "write": publisher.write,
                "read": publisher.read,
            }
            for publisher in known
        ],
        "topic_permissions": [
            {"user": publisher.name, "vhost": vhost, "exchange": exchange, **allowed}
            for publisher in known
            for exchange, allowed in (
                (EVENTS, {"write": publisher.routing_keys, "read": NOTHING}),
                (OUTCOMES, {"write": NOTHING, "read": publisher.binding_keys}),
            )
        ],
    }


def publisher_commands(publisher: PublisherAccess, vhost: str = "/") -> list[str]:
    """Give the commands that make or renew a publisher's user; the first asks for its password."""
    ctl = ("rabbitmqctl",)
    return [
        shlex.join(words)
        for words in (
            (*ctl, "add_user", publisher.name),
            (
                *ctl,
                *("set_permissions", "-p", vhost, publisher.name),
                *(publisher.configure, publisher.write, publisher.read),
            ),
            (
                *ctl,
                *("set_topic_permissions", "-p", vhost, publisher.name),
                *(EVENTS, publisher.routing_keys, NOTHING),
            ),
            (
                *ctl,
                *("set_topic_permissions", "-p", vhost, publisher.name),
                *(OUTCOMES, NOTHING, publisher.binding_keys),
            ),
        )
    ]


def revoke_command(name: str) -> str:
    """Give the command that ends a publisher's access."""
    return shlex.join(("rabbitmqctl", "delete_user", name))


def user_definition(name: str, password: str, salt: bytes) -> dict[str, Any]:
    """Give one user for the definitions' ``users``; ``salt`` is four random bytes.

    RabbitMQ's own form: https://www.rabbitmq.com/docs/passwords#computing-password-hash
    """
    digest = hashlib.sha256(salt + password.encode()).digest()
    return {
        "name": name,
        "password_hash": b64encode(salt + digest).decode("ascii"),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
        "limits": {},
    }


def service_permissions(user: str, vhost: str = "/") -> dict[str, str]:
    """Give the permissions of the user that our own processes connect as."""
    return {
        "user": user,
        "vhost": vhost,
        "configure": r"^onward\..*$",
        "write": SERVICE_SCOPE,
        "read": r"^onward\..*$",
    }
