"""Which figures are there? Every name, with what it counts and by what.

A label takes closed words, names of providers and names of our own alone, so that there are never
more than some hundreds of series; no figure knows an event, a customer or a destination.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What can be done with a figure."""

    COUNTER = "counter"  # rises; asked for by its rate
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure. A counter's name ends in ``_total``; a unit stands at the end of the name."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which Prometheus keeps it."""
        if self.kind is Kind.HISTOGRAM:
            return tuple(f"{self.name}_{part}" for part in ("bucket", "count", "sum"))
        return (self.name,)


_SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_WAITS = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 900, 3600, 14_400)


def _counter(name: str, text: str, *labels: str) -> Definition:
    return Definition(name, Kind.COUNTER, text, labels)


def _gauge(name: str, text: str, *labels: str) -> Definition:
    return Definition(name, Kind.GAUGE, text, labels)


def _histogram(name: str, buckets: tuple[float, ...], text: str, *labels: str) -> Definition:
    return Definition(name, Kind.HISTOGRAM, text, labels, buckets)


# intake and the door
EVENTS = _counter(
    "onward_events_total", "Events handed in, by what was answered.", "family", "answer"
)
BATCH_EVENTS = _histogram("onward_intake_batch_events", _SIZES, "Events in one transaction.")
COMMIT_SECONDS = _histogram(
    "onward_intake_commit_seconds", _SHORT, "How long one transaction of intake took."
)
INTAKE_WAITS = _gauge(
    "onward_intake_waits", "1 while intake from the broker waits for this to come back.", "on"
)
DOOR_REQUESTS = _counter(
    "onward_door_requests_total", "Requests at the HTTP door, webhooks included.", "route", "status"
)
DOOR_SECONDS = _histogram(
    "onward_door_request_seconds", _SHORT, "How long the HTTP door took to answer.", "route"
)

# dispatch
HINTS = _counter("onward_hints_received_total", "Hints taken by dispatch.", "channel")
HINTED = _counter("onward_hinted_deliveries_total", "Deliveries that those hints named.", "channel")
CLAIMS = _counter(
    "onward_claims_total",
    "Deliveries that a hint named: claimed, settled at the claim, or passed over as not due.",
    "channel",
    "became",
)
VERDICTS = _counter(
    "onward_verdicts_total",
    "What providers answered, and what was not begun or not sendable, as recorded.",
    "provider",
    "channel",
    "verdict",
    "reason",
)
TIME_TO_SEND = _histogram(
    "onward_time_to_send_seconds",
    _WAITS,
    "From when a delivery was first due to its acceptance on record.",
    "lane",
    "channel",
)
SENDS_UNDER_WAY = _gauge(
    "onward_sends_under_way", "Requests to a provider that have not been answered.", "provider"
)
JOURNAL_REPLAYED = _counter(
    "onward_journal_replayed_total",
    "Attempts of workers that died, settled by what stands in their journals.",
    "verdict",
)
BATCHES_IN_HAND = _gauge("onward_batches_in_hand", "Hints that dispatch is working on.")

# every process that changes a delivery's status
TRANSITIONS = _counter(
    "onward_transitions_total",
    "Committed changes of a delivery's status, by whichever process.",
    "channel",
    "to",
    "reason",
)

# the providers' later word
LATER_WORDS = _counter(
    "onward_later_words_total",
    "Receipts, replies, bounces and look-ups, by the way they came and what they meant.",
    "way",
    "meaning",
)

# upkeep
LEADS = _gauge("onward_upkeep_leads", "1 where this process keeps house, 0 where it stands by.")
CHORE_SECONDS = _histogram(
    "onward_chore_seconds", _SHORT, "How long one turn of a chore took.", "chore"
)
CHORE_DONE = _counter(
    "onward_chore_done_total",
    "What chores have done, in deliveries, entries or outcomes.",
    "chore",
)
CHORE_FAILURES = _counter(
    "onward_chore_failures_total", "Turns of a chore that failed; it is tried again.", "chore"
)

# the store's, counted once: only the leader of upkeep shows them
QUEUED = _gauge(
    "onward_queued_deliveries",
    "Deliveries not settled: due, later, held, sending, uncertain or parked.",
    "lane",
    "channel",
    "standing",
)
OLDEST_DUE = _gauge(
    "onward_oldest_due_seconds",
    "For how long the delivery that has been due longest has been due.",
    "lane",
    "channel",
)
REJECTED = _gauge(
    "onward_rejected_events",
    "Events that broke their contract, neither mended nor closed.",
)
WAITING = _gauge("onward_waiting_events", "Events that wait for what they need.", "overdue")
CLOCKS = _gauge(
    "onward_legal_clocks",
    "Requests, breaches, complaints, receipts of erasures and copies, overdue or soon to be.",
    "clock",
    "overdue",
)
ATTENTION = _gauge(
    "onward_attention_deliveries",
    "Deliveries that wait for an operator: parked, failed or undelivered.",
    "status",
    "channel",
)
PROVIDER_STATE = _gauge(
    "onward_provider_state",
    "1 for the state a provider is in: closed, half_open, open, waits or paused.",
    "provider",
    "channel",
    "state",
)

# the process
LOOP_AGE = _gauge(
    "onward_loop_age_seconds", "How long ago a loop of this process last turned.", "loop"
)
BUILD = _gauge("onward_build_info", "1, by the version that runs.", "version")

DEFINITIONS = MappingProxyType(
    {found.name: found for found in list(globals().values()) if isinstance(found, Definition)}
)
