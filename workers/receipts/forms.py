"""How is a form that a provider posts to us admitted? By its signature alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Request, Response
from structlog import get_logger

from workers.providers.twilio_signature import valid
from workers.receipts.counts import Counts, Meaning, Way
from workers.running.failpoints import reach

log = get_logger(__name__)

_LONGEST_FORM = 65_536
_SIGNATURE = "x-twilio-signature"
TRY_AGAIN = {"Retry-After": "5"}

Form = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Forms:
    """What admits forms; ``auth_tokens`` are those of all our accounts.

    ``public_url`` is the URL that providers were given for us, without a path of ours.
    """

    public_url: str
    counts: Counts
    auth_tokens: tuple[str, ...] = field(repr=False)

    async def admitted(self, request: Request, way: Way) -> Form | Response:
        """Give the form as sent, if Twilio signed it; else how it is refused."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST_FORM:
                self.counts.add(way, Meaning.UNREADABLE)
                return Response(status_code=413)
        try:
            form = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200)
        except ValueError:
            self.counts.add(way, Meaning.UNREADABLE)
            return Response(status_code=400)
        url = f"{self.public_url.rstrip('/')}{_as_asked(request)}"
        signature = request.headers.get(_SIGNATURE)
        if not any(valid(token, url, form, signature) for token in self.auth_tokens):
            self.counts.add(way, Meaning.REFUSED)
            log.warning("receipt_refused", path=request.url.path)
            return Response("the signature does not fit\n", 403, media_type="text/plain")
        reach("receipts.received")
        return form


def number(text: str | None) -> int | None:
    """Read a whole number of nine digits at most."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def ids_of(request: Request) -> tuple[UUID, int] | None:
    """Give the delivery and the attempt that a webhook's URL names; none where it names none."""
    attempt = number(request.query_params.get("attempt"))
    try:
        delivery_id = UUID(request.query_params.get("delivery", ""))
    except ValueError:
        return None
    return (delivery_id, attempt) if attempt is not None else None


def twiml(document: str) -> Response:
    """Answer with a document."""
    return Response(document, media_type="application/xml")


def out_of_order(error: Exception) -> Response:
    """Say that the store is away: Twilio may come again."""
    log.error("store_out_of_order", error_type=type(error).__name__)
    return Response(status_code=503, headers=TRY_AGAIN)


def _as_asked(request: Request) -> str:
    """Give path and query to the letter: the signature covers what was sent, not what it means."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    path = raw.partition(b"?")[0].decode("latin-1")
    return f"{path}?{query.decode('latin-1')}" if query else path
