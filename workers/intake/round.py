"""How are events taken in within one transaction: admitted, decided in order, followed up?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from config.policies import Policies
from contracts.events import Event, Whose, canonical_content, load_data
from contracts.events.calls import CallWaiting, MessageTaken
from contracts.events.customers import ErasureConfirmed, IdentityChecked
from contracts.events.notices import PolicyChanged
from contracts.events.post import PostReceived
from contracts.planning import Routable
from contracts.problems import Malformed, Problem
from contracts.vocabulary import (
    Answer,
    Channel,
    DeliveryStatus,
    ErrorCode,
    EventStatus,
    Lane,
    Purpose,
    Reason,
)
from store import inbox, notices
from store.customers.known import Readings
from store.deliveries import ending
from store.deliveries.adding import Due
from store.encryption import vault
from store.engine import Transaction
from store.inbox import Kept, Named, Wait
from store.outbox import Outcome, to_publisher
from store.publishers import Publisher, by_name
from store.rights import erased
from workers.intake import whose
from workers.intake.batch import Batch
from workers.intake.deciding import Decided, Deciding
from workers.intake.effects.post import arrived
from workers.intake.effects.table import EFFECTS
from workers.intake.rejecting import refuse_late, reject
from workers.intake.submission import Answered, Incoming, Submission, not_allowed
from workers.intake.vaulting import put_away
from workers.routing.facts import facts_of

TAKEN_UP_AT_ONCE = 500
_NO_VAULT = Problem(
    "type",
    ErrorCode.NO_VAULT,
    "identity data cannot be taken in before there is an identity vault; nothing was kept",
)
_ERASED = Problem(
    "subject",
    ErrorCode.ERASED,
    "this customer was erased, and nothing more of theirs is kept; who comes back needs a new"
    " reference",
)
# Told, or being told at this very moment.
_TOLD = frozenset(
    {
        DeliveryStatus.SENDING,
        DeliveryStatus.UNCERTAIN,
        DeliveryStatus.ACCEPTED,
        DeliveryStatus.DELIVERED,
    }
)


@dataclass(frozen=True, slots=True)
class Taken:
    """The answers in the order of the submissions, and what may be hinted at once."""

    answers: tuple[Answered, ...]
    due: tuple[Due, ...]


class Round:
    """One transaction's taking in."""

    def __init__(
        self,
        tx: Transaction,
        readings: Readings,
        policies: Policies,
        taken_up_at_once: int = TAKEN_UP_AT_ONCE,
    ) -> None:
        self._tx = tx
        self._policies = policies
        self._taken_up_at_once = taken_up_at_once
        self._batch = Batch(tx)
        self._deciding = Deciding(tx, readings, policies)
        self._calls_here: set[str] = set()
        self._erased: set[str] = set()
        self._told_calls: dict[str, list[dict[str, object]]] = {}

    def take(self, submissions: Sequence[Submission]) -> Taken:
        """Take all in, in their order."""
        answers: list[Answered | None] = [None] * len(submissions)
        admitted: list[tuple[int, Event, Incoming, bytes]] = []
        for place, submission in enumerate(submissions):
            answer = self._rejected_at_the_door(submission)
            if answer is not None:
                answers[place] = answer
            elif isinstance(submission.event, Event):
                event = _of_nobody(submission.event)
                incoming = self._incoming(event, submission.publisher)
                digest = self._tx.store.root.digest(canonical_content(event))
                admitted.append((place, event, incoming, digest))
        self._lock([incoming for _, _, incoming, _ in admitted])
        self._preload([incoming for _, _, incoming, _ in admitted])
        known = inbox.known(self._tx, [(i.source, i.event_id) for _, _, i, _ in admitted])
        for place, event, incoming, digest in admitted:
            key = (incoming.source, incoming.event_id)
            before = known.get(key)
            if before is not None and before.status is not EventStatus.REFUSED:
                answers[place] = self._again(submissions[place], before, digest)
                continue
            if before is not None:  # refused after it had waited: its id may be used again
                inbox.forget_refused(self._tx, before.id)
            answer = self._new(submissions[place], event, incoming, digest)
            answers[place] = answer
            if answer.answer is not Answer.REJECTED:
                known[key] = inbox.Known(
                    incoming.id, digest, EventStatus.ROUTED, incoming.publisher.name
                )
        self._batch.write()
        self._retry(
            [
                whose.digest(self._tx, whose.event_name(i.source, i.event_id))
                for _, _, i, _ in admitted
            ]
        )
        return Taken(tuple(a for a in answers if a is not None), tuple(self._batch.due))

    def look_again(self, names: Sequence[bytes]) -> Taken:
        """Take up what can be taken up among what waits for ``names``."""
        self._retry(names)
        return Taken((), tuple(self._batch.due))

    def _incoming(self, event: Event, publisher: Publisher) -> Incoming:
        return Incoming(
            self._tx.new_id(),
            event.source,
            event.event_id,
            event.type,
            event.subject,
            publisher,
            self._tx.now,
            event.data,
        )

    def _lock(self, incoming: Sequence[Incoming]) -> None:
        reads: set[str] = set()
        changes: set[str] = set()
        for event in incoming:
            names = whose.names_of(event)
            reads |= names.reads
            changes |= names.changes
        self._tx.lock(
            [whose.digest(self._tx, name) for name in reads - changes],
            [whose.digest(self._tx, name) for name in changes],
        )

    def _preload(self, incoming: Sequence[Incoming]) -> None:
        numbers = {event.dialled for event in incoming if event.dialled is not None}
        refs = {event.subject for event in incoming if event.subject is not None}
        self._deciding.preload(refs, numbers)
        self._erased |= erased.among(self._tx, self._deciding.unknown(refs)).keys()
        calls = {e.data.call_id for e in incoming if isinstance(e.data, MessageTaken)}
        for row in ending.of_calls(self._tx, sorted(calls), "call.waiting"):
            self._told_calls.setdefault(str(row["call_id"]), []).append(row)

    def _rejected_at_the_door(self, submission: Submission) -> Answered | None:
        match submission.event:
            case Malformed() as broken:
                named = Named(broken.source, broken.event_id, broken.wire_type, broken.subject)
                return self._reject(submission, broken.problems, named)
            case Event() as event:
                problems = not_allowed(submission)
                if problems:
                    return self._reject(submission, problems, _named(event))
        return None

    def _reject(
        self, submission: Submission, problems: Sequence[Problem], named: Named
    ) -> Answered:
        answer, told = reject(self._tx, submission, problems, named)
        self._batch.outcomes.append(told)
        return answer

    def _again(self, submission: Submission, known: inbox.Known, digest: bytes) -> Answered:
        event = submission.event
        if not isinstance(event, Event) or known.digest == digest:
            source = event.source if isinstance(event, Event) else None
            event_id = event.event_id if isinstance(event, Event) else None
            return Answered(Answer.DUPLICATE, source, event_id, known.id)
        problem = Problem(
            "id",
            ErrorCode.CONFLICTING_DUPLICATE,
            "an event with this source and id, and other content, is here already;"
            " give a new event an id of its own",
        )
        return self._reject(submission, [problem], _named(event))

    def _new(
        self, submission: Submission, event: Event, incoming: Incoming, digest: bytes
    ) -> Answered:
        if incoming.subject in self._erased:
            # Not even among the rejected may anything of it stay.
            return self._reject(replace(submission, body=None), [_ERASED], _named(event))
        if isinstance(incoming.data, IdentityChecked):
            public = vault.public_key(self._tx)
            if public is None:
                return self._reject(replace(submission, body=None), [_NO_VAULT], _named(event))
            event, incoming = put_away(self._tx, public, event, incoming, incoming.data)
        self._prepare(incoming)
        decided = self._deciding.decide(incoming)
        if decided.problems:
            return self._reject(submission, decided.problems, _named(event))
        status = EventStatus.ROUTED if decided.awaits is None else EventStatus.WAITING
        self._batch.add_event(
            event,
            incoming,
            digest,
            decided.customer_ref,
            decided.rules_version,
            decided.service,
            status,
        )
        self._follow(incoming, decided)
        if decided.awaits is not None:
            return Answered(
                Answer.WAITING,
                event.source,
                event.event_id,
                incoming.id,
                waits_for=decided.awaits.kind,
            )
        return Answered(Answer.ACCEPTED, event.source, event.event_id, incoming.id)

    def _prepare(self, incoming: Incoming) -> None:
        """Write what came before, where this event reads or changes it."""
        match incoming.data:
            case PostReceived():
                if not arrived(self._tx, incoming):
                    self._batch.write()  # what was planned for the item may have to be called off
            case CallWaiting(call_id=call_id):
                self._calls_here.add(call_id)
            case MessageTaken(call_id=call_id):
                if call_id in self._calls_here:
                    self._batch.write()
                    rows = ending.of_calls(self._tx, [call_id], "call.waiting")
                    self._told_calls[call_id] = rows
            case _:
                pass
        if incoming.type in EFFECTS:
            self._batch.write()

    def _follow(self, incoming: Incoming, decided: Decided) -> None:
        """Gather what follows from a decision, and take up what waited for it."""
        if decided.awaits is not None:
            self._wait(incoming, decided.awaits, decided)
            return
        self._batch.outcomes += decided.outcomes
        self._batch.due += decided.due
        if decided.plan is not None and decided.customer_ref is not None:
            again = self._follows_up(incoming, decided.customer_ref)
            self._batch.put_plan(
                incoming, decided.customer_ref, decided.plan, decided.service, follows_up=again
            )
        else:
            self._batch.put_facts(incoming, decided.customer_ref, dict(decided.facts))
        if incoming.kind.whose is Whose.EVERYONE:
            self._plan_later(incoming)
        changed = [whose.digest(self._tx, name) for name in decided.changed]
        if isinstance(incoming.data, PostReceived) and decided.customer_ref is not None:
            changed.append(whose.digest(self._tx, whose.item_name(incoming.data.item_id)))
        if changed:
            self._batch.write()
            self._retry(changed)

    def _wait(self, incoming: Incoming, awaited: whose.Awaited, decided: Decided) -> None:
        facts = _lane_of(incoming)
        limit = self._tx.now + timedelta(seconds=self._policies.waiting.limit(facts))
        before = inbox.wait_of(self._tx, incoming.id)
        limit_at = before.limit_at if before is not None else limit
        name = whose.digest(self._tx, awaited.name)
        wait = Wait(incoming.id, name, awaited.kind, limit_at, decided.told)
        if before == wait:
            return
        self._batch.waits.append(wait)
        self._batch.outcomes += decided.outcomes
        if before is not None and before.kind == awaited.kind:
            return
        self._batch.outcomes.append(
            Outcome(
                id=f"{incoming.id}:waiting:{awaited.kind}",
                audience=to_publisher(incoming.publisher.name),
                name="event.waiting",
                at=self._tx.now,
                event_id=incoming.id,
                facts={
                    "source": incoming.source,
                    "id": incoming.event_id,
                    "waits_for": awaited.kind,
                    "until": limit_at.isoformat(),
                },
            )
        )

    def _follows_up(self, incoming: Incoming, customer_ref: str) -> bool:
        """Whether a message follows up what told of its call; what is unsent of that it replaces.

        Another customer's call of the same name is another call: call ids are their publisher's.
        """
        if not isinstance(incoming.data, MessageTaken):
            return False
        told = [
            row
            for row in self._told_calls.get(incoming.data.call_id, [])
            if row["customer_ref"] == customer_ref
        ]
        unsent = [row for row in told if row["status"] is DeliveryStatus.PENDING]
        ending.cancel_of(self._tx, unsent, Reason.REPLACED)
        return any(row["channel"] is not Channel.CALL and row["status"] in _TOLD for row in told)

    def _plan_later(self, incoming: Incoming) -> None:
        self._batch.write()
        match incoming.data:
            case PolicyChanged(effective_at=until):
                notices.put_task(self._tx, incoming.id, Purpose.POLICY_NOTICE, until)
            case _:
                notices.put_task(self._tx, incoming.id, Purpose.OFFERS, None)

    def _retry(self, names: Sequence[bytes]) -> None:
        """Take up, in the order in which they came, events that waited for these names.

        Of very many the first: one transaction must not take minutes. Upkeep goes on with the rest.
        """
        for event_id in inbox.waiting_for(self._tx, names, self._taken_up_at_once):
            kept = inbox.load(self._tx, [event_id])
            # One that was taken up by another's taking up no longer waits.
            if kept and kept[0].status is EventStatus.WAITING:
                self._retry_one(kept[0])

    def _retry_one(self, kept: Kept) -> None:
        publisher = by_name(self._tx, kept.publisher) or Publisher(kept.publisher, (), ())
        incoming = Incoming(
            kept.id,
            kept.source,
            kept.event_id,
            kept.type,
            kept.head.get("subject"),
            publisher,
            kept.received_at,
            load_data(kept.type, kept.data),
        )
        self._batch.write()
        if incoming.dialled is not None:
            self._deciding.look_up([incoming.dialled])
        if isinstance(incoming.data, MessageTaken):
            call_id = incoming.data.call_id
            self._told_calls[call_id] = ending.of_calls(self._tx, [call_id], "call.waiting")
        decided = self._deciding.decide(incoming)
        if decided.problems:
            self._batch.outcomes.append(refuse_late(self._tx, kept, decided.problems))
            return
        if decided.awaits is None:
            inbox.take_up(
                self._tx,
                kept,
                decided.customer_ref,
                decided.rules_version,
                EventStatus.ROUTED,
                decided.service,
            )
        self._follow(incoming, decided)
        self._batch.write()


def _named(event: Event) -> Named:
    return Named(event.source, event.event_id, event.wire_type, event.subject)


def _of_nobody(event: Event) -> Event:
    """A receipt may name whom it is about, and nothing more of theirs may be kept."""
    if isinstance(event.data, ErasureConfirmed) and event.subject is not None:
        return replace(event, subject=None)
    return event


def _lane_of(incoming: Incoming) -> Lane:
    """By which lane an event would go, for how long it may wait."""
    facts = facts_of(Routable(incoming.id, incoming.type, incoming.received_at, incoming.data))
    return facts.lane if facts is not None else Lane.ROUTINE
