"""What exactly is asked about attempts, and what do the answers say of them?

Bodies are rendered again, or known by the digest on record, and compared in memory alone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from structlog import get_logger

from contracts.vocabulary import Channel, Inquiry, Said
from store.deliveries.looking_back import LookedBack, look_back
from store.engine import Store
from store.evidence import inquiries, pricing
from store.evidence.inquiries import Answer, Asking
from workers.dispatch.preparing import Preparing, Ready
from workers.providers.base import Text, Transfer
from workers.providers.lookups import Leg, Listed, Unanswered
from workers.receipts.apply import DialReceipt, MessageReceipt
from workers.upkeep.matching import (
    SKEW,
    AttemptKey,
    Doubtful,
    FoundLeg,
    FoundText,
    match_legs,
    match_texts,
)
from workers.upkeep.questions import Fetch, Legs, Look, Prices, Question, Reply

log = get_logger(__name__)

Judged = tuple[list[Answer], list[MessageReceipt | DialReceipt]]


class Judging:
    """Reads the store, each time for a moment.

    ``lease_seconds`` is how long after its claim a send may leave.
    """

    def __init__(self, store: Store, preparing: Preparing, lease_seconds: float) -> None:
        self._store = store
        self._preparing = preparing
        self._lasts = timedelta(seconds=lease_seconds)

    def questions(self, askings: Sequence[Asking]) -> list[Question]:
        """Make what to ask of what is to be asked about."""
        fetches = [a for a in askings if _by_reference(a)]
        looked = [a for a in askings if not _by_reference(a)]
        with self._store.read() as tx:
            before = look_back(tx, [a.delivery_id for a in looked])
            now = tx.now
        looks: dict[tuple[str, str], list[Asking]] = {}
        questions: list[Question] = [Fetch(a) for a in fetches]
        for asking in looked:
            sent = self._as_sent(before.get(asking.delivery_id), now)
            match sent:
                case Text():
                    looks.setdefault((asking.provider, sent.to), []).append(asking)
                case Transfer():
                    questions.append(
                        Legs(
                            asking.provider,
                            sent.provider_call_id,
                            sent.to,
                            asking,
                            also=sent.also,
                            must_press=sent.must_press,
                        )
                    )
                case _:
                    log.warning("not_asked_about", delivery_id=str(asking.delivery_id))
        for (provider, to), group in looks.items():
            since = min(one.started_at for one in group) - SKEW
            questions.append(Look(provider, to, since, tuple(group)))
        return questions

    def _as_sent(self, before: LookedBack | None, now: datetime) -> object:
        if before is None:
            return None
        prepared = self._preparing.prepare(before.claimed, now)
        return prepared.outgoing if isinstance(prepared, Ready) else None

    def judge(self, question: Question, reply: Reply) -> Judged:
        """Give what to note, and receipts where there is evidence."""
        match question, reply:
            case Look(askings=askings), Unanswered(code):
                return [Answer(one, Said.UNANSWERED, code) for one in askings], []
            case ((Fetch(asking) | Legs(asking=asking)), Unanswered(code)):
                return [Answer(asking, Said.UNANSWERED, code)], []
            case Prices(), Unanswered():
                return [], []
            case Prices(), tuple() as listed:
                return [], self._priced([t for t in listed if isinstance(t, Listed)])
            case Fetch(asking), Listed() as text:
                said = Said.NOTHING_NEW
                return [Answer(asking, said, text.word)], [_receipt(_key(asking), text)]
            case Look(), tuple() as listed:
                return self._judge_look(question, [t for t in listed if isinstance(t, Listed)])
            case Legs(), tuple() as legs:
                return self._judge_legs(question, [g for g in legs if isinstance(g, Leg)])
            case _:
                raise TypeError("an answer to another question")

    def _priced(self, listed: Sequence[Listed]) -> list[MessageReceipt | DialReceipt]:
        told = {text.reference: text for text in listed if text.cost is not None}
        if not told:
            return []
        with self._store.read() as tx:
            found = pricing.unpriced(tx, list(told))
        return [_receipt(key, told[reference]) for reference, key in sorted(found.items())]

    def _judge_look(self, look: Look, listed: Sequence[Listed]) -> Judged:
        with self._store.read() as tx:
            tried = inquiries.attempts_at(tx, look.to, Channel.SMS, look.since - SKEW)
            ours = {one.reference for one in tried if one.reference is not None}
            ours |= inquiries.known_references(tx, [text.reference for text in listed])
            asked = {_key(one): one.started_at for one in look.askings}
            started = asked | {
                (one.delivery_id, one.fence): one.started_at for one in tried if one.fateless
            }
            before = look_back(tx, [delivery_id for delivery_id, _ in started])
            now = tx.now
        doubtful = [
            Doubtful(*key, at, self._digest(before.get(key[0]), now)) for key, at in started.items()
        ]
        unclaimed = [(_digest(t.body), t) for t in listed if t.reference not in ours]
        found = match_texts(doubtful, unclaimed, self._lasts)
        answers = [
            Answer(one, found.get(_key(one), FoundText(Said.NOTHING)).said) for one in look.askings
        ]
        receipts: list[MessageReceipt | DialReceipt] = [
            _receipt(key, each.text) for key, each in found.items() if each.text is not None
        ]
        return answers, receipts

    def _digest(self, before: LookedBack | None, now: datetime) -> str:
        if before is None:
            return ""
        if before.digest:
            return before.digest
        sent = self._as_sent(before, now)
        return _digest(sent.body) if isinstance(sent, Text) else ""

    def _judge_legs(self, question: Legs, legs: Sequence[Leg]) -> Judged:
        asking = question.asking
        with self._store.read() as tx:
            tried = inquiries.attempts_at(
                tx, question.to, Channel.CALL, asking.started_at - timedelta(hours=1)
            )
        event = next((t.event_id for t in tried if _of(t) == _key(asking)), None)
        keys = [_of(t) for t in tried if t.event_id == event] if event else [_key(asking)]
        to_number = [leg for leg in legs if leg.to == question.to]
        found = match_legs(keys, to_number)[_key(asking)]
        taken = [leg for leg in legs if leg.to in question.also and leg.word == "completed"]
        if taken:  # another of the numbers that rang at the same time took the call
            found = FoundLeg(Said.FOUND, taken[-1])
        if found.leg is None:
            return [Answer(asking, found.said)], []
        listing = asking.inquiry is Inquiry.LISTING
        said = Said.FOUND if listing else Said.NOTHING_NEW
        receipt = DialReceipt(
            *_key(asking),
            question.call_sid,
            found.leg.word,
            found.leg.seconds,
            must_press=question.must_press,
        )
        return [Answer(asking, said, found.leg.word)], [receipt]


def _by_reference(asking: Asking) -> bool:
    return asking.inquiry is Inquiry.RECEIPT and asking.channel is Channel.SMS


def _key(asking: Asking) -> AttemptKey:
    return asking.delivery_id, asking.fence


def _of(tried: inquiries.Attempted) -> AttemptKey:
    return tried.delivery_id, tried.fence


def _receipt(key: tuple[UUID, int], text: Listed) -> MessageReceipt:
    return MessageReceipt(*key, text.reference, text.word, text.error_code, text.cost)


def _digest(body: str) -> str:
    return sha256(body.encode()).hexdigest()
