"""How does an event read as a text message or an email?

The wording is in `templates/<locale>/`, one folder an event for emails and one file an event for
texts; a customer whose locale has no folder of its own reads `en-GB`. Templates are compiled once,
run in Jinja's sandbox, escape everything in HTML, and see only the words that `wording` gives
them: what a caller wrote is a value and never a template.

An offer has no text template on purpose: offers go by email only, as the policy says.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import FileSystemLoader, StrictUndefined, Template, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from contracts.events import EventData
from contracts.vocabulary import Channel, Content
from workers.routing.display import GAPS, megabytes
from workers.routing.sms_cut import cut, shortened
from workers.routing.sms_length import segments
from workers.routing.sms_plain import plain
from workers.routing.wording import Words, words_of

TEMPLATES: Final = Path(__file__).with_name("templates")
FALLBACK: Final = "en-GB"
MOST_SEGMENTS: Final = 10  # 1,530 characters; Twilio refuses more than 1,600
SUBJECT_LIMIT: Final = 160
DIGEST_OCTETS: Final = 6
BLANK_LINES: Final = re.compile(r"\n[\s]*\n")


class TemplateMissingError(LookupError):
    """Nothing is written about this type of event on this channel."""

    def __init__(self, channel: Channel, event_type: str) -> None:
        super().__init__(f"no {channel} template for {event_type}")
        self.channel = channel
        self.event_type = event_type


@dataclass(frozen=True, slots=True)
class Company:
    """Who sends: named in every email, with how to reach it."""

    legal_name: str
    trading_name: str
    phone: str
    email: str
    website: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom it is written: language, clock, and the name to greet by."""

    locale: str = FALLBACK
    time_zone: str = "Europe/London"
    greeting: str | None = None


class Enclosed(StrEnum):
    """What becomes of a document that goes with an email."""

    NONE = "none"
    ATTACHED = "attached"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A document's fate, and its size for the reader to know."""

    enclosed: Enclosed = Enclosed.NONE
    size: int = 0


NOTHING_ENCLOSED: Final = Enclosure()


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """What an email says; ``template_version`` goes to the ledger."""

    subject: str
    text: str
    html: str
    template_version: str


@dataclass(frozen=True, slots=True)
class RenderedText:
    """What a text message says; ``template_version`` goes to the ledger."""

    body: str
    segments: int
    template_version: str


def attachment_plan(size: int, limit: int) -> Enclosure:
    """Attach a document of ``size`` octets, or say that it is too large.

    ``limit`` is the largest email that is sent, as it goes over the wire: base64 in lines of 76
    makes 78 octets of every 57.
    """
    fits = -(-size // 57) * 78 <= limit
    return Enclosure(Enclosed.ATTACHED if fits else Enclosed.TOO_LARGE, size)


@dataclass(frozen=True, slots=True)
class _EmailTemplates:
    subject: Template
    text: Template
    html: Template
    layout: Template
    footer_text: str
    footer_html: Markup
    version: str


@dataclass(frozen=True, slots=True)
class _TextTemplate:
    body: Template
    version: str


class Renderer:
    """Writes texts and emails for one company; templates are loaded when first used and kept.

    Safe to use from several threads: two that load the same template load the same thing.
    """

    def __init__(self, company: Company, templates: Path = TEMPLATES) -> None:
        self._root = templates
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(templates),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self._environment.filters["quoted"] = quoted
        self._environment.globals.update(
            legal_name=company.legal_name,
            trading_name=company.trading_name,
            phone=company.phone,
            email=company.email,
            website=company.website,
        )
        self._emails: dict[tuple[str, str], _EmailTemplates] = {}
        self._texts: dict[tuple[str, str], _TextTemplate] = {}

    def render_text(
        self,
        event_type: str,
        event: EventData,
        content: Content,
        reader: Reader,
        most: int = MOST_SEGMENTS,
    ) -> RenderedText:
        """A text message of ``most`` segments at most; longer words are cut, and it says so.

        Raises:
            TemplateMissingError: there is no text message about this type.
        """
        template = self._text(event_type, reader.locale)
        words = self._words(event, content, reader)

        def written(text: str, rest: str) -> str:
            return _tidy(template.body.render(words | {"text": text, "rest": rest}))

        text = words.get("text", "")
        whole = written(text, "")
        if segments(whole) > most:
            whole = shortened(written, text, self._where_the_rest_is(), most)
        return RenderedText(whole, segments(whole), template.version)

    def render_email(
        self,
        event_type: str,
        event: EventData,
        content: Content,
        reader: Reader,
        enclosure: Enclosure = NOTHING_ENCLOSED,
    ) -> RenderedEmail:
        """Subject, text and HTML, with the company's names and contact details in the footer.

        Raises:
            TemplateMissingError: there is no email about this type.
        """
        templates = self._email(event_type, reader.locale)
        words = self._words(event, content, reader)
        words["enclosed"] = enclosure.enclosed
        words["enclosed_size"] = megabytes(enclosure.size)
        subject = cut(templates.subject.render(words).strip(), SUBJECT_LIMIT)
        text = GAPS.sub("\n\n", templates.text.render(words)).strip("\n") + templates.footer_text
        html = templates.layout.render(
            subject=subject,
            body=Markup(templates.html.render(words)),  # noqa: S704 - came out of autoescape
            footer=templates.footer_html,
        )
        return RenderedEmail(subject, text, html, templates.version)

    @staticmethod
    def _words(event: EventData, content: Content, reader: Reader) -> Words:
        words = words_of(event, content, ZoneInfo(reader.time_zone))
        words["greeting"] = reader.greeting or ""
        words["notice"] = "yes" if content is Content.NOTICE else ""
        words["summary"] = "yes" if content is Content.SUMMARY else ""
        return words

    def _where_the_rest_is(self) -> str:
        return f"... (cut; for the rest call us on {self._environment.globals['phone']})"

    def _text(self, event_type: str, locale: str) -> _TextTemplate:
        key = (event_type, locale)
        found = self._texts.get(key)
        if found is None:
            folder = self._folder(Channel.SMS, event_type, locale, f"{event_type}.txt")
            name = f"{folder}/{event_type}.txt"
            found = _TextTemplate(self._environment.get_template(name), self._version([name]))
            self._texts[key] = found
        return found

    def _email(self, event_type: str, locale: str) -> _EmailTemplates:
        key = (event_type, locale)
        found = self._emails.get(key)
        if found is None:
            folder = self._folder(Channel.EMAIL, event_type, locale, f"{event_type}/body.txt")
            own = [f"{folder}/{event_type}/{part}" for part in ("subject.txt", "body.txt")]
            own.append(f"{folder}/{event_type}/body.html")
            shared = [f"{folder}/{part}" for part in ("layout.html", "footer.txt", "footer.html")]
            load = self._environment.get_template
            found = _EmailTemplates(
                subject=load(own[0]),
                text=load(own[1]),
                html=load(own[2]),
                layout=load(shared[0]),
                footer_text="\n\n-- \n" + load(shared[1]).render().strip() + "\n",
                footer_html=Markup(load(shared[2]).render()),  # noqa: S704 - autoescaped
                version=self._version(own + shared),
            )
            self._emails[key] = found
        return found

    def _folder(self, channel: Channel, event_type: str, locale: str, wanted: str) -> str:
        for one in (locale, FALLBACK):
            folder = f"{one}/{channel}"
            if one.replace("-", "").isalnum() and (self._root / folder / wanted).is_file():
                return folder
        raise TemplateMissingError(channel, event_type)

    def _version(self, names: list[str]) -> str:
        """A short digest of the sources, the same in every process that has the same files."""
        digest = blake2b(digest_size=DIGEST_OCTETS)
        for name in names:
            digest.update(name.encode() + b"\0" + (self._root / name).read_bytes() + b"\0")
        return digest.hexdigest()


def quoted(words: str) -> str:
    """Each line behind a ``>``, so that nobody's words can pass for ours."""
    return "\n".join(f"> {line}" for line in words.split("\n"))


def _tidy(text: str) -> str:
    """Plain marks, no blank lines."""
    return BLANK_LINES.sub("\n", plain(text)).strip()
