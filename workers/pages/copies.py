"""How is the copy of somebody's records fetched? Once, by who reads what is sent to their place.

As with a document, the link alone opens nothing: the page asks which address or number it was sent
to. Taking the copy destroys its key and closes the request, in one transaction, before the first
byte leaves: whoever opens the link again, or has it opened at the same moment, gets nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from fastapi import APIRouter, Request, Response
from structlog import get_logger

from contracts.numbers import normalise
from contracts.vocabulary import Channel, Gone, Opening, RightsStatus
from store.engine import Store, Transaction
from store.evidence.openings import Linked, linked, note, wrong_tries
from store.rights import requests as rights
from store.rights import transfers
from store.rights.transfers import Transfer, stored_at
from workers.links import COPY, DocumentLink, Links
from workers.pages.answers import Pages, address_of, answered, file_answer
from workers.pages.documents import same_address

if TYPE_CHECKING:
    from store.files import Files

log = get_logger(__name__)
_NAME = "records.zip"
_ANSWER = "handed out by the link that was sent"


@dataclass(frozen=True, slots=True)
class HandingParts:
    """What it stands on; ``tries`` wrong addresses close a link."""

    store: Store
    links: Links
    pages: Pages
    open_files: "Callable[[], Files]"
    tries: int


class HandingOut:
    """The routes, as ``router``."""

    def __init__(self, parts: HandingParts) -> None:
        self._parts = parts
        self.router = APIRouter(prefix=f"/{COPY}", include_in_schema=False)
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
            found = linked(tx, link.delivery_id, (Channel.EMAIL, Channel.SMS))
            if found is None or not parts.links.genuine_copy(link, found.address_index):
                return parts.pages.answer("no_such_link", 404)
            kept = transfers.of_delivery(tx, link.delivery_id)
            by_text = found.channel is Channel.SMS
            answer = partial(parts.pages.answer, locale=found.locale, by_text=by_text)
            if kept is None or not _is_there(tx, kept, found):
                return answer("copy_ended", 410)
            wrong = wrong_tries(tx, link.delivery_id, link.until)
            if wrong >= parts.tries:
                return answer("copy_closed", 403)
            if given is None or not given.strip():
                return answer("copy", problem="")
            if not _same(given, found):
                note(tx, found.customer_ref, link.delivery_id, link.until, Opening.WRONG_ADDRESS)
                log.info("copy_address_wrong", delivery_id=str(link.delivery_id))
                if wrong + 1 >= parts.tries:
                    return answer("copy_closed", 403)
                left = parts.tries - wrong - 1
                return answer("copy", 403, problem="wrong", left=left)
            content = self._content(tx, kept)
            if content is None:
                log.warning("copy_unusable", delivery_id=str(link.delivery_id))
                return answer("copy_unusable", 503)
            _hand_over(tx, link, found, kept)
        log.info("copy_handed_out", delivery_id=str(link.delivery_id))
        return file_answer(content, "application/zip", _NAME)

    def _content(self, tx: Transaction, kept: Transfer) -> bytes | None:
        key = transfers.key_of(tx, kept.id)
        sealed = self._parts.open_files().read_sealed(stored_at(kept.id))
        if key is None or not isinstance(sealed, bytes):
            return None
        try:
            return key.open(sealed)
        except InvalidTag:
            return None


def _is_there(tx: Transaction, kept: Transfer, found: Linked) -> bool:
    return found.stands and kept.gone_at is None and kept.until > tx.now


def _hand_over(tx: Transaction, link: DocumentLink, found: Linked, kept: Transfer) -> None:
    """Have nobody get it again, and the request answered."""
    transfers.end(tx, kept.id, Gone.TAKEN)
    note(tx, found.customer_ref, link.delivery_id, link.until, Opening.HANDED_OUT)
    for request in rights.named(tx, str(kept.request_id)):
        if request.id == kept.request_id and request.closed_at is None:
            rights.close(tx, request, RightsStatus.DONE, _ANSWER)


def _same(given: str, found: Linked) -> bool:
    if found.channel is Channel.EMAIL:
        return same_address(given, found.address)
    try:
        return same_address(normalise(given.strip()), found.address)
    except ValueError:
        return False
