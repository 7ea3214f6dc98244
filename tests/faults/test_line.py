import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.faults.proxy import Line


@pytest.fixture
def echo() -> Iterator[int]:
    """Give the port of a server that says back whatever it is told."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with closing(connection):
            try:
                while piece := connection.recv(100):
                    connection.sendall(piece)
            except OSError:
                return

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield int(server.getsockname()[1])
    server.close()


@pytest.fixture
def line(echo: int) -> Iterator[Line]:
    """Give a way to it."""
    with closing(Line(echo)) as made:
        yield made


def dialled(line: Line) -> socket.socket:
    """Open a connection through a line, and make sure that it carries."""
    connection = socket.create_connection(("127.0.0.1", line.port), timeout=5)
    connection.sendall(b"hello")
    assert connection.recv(100) == b"hello"
    return connection


def test_a_cut_line_resets_what_is_open_and_carries_what_comes_after(line: Line) -> None:
    """A dropped connection is one that the other end did not close in order."""
    with dialled(line) as before:
        line.cut()

        with pytest.raises(ConnectionResetError):
            before.recv(100)
    dialled(line).close()


def test_a_silent_line_carries_nothing_and_tells_nobody(line: Line) -> None:
    """Half-open is the worst of losses: nothing says that it is one."""
    with dialled(line) as quiet:
        line.silence()
        quiet.sendall(b"anybody there?")
        quiet.settimeout(0.2)

        with pytest.raises(TimeoutError):
            quiet.recv(100)

        line.restore()
        quiet.settimeout(5)
        with pytest.raises(ConnectionResetError):
            quiet.recv(100)


def test_a_line_that_refuses_takes_no_new_connection(line: Line) -> None:
    """An outage looks like that from outside: nothing that was or will be connected stays."""
    line.refuse()

    with (
        pytest.raises(ConnectionResetError),  # as it is opened, or as it is first read
        socket.create_connection(("127.0.0.1", line.port), timeout=5) as refused,
    ):
        refused.recv(100)


def test_a_silent_line_can_be_closed(echo: int) -> None:
    """A run that ends in the middle of a silence must end all the same."""
    line = Line(echo)
    with dialled(line) as quiet:
        line.silence()
        quiet.sendall(b"anybody there?")

        line.close()

        assert _is_reset(quiet)


def _is_reset(connection: socket.socket) -> bool:
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True
