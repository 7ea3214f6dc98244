"""How is everything put together?

The only reader of settings, and the only place that knows whether this is one process over SQLite
or many over RabbitMQ and PostgreSQL.
"""

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

from dramatiq import Broker

from config import keyfile
from config.loading import load
from config.policies import Policies, policies
from config.providers import SmsSender, SmtpRelay, all_sms_senders, all_smtp_relays
from config.sending import MissingSettingsError, company_of, missing_company, missing_for_sending
from config.settings import Settings
from contracts.rules import CallRule
from contracts.vocabulary import Channel, Lane
from store.customers import Readings, rules_at
from store.deliveries.claiming import Claimed
from store.deliveries.recording import Result
from store.engine import Store, open_engine
from store.keys import MasterKey
from workers import failpoints
from workers.alive import Beats, Crew
from workers.dispatch.broker import open_broker
from workers.dispatch.hints import Aside, Hints
from workers.intake.again import TakingInAgain
from workers.intake.taking_in import TakingIn
from workers.operations import Operations
from workers.readiness import Readiness
from workers.receipts.counts import Counts
from workers.return_path import ReturnPaths

_STOP_SECONDS = 60.0
_TELL_SECONDS = 0.5
_LOOP_SECONDS = 30.0  # an event loop that answers nothing for so long is stuck
_TURN_SECONDS = 150.0  # longer than the store lets any statement run
_MARGIN_SECONDS = 30.0
_LIST_SECONDS = 3.0  # outcomes that the broker has not taken by then are listed all the same


def read_settings() -> Settings:
    """Read the settings of this installation. Raises ``config.loading.SettingsError``."""
    return load()


@dataclass(frozen=True)
class Parts:
    """What every process of an installation stands on; each is made when first asked for."""

    settings: Settings
    store: Store

    @cached_property
    def policies(self) -> Policies:
        """Retries, deadlines and limits."""
        return policies(self.settings)

    @cached_property
    def readings(self) -> Readings:
        """This process's readings of customers."""
        return Readings()

    @cached_property
    def taking_in(self) -> TakingIn:
        """What takes events in, whatever door they come through."""
        return TakingIn(self.store, self.readings, self.policies)

    @cached_property
    def operations(self) -> Operations:
        """What operators can do to deliveries, providers and suppressions."""
        return Operations(self.store, self.policies.lanes)

    @cached_property
    def taking_in_again(self) -> TakingInAgain:
        """What operators can do to rejected events."""
        return TakingInAgain(
            self.store, self.readings, self.policies, admit_drama=self.settings.sandbox
        )

    @cached_property
    def counts(self) -> Counts:
        """What this process has counted of providers' later words."""
        return Counts()

    @cached_property
    def broker(self) -> Broker:
        """What hints travel over."""
        from workers.dispatch.actors import declare_actors

        broker = open_broker(self.settings.broker)
        declare_actors(broker)
        return broker

    @cached_property
    def hints(self) -> Hints:
        """What tells dispatch that something is due."""
        return Hints(self.broker, self.settings.hint_size)

    @cached_property
    def hints_aside(self) -> Aside:
        """The same for the doors, which answer or acknowledge without waiting for it."""
        return Aside(self.hints)

    @cached_property
    def beats(self) -> Beats:
        """What in this process must go on."""
        return Beats()

    @cached_property
    def metrics(self) -> "Metrics":
        """What this process counts; for processes that stay, and never for a command."""
        from prometheus_client import CollectorRegistry, disable_created_metrics

        from workers.metrics.definitions import LATER_WORDS, LOOP_AGE
        from workers.metrics.metrics import Metrics

        disable_created_metrics()  # type: ignore[no-untyped-call]  # half as many series again
        metrics = Metrics(CollectorRegistry())
        metrics.show(LOOP_AGE, lambda: [((name,), age) for name, age in self.beats.ages.items()])
        metrics.show(LATER_WORDS, lambda: self.counts.numbers().items())
        self.store.watchers.append(metrics.moved)
        return metrics

    @cached_property
    def counted_taking_in(self) -> TakingIn:
        """The same as ``taking_in``, counted."""
        return TakingIn(self.store, self.readings, self.policies, self.metrics.taken_in)

    @cached_property
    def readiness(self) -> Readiness:
        """What this process stands on: the store, and what each part of it adds."""
        readiness = Readiness()
        readiness.ask("store", lambda: _store_fault(self.store))
        return readiness

    @cached_property
    def worker(self) -> str:
        """This process's name in claims and leases."""
        return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"

    def close(self) -> None:
        """Give back what was opened."""
        if "hints_aside" in self.__dict__:
            self.hints_aside.close()
        if "broker" in self.__dict__:
            self.broker.close()
        self.store.close()


def open_parts(settings: Settings) -> Parts:
    """Open an installation. Embedded, its folder, key and tables are made where missing."""
    failpoints.arm(settings.failpoints or "")
    if settings.embedded:
        _make_embedded(settings)
    parts = Parts(settings, open_store(settings))
    if settings.database_url is None:
        from store.migrating import migrate

        migrate(parts.store.engine)
    return parts


def open_store(settings: Settings) -> Store:
    """Open the store with its keys. Raises ``config.keyfile.MasterKeyError``."""
    master = MasterKey(keyfile.read_master_key(settings))
    connections = settings.dispatch_threads + 6
    engine = open_engine(settings.database, connections)
    return Store(engine, master, policy_version=settings.policy_version)


def _make_embedded(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if settings.master_key is None and not settings.master_key_path.exists():
        keyfile.make_master_key(settings.master_key_path, secrets.token_bytes(keyfile.KEY_BYTES))


class Dispatch:
    """The sending half of a process: workers, their loop, and their providers."""

    def __init__(self, parts: Parts, lanes: Sequence[Lane]) -> None:
        # Providers are long in loading, and most commands send nothing.
        from workers.dispatch.actors import declare_actors
        from workers.dispatch.carriers import Carriers
        from workers.dispatch.delivering import Delivering, Means
        from workers.dispatch.journal import Journal
        from workers.dispatch.loop import Loop
        from workers.dispatch.probing import Probing
        from workers.dispatch.replaying import Replaying
        from workers.dispatch.running import Running
        from workers.metrics.definitions import SENDS_UNDER_WAY

        settings = parts.settings
        preparing = open_preparing(parts)
        self._loop = Loop()
        self._journal = Journal(settings.journals, parts.worker)
        self._carriers = Carriers(open_carriers(settings), parts.policies.breaker)
        self.probing = Probing(parts.store, self._carriers, self._loop)
        self.probing.round()
        # A batch lasts two leases at most: one to send and one to record.
        limit = 2 * settings.lease_seconds + _MARGIN_SECONDS
        crew = parts.beats.crew("batches", lambda: self._running.places, limit)
        means = Means(
            store=parts.store,
            readings=parts.readings,
            policies=parts.policies,
            carriers=self._carriers,
            preparing=preparing,
            loop=self._loop,
            hint=parts.hints,
            journal=self._journal,
            lease_seconds=settings.lease_seconds,
            count=parts.metrics,
            turn=crew.turn,
        )
        delivering = Delivering(means)
        declare_actors(parts.broker, self._at_work(parts, delivering.deliver, crew))
        self._replaying = Replaying(
            settings.journals,
            parts.store,
            parts.policies,
            preparing,
            self._counted_replay(parts, delivering.record),
        )
        self._running = Running(
            parts.broker, self._loop, lanes, self._carriers.channels, settings.dispatch_threads
        )
        parts.beats.ask("threads", self._running.ended)
        parts.readiness.ask("hints", self._running.unconnected)
        parts.readiness.ask(
            "providers", lambda: None if self._carriers.channels else "none is set up"
        )
        self._loop.beat(parts.beats.loop("sends", _LOOP_SECONDS))
        parts.metrics.show(
            SENDS_UNDER_WAY, lambda: [((name,), n) for name, n in self._loop.under_way.items()]
        )

    def _at_work(self, parts: Parts, deliver: "Deliver", crew: Crew) -> "Deliver":
        """Count hints, and who is at work on them."""
        from workers.metrics.definitions import BATCHES_IN_HAND

        metrics = parts.metrics
        metrics.show(BATCHES_IN_HAND, lambda: [((), crew.busy)])

        def counted(channel: Channel, delivery_ids: Sequence[UUID]) -> None:
            metrics.hinted(channel, len(delivery_ids))
            with crew:
                deliver(channel, delivery_ids)

        return counted

    def _counted_replay(
        self, parts: Parts, record: Callable[[Sequence[Result]], None]
    ) -> Callable[[Sequence[Result]], None]:
        def recording(results: Sequence[Result]) -> None:
            record(results)
            parts.metrics.replayed(results)

        return recording

    def start(self) -> None:
        """Begin sending, and replaying what the dead left behind; returns at once.

        Raises ``workers.dispatch.journal.JournalError`` where nothing could be sent.
        """
        with self._journal.page():
            pass
        self._replaying.start()
        self.probing.start()
        self._running.start()

    def stop(self) -> None:
        """Finish what is under way, give back what is not, close all connections."""
        self._running.stop(_STOP_SECONDS)
        self.probing.stop()
        for carrier in self._carriers:
            self._loop.call(carrier.provider.close)
        self._loop.close()
        self._journal.close()
        self._replaying.stop()


def open_carriers(settings: Settings) -> "list[Carrier]":
    """Open the providers of all channels that are set up to send, each channel's in its order."""
    from workers.dispatch.carriers import Carrier
    from workers.providers.twilio_voice import TwilioVoice

    carriers: list[Carrier] = []
    timeout, width = settings.twilio_timeout_seconds, settings.twilio_connections
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    if not missing_for_sending(settings, Channel.SMS):
        carriers += [_sms_carrier(settings, one) for one in all_sms_senders(settings)]
    if sid is not None and token is not None:
        api = settings.twilio_api_url
        voice = TwilioVoice(
            sid, token.get_secret_value(), api_url=api, timeout=timeout, connections=width
        )
        carriers.append(Carrier(voice, width, urlsplit(api).netloc))
    if not missing_for_sending(settings, Channel.EMAIL):
        carriers += [_mail_carrier(settings, one) for one in all_smtp_relays(settings)]
    return carriers


def open_preparing(parts: Parts) -> "Preparing":
    """Make what renders and addresses. Raises ``MissingSettingsError`` without a company."""
    from workers.dispatch.preparing import Preparing
    from workers.routing.rendering import Company, Renderer

    company = company_of(parts.settings)
    return Preparing(
        Renderer(Company(company.legal_name, company.trading_name, company.phone, company.email)),
        _sender(parts),
        open_documents(parts),
        lambda claimed: _call_rule(parts, claimed),
    )


def return_paths(parts: Parts) -> ReturnPaths | None:
    """Give the addresses that bounces come to; none where no domain is set for them."""
    domain = parts.settings.mail_bounce_domain
    if domain is None:
        return None
    master = parts.store.master
    return ReturnPaths(domain, lambda named: master.index("return_path", named))


def _sms_carrier(settings: Settings, one: SmsSender) -> "Carrier":
    from workers.dispatch.carriers import Carrier
    from workers.providers.twilio_sms import TwilioSms

    width = settings.twilio_connections
    provider = TwilioSms(
        one.account_sid,
        one.auth_token.get_secret_value(),
        api_url=one.api_url,
        timeout=settings.twilio_timeout_seconds,
        connections=width,
        name=one.name,
    )
    return Carrier(provider, width, urlsplit(one.api_url).netloc, one.sender)


def _mail_carrier(settings: Settings, one: SmtpRelay) -> "Carrier":
    from workers.dispatch.carriers import Carrier
    from workers.providers.smtp import SmtpRelay as Provider

    provider = Provider(
        one.host,
        one.port,
        security=one.security,
        username=one.username,
        password=one.password.get_secret_value() if one.password is not None else None,
        timeout=settings.smtp_timeout_seconds,
        final_timeout=settings.smtp_final_timeout_seconds,
        connections=settings.smtp_connections,
        name=one.name,
    )
    return Carrier(provider, settings.smtp_connections, f"the relay at {one.host}:{one.port}")


def _sender(parts: Parts) -> "Sender":
    from workers.dispatch.preparing import Sender

    settings = parts.settings
    paths = return_paths(parts)
    return Sender(
        sms_sender=settings.sms_sender or "",
        sms_validity_seconds=settings.sms_validity_seconds,
        caller_id=settings.voice_caller_id,
        mail_sender=settings.mail_sender or "",
        mail_name=settings.company_trading_name or "",
        mail_reply_to=settings.mail_reply_to,
        attachment_limit=settings.mail_attachment_limit_bytes,
        public_url=settings.public_url,
        return_path=None if paths is None else paths.address,
    )


def _call_rule(parts: Parts, claimed: Claimed) -> CallRule | None:
    """How the rule that put a caller through wants it done."""
    customer = parts.readings.kept(claimed.customer_ref)
    rules = customer.rules if customer and customer.rules_version == claimed.rule_version else None
    if rules is None:
        with parts.store.read() as tx:
            rules = rules_at(tx, claimed.customer_ref, claimed.rule_version)
    rule = rules.rule(claimed.rule_id) if rules is not None else None
    return rule.action.call if rule is not None else None


def open_files(parts: Parts) -> "Files":
    """Open where scans and documents are kept."""
    from store.files import Files

    settings = parts.settings
    return Files(settings.blobs, parts.store.master, settings.blob_roots)


def open_documents(parts: Parts) -> "Documents":
    """Open the files that events refer to."""
    from workers.documents import Documents

    return Documents(open_files(parts))


def open_web(parts: Parts) -> "FastAPI":
    """Make the HTTP door, with the providers' webhooks where they can reach us."""
    from workers.intake.door.app import door
    from workers.intake.door.parts import DoorParts
    from workers.receipts.webhooks import HookParts, Webhooks

    settings = parts.settings
    beside = []
    tokens = [one.auth_token.get_secret_value() for one in all_sms_senders(settings)]
    if settings.public_url is not None and tokens:
        hooks = HookParts(
            store=parts.store,
            readings=parts.readings,
            policy=parts.policies.lanes,
            hint=parts.hints,
            public_url=settings.public_url,
            auth_tokens=tuple(dict.fromkeys(tokens)),
            counts=parts.counts,
            help_text=_help_text(settings),
        )
        beside.append(Webhooks(hooks))
    return door(
        DoorParts(
            store=parts.store,
            readings=parts.readings,
            taking_in=parts.counted_taking_in,
            hint=parts.hints_aside,
            files=open_files(parts),
            admit_drama=settings.sandbox,
            body_limit=settings.body_limit_bytes,
            blob_limit=settings.blob_limit_bytes,
            gather=settings.intake_batch,
            beat=parts.beats.loop("door", _LOOP_SECONDS),
            told=parts.metrics.asked,
        ),
        beside,
    )


def _help_text(settings: Settings) -> str | None:
    """Say who we are, to whoever texts HELP."""
    if missing_company(settings):
        return None
    company = company_of(settings)
    return (
        f"{company.trading_name} passes on calls, post and invoices to its customers."
        f" Ring {company.phone} for help. Text STOP to get no more texts."
    )


def open_mail_door(parts: Parts) -> "MailDoor":
    """Make where bounces come to. Raises ``MissingSettingsError`` where no domain is set."""
    from workers.receipts.bouncing import BounceParts
    from workers.receipts.mail_door import Listening, MailDoor

    settings, paths = parts.settings, return_paths(parts)
    if paths is None:
        raise MissingSettingsError(("mail_bounce_domain",))
    taking = BounceParts(
        store=parts.store,
        readings=parts.readings,
        policy=parts.policies.lanes,
        hint=parts.hints,
        counts=parts.counts,
        paths=paths,
    )
    where = Listening(settings.bounce_host, settings.bounce_port, settings.bounce_protocol)
    door = MailDoor(taking, where)
    door.beat(parts.beats.loop("bounces", _LOOP_SECONDS))
    return door


def open_consumer(parts: Parts) -> "Consumer":
    """Make what takes events in from the broker."""
    from config.topology import topology
    from workers.intake.consumer import BROKER, STORE, Consumer, Options
    from workers.metrics.definitions import INTAKE_WAITS

    settings = parts.settings
    options = Options(
        prefetch=settings.intake_prefetch,
        batch=settings.intake_batch,
        flush_ms=settings.intake_flush_ms,
        flush_max_ms=settings.intake_flush_max_ms,
        admit_drama=settings.sandbox,
    )
    url, beat = settings.broker or "", parts.beats.loop("intake", _TURN_SECONDS)
    taking, hint = parts.counted_taking_in, parts.hints_aside
    consumer = Consumer(url, topology(), taking, parts.store, hint, options, beat)
    parts.readiness.ask("events", lambda: _awaited(consumer.awaits))
    parts.metrics.show(
        INTAKE_WAITS, lambda: [((on,), consumer.awaits == on) for on in (STORE, BROKER)]
    )
    return consumer


def open_upkeep(parts: Parts) -> "Upkeep":
    """Make the upkeep of an installation; it works once it leads."""
    from workers.metrics.definitions import LEADS
    from workers.metrics.store_figures import EVERY_SECONDS, StoreFigures
    from workers.upkeep.chores import Chore, Chores
    from workers.upkeep.running import Running as Upkeep
    from workers.upkeep.running import led_by

    settings = parts.settings
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


def open_ops(parts: Parts) -> "AbstractContextManager[Ops | None]":
    """Show this process's health on its operations port while it is entered, where one is set.

    Raises ``workers.ops.OpsPortError``.
    """
    settings = parts.settings
    if settings.ops_port is None:
        return nullcontext()
    from workers.ops import Ops, page_of, text_page

    metrics = parts.metrics
    pages = {
        "/healthz": page_of(parts.beats.found),
        "/readyz": page_of(parts.readiness.found),
        "/metrics": text_page(metrics.content_type, metrics.text),
    }
    return Ops(settings.ops_host, settings.ops_port, pages)


def _store_fault(store: Store) -> str | None:
    from store.migrating import newest, version

    at, wanted = version(store.engine), newest()
    return None if at == wanted else f"the tables are at {at}, {wanted} is needed: onward migrate"


def _awaited(awaits: str | None) -> str | None:
    return f"none are taken in: waits for the {awaits}" if awaits else None


def _listed(what: str, names: Sequence[str]) -> str | None:
    return f"{what}: {', '.join(names)}" if names else None


def open_asking(parts: Parts, store: Store) -> "AskingProviders | None":
    """Make what asks providers about attempts; none where none that can be asked is set up."""
    from workers.providers.twilio_sms import TwilioSms
    from workers.providers.twilio_voice import TwilioVoice
    from workers.upkeep.asking import AskingProviders, Means
    from workers.upkeep.judging import Judging
    from workers.upkeep.questions import Askable

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
        judging=Judging(
            store,
            open_preparing(parts),
            {carrier.name: carrier.sender for carrier in carriers},
            settings.lease_seconds,
        ),
        askable=Askable(texts, calls, close),
        hint=parts.hints,
        counts=parts.counts,
    )
    return AskingProviders(means)


def recheck(parts: Parts) -> int:
    """Look again at what waits, for what appeared while nobody looked."""
    from store.inbox import some_awaited

    with parts.store.read() as tx:
        names = some_awaited(tx)
    if not names:
        return 0
    taken = parts.taking_in.look_again(names)
    parts.hints(taken.due)
    return len(taken.due)


if TYPE_CHECKING:
    from fastapi import FastAPI

    from store.files import Files
    from workers.dispatch.actors import Deliver
    from workers.dispatch.carriers import Carrier
    from workers.dispatch.preparing import Preparing, Sender
    from workers.documents import Documents
    from workers.intake.consumer import Consumer
    from workers.metrics.metrics import Metrics
    from workers.ops import Ops
    from workers.receipts.mail_door import MailDoor
    from workers.upkeep.asking import AskingProviders
    from workers.upkeep.running import Running as Upkeep
