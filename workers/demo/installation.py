"""How is Onward itself run for the demo: in this process, or as a full installation's?"""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from config import keyfile
from config.topology import DEAD_QUEUE, intake_queues
from workers.bootstrap.parts import Parts
from workers.demo.watching import until

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_SERVE = (
    ("intake",),
    ("dispatch", "--lanes", "live,urgent"),
    ("dispatch", "--lanes", "routine,bulk"),
    ("upkeep",),
    ("web",),
)
_ONWARD = (sys.executable, "-c", "from workers.cli import main; main()")


class DemoError(Exception):
    """The demo cannot be played here; the text says why and what to do."""


@contextmanager
def together(parts: Parts) -> Iterator[None]:
    """Run everything in this process."""
    from workers.together import Together  # noqa: PLC0415 - not for a full installation

    running = Together(parts)
    running.start()
    try:
        yield
    finally:
        running.stop()


def set_up(environment: Mapping[str, str], home: Path) -> None:
    """Make a full installation's tables, exchanges and queues. Raises ``DemoError``."""
    env = {**_environment(environment, home), "ONWARD_LOG_LEVEL": "error"}
    for once in ("migrate", "topology"):
        done = subprocess.run(  # noqa: S603 - our own program
            [*_ONWARD, once], env=env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise DemoError(f"onward {once}: {done.stderr.strip() or done.returncode}")


@contextmanager
def processes(environment: Mapping[str, str], home: Path) -> Iterator[None]:
    """Run a full installation's processes; their logs are in ``home``. Raises ``DemoError``."""
    env = _environment(environment, home)
    with ExitStack() as stack:
        started = [stack.enter_context(_process(one, env, home)) for one in _SERVE]
        port = int(environment["ONWARD_DOOR_PORT"])
        until(
            lambda: _answers(port) or any(one.poll() is not None for one in started),
            bool,
            _START_SECONDS,
        )
        for command, one in zip(_SERVE, started, strict=True):
            if one.poll() is not None:
                raise DemoError(f"onward {command[0]} ended at once; see {home}/{command[0]}.log")
        yield


def _environment(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """Give a process's environment: nobody's settings but the demo's own."""
    outside = {k: v for k, v in os.environ.items() if not k.startswith("ONWARD_")}
    nothing_more = home / "onward.toml"
    nothing_more.touch()
    return {**outside, **environment, "ONWARD_CONFIG": str(nothing_more)}


@contextmanager
def _process(
    command: tuple[str, ...], env: Mapping[str, str], home: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with (home / f"{command[0]}.log").open("ab") as log:
        # A session of its own: Ctrl-C is for us, who then stop it in order.
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*_ONWARD, *command], env=dict(env), stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def expect_idle(broker: str) -> None:
    """Make sure that nobody else works at this broker. Raises ``DemoError``.

    The demo would take other publishers' events, and other consumers would take the demo's.
    """
    from pika.exceptions import AMQPError, ChannelClosedByBroker  # noqa: PLC0415

    from workers.running.broker import connect, reason_of  # noqa: PLC0415

    try:
        connection = connect(broker, "onward demo")
    except (AMQPError, OSError) as error:
        raise DemoError(f"RabbitMQ cannot be reached ({reason_of(error)})") from None
    with connection:
        for queue in (*intake_queues(), DEAD_QUEUE):
            channel = connection.channel()
            try:
                there = channel.queue_declare(queue, passive=True).method
            except ChannelClosedByBroker:
                continue  # not there yet
            channel.close()
            if there.message_count or there.consumer_count:
                raise DemoError(
                    f"the broker's queue {queue} is in use: give the demo a vhost of its own"
                )


@contextmanager
def own_schema(database: str) -> Iterator[str]:
    """Make a schema of the demo's own, gone afterwards; give the URL that leads to it."""
    import psycopg  # noqa: PLC0415 - not for the embedded form
    from psycopg import sql  # noqa: PLC0415

    parts = urlsplit(database)
    plain = urlunsplit(parts._replace(scheme="postgresql"))
    name = f"onward_demo_{secrets.token_hex(4)}"
    try:
        with psycopg.connect(plain, autocommit=True, connect_timeout=10) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    except psycopg.Error as error:
        raise DemoError(f"PostgreSQL cannot be used ({type(error).__name__})") from None
    query = [*parse_qsl(parts.query), ("options", f"-c search_path={name}")]
    try:
        yield urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


def make_key(home: Path) -> Path:
    """Make the installation's master key."""
    path = home / "master.key"
    keyfile.make_master_key(path, secrets.token_bytes(keyfile.KEY_BYTES))
    return path
