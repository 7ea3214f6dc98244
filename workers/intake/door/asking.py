"""What may a publisher ask? What became of its events, what it is told, and a customer's rules."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from contracts.envelope import to_structured
from contracts.vocabulary import Door, Purpose
from store import outbox
from store.publishers import Publisher
from store.reading.queries import event_story
from store.reading.read_models import EventStory, Rejection
from workers.intake.door.access import Caller, opens
from workers.intake.door.describing import refusals
from workers.intake.door.parts import DoorParts, Opened
from workers.intake.door.refusals import Refusal, listed
from workers.intake.door.shapes import (
    DeliveryShape,
    FieldProblem,
    NonSendShape,
    OutcomesShape,
    RefusedShape,
    RulesShape,
    StoryShape,
)
from workers.telling import tell

router = APIRouter()

OutcomesKey = Annotated[Publisher, Depends(opens(Door.OUTCOMES))]


@router.get(
    "/events/{event_id:path}",
    tags=["events"],
    response_model_exclude_none=True,
    summary="What became of an event",
    description=(
        "Its deliveries with their due times, what was deliberately not sent and why, what it"
        " waits for and until when, or why it was rejected. Only of this publisher's sources."
    ),
    responses=refusals(401, 403, 404, 503),
)
async def what_became_of(
    event_id: str,
    source: Annotated[str, Query(max_length=500, examples=["/callcentre/doncaster"])],
    publisher: Caller,
    inside: Opened,
) -> StoryShape:
    """Tell what became of one event."""
    if not publisher.speaks_for(source):
        raise Refusal(403, f"this source is not one of publisher {publisher.name}'s")
    story = await run_in_threadpool(_story, inside.parts, publisher, source, event_id)
    if story is None:
        raise Refusal(404, "no event of this source and id has come in")
    return story


@router.get(
    "/outcomes",
    tags=["outcomes"],
    response_model=OutcomesShape,
    summary="What this publisher is told",
    description=(
        "Outcomes about its own events and those of its roles, in order, as CloudEvents. Keep"
        " `next` and ask with it as `after`; nothing is skipped, and nothing told twice."
    ),
    responses=refusals(401, 403, 503),
)
async def outcomes(
    publisher: OutcomesKey,
    inside: Opened,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Give a publisher's outcomes beyond a position."""
    body = await run_in_threadpool(_outcomes, inside.parts, publisher, after, limit)
    return Response(body, media_type="application/json")


@router.get(
    "/customers/{ref:path}/rules",
    tags=["customers"],
    dependencies=[Depends(opens(Door.RULES))],
    summary="A customer's rules in force",
    description="With their version, which `preferences.set` names as `based_on_version`.",
    responses=refusals(401, 403, 404, 503),
)
async def rules_in_force(ref: str, inside: Opened) -> RulesShape:
    """Give a customer's rules."""
    found = await run_in_threadpool(_rules, inside.parts, ref)
    if found is None:
        raise Refusal(404, "there is no customer of this reference")
    return found


def _story(parts: DoorParts, publisher: Publisher, source: str, event_id: str) -> StoryShape | None:
    with parts.store.read(Purpose.RECORD) as tx:
        story = event_story(tx, source, event_id)
    if story is None:
        return None
    # Another publisher may have tried this source: what it sent is not this one's to read.
    own = [each for each in story.rejections if each.publisher == publisher.name]
    return None if story.status is None and not own else _shown(story, own)


def _shown(story: EventStory, rejections: list[Rejection]) -> StoryShape:
    waiting = story.waiting
    return StoryShape(
        source=story.source,
        id=story.event_id,
        type=story.type,
        status=story.status.value if story.status is not None else "rejected",
        received_at=story.received_at,
        waits_for=waiting.waits_for if waiting is not None else None,
        until=waiting.until if waiting is not None else None,
        deliveries=[
            DeliveryShape(
                delivery_id=line.id,
                channel=line.channel,
                destination=line.masked,
                status=line.status,
                reason=line.reason,
                detail=line.detail,
                due_at=line.due_at,
                attempts=line.attempts,
                changed_at=line.changed_at,
                resent=line.marked or None,
            )
            for line in story.deliveries
        ],
        non_sends=[
            NonSendShape(reason=each.reason, detail=each.detail, channel=each.channel, at=each.at)
            for each in story.non_sends
        ],
        rejections=[
            RefusedShape(
                at=each.received_at,
                errors=[FieldProblem(**problem) for problem in listed(each.problems)],
            )
            for each in rejections
        ],
    )


def _outcomes(parts: DoorParts, publisher: Publisher, after: int, limit: int) -> bytes:
    with parts.store.read(Purpose.RECORD) as tx:
        found = outbox.after(tx, publisher.audiences(), after, limit)
        envelopes = tell(tx, found)
    following = max((outcome.position or 0 for outcome in found), default=after)
    members = b",".join(to_structured(envelope) for envelope in envelopes)
    return b'{"outcomes":[%b],"next":%d}' % (members, following)


def _rules(parts: DoorParts, ref: str) -> RulesShape | None:
    with parts.store.read(Purpose.SET_UP) as tx:
        customer = parts.readings.load(tx, [ref]).get(ref)
    if customer is None:
        return None
    if customer.rules is None:
        return RulesShape(customer=ref, version=customer.rules_version, rules=[])
    written = customer.rules.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return RulesShape(
        customer=ref,
        version=customer.rules_version,
        rules=written["rules"],
        callers=written.get("callers", {}),
    )
