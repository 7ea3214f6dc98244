"""Logs: events with ids, and nothing of anybody's."""

import ast
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from config import logs
from tests.docs.reading import ROOT

NAME = "Beatrix Ouseburn"
NUMBER = "+447700900123"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Put the process's logging back after each test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def written() -> io.StringIO:
    """Log into a text, as JSON."""
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    return stream


def lines(written: io.StringIO) -> list[dict[str, object]]:
    """Read back what was logged."""
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_is_an_event_with_ids_and_counts(written: io.StringIO) -> None:
    """An operator searches by id."""
    structlog.stdlib.get_logger("onward.intake").info("batch taken", count=3, event_id="e-1")

    (line,) = lines(written)

    assert line["event"] == "batch taken"
    assert (line["count"], line["event_id"]) == (3, "e-1")
    assert (line["level"], line["logger"]) == ("info", "onward.intake")
    assert str(line["timestamp"]).endswith("Z")


def test_what_is_not_on_the_list_is_withheld(written: io.StringIO) -> None:
    """A personal value passed by mistake must not reach the log."""
    structlog.stdlib.get_logger("x").info("sent", to=NUMBER, caller=NAME, delivery_id="d-1")

    (line,) = lines(written)

    assert line["to"] == line["caller"] == logs.WITHHELD
    assert NUMBER not in written.getvalue()
    assert NAME not in written.getvalue()


def test_context_is_withheld_too(written: io.StringIO) -> None:
    """Bound values come by another way and must meet the same list."""
    with structlog.contextvars.bound_contextvars(person=NAME, batch="b-1"):
        structlog.stdlib.get_logger("x").info("claimed")

    (line,) = lines(written)

    assert (line["person"], line["batch"]) == (logs.WITHHELD, "b-1")


def test_an_exception_is_told_without_its_text(written: io.StringIO) -> None:
    """Drivers and validators quote values in their texts."""

    def fail() -> None:
        try:
            int(NAME)
        except ValueError as error:
            raise LookupError(NUMBER) from error

    try:
        fail()
    except LookupError:
        structlog.stdlib.get_logger("x").exception("batch failed", batch="b-1")

    (line,) = lines(written)
    told = line["exception"]

    assert isinstance(told, list)
    assert [str(one).split(" < ")[0] for one in told] == [
        "builtins.ValueError",
        "builtins.LookupError",
    ]
    assert "in fail" in told[0]
    assert NAME not in written.getvalue()
    assert NUMBER not in written.getvalue()


def test_a_librarys_line_keeps_its_form_and_loses_what_is_filled_in(
    written: io.StringIO,
) -> None:
    """Libraries fill addresses and SQL parameters into theirs."""
    library = logging.getLogger("somelibrary")
    library.warning("could not reach %s", NUMBER)
    library.warning(f"could not reach {NUMBER}")
    library.error("broke", exc_info=ValueError(NAME))

    told = [line["event"] for line in lines(written)]

    assert told[0] == "could not reach %s"
    assert NUMBER not in written.getvalue()
    assert NAME not in written.getvalue()


def test_chatty_libraries_are_quiet(written: io.StringIO) -> None:
    """The SMS client's own lines alone cost a fifth of the throughput."""
    for name in ("twilio.http_client", "twilio.async_http_client", "aiosmtplib", "pika.adapters"):
        logging.getLogger(name).info("ten lines a send")

    assert written.getvalue() == ""


def test_a_broker_that_is_away_is_told_of_by_us_alone(written: io.StringIO) -> None:
    """Its client writes seven errors a try, and each would ask an operator to look."""
    logging.getLogger("pika.adapters.blocking_connection").error(
        "Connection workflow failed: %r", 1
    )

    assert written.getvalue() == ""


def test_no_line_of_ours_says_what_is_then_withheld() -> None:
    """Found in an incident, it is found too late."""
    withheld = [
        f"{path.name}: {found.arg}"
        for room in ("config", "store", "workers")
        for path in (ROOT / room).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("log.")
        for found in call.keywords
        if found.arg not in logs.ALLOWED_KEYS | {"exc_info"}
    ]

    assert withheld == []


def test_for_eyes_it_withholds_as_well() -> None:
    """A terminal's scrollback is a log too."""
    stream = io.StringIO()
    logs.configure("debug", "console", stream)

    structlog.stdlib.get_logger("x").debug("sent", to=NUMBER)

    assert "sent" in stream.getvalue()
    assert NUMBER not in stream.getvalue()


def test_setting_up_twice_writes_each_line_once(written: io.StringIO) -> None:
    """A process that configures again must not double its log."""
    stream = io.StringIO()
    logs.configure("info", "json", stream)

    structlog.stdlib.get_logger("x").info("started")

    assert len(lines(stream)) == 1
    assert written.getvalue() == ""


def test_an_exception_is_told_on_a_console_too() -> None:
    """What an operator looks at while trying things out must not lose the failure."""
    stream = io.StringIO()
    logs.configure("info", "console", stream)

    try:
        int(NUMBER + "x")
    except ValueError:
        structlog.stdlib.get_logger("x").exception("batch failed", batch="b-1")

    assert "builtins.ValueError" in stream.getvalue()
    assert NUMBER not in stream.getvalue()
