"""How is a preview made? By what makes the sends themselves, for a delivery that never was.

So it shows what would go out, header by header; nothing is sent and no delivery is planned.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import product
from uuid import UUID

from contracts.events import EventData, File, dump_data
from contracts.rule_words import Matchable
from contracts.vocabulary import NEVER_SENT, Channel, Content, Lane, Mode, Purpose
from store.customers.mail_from import MailFrom
from store.deliveries.claiming import Claimed
from workers.dispatch.preparing import Overfull, Preparing, Ready, Sender, Unsendable
from workers.links import Links
from workers.previewing.fates import Fate
from workers.previewing.samples import SAMPLES, sample, sample_document
from workers.providers.base import Email, Text
from workers.providers.mime import build
from workers.routing.copy_way import COPY_WAY
from workers.routing.digest_writing import Together
from workers.routing.enclosing import NOTHING_ENCLOSED
from workers.routing.own_way import HELD_WAY
from workers.routing.promoting import promotions
from workers.routing.rendering import Reader, Renderer
from workers.routing.sms_length import segments
from workers.routing.template_files import FALLBACK, TemplateFailedError, TemplateMissingError
from workers.routing.together import TogetherRenderer

NOWHERE = UUID(int=0)
WRITTEN = (Channel.SMS, Channel.EMAIL)
_SOMEBODY = {Channel.EMAIL: "customer@example.com"}  # a text to nobody is barred from no number
_NO_LINKS_BASE = "https://onward.example"
_COPY = "rights.requested"  # the link to the copy that it asks for
_OFFERS = "offer.published"


class NotPreviewedError(Exception):
    """What cannot be shown, and why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to show: an event, how, and for whom."""

    event_type: str
    event: EventData = field(repr=False)
    channel: Channel = Channel.EMAIL
    content: Content = Content.FULL
    locale: str = FALLBACK
    time_zone: str = "Europe/London"
    customer_ref: str = "C-0000"
    mail_from: MailFrom | None = field(default=None, repr=False)
    fate: Fate = Fate.ATTACHED


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent; a text has neither HTML nor an ``eml``."""

    text: str = field(repr=False)
    html: str = field(repr=False)
    eml: bytes = field(repr=False)
    template_version: str
    segments: int = 0


class Previewing:
    """Makes previews in the company's name. ``now`` is the moment that they are written at."""

    def __init__(self, renderer: Renderer, sender: Sender, now: Callable[[], datetime]) -> None:
        self._renderer = renderer
        self._sender = sender
        self._now = now

    def show(self, wanted: Wanted) -> Preview:
        """Write one. Raises ``NotPreviewedError``."""
        if wanted.channel not in WRITTEN:
            raise NotPreviewedError(f"nothing is written by {wanted.channel}: try sms or email")
        sender = self._sender
        links = sender.links or Links(_NO_LINKS_BASE, lambda _kind, _what: b"\0" * 16)
        if wanted.event_type == _COPY:
            sender = replace(sender, links=links)
        if wanted.fate is Fate.LINKED:
            sender = replace(sender, attachment_limit=0, links=links)
        else:
            sender = replace(sender, attachment_limit=1 << 40)
        preparing = Preparing(self._renderer, sender, _OnePage(), lambda _: None)
        now = self._now()
        match preparing.prepare(_claimed(wanted, now), now):
            case Unsendable(code=code):
                raise NotPreviewedError(code)
            case Ready(outgoing=Email() as email, template_version=version):
                text = f"Subject: {email.subject}\n\n{email.text}"
                return Preview(text, email.html, build(email), version or "")
            case Ready(outgoing=Text(body=body), template_version=version):
                return Preview(f"{body}\n", "", b"", version or "", segments(body))
            case Ready() | Overfull():
                raise NotPreviewedError("a call has nothing to read")

    def faults(self) -> Iterator[str]:
        """Try every template: that it can be used, and that it writes every event it is for.

        And that none but an offer's promotes anything. Each fault names its template; none means
        that all can be sent.
        """
        files = self._renderer.files
        names = files.names()
        for name in names:
            try:
                files.piece(name)
            except TemplateFailedError as error:
                yield str(error)
            for line, words in promotions(name, files.source(name)):
                yield f"{name} line {line}: promotes ({words}), which an offer alone may"
        found: dict[str, None] = {}
        locales = sorted({name.partition("/")[0] for name in names})
        for event_type, channel, content, locale, fate in product(
            SAMPLES, WRITTEN, Content, locales, Fate
        ):
            if (event_type, channel) == (_OFFERS, Channel.SMS):
                continue  # offers go by email alone
            try:
                self.show(
                    Wanted(event_type, sample(event_type), channel, content, locale, fate=fate)
                )
            except NotPreviewedError as error:
                found[str(error)] = None
        for locale, content in product(locales, Content):
            fault = self._fault_of_digest(locale, content)
            if fault is not None:
                found[fault] = None
        yield from found

    def _fault_of_digest(self, locale: str, content: Content) -> str | None:
        """What keeps events of all kinds from being told of together."""
        writer, reader = TogetherRenderer(self._renderer), Reader(locale=locale)
        together = [Together(kind, sample(kind)) for kind in Matchable]
        nothing = [NOTHING_ENCLOSED] * len(together)
        try:
            for purpose in sorted(frozenset(Purpose) - NEVER_SENT):
                writer.text(together, content, purpose, reader, code="000000")
                writer.email(together, content, purpose, reader, nothing)
        except (TemplateFailedError, TemplateMissingError) as error:
            return str(error)
        return None


class _OnePage:
    """Stands in for documents: a preview shows that there is one."""

    def usable(self, file: File) -> bytes | str:
        del file
        return sample_document()


def _way_of(wanted: Wanted) -> str:
    if wanted.event_type == _COPY:
        return COPY_WAY
    return HELD_WAY if wanted.fate is Fate.HELD else "preview"


def _claimed(wanted: Wanted, now: datetime) -> Claimed:
    offer = wanted.event_type == _OFFERS
    return Claimed(
        delivery_id=NOWHERE,
        fence=1,
        tries=1,
        event_id=NOWHERE,
        event_type=wanted.event_type,
        publisher="preview",
        customer_ref=wanted.customer_ref,
        time_zone=wanted.time_zone,
        locale=wanted.locale,
        channel=wanted.channel,
        lane=Lane.ROUTINE,
        purpose=Purpose.OFFERS if offer else Purpose.MESSAGES,
        service=None,
        mode=Mode.ALL,
        content=wanted.content,
        attach=wanted.content is Content.FULL,
        marked=False,
        rule_id=_way_of(wanted),
        rule_version=1,
        step=0,
        destination_id="preview",
        destination=_SOMEBODY.get(wanted.channel, ""),
        masked="",
        value_index=b"\0" * 16,
        content_of_event=b"{}\n" + dump_data(wanted.event),
        mail_from=wanted.mail_from,
        planned_at=now,
        first_due_at=now,
        deadline_at=now + timedelta(days=1),
        started_at=now,
    )
