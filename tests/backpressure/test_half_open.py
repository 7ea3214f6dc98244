"""What if a server vanishes without a word, as behind a firewall that forgot? It is noticed."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.conftest import LOUD
from tests.docs.reading import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NEAR, FAR = "10.231.77.1", "10.231.77.2"
DATABASE_SECONDS = 45
BROKER_SECONDS = 100


class FarPlace:
    """A network of its own, from which this machine is reached, until it answers no more."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *words: str) -> "subprocess.Popen[str]":
        """Run something there."""
        return subprocess.Popen(
            ["ip", "netns", "exec", self.name, *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def vanish(self) -> None:
        """Answer nothing any more: no reset, no refusal."""
        _ip("route", "add", "blackhole", f"{FAR}/32")


def _ip(*words: str) -> bool:
    return not subprocess.run(["ip", *words], check=False, capture_output=True).returncode


@pytest.fixture
def far() -> Iterator[FarPlace]:
    """Make the network; where that is not allowed, the test is left out."""
    name = f"onw{secrets.token_hex(3)}"
    if os.geteuid() != 0 or shutil.which("ip") is None or not _ip("netns", "add", name):
        pytest.skip(f"{LOUD} a network of one's own: only root may make one")
    try:
        made = (
            _ip("link", "add", f"{name}n", "type", "veth", "peer", "name", f"{name}f"),
            _ip("link", "set", f"{name}f", "netns", name),
            _ip("addr", "add", f"{NEAR}/30", "dev", f"{name}n"),
            _ip("link", "set", f"{name}n", "up"),
            _ip("-n", name, "link", "set", "lo", "up"),
            _ip("-n", name, "addr", "add", f"{FAR}/30", "dev", f"{name}f"),
            _ip("-n", name, "link", "set", f"{name}f", "up"),
        )
        if not all(made):
            pytest.skip(f"{LOUD} a network of one's own: this kernel makes none")
        yield FarPlace(name)
    finally:
        _ip("route", "del", "blackhole", f"{FAR}/32")
        _ip("link", "del", f"{name}n")
        _ip("netns", "del", name)


@contextmanager
def _carried(url: str) -> Iterator[str]:
    """Carry what comes to an address of the far network to a server of this machine."""
    parts = urlsplit(url)
    to = (parts.hostname or "127.0.0.1", parts.port or 0)
    with socket.create_server((NEAR, 0)) as listener:
        threading.Thread(target=_accept, args=(listener, to), daemon=True).start()
        login, _, _ = parts.netloc.rpartition("@")
        place = f"{NEAR}:{listener.getsockname()[1]}"
        yield urlunsplit(parts._replace(netloc=f"{login}@{place}" if login else place))
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, to: tuple[str, int]) -> None:
    with suppress(OSError):
        while True:
            near, _ = listener.accept()
            server = socket.create_connection(to)
            for source, sink in ((near, server), (server, near)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65_536):
            sink.sendall(chunk)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


def test_whoever_waits_for_a_server_that_vanished_notices_within_bounded_time(
    far: FarPlace, database_url: str, broker_url: str
) -> None:
    """By the kernel's own measure it would be a quarter of an hour, or two hours."""
    limits = {
        "asks": DATABASE_SECONDS,
        "writes": DATABASE_SECONDS,
        "consumes": BROKER_SECONDS,
    }
    with ExitStack() as stack:
        urls = dict.fromkeys(limits, stack.enter_context(_carried(database_url)))
        urls["consumes"] = stack.enter_context(_carried(broker_url))
        running = {}
        for kind, url in urls.items():
            process = far.run(sys.executable, "-m", "tests.backpressure.far_clients", kind, url)
            stack.callback(_end, process)
            running[kind] = process
        for process in running.values():
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

        far.vanish()
        began = time.monotonic()
        writes = running["writes"].stdin
        assert writes is not None
        writes.write("now\n")
        writes.flush()

        for kind, process in running.items():
            left = began + limits[kind] - time.monotonic()
            said, _ = process.communicate(timeout=max(left, 1))
            assert said.startswith("True "), f"{kind}: {said}"


def _end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for end in (process.stdin, process.stdout):
        if end is not None:
            with suppress(OSError):
                end.close()
