"""What a withdrawal and an ended call change."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.events.calls import CallEnded
from contracts.events.office import EventWithdrawn
from contracts.planning import NonSend
from contracts.vocabulary import Channel, DeliveryStatus, ErrorCode, EventStatus, Purpose, Reason
from store import inbox, notices
from store.deliveries import adding, ending
from store.deliveries.adding import Following
from workers.following_up import follow_up
from workers.intake.effects.scene import NOTHING, Effect, Scene, impossible
from workers.intake.whose import Awaited, event_name

_MOST = 1_000  # sent deliveries of a notice that an answer names
_GONE = frozenset({DeliveryStatus.CANCELLED, DeliveryStatus.EXPIRED, DeliveryStatus.SUPPRESSED})


def event_withdrawn(scene: Scene) -> Effect:
    """Cancel what is unsent of an event; what was sent is named in the answer.

    A notice to everyone has very many deliveries: each is found out when it is claimed, and the
    answer names the first of what was sent.
    """
    data = scene.data(EventWithdrawn)
    if not scene.event.publisher.speaks_for(data.source):
        return impossible(
            "data.source",
            "is not one of this publisher's sources, so it is not theirs to withdraw",
            ErrorCode.NOT_ALLOWED,
        )
    known = inbox.known(scene.tx, [(data.source, data.id)]).get((data.source, data.id))
    if known is None:
        return Effect(awaits=Awaited("event", event_name(data.source, data.id)))
    if known.status is EventStatus.WAITING:
        _withdraw_waiting(scene, known)
        return Effect(facts=(("already_sent", []),))
    inbox.withdraw(scene.tx, known.id)
    if notices.is_one(scene.tx, known.id):
        return Effect(facts=(("already_sent", _named(notices.sent_of(scene.tx, known.id, _MOST))),))
    rows = ending.of_event(scene.tx, known.id)
    unsent = ending.cancel_of(scene.tx, rows, Reason.WITHDRAWN)
    sent = [row for row in rows if row["id"] not in unsent and row["status"] not in _GONE]
    return Effect(facts=(("cancelled", len(unsent)), ("already_sent", _named(sent))))


def _named(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"delivery_id": str(row["id"]), "status": row["status"].value} for row in rows]


def _withdraw_waiting(scene: Scene, known: inbox.Known) -> None:
    kept = inbox.load(scene.tx, [known.id])[0]
    inbox.take_up(scene.tx, kept, kept.customer_ref, None, EventStatus.WITHDRAWN)
    if kept.customer_ref is not None:
        after = Following(kept.id, kept.publisher, kept.customer_ref, kept.service)
        adding.add_non_sends(scene.tx, after, [NonSend(Reason.WITHDRAWN, Purpose.MESSAGES)])


def call_ended(scene: Scene) -> Effect:
    """An abandoned or answered call is not put through any more.

    Of one who hung up before anybody was reached the customer is told, as of any who waited.
    """
    data = scene.data(CallEnded)
    reason = Reason.CALLER_GONE if data.outcome == "abandoned" else Reason.REPLACED
    rows = ending.of_calls(scene.tx, [data.call_id], "call.waiting")
    own = scene.event.publisher.name  # another's call may bear the same id
    live = [row["id"] for row in rows if row["channel"] is Channel.CALL and row["publisher"] == own]
    gone = ending.cancel(scene.tx, live, reason)
    if reason is not Reason.CALLER_GONE:
        return NOTHING
    return Effect(due=tuple(follow_up(scene.tx, scene.readings, scene.policies.lanes, gone)))
