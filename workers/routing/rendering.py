"""How does an event read as a text message or an email?

The wording is in files (`template_files`, which has their layout): templates see only the words
that `wording` gives them, so what a caller wrote is a value and never a template.

An offer has no text template on purpose: offers go by email only, as the policy says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from contracts.events import EventData
from contracts.vocabulary import Channel, Content
from workers.routing.display import GAPS, megabytes, moment
from workers.routing.enclosing import NOTHING_ENCLOSED, Enclosure
from workers.routing.sms_cut import cut, longest, shortened
from workers.routing.sms_length import segments
from workers.routing.sms_plain import plain
from workers.routing.template_files import FALLBACK, Piece, TemplateFiles
from workers.routing.wording import Words, words_of

CODE: Final = "code"
MOST_SEGMENTS: Final = 10  # 1,530 characters; Twilio refuses more than 1,600
SUBJECT_LIMIT: Final = 160
COLOUR: Final = "#2f6f5e"
BLANK_LINES: Final = re.compile(r"\n[\s]*\n")
LAYOUT: Final = ("layout.html", "footer.txt", "footer.html")


@dataclass(frozen=True, slots=True)
class Company:
    """Who sends: named in every email, with how to reach it; and how its emails look.

    ``colour`` is a CSS colour, ``logo`` the address of a picture; ``footer`` are further lines
    under every email, as the company's number and registered office.
    """

    legal_name: str
    trading_name: str
    phone: str
    email: str
    website: str | None = None
    colour: str = COLOUR
    logo: str | None = None
    footer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom it is written: language, clock, and the name to greet by.

    ``told_before``: they know of the call that it is about.
    """

    locale: str = FALLBACK
    time_zone: str = "Europe/London"
    greeting: str | None = None
    told_before: bool = False


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


@dataclass(frozen=True, slots=True)
class Asking:
    """What stands below a text that asks for an answer, and the templates that it is from."""

    below: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _EmailTemplates:
    subject: Piece
    text: Piece
    html: Piece
    layout: Piece
    footer_text: str
    footer_html: Markup
    language: str
    version: str


@dataclass(frozen=True, slots=True)
class _TextTemplate:
    body: Piece
    version: str


class Renderer:
    """Writes texts and emails for one company; templates are loaded when first used and kept.

    ``own`` is a folder that is searched before the templates that are shipped. Safe to use from
    several threads. Whatever is wrong with a template raises
    ``template_files.TemplateFailedError``, and that there is none ``TemplateMissingError``.
    """

    def __init__(self, company: Company, own: Path | None = None) -> None:
        self._company = company
        self.files = TemplateFiles(branding(company), own)
        self._emails: dict[tuple[str, str], _EmailTemplates] = {}
        self._texts: dict[tuple[str, str], _TextTemplate] = {}

    def render_text(
        self,
        event_type: str,
        event: EventData,
        content: Content,
        reader: Reader,
        most: int = MOST_SEGMENTS,
        code: str | None = None,
    ) -> RenderedText:
        """A text message of ``most`` segments at most; longer words are cut, and it says so.

        ``code`` is what its reader is asked to send back, if anything: that is never cut.
        """
        words, asking = self.words(event, content, reader), self.asking(code, reader.locale)
        found = self.text_of(event_type, words, reader.locale, most, asking.below)
        if not asking.names:
            return found
        version = f"{found.template_version}+{self.files.version(asking.names)}"
        return replace(found, template_version=version)

    def text_of(
        self, name: str, words: Words, locale: str, most: int = MOST_SEGMENTS, below: str = ""
    ) -> RenderedText:
        """The text message of a name, of words that are ready; only their ``text`` is ever cut.

        What stands ``below`` it is never cut.
        """
        template = self._text(name, locale)

        def written(text: str, rest: str) -> str:
            return tidy(template.body.render(words | {"text": text, "rest": rest})) + below

        text = words.get("text", "")
        whole = written(text, "")
        if segments(whole) > most:
            whole = shortened(written, text, self._where_the_rest_is(), most)
        if not whole.endswith(below):  # the frame alone was too long, and is cut instead
            whole = _above(below, written("", ""), most)
        return RenderedText(whole, segments(whole), template.version)

    def asking(self, code: str | None, locale: str) -> Asking:
        """What stands below a text that asks for a code; nothing where it asks for none."""
        if code is None:
            return Asking()
        name = self.files.find(locale, f"{Channel.SMS}/{CODE}.txt")
        return Asking("\n" + tidy(self.files.piece(name).render({"code": code})), (name,))

    def render_email(
        self,
        event_type: str,
        event: EventData,
        content: Content,
        reader: Reader,
        enclosure: Enclosure = NOTHING_ENCLOSED,
        unsubscribe: str = "",
    ) -> RenderedEmail:
        """Subject, text and HTML, with the company's names and contact details in the footer.

        ``unsubscribe`` is where its reader can opt out, for an offer.
        """
        words = self.words(event, content, reader) | {
            "enclosed": enclosure.enclosed.value,
            "enclosed_size": megabytes(enclosure.size),
            "enclosed_link": enclosure.link,
            "enclosed_until": moment(enclosure.until, ZoneInfo(reader.time_zone)),
            "unsubscribe": unsubscribe,
        }
        return self.email_of(event_type, words, reader.locale)

    def email_of(self, name: str, words: Mapping[str, object], locale: str) -> RenderedEmail:
        """The email of a name, of words that are ready."""
        templates = self._email(name, locale)
        subject = cut(" ".join(templates.subject.render(words).split()), SUBJECT_LIMIT)
        text = GAPS.sub("\n\n", templates.text.render(words)).strip("\n") + templates.footer_text
        html = templates.layout.render(
            {
                "language": templates.language,
                "subject": subject,
                "body": Markup(templates.html.render(words)),  # noqa: S704 - came out of autoescape
                "footer": templates.footer_html,
            }
        )
        return RenderedEmail(subject, text, html, templates.version)

    @staticmethod
    def words(event: EventData, content: Content, reader: Reader) -> Words:
        """All that a template may say of an event to this reader."""
        words = words_of(event, content, ZoneInfo(reader.time_zone))
        words["greeting"] = reader.greeting or ""
        words["told_before"] = "yes" if reader.told_before else ""
        words["notice"] = "yes" if content is Content.NOTICE else ""
        words["summary"] = "yes" if content is Content.SUMMARY else ""
        return words

    def _where_the_rest_is(self) -> str:
        return f"... (cut; for the rest call us on {self._company.phone})"

    def _text(self, name: str, locale: str) -> _TextTemplate:
        key = (name, locale)
        found = self._texts.get(key)
        if found is None:
            path = self.files.find(locale, f"{Channel.SMS}/{name}.txt")
            found = _TextTemplate(self.files.piece(path), self.files.version([path]))
            self._texts[key] = found
        return found

    def _email(self, name: str, locale: str) -> _EmailTemplates:
        key = (name, locale)
        found = self._emails.get(key)
        if found is None:
            files = self.files
            body = files.find(locale, f"{Channel.EMAIL}/{name}/body.txt")
            language, folder = body.partition("/")[0], body.rpartition("/")[0]
            own = [f"{folder}/subject.txt", body, f"{folder}/body.html"]
            around = [files.find(language, f"{Channel.EMAIL}/{part}") for part in LAYOUT]
            layout, footer_text, footer_html = (files.piece(one) for one in around)
            subject, text, html = (files.piece(one) for one in own)
            found = _EmailTemplates(
                subject=subject,
                text=text,
                html=html,
                layout=layout,
                footer_text="\n\n-- \n" + footer_text.render({}).strip() + "\n",
                footer_html=Markup(footer_html.render({})),  # noqa: S704 - autoescaped
                language=language,
                version=files.version([*own, *around]),
            )
            self._emails[key] = found
        return found


def _above(below: str, whole: str, most: int) -> str:
    """As much of a text as there is room for above what must stand below it."""
    frame = whole.removesuffix(below)
    length = longest(len(frame), lambda one: segments(cut(frame, one) + below) <= most)
    return cut(frame, length) + below


def branding(company: Company) -> Mapping[str, object]:
    """What every template sees of the company."""
    return {
        "legal_name": company.legal_name,
        "trading_name": company.trading_name,
        "phone": company.phone,
        "email": company.email,
        "website": company.website,
        "colour": company.colour,
        "logo": company.logo,
        "footer_lines": company.footer,
    }


def tidy(text: str) -> str:
    """A text with plain marks and without blank lines."""
    return BLANK_LINES.sub("\n", plain(text)).strip()
