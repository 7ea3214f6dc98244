"""How do the demo's publishers reach Onward? By its public doors alone: HTTP, and AMQP."""

import json
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

import pika

from config.topology import EVENTS
from workers.demo.documents import MEDIA_TYPE, Paper
from workers.demo.telling import Told

_PATIENCE_SECONDS = 20
_BATCH = "application/cloudevents-batch+json"
_ONE = "application/cloudevents+json"


class RefusedError(Exception):
    """A door answered otherwise than hoped for; the text holds its problem details."""


class HttpDoor:
    """One publisher at the HTTP door, with its key."""

    def __init__(self, url: str, key: str) -> None:
        self._address = urlsplit(url).netloc
        self._key = key

    def publish(self, told: Sequence[Told]) -> list[str]:
        """Hand in a batch of events; give the door's word on each."""
        body = json.dumps([one.envelope() for one in told]).encode()
        answer = self._ask("POST", "/events", body, _BATCH)
        return [str(line["status"]) for line in answer["results"]]

    def put(self, paper: Paper) -> None:
        """Hand in a file."""
        self._ask("PUT", f"/blobs/{paper.digest}", paper.content, MEDIA_TYPE)

    def item(self, item_id: str) -> Mapping[str, Any]:
        """Ask what to do with an item of post."""
        return self._ask("GET", f"/items/{quote(item_id, safe='')}")

    def story(self, told: Told) -> Mapping[str, Any]:
        """Ask what became of an event."""
        query = urlencode({"source": told.source})
        return self._ask("GET", f"/events/{quote(told.id, safe='')}?{query}")

    def outcomes(self) -> list[Mapping[str, Any]]:
        """Read all that this publisher is told, from the first."""
        found: list[Mapping[str, Any]] = []
        after = 0
        while True:
            page = self._ask("GET", f"/outcomes?after={after}&limit=1000")
            if not page["outcomes"]:
                return found
            found += page["outcomes"]
            after = page["next"]

    def _ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = _ONE
    ) -> dict[str, Any]:
        connection = HTTPConnection(self._address, timeout=_PATIENCE_SECONDS)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": kind}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            raise RefusedError(f"{method} {path}: {response.status} {content.decode()}")
        answer: dict[str, Any] = json.loads(content)
        return answer


class AmqpDoor:
    """One publisher at the broker, under its broker user; every event is confirmed."""

    def __init__(self, url: str, user: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        self._user = user

    def publish(self, told: Sequence[Told]) -> None:
        """Publish events, persistent and mandatory. Raises what pika raises for an unroutable."""
        for one in told:
            self._channel.basic_publish(
                EVENTS,
                one.type,
                json.dumps(one.envelope()).encode(),
                pika.BasicProperties(  # type: ignore[no-untyped-call]
                    content_type=_ONE, delivery_mode=2, user_id=self._user, message_id=one.id
                ),
                mandatory=True,
            )

    def __enter__(self) -> Self:
        """Stay connected."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave."""
        if self._connection.is_open:
            self._connection.close()
