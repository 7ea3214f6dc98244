"""What becomes of a caller who rings one of our numbers: TwiML straight from the customer's rules.

The call is taken in as a `call.waiting` of our own, so that it is planned, recorded and told of
like any other. Its delivery is claimed and called accepted in one transaction, before the answer
that has it dialled: Twilio itself asked. Where we cannot say who is to be rung, the caller hears a
sentence or goes to the agents, and never hears an error.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from structlog import get_logger

from config.policies import Policies
from contracts.numbers import normalise
from contracts.vocabulary import Channel, DeliveryStatus, Purpose, Reason
from store.customers.known import Readings
from store.deliveries.adding import Due
from store.deliveries.claiming import Claim, Claimed, claim
from store.deliveries.looking_back import look_back
from store.deliveries.recording import Result, record
from store.engine import Store, Transaction
from store.evidence import incoming_calls
from workers.dispatch.preparing import Preparing, Ready, Unsendable
from workers.dispatch.results import of_unsendable
from workers.following_up import advances, follow_up
from workers.providers.base import Transfer
from workers.providers.twilio_announcing import parting_twiml
from workers.providers.twilio_voice import after_dial_twiml, transfer_twiml
from workers.receipts.counts import Counts, Meaning, Way
from workers.receipts.forms import Form, Forms, twiml
from workers.receipts.racing import without_races
from workers.routing.speaking import Spoken

log = get_logger(__name__)

SOURCE = "/onward/voice"
_WORKER = "voice"
_PATIENCE = timedelta(minutes=2)  # of a caller who hears it ring, for all numbers together
# What Twilio gives for the number of who withholds it, or has none: a word, as a keypad spells it.
_WITHHELD = frozenset(
    {
        "+266696687",  # anonymous
        "+2562533",  # blocked
        "+7378742833",  # restricted
        "+7748283",  # private
        "+8656696",  # unknown
        "+86282452253",  # unavailable
    }
)
_MOST_NUMBERS = 20
_SID = re.compile(r"CA[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class IncomingParts:
    """What answers callers.

    ``take_in`` takes in an event of our own, hinting at no call of it; ``hint`` is called after the
    commit with what else is due. ``return_to`` is where a caller goes whom nobody can be rung
    for: the agents; ``unavailable`` is what they hear where there is no such place.
    """

    store: Store
    forms: Forms
    counts: Counts
    readings: Readings
    policies: Policies
    take_in: Callable[[bytes], None]
    hint: Callable[[Sequence[Due]], object]
    preparing: Preparing
    provider: str
    lease_seconds: float
    return_to: str | None
    unavailable: Callable[[], Spoken]


@dataclass(frozen=True, slots=True)
class _Rung:
    """Whom to ring, if anybody; whether the customer wants nobody rung; what else is due."""

    transfer: Transfer | None
    turned_away: bool = False
    due: Sequence[Due] = ()


class Incoming:
    """The route, as ``router``."""

    def __init__(self, parts: IncomingParts) -> None:
        self._parts = parts
        self.router = APIRouter(prefix="/hooks/twilio", tags=["receipts"], include_in_schema=False)
        self.router.add_api_route("/voice", self._voice, methods=["POST"])

    async def close(self) -> None:
        """Nothing is left under way."""

    async def _voice(self, request: Request) -> Response:
        form = await self._parts.forms.admitted(request, Way.VOICE)
        if isinstance(form, Response):
            return form
        return twiml(await run_in_threadpool(self._answer, form))

    def _answer(self, form: Form) -> str:
        fields, parts = dict(form), self._parts
        sid = fields.get("CallSid", "")
        if _SID.fullmatch(sid) is None:
            parts.counts.add(Way.VOICE, Meaning.UNREADABLE)
            return self._otherwise(turned_away=False)
        try:
            transfer, turned_away = self._put_through(sid, fields)
        except Exception as error:  # noqa: BLE001 - a caller is on the line, whatever is wrong here
            log.error("call_not_answered", error_type=type(error).__name__)  # noqa: TRY400
            parts.counts.add(Way.VOICE, Meaning.UNANSWERED)
            return self._otherwise(turned_away=False)
        if transfer is None:
            parts.counts.add(Way.VOICE, Meaning.NOTED if turned_away else Meaning.UNKNOWN)
            return self._otherwise(turned_away=turned_away)
        parts.counts.add(Way.VOICE, Meaning.CHANGED)
        return transfer_twiml(transfer)

    def _put_through(self, sid: str, fields: dict[str, str]) -> tuple[Transfer | None, bool]:
        """Whom to ring; none, and whether the customer wants it so."""
        parts = self._parts
        with parts.store.read(Purpose.CALLS) as tx:
            known = incoming_calls.of(tx, SOURCE, sid)
            now = tx.now
        if known is None:
            parts.take_in(_waiting(sid, fields, parts.return_to, now))
        rung = without_races(parts.store, lambda tx: self._ring(tx, sid))
        parts.hint(rung.due)
        return rung.transfer, rung.turned_away

    def _ring(self, tx: Transaction, sid: str) -> _Rung:
        """Begin to ring the first number that can be, and plan what follows those that cannot."""
        parts, due = self._parts, list[Due]()
        by = Claim(_WORKER, parts.provider, parts.lease_seconds)
        for _ in range(_MOST_NUMBERS):
            call = incoming_calls.of(tx, SOURCE, sid)
            if call is None:
                break
            # Twilio asks again where our answer did not reach it: the same, of the same attempt.
            for again in look_back(tx, call.begun).values():
                return _Rung(self._made(again.claimed), due=due)
            result = claim(tx, call.pending, by)
            unreached = [row for row in result.settled if advances(row)]
            for one in result.claimed:
                ready = parts.preparing.prepare(one, one.started_at)
                if isinstance(ready, Ready) and isinstance(ready.outgoing, Transfer):
                    record(tx, [_accepted(one, ready, parts.provider, sid)])
                    return _Rung(ready.outgoing, due=due)
                if isinstance(ready, Unsendable):
                    result_of = of_unsendable(ready, parts.policies, one.started_at)
                    changed = record(tx, [result_of])
                    unreached += changed if result_of.advance else []
            if not unreached:
                return _Rung(None, turned_away=call.turned_away, due=due)
            found = follow_up(tx, parts.readings, parts.policies.lanes, unreached)
            due += [one for one in found if one.channel is not Channel.CALL]
        return _Rung(None, due=due)

    def _made(self, claimed: Claimed) -> Transfer | None:
        ready = self._parts.preparing.prepare(claimed, claimed.started_at)
        made = ready.outgoing if isinstance(ready, Ready) else None
        return made if isinstance(made, Transfer) else None

    def _otherwise(self, *, turned_away: bool) -> str:
        """Back to the agents, unless the customer wants nothing of this caller."""
        if self._parts.return_to is not None and not turned_away:
            return after_dial_twiml(self._parts.return_to, answered=False)
        try:
            spoken = self._parts.unavailable()
        except Exception as error:  # noqa: BLE001 - as above
            log.error("call_not_answered", error_type=type(error).__name__)  # noqa: TRY400
            return parting_twiml()
        return parting_twiml(spoken.words, spoken.language)


def _accepted(one: Claimed, ready: Ready, provider: str, sid: str) -> Result:
    """It is dialled by our answer, which Twilio asked for."""
    return Result(
        claimed=one,
        verdict="accepted",
        to=DeliveryStatus.ACCEPTED,
        reason=Reason.PROVIDER_ACCEPTED,
        provider=provider,
        reference=sid,
        content_digest=ready.content_digest,
    )


def _waiting(sid: str, fields: dict[str, str], return_to: str | None, now: datetime) -> bytes:
    number = _shown(fields.get("From", ""))
    data: dict[str, object] = {
        "call_id": sid,
        "provider_call_id": sid,
        "not_after": (now + _PATIENCE).isoformat(),
        "dialled_number": fields.get("To", ""),
        "caller": {"withheld": True} if number is None else {"number": number},
    }
    if return_to is not None:
        data["return_to"] = return_to
    event = {
        "specversion": "1.0",
        "id": sid,
        "source": SOURCE,
        "type": "onward.call.waiting.v1",
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }
    return json.dumps(event).encode()


def _shown(sender: str) -> str | None:
    """The caller's number; none where it is withheld, or nobody's: such a call rings all the same.

    Whoever forges a number may give any digits, which no event may hold.
    """
    if not sender.startswith("+") or sender in _WITHHELD:
        return None
    try:
        return normalise(sender)
    except ValueError:
        return None
