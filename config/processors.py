"""Which third parties carry and keep what we hold about people, and is each declared?

A part is one adapter or store of ours, and somebody runs it. Who, is known of Twilio by its
address, and of what is on this very machine; else it is declared in ``processors``, or named in
``own_parts`` as the company's own. While a part is in use that nobody answers for, nothing starts.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from config.providers import (
    FIRST_SMS,
    FIRST_SMTP,
    MAILROOM,
    VOICE,
    Name,
    all_sms_senders,
    all_smtp_relays,
    is_loopback,
    read_json,
)
from contracts.vocabulary import Category

if TYPE_CHECKING:
    from config.settings import Settings

CALL_CENTRE = "call-centre"
PAYMENTS = "payments"
BACKUP = "backup"
# Parts by name, beside further relays and accounts, which bear names of their own.
PARTS: Mapping[str, Category] = MappingProxyType(
    {
        FIRST_SMS: Category.COMMUNICATIONS,
        VOICE: Category.COMMUNICATIONS,
        FIRST_SMTP: Category.COMMUNICATIONS,
        "broker": Category.COMMUNICATIONS,
        MAILROOM: Category.COMMUNICATIONS,
        CALL_CENTRE: Category.COMMUNICATIONS,
        PAYMENTS: Category.FINANCIAL,
        "database": Category.DATABASE,
        "files": Category.STORAGE,
        "erasures": Category.STORAGE,
        BACKUP: Category.BACKUP,
    }
)
# What is deleted there, we delete ourselves: nobody need be asked to.
ERASED_BY_US = frozenset({"broker", "database", "files", "erasures"})
OURSELVES = "ourselves"
SANDBOX = "sandbox"
_EXAMPLE = (
    '[{{"name": "example", "company": "Example Ltd", "parts": ["{part}"], "region": "GB",'
    ' "contract": "DPA of 2026-01-31"}}]'
)
_TWILIO_HOST = "twilio.com"

Line = Annotated[str, Field(min_length=1, max_length=200)]


class Declared(BaseModel):
    """One processor, as it is declared. ``name`` stands in what it is asked and answers."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Name
    company: Line
    parts: Annotated[tuple[Name, ...], Field(min_length=1)]
    region: Line
    contract: Line


Declarations = Annotated[tuple[Declared, ...], NoDecode, BeforeValidator(read_json)]


@dataclass(frozen=True, slots=True)
class Part:
    """An adapter or store in use: its name, and the place that the setting ``by`` gives it."""

    name: str
    category: Category
    by: str
    host: str | None


@dataclass(frozen=True, slots=True)
class Processor:
    """Who runs one part, where, and under which contract; ``outside`` where it is not ourselves."""

    part: str
    category: Category
    name: str
    company: str
    region: str
    contract: str
    outside: bool = True

    @property
    def erases_when_asked(self) -> bool:
        """Whether an erasure is complete only when it has confirmed that it has erased, too."""
        return self.outside and self.part not in ERASED_BY_US


class UndeclaredProcessorError(Exception):
    """Parts are in use that nobody answers for; ``problems`` name setting and fix, one each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def parts_in_use(settings: "Settings") -> tuple[Part, ...]:
    """Give the adapters and stores that these settings put to use, and where each is."""
    return tuple(_parts(settings))


def processors_of(settings: "Settings") -> tuple[Processor, ...]:
    """Give who runs each part: those in use, then what is declared beside.

    What is in use and not declared is left out: ``undeclared`` names it.
    """
    used = parts_in_use(settings)
    found = [known for part in used if (known := _known(settings, part)) is not None]
    names = {part.name for part in used}
    beside = [
        _processor(one, name, PARTS[name])
        for one in settings.processors
        for name in one.parts
        if name in PARTS and name not in names
    ]
    return (*found, *beside)


def undeclared(settings: "Settings") -> tuple[str, ...]:
    """Say of each part in use that nobody answers for how to declare who does."""
    return tuple(
        f"{part.name} ({part.by}, {part.host}): nobody is named who runs it, as the policy wants:"
        f" say who in ONWARD_PROCESSORS, as {_EXAMPLE.format(part=part.name)}; or, if you run it on"
        f" a machine of your own, add {part.name} to ONWARD_OWN_PARTS"
        for part in parts_in_use(settings)
        if _known(settings, part) is None
    )


def insist(settings: "Settings") -> None:
    """Raise ``UndeclaredProcessorError`` where a part in use has nobody who answers for it."""
    problems = undeclared(settings)
    if problems:
        raise UndeclaredProcessorError(problems)


def misdeclared(settings: "Settings") -> Iterator[str]:
    """Yield what of the declarations names no part, or names one twice; in plain words."""
    known = PARTS.keys() | {part.name for part in parts_in_use(settings)}
    named = [(f"processors: {one.name}", name) for one in settings.processors for name in one.parts]
    named += [("own_parts", name) for name in settings.own_parts]
    for where, name in named:
        if name not in known:
            yield f"{where}: there is no part {name}; parts are {', '.join(sorted(known))}"
    for name, count in Counter(name for _, name in named).items():
        if count > 1:
            yield f"processors and own_parts name {name} more than once: one runs it"
    for name, count in Counter(one.name for one in settings.processors).items():
        if count > 1 or name in {OURSELVES, SANDBOX}:
            yield f"processors: the name {name} is taken; list all its parts in one declaration"


def _parts(settings: "Settings") -> Iterator[Part]:
    talks = Category.COMMUNICATIONS
    for sender in all_sms_senders(settings):
        by = "ONWARD_TWILIO_API_URL" if sender.name == FIRST_SMS else "ONWARD_SMS_SENDERS"
        yield Part(sender.name, talks, by, urlsplit(sender.api_url).hostname)
    if settings.twilio_account_sid is not None:
        yield Part(
            VOICE, talks, "ONWARD_TWILIO_API_URL", urlsplit(settings.twilio_api_url).hostname
        )
    for relay in all_smtp_relays(settings):
        by = "ONWARD_SMTP_HOST" if relay.name == FIRST_SMTP else "ONWARD_SMTP_RELAYS"
        yield Part(relay.name, talks, by, relay.host)
    if settings.broker is not None:
        yield Part("broker", talks, "ONWARD_BROKER_URL", urlsplit(settings.broker).hostname)
    yield Part("database", Category.DATABASE, "ONWARD_DATABASE_URL", _database_host(settings))
    for name, by, url in (
        ("files", "ONWARD_BLOB_URL", settings.blobs),
        ("erasures", "ONWARD_ERASURE_URL", settings.erasures),
    ):
        yield Part(name, Category.STORAGE, by, _store_host(url))


def _database_host(settings: "Settings") -> str | None:
    parts = urlsplit(settings.database)
    if parts.scheme == "sqlite":
        return None
    named = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    return None if not named or named.startswith("/") else named  # a socket of this machine


def _store_host(url: str) -> str | None:
    parts = urlsplit(url)
    return None if parts.scheme == "file" else f"{parts.scheme}://{parts.netloc}"


def _known(settings: "Settings", part: Part) -> Processor | None:
    for one in settings.processors:
        if part.name in one.parts:
            return _processor(one, part.name, part.category)
    if part.host is None or is_loopback(part.host):
        return _ours(part, "on this machine")
    if part.name in settings.own_parts:
        return _ours(part, f"on a machine of our own ({part.host})")
    if settings.sandbox:
        return Processor(
            part.name, part.category, SANDBOX, "a stand-in", part.host, "none", outside=False
        )
    if part.host == _TWILIO_HOST or part.host.endswith(f".{_TWILIO_HOST}"):
        return _twilio(part)
    return None


def _ours(part: Part, where: str) -> Processor:
    return Processor(
        part.name, part.category, OURSELVES, OURSELVES, where, "none needed", outside=False
    )


def _twilio(part: Part) -> Processor:
    # Of a host as api.dublin.ie1.twilio.com the third label from the right is the region.
    labels = (part.host or "").split(".")
    region = labels[-3] if len(labels) > 3 else "us1"
    return Processor(
        part.name,
        part.category,
        "twilio",
        "Twilio",
        f"Twilio's region {region}",
        "its Data Protection Addendum, a part of its terms of service",
    )


def _processor(one: Declared, part: str, category: Category) -> Processor:
    return Processor(part, category, one.name, one.company, one.region, one.contract)
