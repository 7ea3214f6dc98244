"""What exactly is sent for a claimed delivery: rendered, addressed, with its document."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from structlog import get_logger

from contracts.events import EventData, File, load_data
from contracts.events.calls import CallWaiting
from contracts.rule_words import CallerId
from contracts.rules import CallRule, Rule
from contracts.tolls import bar_on
from contracts.vocabulary import Channel, Content, NumberBar, Purpose, Reason
from store.customers.mail_from import MailFrom
from store.deliveries.claiming import Claimed
from store.inbox import split_content
from workers.documents import file_of, name_of
from workers.links import Links
from workers.mail_from import is_ours
from workers.providers.base import Attachment, Email, Outgoing, Tag, Text, Transfer
from workers.routing.copy_way import COPY_WAY
from workers.routing.digest_writing import Together
from workers.routing.display import moment, one_line
from workers.routing.enclosing import (
    HELD_BACK,
    NOTHING_ENCLOSED,
    Enclosed,
    Enclosure,
    attachment_plan,
    size_on_the_wire,
)
from workers.routing.own_way import HELD_WAY
from workers.routing.post_items import WRITTEN_AS
from workers.routing.rendering import Reader, RenderedEmail, RenderedText, Renderer
from workers.routing.senders import Senders, wants_answer
from workers.routing.template_files import TemplateFailedError, TemplateMissingError
from workers.routing.together import TogetherRenderer
from workers.routing.wording import Words

log = get_logger(__name__)
# A document is here as it was kept, as it was opened, and in the email as it goes over the wire,
# which is built of its lines: some four times its size at the most.
_TIMES_HERE = 4
_CODE_LIMIT = 200


class Documents(Protocol):
    """Where scans and invoices are read from."""

    def usable(self, file: File) -> bytes | str:
        """Give the file's content, or the word for why it cannot be sent."""
        ...


@dataclass(frozen=True, slots=True)
class TextWays:
    """How texts go: whom from, how long their provider may keep them, how many segments at most."""

    senders: Senders
    validity_seconds: int
    segments: int
    segments_by_purpose: Mapping[Purpose, int]

    def most_segments(self, purpose: Purpose) -> int:
        """The limit of a text for this purpose."""
        return self.segments_by_purpose.get(purpose, self.segments)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who we are to the outside, and where the outside reports back.

    ``countries`` are those whose numbers are texted and rung, ``mail_domains`` those that a
    customer's emails may come from. ``links`` lead to our pages; none where nobody can reach them.
    """

    texts: TextWays
    countries: frozenset[str]
    caller_id: str | None
    mail_sender: str
    mail_name: str
    mail_reply_to: str | None
    attachment_limit: int
    document_limit: int
    public_url: str | None
    return_path: Callable[[UUID, int], str] | None = None
    mail_domains: Collection[str] = ()
    links: Links | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """A delivery as it goes out, with what the record keeps of it."""

    claimed: Claimed
    outgoing: Outgoing
    content_digest: str
    template_version: str | None
    segments: int | None = None


@dataclass(frozen=True, slots=True)
class Unsendable:
    """A delivery that cannot be made into anything to send; nothing left us."""

    claimed: Claimed
    reason: Reason
    code: str


@dataclass(frozen=True, slots=True)
class Overfull:
    """A digest whose email has no room for the documents of these events; nothing left us."""

    claimed: Claimed
    event_ids: tuple[UUID, ...]


class Preparing:
    """Makes outgoing sends of claimed deliveries. Safe to share between threads."""

    def __init__(
        self,
        renderer: Renderer,
        sender: Sender,
        documents: Documents,
        rule: Callable[[Claimed], Rule | None],
        ringing: Callable[[Claimed, Rule], Sequence[str]] = lambda _claimed, _rule: (),
    ) -> None:
        self._renderer = renderer
        self._together = TogetherRenderer(renderer)
        self._sender = sender
        self._documents = documents
        self._rule = rule
        self._ringing = ringing

    def written(self, claimed: Claimed) -> RenderedText | None:
        """Write the text of one delivery; none of another channel's, nor where it cannot be.

        Reads nothing from anywhere, so that it can be asked within a transaction.
        """
        if claimed.channel is not Channel.SMS:
            return None
        try:
            return self._write(claimed)
        except Exception:  # noqa: BLE001 - `prepare` says what is wrong with it
            return None

    def weight(self, claimed: Claimed) -> int:
        """Give how many bytes of memory preparing and sending one takes for its document."""
        if not _takes_document(claimed):
            return 0
        try:
            files = [file_of(event) for event in _events(claimed)]
        except Exception:  # noqa: BLE001 - preparing it says what is wrong
            return 0
        largest = self._sender.document_limit  # of a larger one nothing is read
        total = sum(min(file.bytes, largest) for file in files if file is not None)
        most = self._sender.attachment_limit if claimed.gathers else total
        return min(total, most) * _TIMES_HERE

    def prepare(
        self,
        claimed: Claimed,
        now: datetime,
        sender: str | None = None,
        written: RenderedText | None = None,
    ) -> Ready | Unsendable | Overfull:
        """Prepare one delivery; whatever is wrong with it concerns it alone.

        ``sender`` is whom a text comes from where its provider has one of its own; ``written`` is
        the text, where it is written already.
        """
        try:
            bar = self._bar_on(claimed)
            if bar is not None:
                return Unsendable(claimed, Reason.NUMBER_BARRED, bar.value)
            if written is not None:
                return self._text(claimed, written, now, sender)
            match claimed.channel:
                case Channel.SMS:
                    return self._text(claimed, self._write(claimed), now, sender)
                case Channel.EMAIL if claimed.gathers:
                    return self._email_together(claimed, now)
                case Channel.EMAIL:
                    return self._email(claimed, _event(claimed), now)
                case Channel.CALL:
                    return self._transfer(claimed, _event(claimed))
                case Channel.POST:  # sent on by the mailroom, not by a worker
                    return Unsendable(claimed, Reason.DESTINATION_UNFIT, "post")
        except Exception as error:  # noqa: BLE001 - one bad delivery never fails its batch
            log.error(  # noqa: TRY400 - a traceback may hold what was to be rendered
                "not_prepared",
                delivery_id=str(claimed.delivery_id),
                event_type=claimed.event_type,
                error_type=type(error).__name__,
            )
            return Unsendable(claimed, Reason.TEMPLATE_FAILED, _why(error)[:_CODE_LIMIT])

    def _bar_on(self, claimed: Claimed) -> NumberBar | None:
        """Why the number must not be used, whatever was allowed when it was added."""
        if claimed.channel not in {Channel.SMS, Channel.CALL} or not claimed.destination:
            return None
        return bar_on(claimed.destination, self._sender.countries)

    def _write(self, claimed: Claimed) -> RenderedText:
        most, reader = self._sender.texts.most_segments(claimed.purpose), _reader(claimed)
        if claimed.gathers:
            return self._together.text(
                _together(claimed), claimed.content, claimed.purpose, reader, most, claimed.code
            )
        if claimed.rule_id == COPY_WAY:
            words = self._words_of_copy(claimed, reader)
            return self._renderer.text_of(claimed.event_type, words, reader.locale, most)
        return self._renderer.render_text(
            _written_as(claimed), _event(claimed), claimed.content, reader, most, claimed.code
        )

    def _words_of_copy(self, claimed: Claimed, reader: Reader) -> Words:
        """The link that hands out a copy of records, which is for this very place."""
        links = self._sender.links
        if links is None or not claimed.value_index:
            raise LookupError("a copy goes by a link to its reader's place, and there is none")
        link = links.to_copy(claimed.delivery_id, claimed.value_index, claimed.planned_at)
        return self._renderer.words(_event(claimed), claimed.content, reader) | {
            "link": links.copy_url(link),
            "until": moment(link.until, ZoneInfo(reader.time_zone)),
        }

    def _text(
        self, claimed: Claimed, written: RenderedText, now: datetime, of_account: str | None
    ) -> Ready:
        left = int((claimed.deadline_at - now).total_seconds())
        ways = self._sender.texts
        # One that its provider has refused for this very text is not tried again; and who hands
        # out a copy of our records is us, in whosever name the customer's other texts come.
        refused = claimed.after is Reason.SENDER_REFUSED or claimed.rule_id == COPY_WAY
        own = None if refused else claimed.sms_sender
        sender = ways.senders.of(
            own, of_account=of_account, wants_answer=lambda: self._wants_answer(claimed)
        )
        outgoing = Text(
            tag=_tag(claimed),
            to=claimed.destination,
            sender=sender,
            body=written.body,
            validity_seconds=max(1, min(ways.validity_seconds, left)),
            callback_url=self._callback("message", claimed),
            own_sender=own is not None and sender == own,
        )
        return Ready(
            claimed, outgoing, _digest(written.body), written.template_version, written.segments
        )

    def _wants_answer(self, claimed: Claimed) -> bool:
        return wants_answer(self._rule(claimed), claimed.step)

    def _email(self, claimed: Claimed, event: EventData, now: datetime) -> Ready | Unsendable:
        if claimed.rule_id == COPY_WAY:
            words = self._words_of_copy(claimed, _reader(claimed))
            copy = self._renderer.email_of(claimed.event_type, words, claimed.locale)
            return self._mail(claimed, now, copy, ())
        enclosure, attachments = self._document(claimed, event, now)
        if isinstance(enclosure, str):
            return Unsendable(claimed, Reason.UNUSABLE_DOCUMENT, enclosure)
        unsubscribe = self._unsubscribe(claimed)
        written = self._renderer.render_email(
            _written_as(claimed), event, claimed.content, _reader(claimed), enclosure, unsubscribe
        )
        return self._mail(claimed, now, written, attachments, unsubscribe)

    def _email_together(self, claimed: Claimed, now: datetime) -> Ready | Overfull:
        together = _together(claimed)
        enclosures, attachments, apart = self._enclosed(claimed, together)
        if apart:
            return Overfull(claimed, tuple(apart))
        written = self._together.email(
            together, claimed.content, claimed.purpose, _reader(claimed), enclosures
        )
        return self._mail(claimed, now, written, attachments)

    def _enclosed(
        self, claimed: Claimed, together: Sequence[Together]
    ) -> tuple[list[Enclosure], tuple[Attachment, ...], list[UUID]]:
        """Attach documents as long as there is room; give the events of those that have none.

        Nor is there room for a document that is not what it was said to be.
        """
        enclosures: list[Enclosure] = []
        attachments: list[Attachment] = []
        apart: list[UUID] = []
        room = self._sender.attachment_limit
        for gathered, one in zip(claimed.gathered, together, strict=True):
            file = file_of(one.event) if _takes_document(claimed) else None
            enclosure = NOTHING_ENCLOSED if file is None else attachment_plan(file.bytes, room)
            enclosures.append(enclosure)
            if file is None:
                continue
            fits = enclosure.enclosed is Enclosed.ATTACHED
            content = self._documents.usable(file) if fits else ""
            if isinstance(content, str) or claimed.after is Reason.EMAIL_TOO_LARGE:
                apart.append(gathered.event_id)
                continue
            name = name_of(one.event, file.media_type)
            attachments.append(Attachment(name, file.media_type, content))
            room -= size_on_the_wire(file.bytes)
        return enclosures, tuple(attachments), apart

    def _mail(
        self,
        claimed: Claimed,
        now: datetime,
        written: RenderedEmail,
        attachments: tuple[Attachment, ...],
        unsubscribe: str = "",
    ) -> Ready:
        own = self._mail_from(claimed)
        domain = self._sender.mail_sender.rpartition("@")[2]
        outgoing = Email(
            tag=_tag(claimed),
            to=claimed.destination,
            sender=own.address or self._sender.mail_sender,
            sender_name=own.name or self._sender.mail_name,
            reply_to=own.reply_to or self._sender.mail_reply_to,
            subject=written.subject,
            text=written.text,
            html=written.html,
            message_id=f"<{claimed.delivery_id}@{domain}>",
            written_at=now,
            attachments=attachments,
            return_path=self._return_path(claimed),
            unsubscribe_url=unsubscribe or None,
        )
        parts = [written.subject, written.text, *(_digest_of(a) for a in attachments)]
        return Ready(claimed, outgoing, _digest("\0".join(parts)), written.template_version)

    def _return_path(self, claimed: Claimed) -> str | None:
        make = self._sender.return_path
        return make(claimed.delivery_id, claimed.fence) if make is not None else None

    def _mail_from(self, claimed: Claimed) -> MailFrom:
        """As the customer's emails are sent, where that is still allowed; else as everyone's."""
        own = claimed.mail_from
        if own is None or claimed.rule_id == COPY_WAY:  # who hands out a copy is us
            return MailFrom()
        named = [one for one in (own.address, own.reply_to) if one is not None]
        if all(is_ours(one, self._sender.mail_domains) for one in named):
            return own
        log.warning("mail_from_not_ours", delivery_id=str(claimed.delivery_id))
        return MailFrom()

    def _unsubscribe(self, claimed: Claimed) -> str:
        links = self._sender.links
        if claimed.purpose is not Purpose.OFFERS or links is None:
            return ""
        return links.to_unsubscribe(claimed.delivery_id)

    def _document(
        self, claimed: Claimed, event: EventData, now: datetime
    ) -> tuple[Enclosure | str, tuple[Attachment, ...]]:
        """What becomes of the document, which is looked at however it gets to its reader."""
        if claimed.rule_id == HELD_WAY:
            return HELD_BACK, ()
        file = file_of(event) if _takes_document(claimed) else None
        if file is None:
            return NOTHING_ENCLOSED, ()
        content = self._documents.usable(file)
        if isinstance(content, str):
            return content, ()
        enclosure = attachment_plan(file.bytes, self._sender.attachment_limit)
        refused = claimed.after is Reason.EMAIL_TOO_LARGE  # by the mail server, with its document
        if enclosure.enclosed is Enclosed.ATTACHED and not refused:
            name = name_of(event, file.media_type)
            return enclosure, (Attachment(name, file.media_type, content),)
        return self._linked(claimed, Enclosure(Enclosed.TOO_LARGE, file.bytes), now), ()

    def _linked(self, claimed: Claimed, enclosure: Enclosure, now: datetime) -> Enclosure:
        links = self._sender.links
        if links is None:
            return enclosure
        if not claimed.value_index:
            raise LookupError("a link is for the address that it was sent to, which has changed")
        link = links.to_document(claimed.delivery_id, claimed.value_index, now)
        return Enclosure(Enclosed.LINKED, enclosure.size, links.url(link), link.until)

    def _transfer(self, claimed: Claimed, event: EventData) -> Ready:
        if not isinstance(event, CallWaiting):
            raise TypeError("only a waiting call can be put through")
        rule = self._rule(claimed)
        wish = (rule.action.call if rule is not None else None) or CallRule()
        says_something = wish.announce or wish.press_to_accept
        # Without a way back nobody could hear that a key was pressed.
        if wish.press_to_accept and self._sender.public_url is None:
            raise LookupError("press_to_accept needs public_url")
        outgoing = Transfer(
            tag=_tag(claimed),
            provider_call_id=event.provider_call_id,
            to=claimed.destination,
            caller_id=self._shown(event, wish),
            ring_seconds=wish.ring_seconds,
            action_url=self._callback("dial", claimed, wish),
            also=self._also(claimed, rule),
            announce_url=self._callback("announce", claimed, wish) if says_something else None,
            leg_url=self._callback("leg", claimed, wish),
            must_press=wish.press_to_accept,
        )
        return Ready(claimed, outgoing, _digest(event.provider_call_id), None)

    def _shown(self, event: CallWaiting, wish: CallRule) -> str | None:
        """Which number the one who is rung sees; none stands for that of the caller's own leg.

        The provider refuses a call that shows any other number that is not ours, so a caller's is
        never taken from the event, where an agent may have typed it.
        """
        if wish.caller_id is CallerId.DIALLED and event.dialled_number is not None:
            return event.dialled_number
        known = event.caller is not None and event.caller.number is not None
        return None if known else self._sender.caller_id

    def _also(self, claimed: Claimed, rule: Rule | None) -> tuple[str, ...]:
        """The other numbers that ring at the same time, as the rule asks for; no barred one."""
        if rule is None or not rule.rings_all:
            return ()
        countries = self._sender.countries
        others = [one for one in self._ringing(claimed, rule) if one != claimed.destination]
        return tuple(one for one in dict.fromkeys(others) if bar_on(one, countries) is None)

    def _callback(self, what: str, claimed: Claimed, call: CallRule | None = None) -> str | None:
        if self._sender.public_url is None:
            return None
        base = self._sender.public_url.rstrip("/")
        query = f"delivery={claimed.delivery_id}&attempt={claimed.fence}"
        press = "&press=1" if call is not None and call.press_to_accept else ""
        return f"{base}/hooks/twilio/{what}?{query}{press}"


def _tag(claimed: Claimed) -> Tag:
    return Tag(str(claimed.delivery_id), claimed.fence)


def _written_as(claimed: Claimed) -> str:
    """By which template: what is told of an item beside its arrival has one of its own."""
    return WRITTEN_AS.get(claimed.rule_id, claimed.event_type)


def _reader(claimed: Claimed) -> Reader:
    greeting, told = one_line(claimed.person), claimed.follows_up and not claimed.gathers
    return Reader(claimed.locale, claimed.time_zone, greeting, told_before=told)


def _together(claimed: Claimed) -> list[Together]:
    """The events that one delivery tells of, in the order in which they were gathered."""
    return [
        Together(one.event_type, load_data(one.event_type, split_content(one.content)[1]))
        for one in claimed.gathered
    ]


def _events(claimed: Claimed) -> list[EventData]:
    if claimed.gathers:
        return [one.event for one in _together(claimed)]
    return [_event(claimed)]


def _event(claimed: Claimed) -> EventData:
    _, raw = split_content(claimed.content_of_event)
    return load_data(claimed.event_type, raw)


def _takes_document(claimed: Claimed) -> bool:
    full = claimed.content is Content.FULL
    return claimed.channel is Channel.EMAIL and claimed.attach and full


def _why(error: Exception) -> str:
    """What may be said of an error; of most, the text may quote what was to be rendered."""
    told = isinstance(error, TemplateFailedError | TemplateMissingError)
    return str(error) if told else type(error).__name__


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _digest_of(attachment: Attachment) -> str:
    return sha256(attachment.content).hexdigest()
