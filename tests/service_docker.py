"""How does a test run get a RabbitMQ and a PostgreSQL in containers, gone when it is done?"""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from tests.service_answers import (
    BROKER,
    DATABASE,
    MANAGEMENT,
    PULL_SECONDS,
    CannotStartError,
    broker_answers,
    database_answers,
    management_answers,
    quietly,
    wait_for,
)


@contextlib.contextmanager
def docker_broker() -> Iterator[dict[str, str]]:
    """Run RabbitMQ with its HTTP interface in a container."""
    with _container("rabbitmq:3-management", {}, (5672, 15672)) as (amqp, web):
        url = f"amqp://guest:guest@127.0.0.1:{amqp}/%2F"
        management = f"http://guest:guest@127.0.0.1:{web}"
        wait_for(lambda: broker_answers(url) and management_answers(management))
        yield {BROKER: url, MANAGEMENT: management}


@contextlib.contextmanager
def docker_database() -> Iterator[dict[str, str]]:
    """Run PostgreSQL in a container."""
    password = secrets.token_hex(16)
    with _container("postgres:16", {"POSTGRES_PASSWORD": password}, (5432,)) as (port,):
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        wait_for(lambda: database_answers(url))
        yield {DATABASE: url}


@contextlib.contextmanager
def _container(
    image: str, environment: Mapping[str, str], ports: Sequence[int]
) -> Iterator[tuple[int, ...]]:
    if shutil.which("docker") is None:
        raise CannotStartError("there is no docker command")
    if quietly(["docker", "info"]).returncode != 0:
        raise CannotStartError("no docker daemon answers")
    name = f"onward-test-{secrets.token_hex(6)}"
    options = [part for key in environment for part in ("--env", key)]
    options += [part for port in ports for part in ("--publish", f"127.0.0.1::{port}")]
    begun = subprocess.run(
        ["docker", "run", "--detach", "--rm", "--name", name, *options, image],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=PULL_SECONDS,
    )
    try:
        if begun.returncode != 0:
            raise CannotStartError(begun.stderr.strip().splitlines()[-1])
        yield tuple(_published(name, port) for port in ports)
    finally:
        quietly(["docker", "rm", "--force", "--volumes", name])


def _published(name: str, port: int) -> int:
    shown = quietly(["docker", "port", name, str(port)]).stdout.splitlines()
    return int(shown[0].rpartition(":")[2])
