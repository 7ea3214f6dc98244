"""What every suite shares: real services in rooms of their own, and a loud word where one lacks."""

import os
import secrets
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import quote

import hypothesis
import psycopg
import pytest
import structlog
from psycopg import sql

from config.sources import ENV_PREFIX, TEST_PREFIX
from tests.logs import forget_set_up, last_words
from tests.rooms import NoRoomError, fresh_database, fresh_vhost
from tests.service_answers import BROKER, DATABASE, MANAGEMENT
from tests.services import LEFT_OUT, USUAL, answers

LOUD = "LEFT OUT for want of"

hypothesis.settings.register_profile("onward", deadline=None)  # a busy machine is no failure


def pytest_configure(config: pytest.Config) -> None:
    """Shut out the settings of whoever runs the tests."""
    del config
    hypothesis.settings.load_profile("onward")
    for name in list(os.environ):
        if name.startswith(ENV_PREFIX) and not name.startswith(TEST_PREFIX):
            del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a service, by the fixtures it asks for."""
    for item in items:
        asked = getattr(item, "fixturenames", ())
        if "broker_url" in asked:
            item.add_marker(pytest.mark.broker)
        if "database_url" in asked:
            item.add_marker(pytest.mark.database)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what the test's own processes said: their logs lie in its folder."""
    report = yield
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.failed and isinstance(folder, Path):
        report.sections += [(f"the end of {name}", said) for name, said in last_words(folder)]
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the very end what was left out, so that a green run hides nothing."""
    reasons = {
        str(report.longrepr[2]).removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and LOUD in report.longrepr[2]
    }
    for reason in sorted(reasons):
        terminalreporter.write_line(f"!!! {reason}", red=True, bold=True)


def _leave_out(what: str, why: str) -> None:
    """Skip on a laptop, loudly; fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{LOUD} {what}: {why}; with CI=true that is a failure", pytrace=False)
    pytest.skip(f"{LOUD} {what}: {why}")


def _found(kind: str) -> str:
    url = os.environ.get(kind, USUAL[kind])  # set but empty: looked for, and not to be had
    if not url or not answers(kind, url):
        _leave_out(LEFT_OUT[kind], "none answers")
    return url


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Leave nothing of how a command that ran in this process logs to the tests after it."""
    yield
    if structlog.is_configured():
        forget_set_up()


@pytest.fixture(scope="session")
def room_name(worker_id: str) -> str:
    """Give a name that no other run and no other worker has."""
    return f"onward_test_{secrets.token_hex(4)}_{worker_id}"


@pytest.fixture(scope="session")
def database_url(room_name: str) -> Iterator[str]:
    """Give this worker's own PostgreSQL database; tests in it see one another's rows."""
    with fresh_database(_found(DATABASE), room_name) as url:
        yield url


@pytest.fixture
def postgresql_url(database_url: str) -> Iterator[str]:
    """Give an empty PostgreSQL schema, gone after the test."""
    schema = sql.Identifier(name := f"s_{secrets.token_hex(6)}")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
    options = quote(f"-c search_path={name}", safe="")
    yield f"{database_url}?options={options}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(schema))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'onward.db'}"


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=[pytest.mark.database]),
    ]
)
def store_url(request: pytest.FixtureRequest) -> str:
    """Give an empty store of each kind: a test that asks for it runs on both."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(scope="module")
def broker_url(room_name: str) -> Iterator[str]:
    """Give a RabbitMQ vhost of the module's own; a test purges or renames what it would share."""
    server = _found(BROKER)
    name = f"{room_name}_{secrets.token_hex(3)}"
    try:
        room = fresh_vhost(server, name, os.environ.get(MANAGEMENT))
        url = room.__enter__()
    except NoRoomError as error:
        _leave_out(LEFT_OUT[BROKER], f"no vhost of its own can be made: {error}")
        raise
    try:
        yield url
    finally:
        room.__exit__(None, None, None)
