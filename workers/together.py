"""How does everything run in one process? The embedded form: door, dispatch and upkeep.

Because the store is the truth, a killed embedded process loses nothing either: what was hinted
in its memory is found again in the store.
"""

import socket
import threading

import uvicorn

from contracts.vocabulary import Lane
from workers.bootstrap.doors import open_consumer, open_mail_door, open_web
from workers.bootstrap.parts import Parts
from workers.bootstrap.sending import Dispatch
from workers.bootstrap.upkeep import open_upkeep

_GRACE_SECONDS = 20


class Together:
    """All parts of an installation in this process. ``start`` returns once the door is open."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        settings = parts.settings
        self._socket = socket.create_server(
            (settings.door_host, settings.door_port), reuse_port=False
        )
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://{settings.door_host}:{self.port}"
        self._dispatch = Dispatch(parts, list(Lane))
        self._upkeep = open_upkeep(parts)
        self._consumer = open_consumer(parts) if settings.broker is not None else None
        self._mail = open_mail_door(parts) if settings.mail_bounce_domain is not None else None
        self._server = _Server(
            uvicorn.Config(
                open_web(parts),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._threads = [
            threading.Thread(target=self._upkeep.run, name="upkeep"),
            threading.Thread(
                target=self._server.run, kwargs={"sockets": [self._socket]}, name="door"
            ),
        ]
        if self._consumer is not None:
            self._threads.append(threading.Thread(target=self._consumer.run, name="intake"))

    def start(self) -> None:
        """Start all parts."""
        if self._mail is not None:
            self._mail.start()
        self._dispatch.start()
        for thread in self._threads:
            thread.start()
        self._server.opened.wait(_GRACE_SECONDS)

    def stop(self) -> None:
        """Close the door, then finish and record what is being sent."""
        self._server.should_exit = True
        if self._consumer is not None:
            self._consumer.stop()
        if self._mail is not None:
            self._mail.stop()
        self._dispatch.stop()
        self._upkeep.stop()
        for thread in self._threads:
            thread.join(_GRACE_SECONDS)


class _Server(uvicorn.Server):
    """Uvicorn that says when it is open; in a thread, it leaves signals to the main one."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.opened = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say when the door is open."""
        await super().startup(sockets)
        self.opened.set()
