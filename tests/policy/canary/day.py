"""How is a day begun with an installation, lived through, and looked back on?

A `Day` hands events in, by every door, and asks the database itself what came of them.
"""

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from types import MappingProxyType
from typing import Any

import pika
import psycopg

from config.topology import EVENTS
from tests.factories import Sample, catch_all, file
from tests.policy.canary.ground import BATCH, ONE, Ground, as_json
from tests.policy.canary.values import Canaries
from tests.waiting import eventually

PDF = "application/pdf"
SOURCE = "/office/canary"
PATIENCE = 120  # a busy machine is no failure
BOTH = ("phone_answering", "mail_forwarding")
NOTHING: Mapping[str, str] = MappingProxyType({})
_MOST = 60  # events in a request


@dataclass(slots=True)
class Day:
    """The installation, the canaries, and the answers that publishers got."""

    ground: Ground
    make: Canaries = field(default_factory=Canaries)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    queued: dict[str, list[bytes]] = field(default_factory=dict)
    mobiles: dict[str, str] = field(default_factory=dict)
    _serial: Iterator[int] = field(default_factory=count)

    def event(self, type_: str, where: str, subject: str | None = None, /, **data: Any) -> Sample:
        """An event with a canary in every personal field of its data, and in an extension."""
        made: Sample = {
            "specversion": "1.0",
            "id": f"e-{next(self._serial)}",
            "source": SOURCE,
            "type": f"onward.{type_}.v1",
            "time": "2026-11-20T10:00:00Z",
            "datacontenttype": "application/json",
            "ourword": self.make.word(f"an extension ({where})"),
            "data": self.make.filled(type_, where, **data),
        }
        return made if subject is None else made | {"subject": subject}

    def publish(self, *events: Sample) -> list[str]:
        """Hand events in over HTTP, some at a time; give the word on each."""
        said: list[str] = []
        for first in range(0, len(events), _MOST):
            body = as_json(*events[first : first + _MOST])
            status, answer = self.ground.ask("POST", "/events", body, BATCH)
            self.answers.append((status, answer))
            assert status in {200, 202, 207}, answer
            said += [line["status"] for line in json.loads(answer)["results"]]
        return said

    def tell(self, *events: Sample) -> None:
        """Hand in events that must be accepted, one after the other."""
        for event in events:
            (said,) = self.publish(event)
            assert said == "accepted", self.answers[-1]

    def post(self, body: bytes, kind: str = ONE, also: Mapping[str, str] = NOTHING) -> int:
        """Hand anything in; give the status."""
        found = self.ground.ask("POST", "/events", body, kind, also)
        self.answers.append(found)
        return found[0]

    def upload(self, content: bytes, kind: str = PDF, digest: str = "") -> Sample:
        """Hand a file in; give the reference to it."""
        name = digest or sha256(content).hexdigest()
        self.answers.append(self.ground.ask("PUT", f"/blobs/{name}", content, kind))
        return file(content, kind)

    def over_the_broker(self, *events: Sample | bytes) -> None:
        """Publish events over AMQP, as they are; none where there is no broker."""
        if self.ground.publisher is None:
            return
        with pika.BlockingConnection(pika.URLParameters(self.ground.publisher)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for event in events:
                body = event if isinstance(event, bytes) else json.dumps(event).encode()
                type_ = "call.x" if isinstance(event, bytes) else event["type"][7:-3]
                channel.basic_publish(
                    EVENTS,
                    type_,
                    body,
                    pika.BasicProperties(  # type: ignore[no-untyped-call]
                        content_type=ONE, delivery_mode=2, user_id=self.ground.name
                    ),
                    mandatory=True,
                )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database itself, beside ours."""
        if self.ground.database is not None:
            with psycopg.connect(self.ground.database) as connection:
                return connection.execute(query.encode()).fetchall()
        file_ = self.ground.data / "onward.db"
        with contextlib.closing(sqlite3.connect(f"file:{file_}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def number(self, query: str) -> int:
        """Give what a query counts."""
        return int(self.rows(query)[0][0])

    def until(self, query: str, what: str, seconds: float = PATIENCE) -> None:
        """Wait until a query counts something."""

        def seen() -> bool:
            time.sleep(0.05)  # each look costs the database something
            return self.number(query) > 0

        eventually(seen, what, seconds)

    def until_standing(self, ref: str, status: str, seconds: float = PATIENCE) -> None:
        """Wait until a delivery of a customer's stands so."""
        told = f"customer_ref = '{ref}' AND status = '{status}'"
        query = f"SELECT count(*) FROM deliveries WHERE {told}"  # noqa: S608 - words of the test's
        self.until(query, f"{ref} is {status}", seconds)

    def serve(
        self,
        ref: str,
        *rules: Sample,
        services: Sequence[str] = BOTH,
        mobile: str | None = None,
        email: str | None = None,
        start: bool = True,
    ) -> None:
        """Have a customer with a place of each kind, rules, and services that have started."""
        make, where = self.make, f"{ref} joins"
        self.mobiles[ref] = mobile or make.mobile()
        places = {
            "d-mobile": ("mobile", self.mobiles[ref]),
            "d-email": ("email", email or make.email(f"destination.added value ({where})")),
            "d-voice": ("voice", make.number()),
            "d-postal": ("postal", make.postal(f"destination.added value ({where})")),
        }
        told = [self.event("customer.registered", where, ref, services=[*services])]
        for name, (kind, value) in places.items():
            told += [
                self.event(
                    *("destination.added", where, ref),
                    destination_id=name,
                    kind=kind,
                    value=value,
                ),
                self.event("destination.verified", where, ref, destination_id=name),
            ]
        wanted = make.rules(where, *(rules or (catch_all("d-mobile", "d-email"),)))
        told.append(self.event("preferences.set", where, ref, rules=wanted, based_on_version=...))
        if start:
            told.append(self.event("service.started", where, ref, services=[*services]))
        self.tell(*told)

    def message(self, ref: str, where: str, **data: Any) -> Sample:
        """Word that a caller left."""
        return self.event("call.message_taken", where, ref, dialled_number=..., **data)

    def comment(self, what: str) -> bytes:
        """A line of a file that no program reads, with a canary."""
        return f"\n% {self.make.word(what)}\n".encode()
