"""How are events taken in over HTTP? Gathered with other callers', answered after the commit."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from structlog import get_logger

from contracts.envelope import HttpMode
from contracts.vocabulary import Answer, ErrorCode
from workers.intake.door.access import Caller
from workers.intake.door.describing import PUBLISHING, refusals
from workers.intake.door.parts import DoorParts, Opened
from workers.intake.door.reading import Handed, handed_in, mode_of, read_body
from workers.intake.door.refusals import Refusal, listed
from workers.intake.door.shapes import Line, Results
from workers.intake.submission import Answered, Submission
from workers.running.failpoints import reach
from workers.running.gathering import CrowdedError

log = get_logger(__name__)
router = APIRouter(tags=["events"])

_INLINE_BYTES = 65_536  # what is longer is taken apart in a thread, so that no other caller waits


@router.post(
    "/events",
    status_code=202,
    response_model=Results,
    response_model_exclude_none=True,
    summary="Hand in events",
    description=(
        "One CloudEvent (structured or binary), or a batch. The answer comes after the commit:"
        " what is answered here is on record with all that follows from it. In a batch one bad"
        " member fails no other; a single rejected event is answered 422, or 403 where this"
        " publisher may not publish it. Handing the same event in again is answered `duplicate`"
        " and does nothing twice; the same source and id with other content are rejected as"
        " `conflicting_duplicate`."
    ),
    openapi_extra=PUBLISHING,
    responses=refusals(401, 403, 413, 415, 422, 429, 503),
)
async def publish(request: Request, publisher: Caller, inside: Opened) -> Response:
    """Take in the events of one request."""
    parts = inside.parts
    mode = mode_of(request.headers)
    body = await read_body(request, parts.body_limit)

    def read() -> Handed:
        return handed_in(publisher, mode, request.headers, body, admit_drama=parts.admit_drama)

    large = mode is HttpMode.BATCH or len(body) > _INLINE_BYTES
    handed = await run_in_threadpool(read) if large else read()
    try:
        answers = await inside.gathering.hand_in(handed.submissions) if handed.submissions else []
    except CrowdedError:
        text = "more events are waiting here than can be taken in at once; nothing was kept"
        raise Refusal(429, text, headers={"Retry-After": "1"}) from None
    if handed.single and answers[0].answer is Answer.REJECTED:
        raise _refused(answers[0])
    return JSONResponse({"results": [_line(each) for each in answers]}, 202)


def take_in_and_hint(parts: DoorParts) -> Callable[[Sequence[Submission]], Sequence[Answered]]:
    """Make what a batch of gathered events is given to: one transaction, then the hints."""

    def take(submissions: Sequence[Submission]) -> Sequence[Answered]:
        reach("door.received")
        taken = parts.taking_in.take_in(submissions)
        reach("door.committed")
        try:
            parts.hint(taken.due)
        except Exception as error:  # noqa: BLE001 - committed: upkeep finds it, whatever ails the hint
            log.warning("hint_not_sent", error_type=type(error).__name__, count=len(taken.due))
        reach("door.hinted")
        return taken.answers

    return take


def _line(answered: Answered) -> dict[str, Any]:
    line = Line(
        source=answered.source,
        id=answered.event_id,
        status=answered.answer.value,
        waits_for=answered.waits_for,
    )
    shown = line.model_dump(exclude_none=True)
    if answered.problems:
        shown["errors"] = listed(answered.problems)
    return shown


def _refused(answered: Answered) -> Refusal:
    codes = {problem.code for problem in answered.problems}
    if codes == {ErrorCode.NOT_ALLOWED}:
        status, text = 403, "this publisher may not publish this event; it was kept as rejected"
    elif codes == {ErrorCode.TOO_LARGE}:
        status, text = 413, "the event is too large; it was kept as rejected"
    else:
        status, text = 422, "the event breaks its contract; it was kept as rejected, not routed"
    named = {"source": answered.source, "id": answered.event_id}
    known = {name: value for name, value in named.items() if value is not None}
    return Refusal(status, text, members={**known, "errors": listed(answered.problems)})
