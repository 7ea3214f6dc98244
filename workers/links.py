"""Which link does an email carry, and what does a link that somebody opens name?

A link names its delivery, and carries a keyed check of all that it stands for: nobody can make up
one that he was not sent. That of a document is bound to the address that its email went to, and
ends; that of an unsubscription does not, for an old email must still let its reader out.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

UNSUBSCRIBE = "unsubscribe"
DOCUMENT = "document"
COPY = "copy"
_ID_BYTES = 16
_UNTIL_BYTES = 5
_CHECK_BYTES = 16


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """What a link to a document says; whether it is one of ours shows with the address alone."""

    delivery_id: UUID
    until: datetime
    check: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Links:
    """The links to the pages at ``base``; ``check`` is a keyed digest of a kind and what it is of.

    ``days`` is how long a document can be fetched, ``copy_days`` a copy of somebody's records.
    """

    base: str
    check: Callable[[str, str], bytes] = field(repr=False)
    days: int = 14
    copy_days: int = 7

    def to_unsubscribe(self, delivery_id: UUID) -> str:
        """Give the link by which the reader of an offer opts out."""
        token = delivery_id.bytes + self._of_unsubscription(delivery_id)
        return f"{self.base}/{UNSUBSCRIBE}/{_written(token)}"

    def to_document(self, delivery_id: UUID, address_index: bytes, now: datetime) -> DocumentLink:
        """Make the link by which whoever reads mail at an address fetches a document."""
        until = (now + timedelta(days=self.days)).replace(microsecond=0)
        return DocumentLink(
            delivery_id, until, self._of_document(delivery_id, until, address_index)
        )

    def url(self, link: DocumentLink) -> str:
        """Give a document's link as an email shows it."""
        return self._url(DOCUMENT, link)

    def to_copy(self, delivery_id: UUID, address_index: bytes, made_at: datetime) -> DocumentLink:
        """Make the link by which whoever reads what is sent to a place fetches their copy."""
        until = (made_at + timedelta(days=self.copy_days)).replace(microsecond=0)
        check = self._of_document(delivery_id, until, address_index, COPY)
        return DocumentLink(delivery_id, until, check)

    def copy_url(self, link: DocumentLink) -> str:
        """Give a copy's link as an email or a text shows it."""
        return self._url(COPY, link)

    def _url(self, page: str, link: DocumentLink) -> str:
        until = int(link.until.timestamp()).to_bytes(_UNTIL_BYTES, "big")
        return f"{self.base}/{page}/{_written(link.delivery_id.bytes + until + link.check)}"

    def unsubscription(self, token: str) -> UUID | None:
        """Read the delivery whose reader wants to opt out; none where the link is not ours."""
        raw = _read(token, _ID_BYTES + _CHECK_BYTES)
        if raw is None:
            return None
        delivery_id = UUID(bytes=raw[:_ID_BYTES])
        ours = hmac.compare_digest(raw[_ID_BYTES:], self._of_unsubscription(delivery_id))
        return delivery_id if ours else None

    @staticmethod
    def document(token: str) -> DocumentLink | None:
        """Read what a link to a document says; none where it has not even the form of one."""
        raw = _read(token, _ID_BYTES + _UNTIL_BYTES + _CHECK_BYTES)
        if raw is None:
            return None
        seconds = int.from_bytes(raw[_ID_BYTES : _ID_BYTES + _UNTIL_BYTES], "big")
        try:
            until = datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            return None
        return DocumentLink(UUID(bytes=raw[:_ID_BYTES]), until, raw[_ID_BYTES + _UNTIL_BYTES :])

    def genuine_copy(self, link: DocumentLink, address_index: bytes) -> bool:
        """Whether we made a link to a copy, for what is sent to this place."""
        made = self._of_document(link.delivery_id, link.until, address_index, COPY)
        return hmac.compare_digest(link.check, made)

    def genuine(self, link: DocumentLink, address_index: bytes) -> bool:
        """Whether we made a link, for mail to this address."""
        made = self._of_document(link.delivery_id, link.until, address_index)
        return hmac.compare_digest(link.check, made)

    def _of_unsubscription(self, delivery_id: UUID) -> bytes:
        return self.check("link.unsubscribe", delivery_id.hex)[:_CHECK_BYTES]

    def _of_document(
        self, delivery_id: UUID, until: datetime, address_index: bytes, page: str = DOCUMENT
    ) -> bytes:
        named = f"{delivery_id.hex}.{int(until.timestamp())}.{address_index.hex()}"
        return self.check(f"link.{page}", named)[:_CHECK_BYTES]


def _written(token: bytes) -> str:
    return urlsafe_b64encode(token).rstrip(b"=").decode()


def _read(token: str, size: int) -> bytes | None:
    """Read a token of exactly so many bytes, in the one way that we write it."""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    return raw if len(raw) == size and _written(raw) == token else None
