"""What goes out once a delivery did not reach: the rule's next step, or the message of a call.

It is planned in the transaction that records why it is needed, so that no crash between the two
leaves an event half told. Asking twice adds nothing: where a later step or the call's message is
on record already, nothing more is planned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from contracts.events import load_data
from contracts.events.calls import CallWaiting
from contracts.planning import Customer, LanePolicy, NonSend, PlannedDelivery, Routable
from contracts.rules import RuleSet
from contracts.vocabulary import Channel, DeliveryStatus, EventStatus, Mode, Purpose, Reason
from store import inbox
from store.customers.known import Readings, rules_at
from store.deliveries import adding, gathering, putting
from store.deliveries.adding import Due, Following
from store.deliveries.members import about, tellings
from store.deliveries.siblings import take_back
from store.engine import Transaction
from store.inbox import Kept
from store.tables import events
from workers.forwarded import end_of, tell_forwarded
from workers.routing.own_way import POLICY_WAY
from workers.routing.planning import next_policy_place, next_step, plan_late_call

log = get_logger(__name__)
Row = Mapping[str, Any]

_RULE = ("customer_ref", "rule_id", "rule_version", "purpose")
_OWN_WAY = "@"  # rule ids of ways of our own begin with it: but for one, they have no next step
_UNREACHED = frozenset(
    {DeliveryStatus.FAILED, DeliveryStatus.UNDELIVERED, DeliveryStatus.SUPPRESSED}
)
_PLACE_GONE = frozenset({Reason.DESTINATION_REMOVED, Reason.DESTINATION_CHANGED})
_CALLER_LOST = frozenset({Reason.CALLER_GONE, Reason.LATE_CALL})


def advances(row: Row) -> bool:
    """Whether a delivery that was just settled wants its rule's next step now.

    One whose fate is open does so only after its step's wait, which is the caller's to keep.
    """
    if not row["mode"].in_turn:
        return False
    if row["status"] is DeliveryStatus.EXPIRED:
        goes_on = row["mode"] is Mode.ESCALATE or row["rule_id"] == POLICY_WAY
        return row["channel"] is Channel.CALL or goes_on
    gone = row["status"] is DeliveryStatus.CANCELLED and row["reason"] in _PLACE_GONE
    return gone or row["status"] in _UNREACHED


def follow_up(
    tx: Transaction, readings: Readings, policy: LanePolicy, rows: Sequence[Row]
) -> list[Due]:
    """Plan what follows deliveries that did not reach; give what is due, to hint after the commit.

    ``rows`` are rows of ``deliveries`` as they now are. Those of mode ``all`` and those of a
    way of our own are passed over, and so are, with an error in the log, those of which
    nothing can be planned. What follows an uncertain one is marked.
    """
    wanted = [row for row in rows if row["mode"].in_turn and _may_go_on(row)]
    if not wanted:
        return []
    scene = _scene(tx, readings, policy, wanted)
    due: list[Due] = []
    for row in sorted(wanted, key=lambda row: row["id"]):
        try:
            due += _follow_one(scene, row)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - one that cannot be planned holds up no other
            log.error(  # noqa: TRY400 - a traceback may hold what the event says
                "not_followed_up", delivery_id=str(row["id"]), error_type=type(error).__name__
            )
    return due


def _may_go_on(row: Row) -> bool:
    return row["rule_id"] == POLICY_WAY or not row["rule_id"].startswith(_OWN_WAY)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What all the rows of one call are decided by; ``made`` grows with what is planned."""

    tx: Transaction
    policy: LanePolicy
    customers: Mapping[str, Customer]
    events: Mapping[UUID, Kept]
    made: dict[UUID, list[Row]]
    rules: dict[tuple[str, int], RuleSet | None]

    def customer_at(self, row: Row) -> Customer:
        """The customer as it is, under the rules that the delivery was planned by."""
        customer = self.customers[row["customer_ref"]]
        version = row["rule_version"]
        if customer.rules_version == version:
            return customer
        key = (customer.ref, version)
        if key not in self.rules:
            self.rules[key] = rules_at(self.tx, *key)
        return replace(customer, rules=self.rules[key], rules_version=version)


def _scene(tx: Transaction, readings: Readings, policy: LanePolicy, rows: Sequence[Row]) -> _Scene:
    event_ids = sorted({row["event_id"] for row in rows})
    made: dict[UUID, list[Row]] = {event_id: [] for event_id in event_ids}
    # a notice's event has a delivery for everyone
    for row in about(tx, event_ids, sorted({row["customer_ref"] for row in rows})):
        made[row["about"]].append(row)
    found = {kept.id: kept for kept in inbox.load(tx, event_ids)}
    return _Scene(
        tx, policy, readings.load(tx, {row["customer_ref"] for row in rows}), found, made, {}
    )


def _follow_one(scene: _Scene, row: Row) -> list[Due]:
    kept = scene.events[row["event_id"]]
    event = Routable(kept.id, kept.type, kept.received_at, load_data(kept.type, kept.data))
    call_lost = row["channel"] is Channel.CALL and row["reason"] in _CALLER_LOST
    following = None if call_lost else _next_of(scene, row, event)
    if isinstance(following, PlannedDelivery):
        return _put(scene, row, [following], [])
    if following is not None and not _says_nothing_new(following, row):
        _put(scene, row, [], [following])
    if following is None and not call_lost:
        return _stopped_too_soon(scene, row)  # else a later step is on its way
    if row["channel"] is not Channel.CALL:
        return []
    return _tell_of_call(scene, row, event)


def _next_of(scene: _Scene, row: Row, event: Routable) -> PlannedDelivery | NonSend | None:
    """Find the rule's next step; none where a step beyond this one is planned already."""
    for other in scene.made[event.id]:
        if other["step"] > row["step"] and _by_the_same_rule(other, row):
            return None
    customer = scene.customer_at(row)
    if row["rule_id"] == POLICY_WAY:
        tried = [
            other["destination_id"]
            for other in scene.made[event.id]
            if other["customer_ref"] == customer.ref
        ]
        return next_policy_place(event, customer, scene.tx.now, scene.policy, row["step"], tried)
    rules = customer.rules.rules if customer.rules is not None else ()
    rule = next((rule for rule in rules if rule.rule_id == row["rule_id"]), None)
    if rule is None:
        return NonSend(Reason.NO_RULE, row["purpose"], row["rule_id"], row["rule_version"])
    return next_step(
        rule,
        row["step"],
        event,
        customer,
        scene.tx.now,
        scene.policy,
        row["purpose"],
    )


def _says_nothing_new(nothing_left: NonSend, row: Row) -> bool:
    """Whether a rule without a further step needs no entry: how its last one fared is on record.

    One whose place is gone was never sent, and says so.
    """
    never_sent = row["status"] is DeliveryStatus.CANCELLED
    return nothing_left.reason is Reason.NO_ADDRESS and not never_sent


def _stopped_too_soon(scene: _Scene, row: Row) -> list[Due]:
    """Send a later step after all that was stopped because this one seemed to have reached."""
    if row["status"] not in _UNREACHED or row["channel"] is Channel.CALL:
        return []
    later = [
        other
        for other in scene.made[row["event_id"]]
        if other["step"] > row["step"] and _by_the_same_rule(other, row)
    ]
    return take_back(scene.tx, later, scene.policy)


def _by_the_same_rule(one: Row, other: Row) -> bool:
    return all(one[name] == other[name] for name in _RULE)


def _tell_of_call(scene: _Scene, row: Row, event: Routable) -> list[Due]:
    """Tell of a call that was not put through: the call-centre its end, the customer who called.

    The customer is told nothing more where the agent's own message of the call is here.
    """
    if row["status"] is not DeliveryStatus.UNCERTAIN:
        tell_forwarded(scene.tx, row, end_of(row), 0)
    if any(other["purpose"] is Purpose.MESSAGES for other in scene.made[event.id]):
        return []
    if isinstance(event.data, CallWaiting) and _message_taken(scene.tx, event.data.call_id, row):
        replaced = NonSend(Reason.REPLACED, Purpose.MESSAGES, detail="message_taken")
        return _put(scene, row, [], [replaced])
    customer = scene.customers[row["customer_ref"]]
    plan = plan_late_call(event, customer, scene.tx.now, scene.policy)
    return _put(scene, row, plan.deliveries, plan.non_sends)


def _message_taken(tx: Transaction, call_id: str, row: Row) -> bool:
    """Whether the agent's own message of this call has gone its way before us."""
    taken = tx.connection.execute(
        select(events.c.id).where(
            events.c.correlation == call_id,
            events.c.type == "call.message_taken",
            events.c.customer_ref == row["customer_ref"],
            events.c.status == EventStatus.ROUTED,
        )
    ).first()
    return taken is not None


def _put(
    scene: _Scene, row: Row, planned: Sequence[PlannedDelivery], non_sends: Sequence[NonSend]
) -> list[Due]:
    """Put on record what follows one delivery; of one that gathers, for all its events."""
    tx, marked = scene.tx, row["status"] is DeliveryStatus.UNCERTAIN
    for telling, _ in tellings(tx, [row]):
        own = _following(telling)
        adding.add_non_sends(tx, own, adding.untold(tx, own, non_sends))
    after = replace(_following(row), follows_up=row["follows_up"])
    planned = [_no_sooner(each, row, tx.now) for each in planned]
    if not row["gathers"]:
        put = putting.put(tx, after, planned, marked=marked)
        scene.made[row["event_id"]] += put.rows
        return list(put.due)
    due: list[Due] = []
    for each in planned:
        made = {**adding.delivery_row(tx, after, each, marked=marked), "gathers": True}
        due += adding.add(tx, [made])
        # Another transaction may have planned the same step first: then ours was left out.
        if adding.is_there(tx, made["id"]):
            gathering.pass_on(tx, row["id"], made)
            scene.made[row["event_id"]].append(made)
        else:
            due = [one for one in due if one.delivery_id != made["id"]]
    return due


def _following(row: Row) -> Following:
    return Following(row["event_id"], row["publisher"], row["customer_ref"], row["service"])


def _no_sooner(planned: PlannedDelivery, row: Row, now: datetime) -> PlannedDelivery:
    """A step that stands in for one which was not due yet waits for what that had waited for."""
    if row["held_at"] is not None and row["reason"] is not Reason.DESTINATION_CONTESTED:
        return replace(planned, held=True, reason=Reason.HELD)
    if row["gathers"] and row["first_due_at"] > now:
        due_at, deadline_at = row["first_due_at"], row["deadline_at"]
        return replace(planned, due_at=due_at, deadline_at=deadline_at, reason=Reason.DIGEST)
    return planned
