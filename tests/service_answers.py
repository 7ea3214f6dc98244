"""Does a service answer, where, and how is one waited for?"""

import base64
import contextlib
import http.client
import secrets
import socket
import subprocess
import time
from collections.abc import Callable

import pika
import psycopg

BROKER = "ONWARD_TEST_BROKER_URL"
DATABASE = "ONWARD_TEST_DATABASE_URL"
MANAGEMENT = "ONWARD_TEST_BROKER_MANAGEMENT_URL"  # the broker's HTTP interface, where it has one
START_SECONDS = 90
PULL_SECONDS = 600
_PORTS = range(15_000, 32_000)


class CannotStartError(Exception):
    """This way is not open here; the text says why."""


def broker_answers(url: str) -> bool:
    """Whether RabbitMQ takes a connection now."""
    parameters = pika.URLParameters(url)
    parameters.socket_timeout = 3
    parameters.stack_timeout = 5
    parameters.connection_attempts = 1
    try:
        pika.BlockingConnection(parameters).close()
    except (pika.exceptions.AMQPError, OSError):
        return False
    return True


def management_answers(url: str) -> bool:
    """Whether RabbitMQ's HTTP interface answers now."""
    try:
        return ask_management(url, "GET", "/api/vhosts") == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def database_answers(url: str) -> bool:
    """Whether PostgreSQL takes a connection now."""
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def ask_management(url: str, method: str, path: str, body: str | None = None) -> int:
    """Ask RabbitMQ's HTTP interface; give the status. ``url`` holds user and password."""
    account, _, place = url.removeprefix("http://").rpartition("@")
    connection = http.client.HTTPConnection(place, timeout=10)
    try:
        proof = base64.b64encode(account.encode()).decode("ascii")
        headers = {"Authorization": f"Basic {proof}", "Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def wait_for(ready: Callable[[], bool], alive: Callable[[], bool] = lambda: True) -> None:
    """Poll until ``ready``; raise ``CannotStartError`` when the server is gone or too slow."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if not alive():
            raise CannotStartError("it ended as it started")
        if ready():
            return
        time.sleep(0.1)
    raise CannotStartError(f"it did not answer within {START_SECONDS} seconds")


def free_port() -> int:
    """Find a port that nobody listens on at the moment.

    It lies below those that the system gives to outgoing connections, so that a server which is
    started again finds it free.
    """
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def quietly(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it says."""
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
