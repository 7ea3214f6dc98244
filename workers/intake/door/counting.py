"""How are requests counted? By the route that took them, never by what was asked for."""

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NO_ROUTE = "none"
_FAULT = 500

Told = Callable[[str, int, float], None]


class Counting:
    """Tells of each answered request: its route, its status, and how many seconds it took."""

    def __init__(self, app: ASGIApp, told: Told) -> None:
        self._app = app
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and tell of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.monotonic()
        status = _FAULT  # where nothing is answered, the server answers so

        async def noting(part: Message) -> None:
            nonlocal status
            if part["type"] == "http.response.start":
                status = part["status"]
            await send(part)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            self._told(route, status, time.monotonic() - begun)
