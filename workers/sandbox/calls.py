"""How does the sandbox answer Twilio's Calls resource, and its Account?

Source: https://www.twilio.com/docs/voice/api/call-resource
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from workers.sandbox import SANDBOX_ACCOUNT_SID
from workers.sandbox.behaviour import AFTER_ACCEPTING, Behaviour, Occasion, Rule
from workers.sandbox.messages import E164, is_absolute, paged, read_fate
from workers.sandbox.record import Record
from workers.sandbox.twiml import Dial, TwimlError, verbs
from workers.sandbox.voice import LIVE, Call, Exchange
from workers.sandbox.wire import (
    BASE,
    after_accepting,
    authenticated,
    error,
    form_of,
    instead_of_accepting,
    reply,
    rfc2822,
)


class Calls:
    """POST, update, GET and list of Calls, over the exchange."""

    def __init__(self, record: Record, behaviour: Behaviour, exchange: Exchange) -> None:
        self._record = record
        self._behaviour = behaviour
        self._exchange = exchange

    def routes(self) -> list[web.AbstractRouteDef]:
        """What to answer, and where."""
        return [
            web.get(f"{BASE}.json", self.account),
            web.post(f"{BASE}/Calls.json", self.create),
            web.get(f"{BASE}/Calls.json", self.list),
            web.post(f"{BASE}/Calls/{{sid}}.json", self.update),
            web.get(f"{BASE}/Calls/{{sid}}.json", self.fetch),
        ]

    async def account(self, request: web.Request) -> web.StreamResponse:
        """The account: a request that does nothing, fit for probing."""
        if not authenticated(request):
            return error(20003)
        if (refusal := await read_fate(request, self._behaviour)) is not None:
            return refusal
        return reply(
            {
                "sid": SANDBOX_ACCOUNT_SID,
                "friendly_name": "Sandbox",
                "status": "active",
                "type": "Trial",
                "uri": f"{BASE}.json",
            }
        )

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Place a call; once answered, it follows its TwiML."""
        if not authenticated(request):
            return error(20003)
        form = await form_of(request)
        fate = await self._fate(Occasion("call", form.get("To", ""), form.get("From", "")))
        if fate is not None and fate.act not in AFTER_ACCEPTING:
            return await instead_of_accepting(request, fate)
        if (fault := _fault_in_new(form)) is not None:
            return error(fault)
        call = self._exchange.place(form["From"], form["To"], form.get("StatusCallback"))
        document, base = await self._document(form, call)
        fields = {"to": call.to, "from": call.sender, "body": document or form.get("Url", "")}
        if call.callback_url is not None:
            fields["callback_url"] = call.callback_url
        await self._record.append(call.sid, "call", fields)
        answer = reply(_call(call), 201)
        self._exchange.ring_out(call, document or "<Response/>", base)
        return answer if fate is None else await after_accepting(request, fate)

    async def update(self, request: web.Request) -> web.StreamResponse:
        """Redirect a call that is in progress, or end it."""
        if not authenticated(request):
            return error(20003)
        form = await form_of(request)
        call = self._exchange.calls.get(request.match_info["sid"])
        if call is None:
            return error(20404)
        dialled = _dialled(form.get("Twiml", ""))
        fate = await self._fate(Occasion("call", dialled or call.to, call.sender))
        if fate is not None and fate.act not in AFTER_ACCEPTING:
            return await instead_of_accepting(request, fate)
        if (status := form.get("Status")) in {"completed", "canceled"}:
            self._exchange.end(call, status)
            return reply(_call(call))
        if call.status != "in-progress":
            return error(21220)
        if (fault := _fault_in_redirect(form)) is not None:
            return error(fault)
        await self._record.append(call.sid, "call", _redirect_fields(form, call, dialled))
        answer = reply(_call(call))
        document, base = await self._document(form, call)
        self._exchange.redirect(call, document or "<Response/>", base)
        return answer if fate is None else await after_accepting(request, fate)

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        """One call as it stands now."""
        if not authenticated(request):
            return error(20003)
        if (refusal := await read_fate(request, self._behaviour)) is not None:
            return refusal
        call = self._exchange.calls.get(request.match_info["sid"])
        return error(20404) if call is None else reply(_call(call))

    async def list(self, request: web.Request) -> web.StreamResponse:
        """Calls, newest first, by ParentCallSid, To, From and Status, in pages."""
        if not authenticated(request):
            return error(20003)
        if (refusal := await read_fate(request, self._behaviour)) is not None:
            return refusal
        query = request.query
        try:
            size = min(max(int(query.get("PageSize", 50)), 1), 1000)
            page = max(int(query.get("Page", 0)), 0)
        except ValueError:
            return error(20001)
        found = [c for c in reversed(self._exchange.calls.values()) if _fits(c, query)]
        shown = [_call(call) for call in found[page * size : (page + 1) * size]]
        further = page + 1 if len(found) > (page + 1) * size else None
        filters = {k: v for k, v in query.items() if k not in {"Page", "PageToken", "PageSize"}}
        return reply(paged("calls", shown, f"{BASE}/Calls.json", filters, page, size, further))

    async def _fate(self, occasion: Occasion) -> Rule | None:
        if wait := self._behaviour.latency(occasion):
            await asyncio.sleep(wait)
        return self._behaviour.fate(occasion)

    async def _document(self, form: Mapping[str, str], call: Call) -> tuple[str | None, str | None]:
        if form.get("Twiml"):
            return form["Twiml"], None
        return await self._exchange.document_at(form["Url"], call), form["Url"]


def _fault_in_new(form: Mapping[str, str]) -> int | None:
    if not form.get("To"):
        return 21201
    if not E164.match(form["To"]):
        return 21211
    if not form.get("From"):
        return 21213
    return _fault_in_redirect(form)


def _fault_in_redirect(form: Mapping[str, str]) -> int | None:
    if not form.get("Twiml"):
        return None if is_absolute(form.get("Url", "")) else 21205
    try:
        document = verbs(form["Twiml"])
    except TwimlError as unusable:
        return unusable.code
    dials = [verb for verb in document if isinstance(verb, Dial)]
    # Nothing to resolve a relative action against: the document came with no address.
    if any(dial.action and not is_absolute(dial.action) for dial in dials):
        return 15004
    return None


def _dialled(document: str) -> str:
    try:
        dials = [verb for verb in verbs(document) if isinstance(verb, Dial)]
    except TwimlError:
        return ""
    return ", ".join(number.number for dial in dials for number in dial.numbers)


def _redirect_fields(form: Mapping[str, str], call: Call, dialled: str) -> dict[str, Any]:
    document = form.get("Twiml", "")
    fields = {
        "to": dialled or call.to,
        "from": call.sender,
        "body": document or form.get("Url", ""),
    }
    dials = [verb for verb in verbs(document) if isinstance(verb, Dial)] if document else []
    if (action := next((dial.action for dial in dials if dial.action), None)) is not None:
        fields["callback_url"] = action
    return fields


def _fits(call: Call, query: Mapping[str, str]) -> bool:
    shown = {
        "ParentCallSid": call.parent,
        "To": call.to,
        "From": call.sender,
        "Status": call.status,
    }
    return all(query[name] == value for name, value in shown.items() if query.get(name))


def _call(call: Call) -> dict[str, Any]:
    over = call.status not in LIVE
    uri = f"{BASE}/Calls/{call.sid}"
    return {
        "sid": call.sid,
        "account_sid": SANDBOX_ACCOUNT_SID,
        "api_version": "2010-04-01",
        "parent_call_sid": call.parent,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.sender,
        "from_formatted": call.sender,
        "phone_number_sid": None,
        "status": call.status,
        "direction": call.direction,
        "start_time": rfc2822(call.answered) if call.answered else None,
        "end_time": rfc2822(call.ended) if call.ended else None,
        "duration": str(call.seconds or 0) if over else None,
        "answered_by": call.answered_by,
        "forwarded_from": None,
        "caller_name": None,
        "group_sid": None,
        "trunk_sid": None,
        "queue_time": "0",
        "price": None,
        "price_unit": "GBP",
        "date_created": rfc2822(call.created),
        "date_updated": rfc2822(call.ended or call.answered or call.created),
        "uri": f"{uri}.json",
        "subresource_uris": {"events": f"{uri}/Events.json"},
    }
