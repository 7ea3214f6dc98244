"""What one intake transaction has decided and not yet written.

Ordinary events only add rows, so their rows are gathered and written together. An event that
changes what is on record is applied by itself: all that came before it is written first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contracts.events import files_of, search_terms
from contracts.events.parsing import Event, dump_data
from contracts.planning import Plan
from contracts.vocabulary import Channel, EventStatus, Reason, Service
from store import blobs, inbox, outbox
from store.deliveries import adding
from store.deliveries.adding import Due, Following
from store.deliveries.gathering import Joining, join
from store.engine import Transaction
from store.inbox import Wait
from store.office import items
from store.office.items import Instructed
from store.outbox import Outcome, to_publisher
from store.record import ledger
from store.record.ledger import Entry, Where
from workers.intake.submission import Incoming

_FOLLOWS_UP = "follow_up"  # the detail of what tells of a call that was told of already
_CORRELATIONS = ("call_id", "item_id", "invoice_number")


@dataclass(slots=True)
class Batch:
    """Rows that wait for the next ``write``; what is due is hinted after the commit."""

    tx: Transaction
    events: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    entries: list[tuple[Entry, Where]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    terms: list[tuple[str, UUID]] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    files: list[tuple[str, UUID]] = field(default_factory=list)
    due: list[Due] = field(default_factory=list)
    joining: list[Joining] = field(default_factory=list)
    plans: list[tuple[Incoming, str, Plan, list[dict[str, Any]]]] = field(default_factory=list)

    def write(self) -> None:
        """Write what was gathered, each table's rows in one statement."""
        tx = self.tx
        inbox.add_events(tx, self.events)
        self.due += [d for d in adding.add(tx, self.deliveries) if d.channel is not Channel.POST]
        joined = join(tx, self.joining)
        self.outcomes += [
            _routed(tx, incoming, customer_ref, plan, rows, joined)
            for incoming, customer_ref, plan, rows in self.plans
        ]
        ledger.append(tx, self.entries)
        outbox.add(tx, self.outcomes)
        inbox.add_terms(tx, self.terms)
        inbox.put_waits(tx, self.waits)
        blobs.use(tx, self.files)
        self.events, self.deliveries, self.entries = [], [], []
        self.outcomes, self.terms, self.waits, self.files = [], [], [], []
        self.joining, self.plans = [], []

    def add_event(
        self,
        event: Event,
        incoming: Incoming,
        digest: bytes,
        customer_ref: str | None,
        rules_version: int | None,
        service: Service | None,
        status: EventStatus,
    ) -> None:
        """Gather a new event's row and its search terms."""
        tx = self.tx
        head = {"subject": event.subject, "extensions": dict(event.extensions)}
        self.events.append(
            {
                "id": incoming.id,
                "source": incoming.source,
                "event_id": incoming.event_id,
                "type": incoming.type,
                "publisher": incoming.publisher.name,
                "customer_ref": customer_ref,
                "status": status,
                "correlation": _correlation(incoming),
                "content": inbox.content(
                    tx, incoming.id, incoming.type, customer_ref, head, dump_data(event.data)
                ),
                "digest": digest,
                "rules_version": rules_version,
                "service": service,
                "traceparent": _text(event.extensions.get("traceparent")),
                "happened_at": event.time,
                "received_at": incoming.received_at,
            }
        )
        self.terms += [(term, incoming.id) for term in search_terms(event)]
        self.files += [(digest, incoming.id) for digest in files_of(event.data)]

    def put_plan(
        self,
        incoming: Incoming,
        customer_ref: str,
        plan: Plan,
        service: Service | None,
        *,
        follows_up: bool = False,
    ) -> None:
        """Gather what was planned for an event, and its ``event.routed``."""
        tx = self.tx
        after = Following(incoming.id, incoming.publisher.name, customer_ref, service, follows_up)
        rows = []
        for planned in plan.deliveries:
            row = adding.delivery_row(tx, after, planned)
            if planned.channel is Channel.POST:
                row["due_at"] = None  # due when the mailroom reports it, never claimed
            if follows_up and planned.reason is Reason.PLANNED:
                row["detail"] = _FOLLOWS_UP
            rows.append(row)
            if planned.digest is None:
                self.deliveries.append(row)
            else:
                self.joining.append(Joining(row, planned.digest.after))
        self.entries += [adding.non_send_entry(tx, after, n) for n in plan.non_sends]
        self.plans.append((incoming, customer_ref, plan, rows))
        if plan.post is not None:
            self._put_post(incoming, customer_ref, plan, rows)

    def _put_post(
        self, incoming: Incoming, customer_ref: str, plan: Plan, rows: list[dict[str, Any]]
    ) -> None:
        letters = [row["id"] for row in rows if row["channel"] is Channel.POST]
        item_id = getattr(incoming.data, "item_id", "")
        item = items.find(self.tx, [item_id]).get(item_id)
        if plan.post is not None and item is not None:
            given = Instructed(item, plan.post, letters[0] if letters else None)
            items.instruct(self.tx, customer_ref, incoming.id, [given])

    def put_facts(
        self, incoming: Incoming, customer_ref: str | None, facts: dict[str, Any]
    ) -> None:
        """Gather the ``event.routed`` of an event that nothing is sent about."""
        self.outcomes.append(
            Outcome(
                id=f"{incoming.id}:routed",
                audience=to_publisher(incoming.publisher.name),
                name="event.routed",
                at=self.tx.now,
                customer_ref=customer_ref,
                event_id=incoming.id,
                facts={"deliveries": [], "non_sends": [], **facts},
            )
        )


def _routed(
    tx: Transaction,
    incoming: Incoming,
    customer_ref: str,
    plan: Plan,
    rows: list[dict[str, Any]],
    joined: Mapping[UUID, UUID],
) -> Outcome:
    return Outcome(
        id=f"{incoming.id}:routed",
        audience=to_publisher(incoming.publisher.name),
        name="event.routed",
        at=tx.now,
        customer_ref=customer_ref,
        event_id=incoming.id,
        facts={
            "deliveries": [
                {
                    "delivery_id": str(joined.get(row["id"], row["id"])),
                    "channel": row["channel"].value,
                    "destination_id": row["destination_id"],
                    "due": None if row["due_at"] is None else row["due_at"].isoformat(),
                }
                for row in rows
            ],
            "non_sends": [
                {
                    "reason": n.reason.value,
                    "rule_id": n.rule_id,
                    "channel": n.channel.value if n.channel else None,
                    "destination_id": n.destination_id,
                }
                for n in plan.non_sends
            ],
        },
    )


def _correlation(incoming: Incoming) -> str | None:
    for name in _CORRELATIONS:
        value = getattr(incoming.data, name, None)
        if value is not None:
            return str(value)
    return None


def _text(value: object) -> str | None:
    return None if value is None else str(value)[:200]
