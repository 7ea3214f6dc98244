"""How do a demo, a test and a benchmark steer the sandbox and read its record?

Not Twilio's: everything under ``/sandbox`` is ours, open to whoever reaches the port.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from workers.sandbox import SANDBOX_ACCOUNT_SID
from workers.sandbox.behaviour import Behaviour, Script, script_from
from workers.sandbox.bounces import Bounces
from workers.sandbox.callbacks import Callbacks, Post
from workers.sandbox.record import Record
from workers.sandbox.voice import LIVE, Exchange
from workers.sandbox.wire import reply

_PAGE = 1000
_LARGEST_PAGE = 10_000


class Control:
    """The routes under ``/sandbox``, and ``/healthz``."""

    def __init__(
        self,
        record: Record,
        behaviour: Behaviour,
        exchange: Exchange,
        callbacks: Callbacks,
        bounces: Bounces,
        ports: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._record = record
        self._behaviour = behaviour
        self._exchange = exchange
        self._callbacks = callbacks
        self._bounces = bounces
        self._ports = ports

    def routes(self) -> list[web.AbstractRouteDef]:
        """What to answer, and where."""
        return [
            web.get("/healthz", self.health),
            web.get("/sandbox/counts", self.counts),
            web.get("/sandbox/record", self.record),
            web.get("/sandbox/behaviour", self.show),
            web.put("/sandbox/behaviour", self.replace),
            web.post("/sandbox/behaviour", self.add),
            web.delete("/sandbox/behaviour", self.clear),
            web.post("/sandbox/calls", self.waiting_call),
            web.post("/sandbox/calls/incoming", self.incoming_call),
            web.post("/sandbox/calls/{sid}/hang_up", self.hang_up),
            web.post("/sandbox/replies", self.reply_to_us),
        ]

    def tally(self) -> dict[str, Any]:
        """What was accepted by kind, what became of callbacks, how often rules fired."""
        return {
            "accepted": self._record.counts(),
            "callbacks": {**self._callbacks.counts, "waiting": self._callbacks.waiting()},
            "bounces": dict(self._bounces.counts),
            "fired": self._behaviour.fired(),
        }

    async def health(self, _request: web.Request) -> web.Response:
        """200 while it serves."""
        return reply({"status": "ok", **self._ports()})

    async def counts(self, _request: web.Request) -> web.Response:
        """The tally."""
        return reply(self.tally())

    async def record(self, request: web.Request) -> web.Response:
        """Acceptances from position ``after`` on, at most ``limit``; ``next`` to go on from."""
        try:
            after = max(int(request.query.get("after", 0)), 0)
            limit = min(max(int(request.query.get("limit", _PAGE)), 1), _LARGEST_PAGE)
        except ValueError:
            return reply({"error": "after and limit are whole numbers"}, 400)
        entries = list(self._record.entries(after, limit))
        return reply(
            {"acceptances": entries, "next": after + len(entries), "total": len(self._record)}
        )

    async def show(self, _request: web.Request) -> web.Response:
        """The rules in force, in order, each with how often it has fired."""
        pairs = zip(self._behaviour.rules(), self._behaviour.fired(), strict=True)
        return reply({"rules": [{**asdict(rule), "fired": fired} for rule, fired in pairs]})

    async def replace(self, request: web.Request) -> web.Response:
        """``{"rules": [...], "seed": 0}`` replaces the rules in force."""
        return await self._change(request, self._behaviour.replace)

    async def add(self, request: web.Request) -> web.Response:
        """``{"rules": [...]}`` hold beside those in force."""
        return await self._change(request, lambda script: self._behaviour.add(script.rules))

    async def clear(self, _request: web.Request) -> web.Response:
        """Serve everything well again."""
        self._behaviour.replace(Script())
        return reply({"rules": 0})

    async def waiting_call(self, request: web.Request) -> web.Response:
        """``{"from", "to", "call_sid"?}``: a caller is on the line; answers the call's sid."""
        fields = await _fields(request)
        if not isinstance(fields.get("from"), str) or not isinstance(fields.get("to"), str):
            return reply({"error": "from and to are needed"}, 400)
        sid = fields.get("call_sid")
        if sid is not None and not isinstance(sid, str):
            return reply({"error": "call_sid is a text"}, 400)
        call = self._exchange.waiting_call(fields["from"], fields["to"], sid)
        return reply({"call_sid": call.sid, "status": call.status}, 201)

    async def incoming_call(self, request: web.Request) -> web.Response:
        """``{"from", "to", "url", "call_sid"?}``: somebody rings a number of ours."""
        fields = await _fields(request)
        if any(not isinstance(fields.get(name), str) for name in ("from", "to", "url")):
            return reply({"error": "from, to and url are needed"}, 400)
        sid = fields.get("call_sid")
        if sid is not None and not isinstance(sid, str):
            return reply({"error": "call_sid is a text"}, 400)
        call = self._exchange.incoming(fields["from"], fields["to"], fields["url"], sid)
        return reply({"call_sid": call.sid, "status": call.status}, 201)

    async def hang_up(self, request: web.Request) -> web.Response:
        """The caller hangs up."""
        call = self._exchange.calls.get(request.match_info["sid"])
        if call is None:
            return reply({"error": "no such call"}, 404)
        gone = call.status in LIVE
        self._exchange.end(call)
        return reply({"call_sid": call.sid, "status": call.status, "hung_up": gone})

    async def reply_to_us(self, request: web.Request) -> web.Response:
        """``{"from", "to", "body", "url", "message_sid"?}``: somebody texts the sender.

        The text is posted to ``url``, signed as Twilio signs; answers what came back for it.
        """
        fields = await _fields(request)
        if any(not isinstance(fields.get(name), str) for name in ("from", "to", "body", "url")):
            return reply({"error": "from, to, body and url are needed"}, 400)
        sid = fields.get("message_sid") or f"SM{secrets.token_hex(16)}"
        form = inbound_form(sid, fields["from"], fields["to"], fields["body"])
        answer = await self._callbacks.post(Post(fields["url"], form))
        return reply({"message_sid": sid, "taken": answer is not None, "answer": answer}, 201)

    async def _change(self, request: web.Request, change: Callable[[Script], None]) -> web.Response:
        try:
            script = script_from(await _fields(request))
        except ValidationError as faults:
            return reply({"errors": json.loads(faults.json(include_url=False))}, 400)
        change(script)
        return reply({"rules": len(self._behaviour.rules())})


def inbound_form(sid: str, sender: str, to: str, body: str) -> list[tuple[str, str]]:
    """The fields that Twilio posts for a text that somebody sent us."""
    return [
        ("AccountSid", SANDBOX_ACCOUNT_SID),
        ("ApiVersion", "2010-04-01"),
        ("Body", body),
        ("From", sender),
        ("MessageSid", sid),
        ("NumMedia", "0"),
        ("NumSegments", "1"),
        ("SmsMessageSid", sid),
        ("SmsSid", sid),
        ("SmsStatus", "received"),
        ("To", to),
    ]


async def _fields(request: web.Request) -> dict[str, Any]:
    try:
        document = json.loads(await request.read())
    except ValueError:
        return {"": "not JSON"}
    return document if isinstance(document, dict) else {"": "not an object"}
