"""How is a document fetched by its link? By saying which address the link was sent to.

Whoever forwards an email forwards its links; the address that it was sent to is asked for, so that
a link alone opens nothing. It may be given wrong only so often, and while the destination is not
verified any more, or the link has ended, nothing is handed out. Each document handed out is on
record before its first byte.
"""

import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response
from structlog import get_logger

from contracts.events import File, load_data
from contracts.vocabulary import Opening
from store.engine import Store
from store.evidence.openings import Linked, linked, note, wrong_tries
from workers.documents import file_of, name_of
from workers.links import DOCUMENT, DocumentLink, Links
from workers.pages.answers import Pages, address_of, answered, file_answer

log = get_logger(__name__)
_READ_AT_ONCE = 4  # to look at one takes some four times its size


@dataclass(frozen=True, slots=True)
class FetchingParts:
    """What it stands on; ``usable`` gives a file's content, or the word for why it cannot be sent.

    ``tries`` wrong addresses close a link.
    """

    store: Store
    links: Links
    pages: Pages
    usable: Callable[[File], bytes | str]
    tries: int


class Fetching:
    """The routes, as ``router``."""

    def __init__(self, parts: FetchingParts) -> None:
        self._parts = parts
        self._reading = threading.BoundedSemaphore(_READ_AT_ONCE)
        self.router = APIRouter(prefix=f"/{DOCUMENT}", include_in_schema=False)
        self.router.add_api_route("/{token}", self._show, methods=["GET", "HEAD"])
        self.router.add_api_route("/{token}", self._take, methods=["POST"])

    async def close(self) -> None:
        """Finish what was taken: each answer is given after the commit, so there is nothing."""

    async def _show(self, token: str) -> Response:
        return await self._answer(token, None)

    async def _take(self, token: str, request: Request) -> Response:
        return await self._answer(token, await address_of(request))

    async def _answer(self, token: str, given: str | None) -> Response:
        link = self._parts.links.document(token)
        if link is None:
            return self._parts.pages.answer("no_such_link", 404)
        return await answered(self._parts.pages, lambda: self._at(link, given))

    def _at(self, link: DocumentLink, given: str | None) -> Response:
        parts = self._parts
        with parts.store.write() as tx:
            found = linked(tx, link.delivery_id)
            if found is None or not parts.links.genuine(link, found.address_index):
                return parts.pages.answer("no_such_link", 404)
            answer, locale = parts.pages.answer, found.locale
            if not found.stands or link.until <= tx.now:
                return answer("document_ended", 410, locale)
            wrong = wrong_tries(tx, link.delivery_id, link.until)
            if wrong >= parts.tries:
                return answer("document_closed", 403, locale)
            if given is None or not given.strip():
                return answer("document", locale=locale, problem="")
            if not same_address(given, found.address):
                note(tx, found.customer_ref, link.delivery_id, link.until, Opening.WRONG_ADDRESS)
                _say("document_address_wrong", link.delivery_id)
                if wrong + 1 >= parts.tries:
                    return answer("document_closed", 403, locale)
                left = parts.tries - wrong - 1
                return answer("document", 403, locale, problem="wrong", left=left)
        return self._hand_out(link, found)

    def _hand_out(self, link: DocumentLink, found: Linked) -> Response:
        parts = self._parts
        event = load_data(found.event_type, found.event)
        file = file_of(event)
        with self._reading:
            content = parts.usable(file) if file is not None else "missing"
        if file is None or isinstance(content, str):
            log.warning("document_unusable", delivery_id=str(link.delivery_id), reason=content)
            return parts.pages.answer("document_unusable", 503, found.locale)
        with parts.store.write() as tx:
            note(tx, found.customer_ref, link.delivery_id, link.until, Opening.HANDED_OUT)
        _say("document_handed_out", link.delivery_id)
        return file_answer(content, file.media_type, name_of(event, file.media_type))


def same_address(given: str, address: str) -> bool:
    """Whether somebody's typing is the address, for all that an address tells apart in practice."""
    one, other = (text.strip().casefold().encode() for text in (given, address))
    return hmac.compare_digest(one, other)


def _say(what: str, delivery_id: UUID) -> None:
    log.info(what, delivery_id=str(delivery_id))
