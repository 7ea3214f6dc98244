"""A webhook's other end: keeps every POST, and answers as it is told."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Heard:
    """One webhook as it arrived."""

    path: str
    form: dict[str, str]
    pairs: tuple[tuple[str, str], ...]
    signature: str


class Listener:
    """An HTTP server on a thread; ``heard`` grows as webhooks arrive."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answers: dict[str, str] = {}
        self.when_heard: Callable[[Heard], None] = lambda _heard: None
        listener = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                pairs = tuple(parse_qsl(body, keep_blank_values=True))
                heard = Heard(
                    self.path, dict(pairs), pairs, self.headers.get("X-Twilio-Signature", "")
                )
                listener.when_heard(heard)
                listener.heard.append(heard)
                answer = listener.answers.get(self.path.split("?")[0], "").encode()
                self.send_response(200 if answer else 204)
                if answer:
                    self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    def url(self, path: str) -> str:
        """The address of a path here."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def statuses(self) -> list[str]:
        """Which message statuses were told, in order."""
        return [heard.form["MessageStatus"] for heard in list(self.heard)]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
