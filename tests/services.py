"""Where do the suites find RabbitMQ and PostgreSQL, and who starts them if nobody has?

``python -m tests.services run -- COMMAND…`` runs a command with ``ONWARD_TEST_BROKER_URL`` and
``ONWARD_TEST_DATABASE_URL`` set to what answers: what the environment names, else what listens on
this machine's usual ports, else servers of its own, which are gone when the command is done.
``--own`` always starts its own; ``--require`` fails where one is missing, as ``CI=true`` does.

The standard library, pika and psycopg are all it needs.
"""

import argparse
import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.service_answers import (
    BROKER,
    DATABASE,
    MANAGEMENT,
    CannotStartError,
    broker_answers,
    database_answers,
)
from tests.service_docker import docker_broker, docker_database
from tests.service_packages import packaged_broker, packaged_database

USUAL = {
    BROKER: "amqp://guest:guest@127.0.0.1:5672/%2F",
    DATABASE: "postgresql://postgres@127.0.0.1:5432/postgres",
}
LEFT_OUT = {
    BROKER: "RabbitMQ: every suite marked `broker`",
    DATABASE: "PostgreSQL: every suite marked `database`, and the PostgreSQL half of the store's",
}


@dataclass(frozen=True, slots=True)
class Starter:
    """One way to start one service."""

    way: str
    run: Callable[[], contextlib.AbstractContextManager[dict[str, str]]]


STARTERS = {  # the gentlest first
    BROKER: (Starter("docker", docker_broker), Starter("Debian's packages", packaged_broker)),
    DATABASE: (Starter("docker", docker_database), Starter("Debian's packages", packaged_database)),
}


@dataclass(frozen=True, slots=True)
class Found:
    """What the command is given, and what could not be had."""

    variables: dict[str, str]
    missing: tuple[str, ...]


def answers(kind: str, url: str) -> bool:
    """Whether the service takes a connection at ``url`` now."""
    return broker_answers(url) if kind == BROKER else database_answers(url)


def say(line: str) -> None:
    """Tell the terminal, at once."""
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def services(*, own: bool) -> Iterator[Found]:
    """Find or start both services; what was started is stopped and removed at the end."""
    variables: dict[str, str] = {}
    missing: list[str] = []
    with contextlib.ExitStack() as started:
        for kind in (BROKER, DATABASE):
            named = os.environ.get(kind)
            url = None if own else named or USUAL[kind]
            if url is not None and answers(kind, url):
                say(f"services: {_word(kind)} found ({'environment' if named else 'localhost'})")
                variables[kind] = url
                continue
            if named and not own:
                say(f"services: nothing answers where {kind} points")
                missing.append(kind)
                continue
            given = _start(kind, started)
            if given is None:
                missing.append(kind)
            variables |= given or {}
        yield Found(variables, tuple(missing))


def _start(kind: str, started: contextlib.ExitStack) -> dict[str, str] | None:
    for starter in STARTERS[kind]:
        try:
            return started.enter_context(_announced(kind, starter))
        except CannotStartError as error:
            say(f"services: {_word(kind)} not by {starter.way}: {error}")
    return None


@contextlib.contextmanager
def _announced(kind: str, starter: Starter) -> Iterator[dict[str, str]]:
    say(f"services: starting {_word(kind)} of our own by {starter.way}")
    with starter.run() as given:
        say(f"services: {_word(kind)} started")
        try:
            yield given
        finally:
            say(f"services: stopping our own {_word(kind)}")


def _word(kind: str) -> str:
    return LEFT_OUT[kind].partition(":")[0]


def run(command: list[str], *, own: bool, require: bool, as_settings: bool) -> int:
    """Run ``command`` with the services' addresses; give its exit code, 1 if one is missing."""
    with services(own=own) as found:
        if found.missing:
            say("=" * 78)
            for kind in found.missing:
                say(f"  LEFT OUT, for want of {LEFT_OUT[kind]}")
            say(f"  (name one by {' or '.join(found.missing)}, or start it, or docker)")
            say("=" * 78)
            if require:
                return 1
        environment = {**os.environ, **found.variables, **dict.fromkeys(found.missing, "")}
        if as_settings:
            with _rooms_of_its_own(found) as settings:
                return _call(command, environment | settings)
        return _call(command, environment)


def _call(command: list[str], environment: dict[str, str]) -> int:
    with subprocess.Popen(command, env=environment) as child:
        # Ctrl-C reaches the child itself; we wait for its end, then put away what we started
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        return child.wait()


@contextlib.contextmanager
def _rooms_of_its_own(found: Found) -> Iterator[dict[str, str]]:
    """Give a fresh database and vhost as settings, so that a demo meets nothing of another's."""
    from tests.rooms import fresh_database, fresh_vhost  # noqa: PLC0415 - it builds on this file

    name = f"onward_{secrets.token_hex(4)}"
    management = found.variables.get(MANAGEMENT)
    with (
        fresh_database(found.variables[DATABASE], name) as database,
        fresh_vhost(found.variables[BROKER], name, management) as broker,
    ):
        yield {"ONWARD_DATABASE_URL": database, "ONWARD_BROKER_URL": broker}


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.services")
    verbs = parser.add_subparsers(dest="verb", required=True)
    runs = verbs.add_parser("run", help="run a command with RabbitMQ and PostgreSQL")
    runs.add_argument("--own", action="store_true", help="start our own whatever is there")
    runs.add_argument("--require", action="store_true", help="fail where one is missing")
    runs.add_argument(
        "--as-settings", action="store_true", help="also set ONWARD_BROKER_URL and _DATABASE_URL"
    )
    runs.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    if not command:
        parser.error("name a command after --")
    require = given.require or given.as_settings or os.environ.get("CI") == "true"
    return run(command, own=given.own, require=require, as_settings=given.as_settings)


if __name__ == "__main__":
    sys.exit(main())
