"""Which effect does each type of event have? Types that are not here change nothing on record."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from workers.intake.effects import (
    billing,
    customers,
    identity,
    notices,
    office,
    post,
    wishes,
    written,
)
from workers.intake.effects.scene import Effect, Scene

EFFECTS: Mapping[str, Callable[[Scene], Effect]] = MappingProxyType(
    {
        "call.ended": office.call_ended,
        "consent.given": customers.consent_given,
        "consent.withdrawn": customers.consent_withdrawn,
        "correspondence.recorded": written.correspondence_recorded,
        "customer.corrected": customers.corrected,
        "customer.enquired": customers.enquired,
        "customer.ordered": customers.enquired,
        "customer.registered": customers.registered,
        "destination.added": wishes.destination_added,
        "destination.removed": wishes.destination_removed,
        "destination.verified": wishes.destination_verified,
        "erasure.confirmed": customers.erasure_confirmed,
        "event.withdrawn": office.event_withdrawn,
        "identity.checked": identity.identity_checked,
        "invoice.cancelled": billing.invoice_cancelled,
        "invoice.overdue": billing.invoice_overdue,
        "item.instructed": post.instructed,
        "note.recorded": written.note_recorded,
        "number.assigned": customers.number_assigned,
        "number.released": customers.number_released,
        "payment.received": billing.payment_received,
        "policy.changed": notices.policy_changed,
        "post.dispatched": post.dispatched,
        "post.disposed": post.disposed,
        "preferences.set": wishes.preferences_set,
        "rights.requested": customers.rights_requested,
        "service.started": customers.service_started,
        "service.terminated": customers.service_terminated,
        "subscription.chosen": billing.subscription_chosen,
        "subscription.ended": billing.subscription_ended,
    }
)
