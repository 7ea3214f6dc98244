"""Which exchanges, queues and bindings carry events in and outcomes out?

Data alone: ``workers`` declares it over AMQP, ``config.definitions`` writes it as RabbitMQ
definitions. A queue's arguments never change once it is declared (RabbitMQ answers 406), so
another argument means another name. RabbitMQ 3.10 is the oldest that knows all that is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from contracts.vocabulary import Channel, Family, Lane

EVENTS = "onward.events"
OUTCOMES = "onward.outcomes"
DEAD = "onward.dead"
UNROUTABLE = "onward.unroutable"
DEAD_QUEUE = "onward.intake.dead"

# Six consumer deaths with a limit of 5 dead-lettered all that was prefetched: higher, and what
# still lands there is taken in one by one.
DELIVERY_LIMIT = 20
MAX_LENGTH = 1_000_000  # some 1 GB of 1 KB events a queue; then publishers are refused, none lost

FAMILY_KEYS: Mapping[Family, tuple[str, ...]] = MappingProxyType(
    {
        Family.CALLS: ("call.*",),
        Family.POST: ("post.*", "item.*"),
        Family.BILLING: ("invoice.*", "payment.*", "subscription.*"),
        Family.CUSTOMERS: (
            "customer.*",
            "number.*",
            "identity.*",
            "destination.*",
            "preferences.*",
            "service.*",
            "consent.*",
            "rights.*",
            "erasure.*",
        ),
        Family.OFFICE: ("event.*", "note.*", "correspondence.*"),
        Family.NOTICES: ("policy.*", "offer.*"),
    }
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue with its arguments."""

    name: str
    arguments: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Binding:
    """What an exchange puts into a queue."""

    exchange: str
    queue: str
    key: str


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything to declare, in the order of declaring it."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]


def intake_queue(family: Family) -> str:
    """Name the queue that a family of events comes in by."""
    return f"onward.intake.{family}"


def intake_queues() -> tuple[str, ...]:
    """Name the queues that intake consumes in batches; ``DEAD_QUEUE`` it takes one at a time."""
    return (*(intake_queue(family) for family in Family), UNROUTABLE)


def hint_queue(channel: Channel, lane: Lane) -> str:
    """Name the queue of hints for a channel and lane; dramatiq declares these itself."""
    return f"onward.{channel}.{lane}"


def hint_queues() -> tuple[str, ...]:
    """Name all queues of hints. Post has none: a clerk takes it, not a provider."""
    calls = (hint_queue(Channel.CALL, Lane.LIVE),)
    written = tuple(
        hint_queue(channel, lane)
        for channel in (Channel.SMS, Channel.EMAIL)
        for lane in (Lane.URGENT, Lane.ROUTINE, Lane.BULK)
    )
    return calls + written


def topology() -> Topology:
    """Give the whole: one topic in, a quorum queue a family, dead letters kept, outcomes out."""
    batched = tuple(
        Queue(
            name,
            {
                "x-queue-type": "quorum",
                "x-delivery-limit": DELIVERY_LIMIT,
                "x-dead-letter-exchange": DEAD,
                # at-least-once dead-lettering: nothing is lost on the way to the dead letters;
                # it asks for reject-publish
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
                "x-max-length": MAX_LENGTH,
            },
        )
        # RabbitMQ 4 drops after 20 deliveries where no limit and no dead letters are named
        for name in intake_queues()
    )
    dead = Queue(
        DEAD_QUEUE,
        {
            "x-queue-type": "quorum",
            "x-overflow": "reject-publish",
            "x-max-length": MAX_LENGTH,
        },
    )
    by_family = tuple(
        Binding(EVENTS, intake_queue(family), key)
        for family, keys in FAMILY_KEYS.items()
        for key in keys
    )
    return Topology(
        exchanges=(
            Exchange(UNROUTABLE, "fanout"),
            Exchange(EVENTS, "topic", {"alternate-exchange": UNROUTABLE}),
            Exchange(DEAD, "fanout"),
            Exchange(OUTCOMES, "topic"),
        ),
        queues=(*batched, dead),
        bindings=(
            *by_family,
            Binding(UNROUTABLE, UNROUTABLE, ""),
            Binding(DEAD, DEAD_QUEUE, ""),
        ),
    )
