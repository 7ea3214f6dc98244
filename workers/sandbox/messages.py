"""How does the sandbox answer Twilio's Messages resource?

Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from workers.sandbox import SANDBOX_ACCOUNT_SID
from workers.sandbox.behaviour import AFTER_ACCEPTING, Act, Behaviour, Occasion
from workers.sandbox.receipts import Receipts, later_fields
from workers.sandbox.record import Record
from workers.sandbox.segments import segments
from workers.sandbox.wire import (
    BASE,
    after_accepting,
    authenticated,
    error,
    form_of,
    instead_of_accepting,
    now_rfc2822,
    reply,
    rfc2822,
)

E164 = re.compile(r"^\+[1-9]\d{6,14}$")
_SENDER = re.compile(r"^(\+[1-9]\d{6,14}|\d{3,6}|(?=.*[A-Za-z])[A-Za-z0-9 &_-]{1,11})$")
# The account may text the United Kingdom, and has every one of its mobile numbers.
_ALLOWED_REGION = "+44"
_MOBILE = re.compile(r"^\+447\d{9}$")
_LANDLINE = re.compile(r"^\+44[^7]")
_POUNDS_A_SEGMENT = Decimal("0.0420")
_UNPRICED = frozenset({"accepted", "scheduled", "queued", "sending", "failed"})
_LONGEST_BODY = 1600
_LONGEST_VALIDITY = 36_000
_PAGE_SIZE = 50
_LARGEST_PAGE = 1000
_DAY = timedelta(days=1)


class Messages:
    """POST, GET and list of Messages, over the record."""

    def __init__(self, record: Record, behaviour: Behaviour, receipts: Receipts) -> None:
        self._record = record
        self._behaviour = behaviour
        self._receipts = receipts

    def routes(self) -> list[web.AbstractRouteDef]:
        """What to answer, and where."""
        return [
            web.post(f"{BASE}/Messages.json", self.create),
            web.get(f"{BASE}/Messages.json", self.list),
            web.get(f"{BASE}/Messages/{{sid}}.json", self.fetch),
        ]

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Accept one SMS: on record before the reply leaves."""
        if not authenticated(request):
            return error(20003)
        form = await form_of(request)
        sender = form.get("From") or form.get("MessagingServiceSid", "")
        occasion = Occasion("sms", form.get("To", ""), sender)
        if wait := self._behaviour.latency(occasion):
            await asyncio.sleep(wait)
        fate = self._behaviour.fate(occasion)
        if fate is not None and fate.act not in AFTER_ACCEPTING:
            return await instead_of_accepting(request, fate)
        if (fault := fault_in(form)) is not None:
            return error(fault)
        sid = self._record.next_reference("SM")
        wish = self._behaviour.wish(Act.RECEIPT, occasion)
        fields = _fields(form, sender) | later_fields(wish)
        position = await self._record.append(sid, "sms", fields)
        await self._receipts.follow(
            position, sid, fields, self._behaviour.wish(Act.CALLBACKS, occasion)
        )
        if fate is not None:
            return await after_accepting(request, fate)
        status = "accepted" if "service" in fields else "queued"
        return reply(_message(sid, fields, status, now_rfc2822(), sent_at=None), 201)

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        """One message as it stands now."""
        if not authenticated(request):
            return error(20003)
        if (refusal := await read_fate(request, self._behaviour)) is not None:
            return refusal
        entry = self._record.find(request.match_info["sid"])
        if entry is None or entry["kind"] != "sms":
            return error(20404)
        return reply(self._as_it_stands(entry))

    async def list(self, request: web.Request) -> web.StreamResponse:
        """Messages, newest first, by To, From and DateSent, in pages."""
        if not authenticated(request):
            return error(20003)
        if (refusal := await read_fate(request, self._behaviour)) is not None:
            return refusal
        query = request.query
        try:
            size = min(max(int(query.get("PageSize", _PAGE_SIZE)), 1), _LARGEST_PAGE)
            page = max(int(query.get("Page", 0)), 0)
            token = query.get("PageToken")
            before = int(token.removeprefix("PT")) if token else None
            found = self._matching(query, before)
        except ValueError:
            return error(20001)
        skipped = 0 if before is not None else page * size
        entries = list(islice(found, skipped, skipped + size + 1))
        further = entries[size - 1]["position"] if len(entries) > size else None
        shown = [self._as_it_stands(entry) for entry in entries[:size]]
        filters = {k: v for k, v in query.items() if k not in {"Page", "PageToken", "PageSize"}}
        return reply(
            paged("messages", shown, f"{BASE}/Messages.json", filters, page, size, further)
        )

    def _matching(self, query: Mapping[str, str], before: int | None) -> Iterator[dict[str, Any]]:
        sender = query.get("From")
        since, until = sent_between(query)
        return self._scan(query.get("To"), sender, since, until, before)

    def _scan(
        self,
        to: str | None,
        sender: str | None,
        since: datetime | None,
        until: datetime | None,
        before: int | None,
    ) -> Iterator[dict[str, Any]]:
        for position in self._record.newest_first("sms", to, before):
            entry = self._record.read(position)
            at = datetime.fromisoformat(entry["at"])
            if since is not None and at < since:
                return  # the record is in order of time
            if (until is None or at < until) and (sender is None or entry["from"] == sender):
                yield entry

    def _as_it_stands(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        status = self._receipts.status(entry)
        at = rfc2822(datetime.fromisoformat(entry["at"]))
        sent_at = None if status in {"queued", "accepted"} else at
        return _message(entry["reference"], entry, status, at, sent_at=sent_at)


async def read_fate(request: web.Request, behaviour: Behaviour) -> web.Response | None:
    """Let a GET suffer what the rules say; None to answer it."""
    occasion = Occasion("read")
    if wait := behaviour.latency(occasion):
        await asyncio.sleep(wait)
    fate = behaviour.fate(occasion)
    return None if fate is None else await instead_of_accepting(request, fate)


def fault_in(form: Mapping[str, str]) -> int | None:
    """Twilio's code for the first thing wrong with a message; None if nothing is."""
    if (fault := _fault_in_recipient(form.get("To", ""))) is not None:
        return fault
    if (fault := _fault_in_sender(form)) is not None:
        return fault
    if not form.get("Body"):
        return 21602
    if len(form["Body"]) > _LONGEST_BODY:
        return 21617
    if (url := form.get("StatusCallback")) and not is_absolute(url):
        return 21609
    validity = form.get("ValidityPeriod", "1")
    if not validity.isdecimal() or not 1 <= int(validity) <= _LONGEST_VALIDITY:
        return 20001
    return None


def _fault_in_recipient(to: str) -> int | None:
    if not to:
        return 21604
    if not E164.match(to):
        return 21211
    if not to.startswith(_ALLOWED_REGION):
        return 21408
    return None if _MOBILE.match(to) else 21614


def _fault_in_sender(form: Mapping[str, str]) -> int | None:
    sender = form.get("From", "")
    if not sender:
        return None if form.get("MessagingServiceSid") else 21603
    if not _SENDER.match(sender):
        return 21212
    return 21606 if _LANDLINE.match(sender) else None


def is_absolute(url: str) -> bool:
    """Whether a webhook could be posted there at all."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def sent_between(query: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """The half-open span that ``DateSent``, ``DateSent>`` and ``DateSent<`` ask for.

    Twilio's ``DateSent>=2026-11-01`` arrives as the key ``DateSent>``. A bare date is a day, an
    instant a second. Raises ValueError for what is neither.
    """
    since = until = None
    if exact := query.get("DateSent"):
        since, until = _span(exact)
    if lower := query.get("DateSent>"):
        since = _span(lower)[0]
    if upper := query.get("DateSent<"):
        until = _span(upper)[1]
    return since, until


def _span(text: str) -> tuple[datetime, datetime]:
    at = datetime.fromisoformat(text)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return at, at + (_DAY if "T" not in text and ":" not in text else timedelta(seconds=1))


def paged(
    name: str,
    shown: list[dict[str, Any]],
    uri: str,
    filters: Mapping[str, str],
    page: int,
    size: int,
    further: int | None,
) -> dict[str, Any]:
    """One page of a listing; ``further`` is the position below which the next one begins."""

    def link(**more: str | int) -> str:
        return f"{uri}?{urlencode({**filters, 'PageSize': size, **more})}"

    following = None if further is None else link(Page=page + 1, PageToken=f"PT{further}")
    return {
        name: shown,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(len(shown) - 1, 0),
        "uri": link(Page=page),
        "first_page_uri": link(Page=0),
        "previous_page_uri": link(Page=page - 1) if page else None,
        "next_page_uri": following,
    }


def _fields(form: Mapping[str, str], sender: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"to": form["To"], "from": sender, "body": form["Body"]}
    if form.get("StatusCallback"):
        fields["callback_url"] = form["StatusCallback"]
    if form.get("ValidityPeriod"):
        fields["validity_seconds"] = int(form["ValidityPeriod"])
    if form.get("MessagingServiceSid"):
        fields["service"] = form["MessagingServiceSid"]
    return fields


def _message(
    sid: str, entry: Mapping[str, Any], status: str, at: str, sent_at: str | None
) -> dict[str, Any]:
    final = status in {"failed", "undelivered"}
    uri = f"{BASE}/Messages/{sid}"
    parts = segments(entry["body"])
    # What was taken from the account is negative, and not there before the text has gone.
    price = None if status in _UNPRICED else f"{-_POUNDS_A_SEGMENT * parts:f}"
    return {
        "sid": sid,
        "account_sid": SANDBOX_ACCOUNT_SID,
        "api_version": "2010-04-01",
        "to": entry["to"],
        "from": None if entry["from"] == entry.get("service") else entry["from"],
        "messaging_service_sid": entry.get("service"),
        "body": entry["body"],
        "status": status,
        "direction": "outbound-api",
        "num_segments": str(parts),
        "num_media": "0",
        "error_code": entry.get("error_code") if final else None,
        "error_message": None,
        "price": price,
        "price_unit": "GBP",
        "date_created": at,
        "date_updated": at,
        "date_sent": sent_at,
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
    }
