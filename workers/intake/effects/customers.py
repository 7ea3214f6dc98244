"""What events about who a customer is change: registration, numbers, services, consent."""

import json
from typing import Any

from contracts.events.customers import (
    Consent,
    Contact,
    Corrected,
    Enquired,
    ErasureConfirmed,
    NumberAssigned,
    Registered,
    RightsRequested,
    ServiceStarted,
    ServiceTerminated,
)
from contracts.planning import INVOICE_EMAIL
from contracts.vocabulary import (
    POST_SERVICES,
    Channel,
    ContestedField,
    Purpose,
    Reason,
    RightsKind,
    Service,
    Settlement,
)
from store.billing import subscriptions
from store.customers import changes as change
from store.customers import consenting
from store.customers.known import assigned, is_rung_for_somebody, profile_of
from store.deliveries import ending
from store.deliveries.claiming import AFTER_TERMINATION
from store.outbox import Outcome, to_publisher
from store.rights import contests
from store.rights.objections import stop_offers
from workers.intake.effects.identity import ask_once_paid, keep_users
from workers.intake.effects.scene import NOTHING, Effect, Scene, impossible
from workers.intake.submission import BY_HAND
from workers.intake.whose import Awaited, addressee_name, customer_name, known_names, number_name
from workers.rights.processors import confirmed, read_erasure_id
from workers.rights.requests import Clock, open_request
from workers.routing.readiness import missing_for_service
from workers.suppliers import SOURCES, Telling, tell_suppliers

_PROFILE = frozenset(
    {"legal_name", "trading_name", "contact", "addresses", "also_known_as", "invoice_email"}
)


def enquired(scene: Scene) -> Effect:
    """Keep a prospect's contact details and preferences."""
    told = scene.data(Enquired).model_dump(mode="json", exclude_none=True)
    ref = str(scene.event.subject)
    change.note_prospect(scene.tx, ref, told)
    return Effect(changed=(customer_name(ref),))


def registered(scene: Scene) -> Effect:
    """Make a customer, and tell the call-centre whom it answers for."""
    data = scene.data(Registered)
    ref = str(scene.event.subject)
    if scene.customer is not None and scene.customer.registered:
        return impossible("subject", "is registered already; send customer.corrected instead")
    change.register(
        scene.tx,
        ref,
        _profile(data),
        contracted=data.services,
        time_zone=data.time_zone,
        locale=data.locale,
        known_as=known_names(data),
        invoice_email=_invoice_email(data.invoice_email, data.contact),
    )
    names = tuple(addressee_name(name) for name in known_names(data))
    told = _tell(scene, ref, "supplier.told", frozenset(data.services))
    keep_users(scene, ref, data)
    asked = ask_once_paid(scene, ref)
    return Effect(changed=(customer_name(ref), *names), outcomes=told + asked)


def corrected(scene: Scene) -> Effect:
    """Write changed fields over the old ones; suppliers are told of a changed name."""
    data = scene.data(Corrected)
    served = frozenset(data.services) if data.services is not None else scene.known.contracted
    if data.addresses is not None and POST_SERVICES.isdisjoint(served):
        return impossible("data.addresses", "is collected for post services only; leave it out")
    changed = _profile(data)
    merged = _as_registered(scene, changed)
    columns = {
        name: value
        for name in ("time_zone", "locale")
        if (value := getattr(data, name)) is not None
    }
    touches_email = {"invoice_email", "contact"} & data.model_fields_set
    email = _invoice_email(merged.invoice_email, merged.contact) if touches_email else None
    moved = change.correct(
        scene.tx,
        scene.ref,
        changed,
        columns=columns,
        known_as=known_names(merged),
        invoice_email=email,
    )
    if data.services is not None:
        change.contract(scene.tx, scene.ref, data.services)
    names = tuple(addressee_name(name) for name in known_names(merged))
    for field in ContestedField:
        if field in data.model_fields_set:
            contests.settle(scene.tx, scene.ref, field, Settlement.CORRECTED, scene.policies.lanes)
    if moved:
        settled = Settlement.CORRECTED
        contests.settle(scene.tx, scene.ref, INVOICE_EMAIL, settled, scene.policies.lanes)
    told: tuple[Outcome, ...] = ()
    if SOURCES & data.model_fields_set:
        told = _tell(scene, scene.ref, "supplier.corrected", scene.known.contracted)
    keep_users(scene, scene.ref, data)
    asked = ask_once_paid(scene, scene.ref)
    return Effect(changed=(customer_name(scene.ref), *names), outcomes=told + asked)


def number_assigned(scene: Scene) -> Effect:
    """Give a number to a customer, unless it is another's, or calls to it would go in a circle."""
    data = scene.data(NumberAssigned)
    before = assigned(scene.tx, [data.number]).get(data.number)
    if before is not None and before.customer_ref != scene.ref:
        return impossible("data.number", "is another customer's; release it there first")
    if is_rung_for_somebody(scene.tx, data.number):
        return impossible(
            "data.number",
            "is a customer's own destination, so that calls to it would come back to us; have that"
            " destination removed or given another number first",
        )
    change.assign_number(scene.tx, scene.ref, data.number, Service(data.service))
    return Effect(changed=(number_name(data.number), customer_name(scene.ref)))


def number_released(scene: Scene) -> Effect:
    """Take a number back."""
    data = scene.data(NumberAssigned)
    if not change.release_number(scene.tx, scene.ref, data.number):
        return impossible("data.number", "is not this customer's")
    return Effect(changed=(customer_name(scene.ref),))


def service_started(scene: Scene) -> Effect:
    """Begin services, or say all that is missing and wait until it is there."""
    data = scene.data(ServiceStarted)
    alien = [s for s in data.services if s not in scene.known.contracted]
    if alien:
        return impossible("data.services", "names a service that the customer has not ordered")
    missing = missing_for_service(scene.known, frozenset(data.services), scene.policies.identity)
    if missing:
        listed = [{"what": m.what.value, "about": m.about, "text": m.text} for m in missing]
        told = json.dumps(listed, sort_keys=True)
        outcome = _not_ready(scene, listed)
        return Effect(
            awaits=Awaited("service", customer_name(scene.ref)), told=told, outcomes=(outcome,)
        )
    change.start(scene.tx, scene.ref, data.services, data.started_at)
    return Effect(changed=(customer_name(scene.ref),))


def _not_ready(scene: Scene, listed: list[dict[str, Any]]) -> Outcome:
    # Told again only when what is missing has changed, as only a change of the customer can do.
    return Outcome(
        id=f"{scene.event.id}:not_ready:{scene.known.revision}",
        audience=to_publisher(scene.event.publisher.name),
        name="service.not_ready",
        at=scene.now,
        customer_ref=scene.ref,
        event_id=scene.event.id,
        facts={"missing": listed},
    )


def service_terminated(scene: Scene) -> Effect:
    """End all services: what is unsent is cancelled and recorded, but for the final account.

    An end that is yet to come cancels nothing yet: what is due after it is stopped at its claim.
    """
    data = scene.data(ServiceTerminated)
    change.terminate(scene.tx, scene.ref, data.terminated_at)
    subscriptions.look_again(scene.tx, scene.ref)
    if data.terminated_at > scene.now:
        return Effect(changed=(customer_name(scene.ref),))
    unsent = ending.unclaimed_of_customer(scene.tx, scene.ref)
    stopped = [row["id"] for row in unsent if row["purpose"] not in AFTER_TERMINATION]
    ending.cancel(scene.tx, stopped, Reason.SERVICE_TERMINATED)
    return Effect(changed=(customer_name(scene.ref),))


def rights_requested(scene: Scene) -> Effect:
    """Open a request for one of a person's rights; operators see to it.

    Who objects is sent no offers from now on: that needs nobody's word (Article 21(3)).
    """
    data = scene.data(RightsRequested)
    if not open_request(scene.tx, Clock(scene.policies), scene.event.id, scene.ref, data):
        return impossible(
            "data.request_id",
            "is this customer's request of another kind already; give this one an id of its own",
        )
    if RightsKind(data.kind) is RightsKind.OBJECTION:
        stop_offers(scene.tx, scene.ref)
    return NOTHING


def erasure_confirmed(scene: Scene) -> Effect:
    """Note a processor's receipt; with the last, the request for erasure is done.

    Each answers for itself alone, and an operator for one that publishes nothing.
    """
    data = scene.data(ErasureConfirmed)
    publisher = scene.event.publisher
    if publisher.name != BY_HAND.name and publisher.processor != data.processor:
        return impossible(
            "data.processor",
            f"is not for this publisher, which speaks for {publisher.processor or 'no processor'}:"
            " have that processor's own publisher confirm it (onward publishers add, with --role"
            " processor --processor NAME), or an operator by onward processors confirm",
        )
    erasure = read_erasure_id(data.request_id)
    if erasure is None or not confirmed(scene.tx, erasure, data.processor, data.at):
        return impossible(
            "data.request_id",
            "is no erasure that this processor was asked for; repeat request_id and processor as"
            " erasure.requested gave them",
        )
    return NOTHING


def consent_given(scene: Scene) -> Effect:
    """Keep that a customer agreed to offers."""
    data = scene.data(Consent)
    consenting.give_consent(
        scene.tx,
        scene.ref,
        Purpose(data.purpose),
        Channel(data.channel),
        at=data.at,
        method=data.method,
        wording_version=data.wording_version,
        evidence=data.evidence or "",
    )
    return NOTHING


def consent_withdrawn(scene: Scene) -> Effect:
    """Keep that a customer no longer agrees; queued offers are found out when claimed."""
    data = scene.data(Consent)
    consenting.withdraw_consent(
        scene.tx,
        scene.ref,
        Purpose(data.purpose),
        Channel(data.channel),
        at=data.at,
        method=data.method,
    )
    return NOTHING


def _profile(data: Registered | Corrected) -> dict[str, Any]:
    return data.model_dump(mode="json", exclude_unset=True, include=set(_PROFILE))


def _as_registered(scene: Scene, changed: dict[str, Any]) -> Registered:
    """The registration as it now reads, from what is on record and what has changed."""
    before = profile_of(scene.tx, scene.ref) or {}
    kept = {k: v for k, v in {**before, **changed}.items() if k in _PROFILE and v is not None}
    return Registered.model_validate({**kept, "services": sorted(Service)})


def _invoice_email(
    invoice_email: str | None, contact: Contact | None
) -> change.InvoiceEmail | None:
    """The address that was named for invoices, whoever reads it; else the contact's own."""
    if invoice_email is not None:
        return change.InvoiceEmail(invoice_email)
    if contact is None or contact.email is None:
        return None
    return change.InvoiceEmail(contact.email, contact.name)


def _tell(
    scene: Scene, ref: str, name: Telling, services: frozenset[Service]
) -> tuple[Outcome, ...]:
    return tell_suppliers(scene.tx, ref, name, services, scene.event.id, scene.event.id)
