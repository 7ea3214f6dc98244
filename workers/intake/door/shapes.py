"""How are the door's answers written? As these objects, which the OpenAPI document shows."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.vocabulary import Channel, DeliveryStatus, PostAction, Reason


class Shape(BaseModel):
    """An answer; what is not known is left out."""

    model_config = ConfigDict(frozen=True)


class FieldProblem(Shape):
    """One error: where it stands, its kind, and how to mend it."""

    path: str
    code: str
    text: str


class Line(Shape):
    """What became of one event of a request."""

    source: str | None = Field(None, examples=["/callcentre/doncaster"])
    id: str | None = Field(None, examples=["m-20261120-0001"])
    status: Literal["accepted", "duplicate", "waiting", "rejected"]
    waits_for: str | None = Field(None, examples=["customer"])
    errors: list[FieldProblem] | None = None


class Results(Shape):
    """A line per event, in the order in which they were sent."""

    results: list[Line]


class DeliveryShape(Shape):
    """Where one delivery of an event stands."""

    delivery_id: UUID
    channel: Channel
    destination: str = Field(description="Masked.", examples=["+4477•••123"])
    status: DeliveryStatus
    reason: Reason
    detail: str | None = None
    due_at: datetime | None = Field(None, description="Absent: held, or no longer due.")
    attempts: int
    changed_at: datetime
    resent: bool | None = Field(
        None, description="True where an earlier send of the same delivery is not ruled out."
    )


class NonSendShape(Shape):
    """What was deliberately not sent, and why."""

    reason: Reason
    detail: str | None = None
    channel: Channel | None = None
    at: datetime


class RefusedShape(Shape):
    """A time that this event was refused, and why."""

    at: datetime
    errors: list[FieldProblem]


class StoryShape(Shape):
    """What became of one event."""

    source: str
    id: str
    type: str | None = None
    status: Literal["waiting", "routed", "withdrawn", "overtaken", "refused", "rejected"]
    received_at: datetime
    waits_for: str | None = None
    until: datetime | None = None
    deliveries: list[DeliveryShape] = []
    non_sends: list[NonSendShape] = []
    rejections: list[RefusedShape] = []


class BlobShape(Shape):
    """A file as events refer to it: put this object where a file is wanted."""

    uri: str
    sha256: str
    media_type: str
    bytes: int


class ItemShape(Shape):
    """What to do with one item of post, now."""

    item_id: str
    do: PostAction
    why: Reason
    until: date | None = None
    authority: str | None = Field(None, description="On whose word it may be opened.")
    consolidate: str | None = None
    destination_id: str | None = None
    address: str | None = Field(None, description="For `forward` alone, and only while verified.")
    done_as: str | None = None
    done_at: datetime | None = None


class RulesShape(Shape):
    """The rules in force; `version` is what `preferences.set` names as `based_on_version`."""

    customer: str
    version: int
    rules: list[dict[str, Any]]
    callers: dict[str, Any] = {}


class OutcomesShape(Shape):
    """Outcomes as CloudEvents, in order; ask again with `after` set to `next`."""

    outcomes: list[dict[str, Any]]
    next: int


class ProblemShape(Shape):
    """Problem details, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    source: str | None = None
    id: str | None = None
    errors: list[FieldProblem] | None = None


class Health(Shape):
    """Whether it works."""

    status: Literal["ok"]
