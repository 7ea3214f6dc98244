"""What a customer may ask for: the rules of `preferences.set`, as a contract.

The whole language parses here, because publishers may send it; which of it can be carried out
is the router's to say (`workers.routing.supported`). JSON names are those of the events page:
`from` is `from_` in code, because Python keeps the word.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    Tag,
    WithJsonSchema,
)

from contracts.fields import Instant, Number
from contracts.rule_words import (
    WEEK,
    Acknowledge,
    BankHolidays,
    CallerId,
    CallerKind,
    Contained,
    Day,
    Fallback,
    Matchable,
    PostClass,
    Ring,
    SenderClass,
    Timing,
)
from contracts.searching import folded
from contracts.vocabulary import Content, Mode, PostAction, Urgency

T = TypeVar("T")
MINUTES_A_DAY = 24 * 60


def _written_out(value: object) -> object:
    """Refuse bare numbers, which pydantic would read as seconds."""
    if isinstance(value, (str, timedelta)):
        return value
    raise ValueError("must be written out as text")


def _some(values: tuple[T, ...]) -> tuple[T, ...]:
    """Refuse an empty list; `min_length` would also complain of a list whose items are wrong."""
    if not values:
        raise ValueError("must not be empty; leave it out to match all")
    return values


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


Some = Annotated[tuple[T, ...], AfterValidator(_some), Field(json_schema_extra={"minItems": 1})]
Id = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^@\s]\S*$")]
Label = Annotated[str, Field(min_length=1, max_length=200)]
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
ClosingTime = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Duration = Annotated[
    timedelta,
    BeforeValidator(_written_out),
    Field(ge=timedelta(seconds=1), le=timedelta(days=7)),
    WithJsonSchema({"type": "string", "format": "duration"}),
]


class _Contract(BaseModel):
    """Closed, immutable, and spelled in JSON as on the events page."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )


class Window(_Contract):
    """Local hours in the customer's time zone: open at `from`, closed again at `to`.

    A `to` before `from` is on the next day, and the night belongs to the day on which it began.
    The whole day is 00:00 to 24:00, which is also what absent hours mean.
    """

    days: Some[Day] = WEEK
    from_: ClockTime = Field(default="00:00", alias="from")
    to: ClosingTime = "24:00"
    bank_holidays: BankHolidays = BankHolidays.INCLUDE

    @cached_property
    def weekdays(self) -> frozenset[int]:
        """The days as `date.weekday` numbers them."""
        return frozenset(WEEK.index(day) for day in self.days)

    @cached_property
    def span(self) -> tuple[int, int]:
        """Opening and closing in minutes from the midnight of the day it opens; equal: never."""
        opens, closes = _minutes(self.from_), _minutes(self.to)
        return opens, closes + MINUTES_A_DAY * (closes < opens)


class Match(_Contract):
    """Which events a rule is for; what is absent matches all."""

    events: Some[Matchable] | None = None
    person: Some[Label] | None = None
    department: Some[Label] | None = None
    min_urgency: Urgency | None = None
    caller: CallerKind = CallerKind.ANY
    post_class: Some[PostClass] | None = None
    sender_class: Some[SenderClass] | None = None
    contains: Some[Contained] | None = None
    window: Window | None = None
    from_: Instant | None = Field(default=None, alias="from")
    until: Instant | None = None

    @cached_property
    def least_rank(self) -> int:
        """The rank of the least urgency that is wanted."""
        return 0 if self.min_urgency is None else self.min_urgency.rank

    @cached_property
    def people(self) -> frozenset[str]:
        """The persons, for look-up in the one spelling of `folded`."""
        return frozenset(map(folded, self.person or ()))

    @cached_property
    def departments(self) -> frozenset[str]:
        """The departments, for look-up in the one spelling of `folded`."""
        return frozenset(map(folded, self.department or ()))

    @cached_property
    def unconditional(self) -> bool:
        """True where nothing but the event's type is asked for: a catch-all."""
        conditions = (self.person, self.department, self.min_urgency, self.post_class)
        more = (self.sender_class, self.contains, self.window, self.from_, self.until)
        return self.caller is CallerKind.ANY and not any(
            condition is not None for condition in conditions + more
        )


class Digest(_Contract):
    """When the gathered events of a digest are sent, in the customer's time zone."""

    every: Literal["hour", "day", "week"]
    at: ClockTime | None = None
    on: Day | None = None


class Digested(_Contract):
    """The timing `digest`: events are gathered and sent together."""

    digest: Digest


def _timing_form(value: object) -> str:
    return "word" if isinstance(value, str) else "gathered"


class Step(_Contract):
    """One destination of a rule, and how long it is given."""

    destination: Id
    wait: Duration | None = None
    attempts: Annotated[StrictInt, Field(ge=1, le=20)] | None = None
    acknowledge: Acknowledge = Acknowledge.NONE


class PostRule(_Contract):
    """What the mailroom is to do with an item."""

    do: Literal[
        PostAction.SCAN, PostAction.FORWARD, PostAction.HOLD, PostAction.SHRED, PostAction.COLLECT
    ]
    consolidate: Literal["now"] | Day = "now"
    postal_destination: Id | None = None
    never_shred: tuple[Contained | SenderClass, ...] = ()
    may_shred: StrictBool = False


class CallRule(_Contract):
    """How a live call is put through.

    Without a ``fallback`` a caller whom nobody took goes back to the agent, where there is a way.
    """

    ring: Ring = Ring.IN_ORDER
    ring_seconds: Annotated[StrictInt, Field(ge=5, le=60)] = 20
    press_to_accept: StrictBool = False
    announce: StrictBool = False
    caller_id: CallerId = CallerId.CALLER
    fallback: Fallback | None = None


class Action(_Contract):
    """What a rule does with what it matches."""

    timing: Annotated[
        Annotated[Timing, Tag("word")] | Annotated[Digested, Tag("gathered")],
        Discriminator(_timing_form),
    ] = Timing.NOW
    window: Window | None = None
    mode: Mode = Mode.ALL
    content: Content = Content.FULL
    attach_scan: StrictBool = True
    steps: Annotated[tuple[Step, ...], Field(max_length=20)] = ()
    post: PostRule | None = None
    call: CallRule | None = None


class Rule(_Contract):
    """One standing instruction of a customer; the first that matches an event wins."""

    rule_id: Id
    match: Match = Match()
    action: Action

    @property
    def sends_nothing(self) -> bool:
        """Whether the customer wants nothing sent on what this rule matches."""
        return self.action.timing is Timing.NONE or not self.action.steps

    @property
    def rings_all(self) -> bool:
        """Whether all numbers of a live call ring at the same time."""
        return self.action.call is not None and self.action.call.ring is Ring.ALL

    def names(self, event_type: str) -> bool:
        """Whether `match.events` lists this type itself, rather than leaving it open."""
        return self.match.events is not None and event_type in self.match.events

    def covers(self, event_type: str) -> bool:
        """Whether events of this type can match at all."""
        return self.match.events is None or event_type in self.match.events


class Callers(_Contract):
    """Numbers that rules can tell apart, in E.164 form."""

    vip: Annotated[tuple[Number, ...], Field(max_length=1000)] = ()
    blocked: Annotated[tuple[Number, ...], Field(max_length=1000)] = ()

    @cached_property
    def vip_numbers(self) -> frozenset[str]:
        """The favoured numbers, for look-up."""
        return frozenset(self.vip)

    @cached_property
    def blocked_numbers(self) -> frozenset[str]:
        """The unwanted numbers, for look-up."""
        return frozenset(self.blocked)


class RuleSet(_Contract):
    """A customer's rules in one immutable version."""

    version: int
    rules: Annotated[tuple[Rule, ...], Field(max_length=200)] = ()
    callers: Callers = Callers()

    @cached_property
    def by_type(self) -> Mapping[str, tuple[Rule, ...]]:
        """For each type that can be matched, the rules that cover it, in their order."""
        return {kind.value: tuple(r for r in self.rules if r.covers(kind)) for kind in Matchable}

    def rule(self, rule_id: str) -> Rule | None:
        """The rule of this name, if there is one."""
        return next((rule for rule in self.rules if rule.rule_id == rule_id), None)
