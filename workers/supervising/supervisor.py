"""How does a full installation run under one command? Each part a process, kept by a supervisor.

The supervisor does none of the work: it holds the door's listening socket, so that callers wait
while the door's process is replaced and are not refused, and the pipe that its children end with.
"""

import errno
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping

from structlog import get_logger

from config.settings import Settings
from config.sources import ENV_PREFIX
from workers.supervising.children import Child, children_of, stages
from workers.supervising.keeping import Keeper, Patience, Started, stop_in_order
from workers.supervising.pulse import free_port, is_well

log = get_logger(__name__)

_ENTRY = (sys.executable, "-m", "workers.cli.tied")
_TAKEN_SECONDS = 30.0  # longer than the door takes to finish what it has begun
_AGAIN_SECONDS = 0.25
_START_SECONDS = 60.0  # on a busy machine, importing alone takes several


class DoorTakenError(Exception):
    """The door's port cannot be listened on; the text is for an operator."""

    def __init__(self, settings: Settings, error: OSError) -> None:
        super().__init__(
            f"the HTTP door cannot listen on {settings.door_host}:{settings.door_port}"
            f" ({error.strerror}): is another installation running? ONWARD_DOOR_PORT moves it"
        )


class Supervisor:
    """All processes of a full installation on this machine.

    Raises ``DoorTakenError``, after half a minute. ``stop`` returns within the sum of its stages'
    graces.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._door = _listen(settings)
        self.url = f"http://{settings.door_host}:{self._door.getsockname()[1]}"
        self._lifeline, self._held = os.pipe()
        patience = Patience(_START_SECONDS, settings.hung_after_seconds)
        children = children_of(settings, self._door.fileno())
        self._places = {child.name: place for place, child in enumerate(children)}
        self.keepers = {child.name: Keeper(child, self._start, patience) for child in children}
        self._stages = [[self.keepers[child.name] for child in stage] for stage in stages(children)]

    def start(self) -> None:
        """Start all processes; returns at once."""
        for keeper in self.keepers.values():
            keeper.start()

    def is_open(self) -> bool:
        """Whether the door answers; asks for a second at most."""
        host, port = self._door.getsockname()[:2]
        return is_well(port, _reachable(host), within=1)

    def stop(self) -> None:
        """Stop all, stage by stage, and close the door."""
        log.info("supervisor_stops")
        stop_in_order(self._stages)
        self._door.close()
        for descriptor in (self._held, self._lifeline):
            os.close(descriptor)

    def _start(self, child: Child) -> Started:
        host = _reachable(self._settings.ops_host)
        first = self._settings.ops_port
        port = first + self._places[child.name] if first else free_port(host)
        process = subprocess.Popen(  # noqa: S603 - our own commands
            [*_ENTRY, f"{child.grace:g}", *child.words],
            stdin=self._lifeline,
            env=_environment(port),
            pass_fds=(self._door.fileno(),) if child.name == "web" else (),
            start_new_session=True,  # Ctrl-C is for the supervisor, which stops them in order
        )
        return Started(process, lambda: is_well(port, host))


def _listen(settings: Settings) -> socket.socket:
    """Listen at the door; a killed predecessor's may be finishing still, and is waited for."""
    until = time.monotonic() + _TAKEN_SECONDS
    waits = False
    while True:
        try:
            return socket.create_server((settings.door_host, settings.door_port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= until:
                raise DoorTakenError(settings, error) from None
        if not waits:
            waits = True
            log.warning("door_taken", port=settings.door_port, seconds=_TAKEN_SECONDS)
        time.sleep(_AGAIN_SECONDS)


def _reachable(host: str) -> str:
    """Give an address at which what listens on ``host`` is reached from this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _environment(port: int) -> Mapping[str, str]:
    return {**os.environ, f"{ENV_PREFIX}OPS_PORT": str(port)}
