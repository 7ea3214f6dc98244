"""How is upkeep put together?"""

from collections.abc import Callable, Sequence

from config.processors import insist
from config.sending import missing_company
from store.engine import Store
from store.inbox import some_awaited
from store.record.checkpoints import Published, publish_next
from workers.bootstrap.parts import Parts
from workers.bootstrap.preparing import open_files, open_preparing
from workers.bootstrap.providers import open_carriers
from workers.bootstrap.rights import open_forgetting, open_retaining, open_transfers, tell_outside
from workers.metrics.definitions import LEADS
from workers.metrics.store_figures import EVERY_SECONDS, StoreFigures
from workers.providers.twilio_sms import TwilioSms
from workers.providers.twilio_voice import TwilioVoice
from workers.upkeep.asking import AskingProviders, Means
from workers.upkeep.chores import Chore, Chores
from workers.upkeep.judging import Judging
from workers.upkeep.questions import Askable
from workers.upkeep.running import Running as Upkeep
from workers.upkeep.running import led_by
from workers.upkeep.vaulting import move_evidence

_TELL_SECONDS = 0.5
_TURN_SECONDS = 150.0  # longer than the store lets any statement run
_LIST_SECONDS = 3.0  # outcomes that the broker has not taken by then are listed all the same


def open_upkeep(parts: Parts) -> Upkeep:
    """Make the upkeep of an installation; it works once it leads."""
    settings = parts.settings
    insist(settings)
    store = led_by(parts.store, parts.worker)
    chores = Chores(
        store,
        parts.readings,
        parts.policies,
        parts.hints,
        lambda: recheck(parts),
        interval=settings.upkeep_interval_seconds,
        seal_interval=settings.seal_interval_seconds,
        list_after=0 if settings.broker is None else _LIST_SECONDS,
    ).all()
    read = StoreFigures(parts.store)
    chores = (*chores, Chore("read_figures", EVERY_SECONDS, read.read))
    closing: list[Callable[[], None]] = []
    published = Published(settings.checkpoints)
    every = settings.checkpoint_interval_seconds
    chores = (*chores, Chore("checkpoint", every, lambda: _checkpoint(store, published)))
    chores = (
        *chores,
        Chore("move_evidence", 5.0, lambda: move_evidence(store, lambda: open_files(parts))),
    )
    chores = (*chores, Chore("tell_register", 1.0, lambda: tell_outside(parts, store)))
    retaining = open_retaining(parts, store)
    chores = (*chores, Chore("retain", settings.upkeep_interval_seconds * 10, retaining.run))
    sweeping = open_transfers(parts, store)
    chores = (
        *chores,
        Chore("sweep_transfers", settings.upkeep_interval_seconds * 10, sweeping.sweep),
    )
    chores = (*chores, Chore("sweep_unfinished", 3600.0, sweeping.sweep_unfinished))
    forgetting = open_forgetting(parts, store)
    chores = (*chores, Chore("forget_cases", 3600.0, forgetting.run))
    asking = open_asking(parts, store)
    if asking is not None:
        chores = (*chores, Chore("ask_providers", settings.upkeep_interval_seconds, asking.run))
        closing.append(asking.close)
    if settings.broker is not None:
        from workers.upkeep.outcomes import OutcomePublisher

        publisher = OutcomePublisher(settings.broker, store)
        chores = (*chores, Chore("publish_outcomes", _TELL_SECONDS, publisher.publish_some))
        closing.append(publisher.close)
    beat = parts.beats.loop("upkeep", _TURN_SECONDS)
    metrics = parts.metrics
    upkeep = Upkeep(parts.store, chores, parts.worker, closing, beat, metrics)
    metrics.show(LEADS, lambda: [((), upkeep.leads)])
    read.show_by(metrics, lambda: upkeep.leads)
    parts.readiness.ask("chores", lambda: _listed("fails", upkeep.failing))
    return upkeep


def open_asking(parts: Parts, store: Store) -> AskingProviders | None:
    """Make what asks providers about attempts; none where none that can be asked is set up."""
    settings = parts.settings
    if missing_company(settings):
        return None
    carriers = open_carriers(settings)
    providers = [carrier.provider for carrier in carriers]
    texts = {each.name: each for each in providers if isinstance(each, TwilioSms)}
    calls = {each.name: each for each in providers if isinstance(each, TwilioVoice)}
    if not texts and not calls:
        return None

    async def close() -> None:
        for provider in providers:
            await provider.close()

    means = Means(
        store=store,
        readings=parts.readings,
        policies=parts.policies,
        judging=Judging(store, open_preparing(parts), settings.lease_seconds),
        askable=Askable(texts, calls, close),
        hint=parts.hints,
        counts=parts.counts,
    )
    return AskingProviders(means)


def _checkpoint(store: Store, published: Published) -> int:
    """Write checkpoints of all that is sealed; they are few, and each has its own name."""
    made = 0
    while publish_next(store, published) is not None:
        made += 1
    return made


def recheck(parts: Parts) -> int:
    """Look again at what waits, for what appeared while nobody looked."""
    with parts.store.read() as tx:
        names = some_awaited(tx)
    if not names:
        return 0
    taken = parts.taking_in.look_again(names)
    parts.hints(taken.due)
    return len(taken.due)


def _listed(what: str, names: Sequence[str]) -> str | None:
    return f"{what}: {', '.join(names)}" if names else None
