"""How does each test worker get a database and a vhost of its own, gone when it is done?"""

import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.service_answers import ask_management


class NoRoomError(Exception):
    """No vhost of its own can be had here; the text says why."""


@contextlib.contextmanager
def fresh_database(server_url: str, name: str) -> Iterator[str]:
    """Make a database, give its URL, and drop it at the end with whoever is still in it."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        connection.execute(drop)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(
                sql.Identifier(name)
            )
        )
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(drop)


@contextlib.contextmanager
def fresh_vhost(broker_url: str, name: str, management: str | None) -> Iterator[str]:
    """Make a vhost for the URL's user, give its URL, and delete it at the end.

    By RabbitMQ's HTTP interface where there is one, else by ``rabbitmqctl`` for a broker on this
    machine. Raises ``NoRoomError`` where neither is open to us.
    """
    ways = _ByHttp(management) if management else _by_command(broker_url)
    parts = urlsplit(broker_url)
    user = unquote(parts.username or "guest")
    ways.delete(name)
    ways.make(name, user)
    try:
        yield urlunsplit(parts._replace(path=f"/{quote(name, safe='')}"))
    finally:
        ways.delete(name)


def load_definitions(broker_url: str, made: Mapping[str, object], management: str | None) -> None:
    """Load RabbitMQ definitions, as an administrator would. Raises ``NoRoomError`` as above."""
    (_ByHttp(management) if management else _by_command(broker_url)).load(json.dumps(made))


def delete_user(broker_url: str, name: str, management: str | None) -> None:
    """Delete a broker user; one that is not there is no matter."""
    (_ByHttp(management) if management else _by_command(broker_url)).delete_user(name)


class _ByHttp:
    def __init__(self, url: str) -> None:
        self._url = url

    def make(self, name: str, user: str) -> None:
        everything = json.dumps({"configure": ".*", "write": ".*", "read": ".*"})
        for path, body in (
            (f"/api/vhosts/{name}", None),
            (f"/api/permissions/{name}/{quote(user, safe='')}", everything),
        ):
            status = ask_management(self._url, "PUT", path, body)
            if status not in {http.client.CREATED, http.client.NO_CONTENT}:
                raise NoRoomError(f"RabbitMQ's HTTP interface answers {status}")

    def delete(self, name: str) -> None:
        ask_management(self._url, "DELETE", f"/api/vhosts/{name}")

    def load(self, definitions: str) -> None:
        status = ask_management(self._url, "POST", "/api/definitions", definitions)
        if status not in {http.client.CREATED, http.client.NO_CONTENT}:
            raise NoRoomError(f"RabbitMQ's HTTP interface answers {status} to definitions")

    def delete_user(self, name: str) -> None:
        ask_management(self._url, "DELETE", f"/api/users/{name}")


class _ByCommand:
    def __init__(self, program: str) -> None:
        self._program = program

    def make(self, name: str, user: str) -> None:
        self._ask("add_vhost", name)
        self._ask("set_permissions", "-p", name, user, ".*", ".*", ".*")

    def delete(self, name: str) -> None:
        with contextlib.suppress(NoRoomError):
            self._ask("delete_vhost", name)

    def load(self, definitions: str) -> None:
        self._ask("import_definitions", given=definitions)

    def delete_user(self, name: str) -> None:
        with contextlib.suppress(NoRoomError):
            self._ask("delete_user", name)

    def _ask(self, *words: str, given: str = "") -> None:
        done = subprocess.run(
            [self._program, "--quiet", *words],
            check=False,
            capture_output=True,
            input=given,
            text=True,
            timeout=60,
            # it must find its own home, not ours
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
        )
        if done.returncode != 0:
            said = re.sub(r"\s+", " ", done.stderr.strip())[:200]
            raise NoRoomError(f"rabbitmqctl {words[0]}: {said or done.returncode}")


def _by_command(broker_url: str) -> _ByCommand:
    program = shutil.which("rabbitmqctl") or shutil.which("rabbitmqctl", path="/usr/sbin")
    if urlsplit(broker_url).hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise NoRoomError("the broker is elsewhere and its HTTP interface was not named")
    if program is None or os.geteuid() != 0:
        raise NoRoomError("rabbitmqctl is not here, or not ours to run")
    return _ByCommand(program)
