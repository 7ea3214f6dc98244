"""Where providers report back: three routes for Twilio, admitted by signature alone.

Our ids ride in the query of the URL that Twilio was given, which its signature covers. Whatever
is signed is answered politely, known or not: a provider mends nothing by asking again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from structlog import get_logger

from contracts.planning import LanePolicy
from contracts.vocabulary import Reason, ReplyKind
from store.customers.known import Readings
from store.deliveries.acknowledging import Answered
from store.deliveries.adding import Due
from store.deliveries.receiving import Told
from store.engine import Store, is_outage
from store.evidence.replies import Reply
from workers.providers.twilio_announcing import parting_twiml
from workers.providers.twilio_replies import reply_twiml
from workers.providers.twilio_voice import after_dial_twiml
from workers.providers.twilio_waiting import waiting_twiml
from workers.receipts.answers import answer_to
from workers.receipts.apply import AfterDial, DialReceipt, MessageReceipt, apply, apply_dial
from workers.receipts.counts import Counts, Meaning, Way
from workers.receipts.forms import (
    TRY_AGAIN,
    Form,
    Forms,
    ids_of,
    number,
    out_of_order,
    twiml,
)
from workers.receipts.racing import without_races
from workers.receipts.replies import TakenReply, apply_reply
from workers.routing.keywords import Asked, asked
from workers.routing.speaking import Spoken
from workers.running.failpoints import reach
from workers.running.gathering import CrowdedError, Gathering

log = get_logger(__name__)

_MEANINGS = {
    Told.CHANGED: Meaning.CHANGED,
    Told.NOTHING_NEW: Meaning.REPEATED,
    Told.UNKNOWN: Meaning.UNKNOWN,
}


_CODES = {
    Answered.CONFIRMED: Meaning.CONFIRMED,
    Answered.ALREADY: Meaning.REPEATED,
    Answered.LATE: Meaning.LATE_CODE,
    Answered.WRONG: Meaning.WRONG_CODE,
    Answered.TOO_MANY: Meaning.WRONG_CODE,
    Answered.UNASKED: Meaning.WRONG_CODE,
}


@dataclass(frozen=True, slots=True)
class HookParts:
    """What the webhooks are built from; ``auth_tokens`` are those of all our accounts.

    ``public_url`` is the URL that providers were given for us, without a path of ours;
    ``hint`` is called after the commit with what is due; ``company`` and ``help_text`` are who
    answers HELP and the STOP of one topic, and with what. ``reachable`` is whether a number or SIP
    address may be texted or rung at our cost, whoever named it. ``farewell`` writes what a caller
    hears whom nobody took and who goes nowhere else.
    """

    store: Store
    readings: Readings
    policy: LanePolicy
    hint: Callable[[Sequence[Due]], object]
    public_url: str
    auth_tokens: tuple[str, ...] = field(repr=False)
    reachable: Callable[[str], bool]
    counts: Counts = field(default_factory=Counts)
    company: str | None = None
    help_text: str | None = None
    farewell: Callable[[], Spoken] | None = None


class Webhooks:
    """The routes, as ``router``; ``close`` finishes what was taken."""

    def __init__(self, parts: HookParts) -> None:
        self._parts = parts
        self._forms = Forms(parts.public_url, parts.counts, parts.auth_tokens)
        self._gathering: Gathering[MessageReceipt, Told] = Gathering(
            self._apply, hopeless=is_outage
        )
        self.router = APIRouter(prefix="/hooks/twilio", tags=["receipts"], include_in_schema=False)
        self.router.add_api_route("/message", self._message, methods=["POST"])
        self.router.add_api_route("/dial", self._dial, methods=["POST"])
        self.router.add_api_route("/reply", self._reply, methods=["POST"])

    async def close(self) -> None:
        """Finish what was taken, and give back the threads."""
        await self._gathering.close()

    async def _message(self, request: Request) -> Response:
        form = await self._forms.admitted(request, Way.MESSAGE)
        if isinstance(form, Response):
            return form
        receipt = _message_receipt(request, form)
        if receipt is None:
            self._unknown(Way.MESSAGE)
            return Response(status_code=204)
        try:
            told = (await self._gathering.hand_in([receipt]))[0]
        except CrowdedError:
            return Response(status_code=503, headers=TRY_AGAIN)
        except Exception as error:
            if not is_outage(error):
                raise
            return out_of_order(error)
        self._tell(Way.MESSAGE, told, receipt)
        return Response(status_code=204)

    async def _dial(self, request: Request) -> Response:
        form = await self._forms.admitted(request, Way.DIAL)
        if isinstance(form, Response):
            return form
        receipt = _dial_receipt(request, form)
        if receipt is None:
            self._unknown(Way.DIAL)
            return twiml(after_dial_twiml(None, answered=False))
        try:
            after = await run_in_threadpool(self._apply_dial, receipt)
        except Exception as error:
            if not is_outage(error):
                raise
            return out_of_order(error)
        self._tell(Way.DIAL, after.told, receipt)
        return_to = self._back_to(after, receipt)
        nobody = return_to is None and not after.answered and after.told is not Told.UNKNOWN
        then = self._farewell() if nobody else after_dial_twiml(return_to, answered=after.answered)
        return twiml(waiting_twiml(then, after.wait_seconds) if after.wait_seconds else then)

    async def _reply(self, request: Request) -> Response:
        form = await self._forms.admitted(request, Way.REPLY)
        if isinstance(form, Response):
            return form
        wanted = asked(dict(form).get("Body", ""))
        reply = _reply_of(form, wanted.kind)
        if reply is None:
            self._unknown(Way.REPLY)
            return twiml(reply_twiml(None))
        try:
            taken = await run_in_threadpool(self._apply_reply, reply, wanted)
        except Exception as error:
            if not is_outage(error):
                raise
            return out_of_order(error)
        self._parts.counts.add(Way.REPLY, _meaning_of(taken))
        log.info("reply_received", reference=reply.reference, kind=reply.kind.value)
        # With `OptOutType`, Twilio has answered for itself (advanced opt-out). And whoever writes
        # from a number that costs more would be paid for each answer.
        silent = "OptOutType" in dict(form) or not self._parts.reachable(reply.sender)
        return twiml(reply_twiml(None if silent else self._answer(wanted, taken)))

    def _back_to(self, after: AfterDial, receipt: DialReceipt) -> str | None:
        """Where a caller goes back to; nowhere that runs up a bill, whatever the event names."""
        if after.return_to is None or self._parts.reachable(after.return_to):
            return after.return_to
        log.warning(
            "return_to_barred",
            path=Way.DIAL.value,
            reason=Reason.NUMBER_BARRED.value,
            delivery_id=str(receipt.delivery_id),
        )
        return None

    def _farewell(self) -> str:
        if self._parts.farewell is None:
            return parting_twiml()
        try:
            spoken = self._parts.farewell()
        except Exception as error:  # noqa: BLE001 - a caller is on the line, whatever a template says
            log.error("not_said", error_type=type(error).__name__)  # noqa: TRY400 - as above
            return parting_twiml()
        return parting_twiml(spoken.words, spoken.language)

    def _answer(self, wanted: Asked, taken: TakenReply) -> str | None:
        """Say who we are, or what came of it; a STOP of everything wants no text at all."""
        company = self._parts.company
        if wanted.kind is ReplyKind.HELP:
            return self._parts.help_text
        if company is None:
            return None
        said = answer_to(wanted, taken)
        return None if said is None else f"{company}: {said}"

    def _apply(self, receipts: Sequence[MessageReceipt]) -> Sequence[Told]:
        parts = self._parts
        applied = without_races(
            parts.store, lambda tx: apply(tx, receipts, parts.readings, parts.policy)
        )
        reach("receipts.committed")
        self._hint(applied.due)
        return applied.told

    def _apply_dial(self, receipt: DialReceipt) -> AfterDial:
        parts = self._parts
        after = without_races(
            parts.store, lambda tx: apply_dial(tx, receipt, parts.readings, parts.policy)
        )
        reach("receipts.committed")
        self._hint(after.due)
        return after

    def _apply_reply(self, reply: Reply, wanted: Asked) -> TakenReply:
        parts = self._parts
        taken = without_races(
            parts.store, lambda tx: apply_reply(tx, reply, wanted, parts.readings, parts.policy)
        )
        self._hint(taken.due)
        return taken

    def _tell(self, way: Way, told: Told, receipt: MessageReceipt | DialReceipt) -> None:
        self._parts.counts.add(way, _MEANINGS[told])
        if told is Told.UNKNOWN:
            log.warning(
                "receipt_unknown",
                path=way.value,
                delivery_id=str(receipt.delivery_id),
                attempt=receipt.attempt,
            )

    def _unknown(self, way: Way) -> None:
        self._parts.counts.add(way, Meaning.UNKNOWN)
        log.warning("receipt_unknown", path=way.value, reason="ids")

    def _hint(self, due: Sequence[Due]) -> None:
        """Hint at what is due; upkeep finds it too, so a broker that is away is no error."""
        if not due:
            return
        try:
            self._parts.hint(due)
        except Exception as error:  # noqa: BLE001 - what is committed must not be answered as failed
            log.warning("hint_not_sent", error_type=type(error).__name__, count=len(due))


def _meaning_of(taken: TakenReply) -> Meaning:
    if not taken.fresh:
        return Meaning.REPEATED
    if taken.code is not None:
        return _CODES[taken.code]
    return Meaning.NOTED if taken.released is None else Meaning.RELEASED


def _message_receipt(request: Request, form: Form) -> MessageReceipt | None:
    ids = ids_of(request)
    fields = dict(form)
    sid = fields.get("MessageSid") or fields.get("SmsSid")
    word = fields.get("MessageStatus") or fields.get("SmsStatus")
    if ids is None or not sid or not word:
        return None
    return MessageReceipt(*ids, sid[:100], word, number(fields.get("ErrorCode")))


def _dial_receipt(request: Request, form: Form) -> DialReceipt | None:
    ids = ids_of(request)
    fields = dict(form)
    word = fields.get("DialCallStatus")
    if ids is None or not word:
        return None
    return DialReceipt(
        *ids,
        call_sid=fields.get("CallSid", "")[:100],
        word=word,
        seconds=max(0, number(fields.get("DialCallDuration")) or 0),
        caller_status=fields.get("CallStatus", ""),
        bridged={"true": True, "false": False}.get(fields.get("DialBridged", "").lower()),
        must_press=request.query_params.get("press") == "1",
    )


def _reply_of(form: Form, kind: ReplyKind) -> Reply | None:
    fields = dict(form)
    sid = fields.get("MessageSid") or fields.get("SmsSid")
    sender, body = fields.get("From", "").strip(), fields.get("Body", "")
    if not sid or not sender:
        return None
    return Reply(sid[:100], sender, body, kind)
