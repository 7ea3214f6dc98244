"""How is a request refused? By problem details, RFC 9457: what is wrong and how to mend it.

A text never quotes what was sent, which may be personal.
"""

from collections.abc import Mapping, Sequence

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from structlog import get_logger

from contracts.problems import Problem
from store.engine import is_outage
from store.files import FilesAwayError

log = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The request cannot be read",
    401: "A key is needed",
    403: "This key does not allow it",
    404: "There is nothing here by that name",
    405: "This cannot be done here",
    413: "Too large",
    415: "Not a form that is read here",
    422: "Rejected",
    429: "Too much at once",
    500: "A fault of ours",
    503: "Out of order",
}


class Refusal(Exception):  # noqa: N818 - the name says what becomes of the request
    """A request that is not carried out, and what its sender is told."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members or {}


def listed(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """Problems as answers carry them."""
    return [{"path": p.path, "code": p.code.value, "text": p.text} for p in problems]


def out_of_order(error: BaseException) -> bool:
    """Whether a store is out of order or full, so that the same request may do better later."""
    return is_outage(error) or isinstance(error, PoolTimeoutError | FilesAwayError)


def answer(refusal: Refusal) -> JSONResponse:
    """Write a refusal as problem details."""
    content = {
        "type": "about:blank",
        "title": TITLES.get(refusal.status, "Refused"),
        "status": refusal.status,
        "detail": refusal.detail,
        **refusal.members,
    }
    return JSONResponse(content, refusal.status, dict(refusal.headers), MEDIA_TYPE)


async def answer_refusal(_request: Request, refusal: Exception) -> Response:
    """Answer what a route refused."""
    assert isinstance(refusal, Refusal)  # noqa: S101 - registered for this class
    return answer(refusal)


async def answer_http(_request: Request, error: Exception) -> Response:
    """Answer what the framework refused: unknown paths and methods."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    text = "see /docs for what can be asked here"
    return answer(Refusal(error.status_code, text, headers=error.headers))


async def answer_unfit(_request: Request, error: Exception) -> Response:
    """Answer a query or path that is not of the form its route wants."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    errors = [
        {
            "path": ".".join(str(part) for part in each["loc"]),
            "code": "invalid",
            "text": each["msg"],
        }
        for each in error.errors()
    ]
    return answer(
        Refusal(400, "the request is not of the form wanted here", members={"errors": errors})
    )


async def answer_gone(_request: Request, _error: Exception) -> Response:
    """Close the books on a caller who hung up while sending; nothing was kept."""
    return answer(Refusal(400, "the request ended before its body did; nothing was kept"))


async def answer_fault(request: Request, error: Exception) -> Response:
    """Answer an outage of the store, or a fault of ours, without a word of what it held."""
    path = _form_of_path(request)
    if out_of_order(error):
        log.error("store_out_of_order", path=path, error_type=type(error).__name__)
        return answer(unavailable())
    log.error("door_failed", path=path, error_type=type(error).__name__)
    return answer(Refusal(500, "nothing of this request was kept; it may be sent again"))


def _form_of_path(request: Request) -> str | None:
    """Give the form of what was asked for, as `/events/{id}`: what was put in may be anything."""
    return getattr(request.scope.get("route"), "path", None)


def unavailable() -> Refusal:
    """The refusal while the store is out of order."""
    text = "the store is out of order; nothing of this request was kept, send it again later"
    return Refusal(503, text, headers={"Retry-After": "5"})
