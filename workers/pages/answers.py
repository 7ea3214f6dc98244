"""How is a page answered, and a form read? With headers that keep it to whoever has the link."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import parse_qs, quote

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from structlog import get_logger

from store.engine import is_outage
from workers.routing.template_files import FALLBACK, TemplateFiles

log = get_logger(__name__)
_LARGEST_FORM = 16_384
_FOLDER = "page"
_ADDRESS = "address"
_LONGEST_ADDRESS = 320
_HEADING = re.compile(r"<h1>(.*?)</h1>", re.DOTALL)
# The address of a page is its secret: no cache, no index, no next page may have it.
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
            " base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
    }
)


class Pages:
    """Writes pages in the company's name, in the language of whom they are for."""

    def __init__(self, files: TemplateFiles) -> None:
        self._files = files

    def answer(
        self, name: str, status: int = 200, locale: str = FALLBACK, **words: object
    ) -> HTMLResponse:
        """Answer with a page. Raises what a template raises that cannot be used."""
        found = self._files.find(locale, f"{_FOLDER}/{name}.html")
        language = found.partition("/")[0]
        layout = self._files.find(language, f"{_FOLDER}/layout.html")
        body = self._files.piece(found).render(words)
        heading = _HEADING.search(body)
        around = {
            "language": language,
            "title": Markup(heading[1] if heading else ""),  # noqa: S704 - autoescaped, as the body
            "body": Markup(body),  # noqa: S704 - came out of autoescape
        }
        html = self._files.piece(layout).render(around)
        return HTMLResponse(html, status, dict(HEADERS))


async def answered(pages: Pages, make: Callable[[], Response]) -> Response:
    """Make an answer from the store, in a thread; while that is away, say so."""
    try:
        return await run_in_threadpool(make)
    except Exception as error:
        if not is_outage(error):
            raise
        log.error("store_out_of_order", error_type=type(error).__name__)  # noqa: TRY400
        return pages.answer("out_of_order", 503)


async def address_of(request: Request) -> str:
    """Read the number or address that somebody typed; empty where there is none."""
    form = await form_of(request) or {}
    return form.get(_ADDRESS, "")[:_LONGEST_ADDRESS]


async def form_of(request: Request) -> Mapping[str, str] | None:
    """Read a small form; none where it is large. One in parts is read for its presence alone.

    Mail systems may post RFC 8058's one field as `multipart/form-data`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        one_click = b'name="List-Unsubscribe"' in body and b"One-Click" in body
        return {"List-Unsubscribe": "One-Click"} if one_click else {}
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def file_answer(content: bytes, media_type: str, name: str) -> Response:
    """Hand out a file, to be kept and not shown as if it were a page of ours."""
    headers = dict(HEADERS) | {
        "Content-Disposition": f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(name)}"
    }
    return Response(content, headers=headers, media_type=media_type)
