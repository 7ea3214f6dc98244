"""Are requests at the door counted by their route, and never by what was asked for?"""

import asyncio
from typing import Any

from fastapi import FastAPI
from fastapi.responses import Response
from starlette.types import Message

from workers.intake.door.counting import Counting

SECRET = "/customers/C-1042"


def _asked(path: str) -> list[tuple[str, int]]:
    told: list[tuple[str, int]] = []
    app = FastAPI()

    @app.get("/customers/{ref}")
    async def customer(ref: str) -> Response:
        if ref == "broken":
            raise ZeroDivisionError
        return Response(status_code=204)

    counting = Counting(app, lambda route, status, _seconds: told.append((route, status)))
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Message) -> None:
        pass

    async def ask() -> None:
        try:
            await counting(scope, receive, send)
        except ZeroDivisionError:
            return

    asyncio.run(ask())
    return told


def test_a_request_is_counted_under_its_routes_pattern() -> None:
    """A customer's reference in a label would be a personal value, and a series for each."""
    assert _asked(SECRET) == [("/customers/{ref}", 204)]


def test_a_path_that_leads_nowhere_is_counted_as_that() -> None:
    """Whoever tries paths out must not make a series of each."""
    assert _asked("/wp-admin") == [("none", 404)]


def test_a_request_that_fails_is_counted_as_failed() -> None:
    """It is the one that an operator looks for."""
    assert _asked("/customers/broken") == [("/customers/{ref}", 500)]
