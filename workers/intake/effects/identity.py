"""What events change about whose identity must be verified, and whether they are asked for it.

Nobody is asked before they have paid, and nobody twice: whichever of payment and registration comes
last asks.
"""

from contracts.events.customers import Corrected, IdentityChecked, Registered
from contracts.vocabulary import Checked, CustomerKind, Information, Role
from store.customers import changes as change
from store.customers import identity
from store.outbox import Outcome, to_role
from workers.intake.effects.scene import Effect, Scene
from workers.intake.whose import customer_name
from workers.routing.identity import WHAT, WHY, ground_of


def keep_users(scene: Scene, ref: str, data: Registered | Corrected) -> None:
    """Keep what kind of customer it is, and who will use the services, where that is told."""
    if data.kind is not None:
        change.touch(scene.tx, ref, kind=CustomerKind(data.kind))
    if data.individuals is not None:
        identity.set_individuals(scene.tx, ref, data.individuals)
        change.touch(scene.tx, ref)


def ask_once_paid(scene: Scene, ref: str, *, paid: bool = False) -> tuple[Outcome, ...]:
    """Decide what must be known of a customer; once they have paid, ask registration for it."""
    customer = scene.readings.load(scene.tx, [ref])[ref]
    why = ground_of(customer.contracted, customer.kind, scene.policies.identity)
    if why is None or not customer.registered:
        return ()
    identity.decide(scene.tx, ref, Information.IDENTITY, why)
    if not paid and not identity.has_paid(scene.tx, ref):
        return ()
    request_id = identity.ask(scene.tx, ref, Information.IDENTITY)
    if request_id is None:
        return ()
    return (
        Outcome(
            id=f"{request_id}:information.requested",
            audience=to_role(Role.REGISTRATION),
            name="information.requested",
            at=scene.now,
            customer_ref=ref,
            event_id=scene.event.id,
            facts={"request_id": str(request_id), "what": list(WHAT), "why": WHY[why]},
        ),
    )


def identity_checked(scene: Scene) -> Effect:
    """Keep what came of a check: a service may have waited for it."""
    data = scene.data(IdentityChecked)
    result = Checked(data.result)
    identity.note_result(scene.tx, scene.ref, data.individual_id, data.check, result)
    change.touch(scene.tx, scene.ref)
    return Effect(changed=(customer_name(scene.ref),))
