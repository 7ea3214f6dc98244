"""What a publisher is told, as CloudEvents: outcomes with their event's names and masked places.

The store keeps of an outcome only what is not personal; what a reader needs beside it is looked
up here, for many at once, when it is told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Row, select
from structlog import get_logger

from contracts.envelope import Envelope
from contracts.events import load_data
from contracts.events.customers import ServiceStarted
from contracts.outcomes import OUTCOMES, SOURCE, OutcomeData, outcome_envelope
from contracts.suppliers import BY_OUTCOME
from store import bulk, inbox
from store.engine import Transaction
from store.outbox import Outcome
from store.rights import processors
from store.tables import deliveries, destinations, events

log = get_logger(__name__)

Places = Mapping[tuple[str, str], str]
_NOT_READY = "service.not_ready"
_ERASURE = "erasure.requested"


@dataclass(frozen=True, slots=True)
class _Known:
    """What was looked up for a batch: events' names, deliveries, masked places, services."""

    events: Mapping[UUID, tuple[str, str]]
    deliveries: Mapping[UUID, Any]
    places: Places
    services: Mapping[UUID, tuple[str, ...]]
    erasures: Mapping[tuple[UUID, str], processors.Requested]


def tell(tx: Transaction, outcomes: Sequence[Outcome]) -> list[Envelope]:
    """Give the CloudEvent of each outcome, in order.

    One that does not fit its contract is told all the same, as it was kept, and logged: nobody
    who waits for a later one shall wait for its repair.
    """
    known = _look_up(tx, outcomes)
    return [_envelope(outcome, known) for outcome in outcomes]


def _look_up(tx: Transaction, outcomes: Sequence[Outcome]) -> _Known:
    ids = sorted({o.event_id for o in outcomes if o.event_id is not None})
    named = {
        row.id: (row.source, row.event_id)
        for row in tx.connection.execute(
            select(events.c.id, events.c.source, events.c.event_id).where(
                bulk.among(tx, events.c.id, ids)
            )
        )
    }
    wanted = {o.delivery_id for o in outcomes if o.delivery_id is not None} | {
        UUID(sent["delivery_id"]) for o in outcomes for sent in o.facts.get("already_sent", ())
    }
    d = deliveries.c
    rows = {
        row.id: row
        for row in tx.connection.execute(
            select(
                d.id,
                d.customer_ref,
                d.channel,
                d.destination_id,
                d.status,
                d.detail,
                d.marked,
                d.transition,
                d.changed_at,
            ).where(bulk.among(tx, d.id, sorted(wanted)))
        )
    }
    refs = {o.customer_ref for o in outcomes if o.customer_ref is not None}
    return _Known(
        named,
        rows,
        _places(tx, refs | {row.customer_ref for row in rows.values()}),
        _services(tx, [o.event_id for o in outcomes if o.name == _NOT_READY and o.event_id]),
        processors.requested(tx, [_erasure(o)[0] for o in outcomes if o.name == _ERASURE]),
    )


def _places(tx: Transaction, refs: Iterable[str]) -> Places:
    d = destinations.c
    found = tx.connection.execute(
        select(d.customer_ref, d.destination_id, d.version, d.masked).where(
            bulk.among(tx, d.customer_ref, sorted(refs))
        )
    ).all()
    tx.prepare_opening(row.masked for row in found)
    return {(row.customer_ref, row.destination_id): _mask(tx, row) for row in found}


def _mask(tx: Transaction, row: Row[Any, Any, Any, Any]) -> str:
    place = f"{row.customer_ref}/{row.destination_id}/{row.version}"
    return tx.open(f"destinations.masked:{place}", row.masked).decode()


def _services(tx: Transaction, event_ids: Sequence[UUID]) -> dict[UUID, tuple[str, ...]]:
    started: dict[UUID, tuple[str, ...]] = {}
    for kept in inbox.load(tx, set(event_ids)) if event_ids else ():
        data = load_data(kept.type, kept.data)
        if isinstance(data, ServiceStarted):
            started[kept.id] = tuple(data.services)
    return started


def _envelope(outcome: Outcome, known: _Known) -> Envelope:
    told = _told(outcome, known)
    supplier = BY_OUTCOME.get(outcome.name)
    if supplier is not None:  # it is told these fields and no others, in the envelope as well
        told = {name: told[name] for name in supplier.fields if name in told}
    subject = None if supplier is not None else outcome.customer_ref
    if outcome.name == _ERASURE and (asked := known.erasures.get(_erasure(outcome))) is not None:
        subject = asked.customer_ref
    data = _fitting(outcome, told)
    if data is not None:
        return outcome_envelope(outcome.name, outcome.id, data, outcome.at, subject=subject)
    return Envelope(
        id=outcome.id,
        source=SOURCE,
        type=f"onward.{outcome.name}.v1",
        subject=subject,
        time=outcome.at,
        datacontenttype="application/json",
        data=told,
    )


def _fitting(outcome: Outcome, told: Mapping[str, Any]) -> OutcomeData | None:
    """Give what the outcome's contract holds of ``told``; none, and a line in the log, if unfit."""
    kind = OUTCOMES.get(outcome.name)
    problem = "unknown_name"
    if kind is not None:
        fields = kind.model.model_fields
        try:
            return kind.model.model_validate({k: v for k, v in told.items() if k in fields})
        except ValidationError as error:
            problem = type(error).__name__
    log.error("outcome_unfit", outcome=outcome.name, position=outcome.position, problem=problem)
    return None


def _told(outcome: Outcome, known: _Known) -> dict[str, Any]:
    told = {**outcome.facts, **(outcome.content or {})}
    named = known.events.get(outcome.event_id) if outcome.event_id else None
    if named is not None and "id" not in told:
        told["source"], told["id"] = named
    if outcome.name.startswith("delivery."):
        return told | _delivery(outcome, known)
    match outcome.name:
        case "event.routed":
            return told | _routed(outcome, known)
        case "service.not_ready":
            missing = [m["text"] if isinstance(m, dict) else m for m in told.get("missing", ())]
            services = known.services.get(outcome.event_id, ()) if outcome.event_id else ()
            return told | {"missing": missing, "services": services}
        case "erasure.requested":
            asked = known.erasures.get(_erasure(outcome))
            held = () if asked is None else asked.held
            return told | {"held": [{"part": h.part, "references": h.named} for h in held]}
        case _:
            return told


def _erasure(outcome: Outcome) -> tuple[UUID, str]:
    return UUID(outcome.facts["request_id"]), outcome.facts["processor"]


def _delivery(outcome: Outcome, known: _Known) -> dict[str, Any]:
    told: dict[str, Any] = {
        "delivery_id": outcome.delivery_id,
        "destination": _place(outcome, outcome.facts.get("destination_id"), known),
        "at": outcome.at,
    }
    row = known.deliveries.get(outcome.delivery_id) if outcome.delivery_id else None
    if row is not None:
        if row.marked:
            told["resent"] = True
        last = f"{row.id}:{row.transition}"
        if outcome.id in {last, f"{last}:{outcome.event_id}"} and row.detail is not None:
            told["detail"] = row.detail
    return told


def _routed(outcome: Outcome, known: _Known) -> dict[str, Any]:
    return {
        "deliveries": [
            {
                "delivery_id": planned["delivery_id"],
                "channel": planned["channel"],
                "destination": _place(outcome, planned["destination_id"], known),
                "due_at": planned["due"],
            }
            for planned in outcome.facts.get("deliveries", ())
        ],
        "non_sends": [
            {
                "reason": non_send["reason"],
                "channel": non_send.get("channel"),
                "destination": _place(outcome, non_send.get("destination_id"), known) or None,
                "detail": non_send.get("detail"),
            }
            for non_send in outcome.facts.get("non_sends", ())
        ],
        "already_sent": [
            {
                "delivery_id": row.id,
                "channel": row.channel,
                "destination": known.places.get((row.customer_ref, row.destination_id), ""),
                "status": sent["status"],
                "at": row.changed_at,
            }
            for sent in outcome.facts.get("already_sent", ())
            if (row := known.deliveries.get(UUID(sent["delivery_id"]))) is not None
        ],
    }


def _place(outcome: Outcome, destination_id: str | None, known: _Known) -> str:
    if outcome.customer_ref is None or destination_id is None:
        return ""
    return known.places.get((outcome.customer_ref, destination_id), "")
