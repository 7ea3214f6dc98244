"""What planning reads and yields: frozen shapes that the store fills and the planner decides on.

They hold ids and closed words; personal values stay in the store until a send is rendered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from uuid import UUID

from contracts.rule_words import Acknowledge
from contracts.vocabulary import (
    Channel,
    Checked,
    Content,
    CustomerKind,
    DestinationKind,
    Lane,
    Mode,
    PostAction,
    Purpose,
    Reason,
    Service,
)

if TYPE_CHECKING:
    from contracts.events import EventData
    from contracts.rules import RuleSet

# What UK networks let through to one number in an hour before they block it.
NETWORK_MOST = 100
NETWORK_ALIKE = 20
INVOICE_EMAIL = "@invoice"  # the pseudo-destination of billing: invoice_email, else the contact's
# How long a step is given that names no wait of its own. A caller is on the line; an urgent text
# arrives within seconds or not for long; a person needs longer to send back a code.
WAIT_SECONDS: Final = MappingProxyType(
    {Lane.LIVE: 5.0, Lane.URGENT: 120.0, Lane.ROUTINE: 900.0, Lane.BULK: 900.0}
)
CODE_WAIT_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Destination:
    """A place that a customer can be reached at, without its value.

    ``version`` rises whenever the value changes; a delivery planned for another version is void.
    """

    destination_id: str
    kind: DestinationKind
    version: int
    verified: bool
    masked: str
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Individual:
    """Somebody who will use a service, by registration's name; none: not checked yet."""

    individual_id: str
    result: Checked | None


@dataclass(frozen=True, slots=True)
class IdentityPolicy:
    """For whom identity is verified beyond what the law asks, and whether services wait for it."""

    telephone: bool = False
    individuals: bool = False
    before_service: bool = True


@dataclass(frozen=True, slots=True)
class Customer:
    """What planning needs to know of one customer, at one revision of the store's record."""

    ref: str
    revision: int
    time_zone: str = "Europe/London"
    locale: str = "en-GB"
    registered: bool = True
    contracted: frozenset[Service] = frozenset()
    started: frozenset[Service] = frozenset()
    terminated_at: datetime | None = None
    restricted: bool = False  # they asked that nothing be done with what is held of them
    rules: "RuleSet | None" = None
    rules_version: int = 0
    destinations: Mapping[str, Destination] = field(default_factory=dict)
    consents: frozenset[Purpose] = frozenset()
    kind: CustomerKind = CustomerKind.LEGAL_PERSON
    individuals: tuple[Individual, ...] = ()


@dataclass(frozen=True, slots=True)
class Routable:
    """An event about to be planned: validated data under the customer it concerns.

    ``kinds`` are what earlier events said of the same item of post; ``moot`` is why nobody needs to
    be told any more.
    """

    id: UUID
    type: str  # without prefix and version: `call.message_taken`
    received_at: datetime
    data: "EventData"
    kinds: frozenset[str] = frozenset()
    moot: Reason | None = None


@dataclass(frozen=True, slots=True)
class DigestTimes:
    """Which digest an event goes into: that sent ``at``; where it is closed, that ``after`` it."""

    at: datetime
    after: datetime


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """One event to one destination on one channel, from one step of one rule.

    ``wait`` is how long after it is due the rule's next step goes out, unless this one has
    reached the customer: as ``acknowledge`` says. It is tried ``most_attempts`` times, where the
    step says so. With ``digest`` it is gathered with others; what is ``held`` has no due time.
    """

    channel: Channel
    destination_id: str
    destination_version: int
    rule_id: str
    rule_version: int
    step: int
    mode: Mode
    content: Content
    lane: Lane
    purpose: Purpose
    due_at: datetime
    deadline_at: datetime
    attach: bool = True
    reason: Reason = Reason.PLANNED
    detail: str | None = None
    wait: timedelta | None = None
    acknowledge: Acknowledge = Acknowledge.NONE
    most_attempts: int | None = None
    digest: DigestTimes | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class NonSend:
    """What was deliberately not sent, and why; goes to the ledger like a send."""

    reason: Reason
    purpose: Purpose
    rule_id: str | None = None
    rule_version: int | None = None
    step: int | None = None
    channel: Channel | None = None
    destination_id: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class PostInstruction:
    """What the mailroom is to do with one item, and why."""

    do: PostAction
    why: Reason
    rule_id: str | None = None
    destination_id: str | None = None
    until: date | None = None
    consolidate: str = "now"
    authority: str | None = None
    round_at: datetime | None = None  # when a consolidated letter is due
    may_shred: bool = False  # once it has been held for long, and must not be kept


@dataclass(frozen=True, slots=True)
class Plan:
    """All that follows from one event for one customer."""

    deliveries: tuple[PlannedDelivery, ...] = ()
    non_sends: tuple[NonSend, ...] = ()
    post: PostInstruction | None = None


@dataclass(frozen=True, slots=True)
class LanePolicy:
    """What the office decides about time for every customer alike.

    How long a delivery in a lane may wait from its first ``due_at``, which days are bank
    holidays, and how long a step is given that names no wait of its own.
    """

    deadline_seconds: Mapping[Lane, int]
    is_bank_holiday: Callable[[date], bool]
    wait_seconds: Mapping[Lane, float] = field(default_factory=lambda: WAIT_SECONDS)
    code_wait_seconds: float = CODE_WAIT_SECONDS
    post_round: time = time(12)  # when consolidated letters go, on their day, by the local clock

    def deadline(self, lane: Lane) -> int:
        """Seconds from the first ``due_at`` until the delivery expires."""
        return self.deadline_seconds[lane]

    def wait(self, lane: Lane, acknowledge: Acknowledge) -> timedelta:
        """How long after it is due a step has to reach the customer."""
        if acknowledge is Acknowledge.CODE:
            return timedelta(seconds=self.code_wait_seconds)
        return timedelta(seconds=self.wait_seconds[lane])


@dataclass(frozen=True, slots=True)
class TextLimits:
    """How many texts one number is sent within ``seconds``; what is beyond that waits.

    ``most`` counts any texts, ``alike`` those that say the same to the letter. They bind what is
    routine; what is urgent is counted, and goes as far as ``NETWORK_MOST`` and ``NETWORK_ALIKE``.
    """

    most: int
    alike: int
    seconds: float = 3600

    def of(self, lane: Lane) -> tuple[int, int]:
        """Give how many of any kind, and alike, there may be when one more is sent by ``lane``."""
        match lane:
            case Lane.LIVE | Lane.URGENT:
                return NETWORK_MOST, NETWORK_ALIKE
            case Lane.ROUTINE | Lane.BULK:
                return self.most, self.alike
