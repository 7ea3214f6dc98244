"""How does the reader of an offer opt out? By one click of the mail program's, or of our page's.

To look at the page changes nothing: whatever follows links in emails (scanners, previews) must not
opt anybody out. Opting out is an event as any other, `consent.withdrawn`, so that what is queued is
found out at its claim; a second time nothing happens.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from structlog import get_logger

from contracts.vocabulary import Purpose
from store.engine import Store
from store.evidence.openings import Linked, agrees_to_offers, linked
from workers.links import UNSUBSCRIBE, Links
from workers.pages.answers import Pages, answered, form_of

log = get_logger(__name__)
_SOURCE = "/onward/unsubscribe"
_BY_MAIL_PROGRAM = "one-click unsubscribe of the mail program (RFC 8058)"
_BY_PAGE = "unsubscribe page, from the link in the email"


@dataclass(frozen=True, slots=True)
class UnsubscribingParts:
    """What it stands on; ``publish`` takes one event in, and raises where that cannot be."""

    store: Store
    links: Links
    pages: Pages
    publish: Callable[[bytes], None]


class Unsubscribing:
    """The routes, as ``router``."""

    def __init__(self, parts: UnsubscribingParts) -> None:
        self._parts = parts
        self.router = APIRouter(prefix=f"/{UNSUBSCRIBE}", include_in_schema=False)
        self.router.add_api_route("/{token}", self._show, methods=["GET", "HEAD"])
        self.router.add_api_route("/{token}", self._take, methods=["POST"])

    async def close(self) -> None:
        """Finish what was taken: each answer is given after the commit, so there is nothing."""

    async def _show(self, token: str) -> Response:
        return await self._answer(token, None)

    async def _take(self, token: str, request: Request) -> Response:
        form = await form_of(request) or {}
        if form.get("List-Unsubscribe") == "One-Click":
            return await self._answer(token, _BY_MAIL_PROGRAM)
        return await self._answer(token, _BY_PAGE if form.get("from") == "page" else None)

    async def _answer(self, token: str, how: str | None) -> Response:
        pages = self._parts.pages
        delivery_id = self._parts.links.unsubscription(token)
        if delivery_id is None:
            return pages.answer("no_such_link", 404)
        return await answered(pages, lambda: self._at(delivery_id, how))

    def _at(self, delivery_id: UUID, how: str | None) -> Response:
        parts = self._parts
        with parts.store.write() as tx:
            offer = linked(tx, delivery_id)
            known = offer is not None and offer.purpose is Purpose.OFFERS
            agrees = offer is not None and known and agrees_to_offers(tx, offer.customer_ref)
            now = tx.now
        if offer is None or not known:
            return parts.pages.answer("no_such_link", 404)
        if not agrees:
            return parts.pages.answer("unsubscribed", locale=offer.locale)
        if how is None:
            return parts.pages.answer("unsubscribe", locale=offer.locale)
        parts.publish(_withdrawal(offer, how, now.isoformat()))
        log.info("unsubscribed", delivery_id=str(delivery_id))
        return parts.pages.answer("unsubscribed", locale=offer.locale)


def _withdrawal(offer: Linked, how: str, at: str) -> bytes:
    event = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": _SOURCE,
        "type": "onward.consent.withdrawn.v1",
        "subject": offer.customer_ref,
        "time": at,
        "datacontenttype": "application/json",
        "data": {
            "purpose": "offers",
            "channel": "email",
            "method": how,
            "at": at,
            "evidence": f"delivery {offer.delivery_id}",
        },
    }
    return json.dumps(event).encode()
