"""What events about invoices and payments change: reminders that end, and repeat payments."""

from datetime import date

from contracts.events.billing import (
    InvoiceCancelled,
    PaymentReceived,
    SubscriptionChosen,
    SubscriptionEnded,
)
from contracts.vocabulary import Reason, Repeats
from store.billing import invoices, subscriptions
from store.billing.subscriptions import Subscription
from workers.intake.effects.identity import ask_once_paid
from workers.intake.effects.scene import NOTHING, Effect, Scene, impossible
from workers.routing.repeats import begins, due_after, due_from
from workers.routing.schedules import zone

_ENDED_BY_PAYMENT = frozenset({"invoice.overdue", "payment.failed"})
_ENDED_BY_CANCELLATION = frozenset({"invoice.issued", "invoice.overdue", "payment.failed"})


def invoice_overdue(scene: Scene) -> Effect:
    """Change nothing; but what came before in the batch is on record when a reminder is planned."""
    del scene
    return NOTHING


def payment_received(scene: Scene) -> Effect:
    """Have nobody reminded any more of what is paid; ask for what must be known from then on."""
    number = scene.data(PaymentReceived).invoice_number
    if number is not None:
        invoices.overtake(scene.tx, scene.ref, number, _ENDED_BY_PAYMENT, Reason.PAID)
    return Effect(outcomes=ask_once_paid(scene, scene.ref, paid=True))


def invoice_cancelled(scene: Scene) -> Effect:
    """Have nothing more sent of an invoice but that it is cancelled."""
    number = scene.data(InvoiceCancelled).invoice_number
    why = Reason.INVOICE_CANCELLED
    invoices.overtake(scene.tx, scene.ref, number, _ENDED_BY_CANCELLATION, why)
    return NOTHING


def subscription_chosen(scene: Scene) -> Effect:
    """Keep how a customer's repeat payments are taken, and from when they are asked for."""
    data = scene.data(SubscriptionChosen)
    tz = zone(scene.known.time_zone)
    repeats = Repeats(data.period)
    told_on = scene.event.received_at.astimezone(tz).date()
    before = subscriptions.find(scene.tx, scene.ref, data.subscription_id)
    if before is None and due_after(data.starts_on, repeats, data.starts_on) <= told_on:
        return impossible(
            "data.starts_on",
            "lies more than a period back; name the day from which payments are to be taken",
        )
    counts_from = _counts_from(before, data.starts_on, repeats, told_on)
    due_on = due_from(data.starts_on, repeats, counts_from)
    chosen = Subscription(
        customer_ref=scene.ref,
        subscription_id=data.subscription_id,
        event_id=scene.event.id,
        repeats=repeats,
        starts_on=data.starts_on,
        counts_from=counts_from,
        ended_on=None,
        due_on=due_on,
    )
    how = {
        "plan": data.plan,
        "amount": str(data.amount),
        "currency": data.currency,
        "method_label": data.method_label,
        "provider_token": data.provider_token,
    }
    subscriptions.choose(scene.tx, chosen, how, begins(due_on, tz))
    return NOTHING


def _counts_from(
    before: Subscription | None, starts_on: date, repeats: Repeats, told_on: date
) -> date:
    """From which day on payments are asked for: nothing that lies back is added by a change."""
    if before is None:
        return starts_on
    same = (before.starts_on, before.repeats) == (starts_on, repeats)
    if same and before.ended_on is None:
        return before.counts_from
    return max(starts_on, told_on)


def subscription_ended(scene: Scene) -> Effect:
    """Have no payment asked for that would be due on the day of the end, or after it."""
    data = scene.data(SubscriptionEnded)
    if not subscriptions.end(scene.tx, scene.ref, data.subscription_id, data.ended_on):
        return impossible(
            "data.subscription_id", "is no subscription of this customer; send its choice first"
        )
    return NOTHING
