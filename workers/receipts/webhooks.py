"""Where providers report back: two routes for Twilio, admitted by signature alone.

Our ids ride in the query of the URL that Twilio was given, which its signature covers. Whatever
is signed is answered politely, known or not: a provider mends nothing by asking again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from structlog import get_logger

from contracts.planning import LanePolicy
from store.customers import Readings
from store.deliveries.adding import Due
from store.deliveries.receiving import Told
from store.engine import Store, is_outage
from workers.failpoints import reach
from workers.gathering import CrowdedError, Gathering
from workers.providers.twilio_signature import valid
from workers.providers.twilio_voice import after_dial_twiml
from workers.providers.twilio_waiting import waiting_twiml
from workers.receipts.apply import AfterDial, DialReceipt, MessageReceipt, apply, apply_dial
from workers.receipts.racing import without_races

log = get_logger(__name__)

_LONGEST_FORM = 65_536
_SIGNATURE = "x-twilio-signature"
_TRY_AGAIN = {"Retry-After": "5"}

Form = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class HookParts:
    """What the webhooks are built from; ``auth_tokens`` are those of all our accounts.

    ``public_url`` is the URL that providers were given for us, without a path of ours;
    ``hint`` is called after the commit with what is due.
    """

    store: Store
    readings: Readings
    policy: LanePolicy
    hint: Callable[[Sequence[Due]], object]
    public_url: str
    auth_tokens: tuple[str, ...] = field(repr=False)


class Webhooks:
    """The routes, as ``router``; ``close`` finishes what was taken."""

    def __init__(self, parts: HookParts) -> None:
        self._parts = parts
        self._gathering: Gathering[MessageReceipt, Told] = Gathering(
            self._apply, hopeless=is_outage
        )
        self.router = APIRouter(prefix="/hooks/twilio", tags=["receipts"], include_in_schema=False)
        self.router.add_api_route("/message", self._message, methods=["POST"])
        self.router.add_api_route("/dial", self._dial, methods=["POST"])

    async def close(self) -> None:
        """Finish what was taken, and give back the threads."""
        await self._gathering.close()

    async def _message(self, request: Request) -> Response:
        form = await self._admitted(request)
        if isinstance(form, Response):
            return form
        receipt = _message_receipt(request, form)
        if receipt is None:
            log.warning("receipt_unknown", path="message", reason="ids")
            return Response(status_code=204)
        try:
            told = (await self._gathering.hand_in([receipt]))[0]
        except CrowdedError:
            return Response(status_code=503, headers=_TRY_AGAIN)
        except Exception as error:
            if not is_outage(error):
                raise
            return _out_of_order(error)
        if told is Told.UNKNOWN:
            log.warning(
                "receipt_unknown",
                path="message",
                delivery_id=str(receipt.delivery_id),
                attempt=receipt.attempt,
            )
        return Response(status_code=204)

    async def _dial(self, request: Request) -> Response:
        form = await self._admitted(request)
        if isinstance(form, Response):
            return form
        receipt = _dial_receipt(request, form)
        if receipt is None:
            log.warning("receipt_unknown", path="dial", reason="ids")
            return _twiml(after_dial_twiml(None, answered=False))
        try:
            after = await run_in_threadpool(self._apply_dial, receipt)
        except Exception as error:
            if not is_outage(error):
                raise
            return _out_of_order(error)
        if after.told is Told.UNKNOWN:
            log.warning(
                "receipt_unknown",
                path="dial",
                delivery_id=str(receipt.delivery_id),
                attempt=receipt.attempt,
            )
        if after.wait_seconds:
            return _twiml(waiting_twiml(after.return_to, after.wait_seconds))
        return _twiml(after_dial_twiml(after.return_to, answered=after.answered))

    async def _admitted(self, request: Request) -> Form | Response:
        """Give the form as sent, if Twilio signed it."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST_FORM:
                return Response(status_code=413)
        try:
            form = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200)
        except ValueError:
            return Response(status_code=400)
        url = f"{self._parts.public_url.rstrip('/')}{_as_asked(request)}"
        signature = request.headers.get(_SIGNATURE)
        if not any(valid(token, url, form, signature) for token in self._parts.auth_tokens):
            log.warning("receipt_refused", path=request.url.path)
            return Response("the signature does not fit\n", 403, media_type="text/plain")
        reach("receipts.received")
        return form

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

    def _hint(self, due: Sequence[Due]) -> None:
        """Hint at what is due; upkeep finds it too, so a broker that is away is no error."""
        if not due:
            return
        try:
            self._parts.hint(due)
        except Exception as error:  # noqa: BLE001 - what is committed must not be answered as failed
            log.warning("hint_not_sent", error_type=type(error).__name__, count=len(due))


def _as_asked(request: Request) -> str:
    """Give path and query to the letter: the signature covers what was sent, not what it means."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    path = raw.partition(b"?")[0].decode("latin-1")
    return f"{path}?{query.decode('latin-1')}" if query else path


def _ids(request: Request) -> tuple[UUID, int] | None:
    attempt = _number(request.query_params.get("attempt"))
    try:
        delivery_id = UUID(request.query_params.get("delivery", ""))
    except ValueError:
        return None
    return (delivery_id, attempt) if attempt is not None else None


def _message_receipt(request: Request, form: Form) -> MessageReceipt | None:
    ids = _ids(request)
    fields = dict(form)
    sid = fields.get("MessageSid") or fields.get("SmsSid")
    word = fields.get("MessageStatus") or fields.get("SmsStatus")
    if ids is None or not sid or not word:
        return None
    return MessageReceipt(*ids, sid[:100], word, _number(fields.get("ErrorCode")))


def _dial_receipt(request: Request, form: Form) -> DialReceipt | None:
    ids = _ids(request)
    fields = dict(form)
    word = fields.get("DialCallStatus")
    if ids is None or not word:
        return None
    return DialReceipt(
        *ids,
        call_sid=fields.get("CallSid", "")[:100],
        word=word,
        seconds=max(0, _number(fields.get("DialCallDuration")) or 0),
        caller_status=fields.get("CallStatus", ""),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _twiml(document: str) -> Response:
    return Response(document, media_type="application/xml")


def _out_of_order(error: Exception) -> Response:
    log.error("store_out_of_order", error_type=type(error).__name__)
    return Response(status_code=503, headers=_TRY_AGAIN)
