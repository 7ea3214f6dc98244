"""Were the two invariants kept? Pure: what was confirmed, what is on record, and nothing else.

1. Every confirmed event has all its deliveries settled, waiting for attention, or not yet due, and
   none is left uncertain.
2. No delivery was accepted more than once, but for marked resends, each after an attempt that was
   left uncertain.

Beside them our record and the provider's are held against each other both ways: what we call
accepted was accepted, and nothing was accepted that we say was refused or do not know of.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from contracts.vocabulary import ATTENTION, SETTLED, DeliveryStatus, EventStatus, Reason
from tests.faults.evidence import Attempt, Delivery, Evidence, Sent
from tests.faults.load import Sample

_SETTLED = frozenset(status.value for status in SETTLED)
_ATTENTION = frozenset(status.value for status in ATTENTION)
_REACHED = frozenset({DeliveryStatus.ACCEPTED.value, DeliveryStatus.DELIVERED.value})
_UNSURE = frozenset({DeliveryStatus.SENDING.value, DeliveryStatus.UNCERTAIN.value})
_NOT_SENT = frozenset({"deferred", "rejected", "not_begun"})
_NOTHING = "nothing yet"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a run came to. ``problems`` says what was broken, with ids; empty means nothing was.

    ``uncertain`` are the deliveries that were uncertain at some time, ``settled`` what settled
    each of them, ``left_uncertain`` those that still are.
    """

    events: int
    deliveries: int
    lost: int
    duplicated: int
    uncertain: int
    left_uncertain: int
    parked: int
    attention: int
    not_due: int
    resent: int
    settled: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether both invariants were kept."""
        return not self.problems


def judge(confirmed: Sequence[Sample], found: Evidence) -> Judgement:
    """Judge one run."""
    problems: list[str] = []
    of_event: dict[UUID, list[Delivery]] = defaultdict(list)
    for delivery in found.deliveries:
        of_event[delivery.event].append(delivery)
    sent_of: dict[UUID, list[Sent]] = defaultdict(list)
    for sent in found.sent:
        if sent.delivery is not None:
            sent_of[sent.delivery].append(sent)
    attempts_of: dict[UUID, list[Attempt]] = defaultdict(list)
    for attempt in found.attempts:
        attempts_of[attempt.delivery].append(attempt)

    lost = _missing(confirmed, found, of_event, problems)
    lost += _poison_missing(confirmed, found, problems)
    for delivery in found.deliveries:
        if why := _left_behind(delivery, bool(sent_of[delivery.id])):
            lost += 1
            problems.append(f"lost: delivery {delivery.id} {why}")
    duplicated = 0
    for delivery in found.deliveries:
        more = len(sent_of[delivery.id]) - 1
        if more > _allowed(delivery, attempts_of[delivery.id]):
            duplicated += 1
            problems.append(f"duplicated: delivery {delivery.id} was accepted {more + 1} times")
    problems += _disagreements(found, sent_of)
    left = [d for d in found.deliveries if d.status in _UNSURE]
    problems += [f"left {d.status}: delivery {d.id} ({d.reason})" for d in left]

    statuses = Counter(delivery.status for delivery in found.deliveries)
    settled = _settled_by(found)
    return Judgement(
        events=len(confirmed),
        deliveries=len(found.deliveries),
        lost=lost,
        duplicated=duplicated,
        uncertain=sum(settled.values()),
        left_uncertain=len(left),
        parked=statuses[DeliveryStatus.PARKED.value],
        attention=sum(statuses[word] for word in _ATTENTION),
        not_due=statuses[DeliveryStatus.PENDING.value],
        resent=sum(max(0, len(sent_of[d.id]) - 1) for d in found.deliveries if d.marked),
        settled=settled,
        problems=_briefly(problems),
    )


def _missing(
    confirmed: Iterable[Sample],
    found: Evidence,
    of_event: Mapping[UUID, Sequence[Delivery]],
    problems: list[str],
) -> int:
    lost = 0
    for sample in confirmed:
        if sample.poison:
            continue
        row = found.events.get(sample.id)
        if row is None:
            why = "rejected" if sample.id in found.rejected else "not on record"
        elif row[1] != EventStatus.ROUTED.value:
            why = row[1]
        elif len(of_event.get(row[0], ())) < sample.wanted:
            why = f"with {len(of_event.get(row[0], ()))} of {sample.wanted} deliveries"
        else:
            continue
        lost += 1
        problems.append(f"lost: event {sample.id} is {why}")
    return lost


def _poison_missing(confirmed: Iterable[Sample], found: Evidence, problems: list[str]) -> int:
    """Count what broke its contract and is not on record as rejected; some bear no name."""
    nameless = sum(one.poison and one.id not in found.rejected for one in confirmed)
    missing = max(0, nameless - found.nameless)
    if missing:
        problems.append(f"lost: {missing} events that broke their contract are not on record")
    return missing


def _left_behind(delivery: Delivery, was_sent: bool) -> str | None:
    if delivery.status in _REACHED and not was_sent:
        return f"is called {delivery.status} and was never accepted"
    if delivery.status == DeliveryStatus.PENDING.value and delivery.due:
        return "is due and was left"
    if delivery.status in _SETTLED | _ATTENTION | _UNSURE | {DeliveryStatus.PENDING.value}:
        return None
    return f"stands at {delivery.status}"


def _allowed(delivery: Delivery, attempts: Iterable[Attempt]) -> int:
    """How often it may have been accepted again: marked, and once for each uncertain attempt."""
    if not delivery.marked:
        return 0
    answered = _NOT_SENT | {"accepted"}
    return max(1, sum(attempt.verdict not in answered for attempt in attempts))


def _disagreements(found: Evidence, sent_of: Mapping[UUID, Sequence[Sent]]) -> list[str]:
    known = {(attempt.delivery, attempt.fence): attempt for attempt in found.attempts}
    problems = []
    for sent in found.sent:
        if sent.delivery is None or sent.attempt is None:
            problems.append(f"stray: {sent.reference} bears no ids of ours")
        elif (attempt := known.get((sent.delivery, sent.attempt))) is None:
            problems.append(f"stray: {sent.reference} is of an attempt that we do not know of")
        elif attempt.verdict in _NOT_SENT:
            problems.append(
                f"denied: attempt {attempt.delivery}/{attempt.fence} is called {attempt.verdict}"
                f" and was accepted as {sent.reference}"
            )
    for attempt in found.attempts:
        accepted = {(s.attempt, s.reference) for s in sent_of.get(attempt.delivery, ())}
        if attempt.verdict == "accepted" and (attempt.fence, attempt.reference) not in accepted:
            problems.append(
                f"unfounded: attempt {attempt.delivery}/{attempt.fence} is called accepted as"
                f" {attempt.reference}"
            )
    return problems


def _settled_by(found: Evidence) -> dict[str, int]:
    """Tell what ended the uncertainty of each delivery that has been uncertain.

    Evidence that came after it had been parked for want of any counts as what ended it.
    """
    words: dict[UUID, str] = {}
    for entry in found.entries:
        if entry.outcome == DeliveryStatus.UNCERTAIN.value:
            words.setdefault(entry.delivery, _NOTHING)
        elif words.get(entry.delivery) in {_NOTHING, Reason.POLICY_PARKS.value}:
            resent = entry.marked and entry.outcome in _REACHED
            words[entry.delivery] = "resent, marked" if resent else entry.reason
    return dict(Counter(words.values()))


def _briefly(problems: Sequence[str]) -> tuple[str, ...]:
    """Keep a few of each kind, and say how many more there are."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for problem in problems:
        kinds[problem.partition(":")[0]].append(problem)
    told = []
    for kind, those in kinds.items():
        told += those[:_SHOWN]
        if len(those) > _SHOWN:
            told.append(f"{kind}: and {len(those) - _SHOWN} more")
    return tuple(told)
