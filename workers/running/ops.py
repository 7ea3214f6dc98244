"""What is told on the operations port? `/healthz`, `/readyz` and `/metrics`, of this process alone.

It is for supervisors, health checks and Prometheus within the network, and never for the public:
it has no sign-in, and shows figures and plain words, no personal value and no setting.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from structlog import get_logger

log = get_logger(__name__)

_REQUEST_SECONDS = 10
_JSON = "application/json"

Found = Callable[[], Mapping[str, str | None]]


class OpsPortError(Exception):
    """The operations port cannot be listened on; the text is for an operator."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(
            f"the operations port {host}:{port} cannot be listened on ({why}): each process needs"
            " one of its own, ONWARD_OPS_PORT"
        )
        self.host, self.port = host, port


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered to one path."""

    content_type: str
    body: bytes
    status: HTTPStatus = HTTPStatus.OK


def page_of(found: Found) -> Callable[[], Page]:
    """Make a page of what was found: 200 where nothing is wrong, else 503, each with its word."""

    def page() -> Page:
        told = found()
        well = not any(told.values())
        shown = {name: fault or "ok" for name, fault in sorted(told.items())}
        body = json.dumps({"status": "ok" if well else "wrong", "found": shown}) + "\n"
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        return Page(_JSON, body.encode(), status)

    return page


def text_page(content_type: str, text: Callable[[], bytes]) -> Callable[[], Page]:
    """Make a page of a text."""
    return lambda: Page(content_type, text())


class Ops:
    """The server, in a thread of its own while it is entered. Raises ``OpsPortError``."""

    def __init__(self, host: str, port: int, pages: Mapping[str, Callable[[], Page]]) -> None:
        try:
            self._server = _Server((host, port), pages)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise OpsPortError(host, port, why) from None
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="ops", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        log.info("ops_open", port=self.port)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a page that hangs must not keep the process from ending

    def __init__(self, place: tuple[str, int], pages: Mapping[str, Callable[[], Page]]) -> None:
        self.pages = pages
        super().__init__(place, _Answering)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that goes away is no fault of ours."""


class _Answering(BaseHTTPRequestHandler):
    server: _Server
    timeout = _REQUEST_SECONDS
    server_version = "onward"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with the page of the path."""
        answer = self.server.pages.get(self.path.partition("?")[0])
        page = _guarded(answer) if answer else Page("text/plain", b"", HTTPStatus.NOT_FOUND)
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        self.wfile.write(page.body)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


def _guarded(answer: Callable[[], Page]) -> Page:
    try:
        return answer()
    except Exception as error:  # noqa: BLE001 - a page that fails is a page that says so
        log.error("ops_page_failed", error_type=type(error).__name__)  # noqa: TRY400 - ids only
        return Page("text/plain", b"this page failed\n", HTTPStatus.INTERNAL_SERVER_ERROR)
