"""How does a log line come out, and what may never be in it?

A line is an event with ids. Only keys on the list below are written; the value of any other is
withheld, so that a name, number, address or text passed by mistake stays out. Of an exception the
types and places are written, never the text: drivers and validators quote values in theirs.
"""

import logging
import logging.config
import sys
import traceback
from collections.abc import Iterable
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

WITHHELD = "[withheld]"

# ids, counts, codes, durations, closed words; a value of none of these kinds has no place here
_KEYS = """
event level timestamp logger exception stack process thread pid version signal
event_id source type family publisher customer delivery_id delivery_ids attempt attempt_id
call_id item_id request_id dispatch_id rule_id rule_version destination_id step batch hint
channel lane status from_status to_status reason verdict code provider reference outcome
queue exchange vhost host port path method http_status table migration setting settings
count size total taken accepted duplicate waiting rejected sent failed claimed settled
lanes holder events deliveries chore event_type
due expired rescued sealed hinted released skipped position seal fence
seconds ms wait_seconds retry_after age_seconds lease_seconds bytes limit tries next_try
state breaker leader error_type problem problems file folder worker
child how in_a_row page until was
action told kind protocol inquiry said
"""
ALLOWED_KEYS = frozenset(_KEYS.split())

_QUIET = {
    # the SDK logs some ten lines a send; silencing it is worth a fifth of the throughput
    "twilio": "WARNING",
    "twilio.http_client": "WARNING",
    "aiosmtplib": "WARNING",
    "aiohttp": "WARNING",
    "pika": "CRITICAL",  # seven lines of error a try, and none says where: we say it ourselves
    "dramatiq": "WARNING",
    "sqlalchemy": "WARNING",
    "alembic": "WARNING",
    "uvicorn": "WARNING",
    # two workers on one broker are what we want: a lane group each (workers.dispatch.running)
    "dramatiq.broker.StubBroker": "ERROR",
    "dramatiq.broker.RabbitmqBroker": "ERROR",
    "mail.log": "WARNING",
    "pypdf": "ERROR",  # what it finds odd in a customer's document is told by its refusal
    "asyncio": "WARNING",
}


def configure(
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["json", "console"] = "json",
    stream: TextIO | None = None,
) -> None:
    """Set up all logging of this process, libraries' included. Writes to stderr by default."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    withheld: list[Processor] = [without_exception_texts, withhold_unlisted]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, _foreign_text_withheld],
        use_get_message=False,
        pass_foreign_args=True,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *withheld,
            _renderer(form),
        ],
    )
    sink = logging.StreamHandler(stream or sys.stderr)
    sink.setFormatter(formatter)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(sink)
    root.setLevel(level.upper())
    # What could not be written is lost: logging's own word on it would show the text that failed.
    logging.raiseExceptions = False
    _silence(_QUIET.items())


def withhold_unlisted(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace the value of every key that is not on the list."""
    return {key: value if key in ALLOWED_KEYS else WITHHELD for key, value in event.items()}


def without_exception_texts(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by the exception's types and places."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = where_it_failed(error)
    return event


def where_it_failed(error: BaseException) -> list[str]:
    """Tell an exception without its text: type and frames, innermost cause first.

    For any place that must show a failure and must not show what it was about.
    """
    told: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)
        places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        kind = type(current)
        told.append(" < ".join([f"{kind.__module__}.{kind.__qualname__}", *reversed(places)]))
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return told[::-1]


def _foreign_text_withheld(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Keep of a library's line its unfilled form: what is filled in may be personal.

    A line without arguments may have been filled in by its writer, so it keeps its place alone.
    """
    if not event.pop("positional_args", None):
        record: logging.LogRecord = event["_record"]
        event["event"] = f"{record.module}:{record.lineno} in {record.funcName}"
    return event


def _renderer(form: Literal["json", "console"]) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer()
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())

    def rendered(logger: WrappedLogger, name: str, event: EventDict) -> str | bytes:
        # For eyes an exception is text, a line each; only JSON knows lists.
        if isinstance(event.get("exception"), list):
            event["exception"] = "\n".join(event["exception"])
        return console(logger, name, event)

    return rendered


def _silence(levels: Iterable[tuple[str, str]]) -> None:
    for name, level in levels:
        logger = logging.getLogger(name)
        logger.setLevel(level)
        for own in logger.handlers[:]:  # a library that brought its own output
            logger.removeHandler(own)
        logger.propagate = True
