"""How are the ways in put together: the HTTP door with its webhooks, the broker, bounces?"""

from typing import TYPE_CHECKING

from config.processors import insist
from config.providers import all_sms_senders
from config.sending import MissingSettingsError, company_of, missing_company
from config.settings import Settings
from contracts.tolls import may_be_reached
from contracts.vocabulary import Channel
from workers.bootstrap.parts import Parts
from workers.bootstrap.preparing import (
    links,
    open_documents,
    open_files,
    open_preparing,
    open_renderer,
    return_paths,
)
from workers.routing.template_files import FALLBACK

_LOOP_SECONDS = 30.0  # an event loop that answers nothing for so long is stuck
_TURN_SECONDS = 150.0  # longer than the store lets any statement run


def open_web(parts: Parts) -> "FastAPI":
    """Make the HTTP door, with the providers' webhooks where they can reach us."""
    from workers.intake.door.app import door
    from workers.intake.door.parts import DoorParts
    from workers.receipts.webhooks import HookParts, Webhooks

    settings = parts.settings
    insist(settings)
    beside: list[Mounted] = []
    tokens = [one.auth_token.get_secret_value() for one in all_sms_senders(settings)]
    if settings.public_url is not None and tokens:
        hooks = HookParts(
            store=parts.store,
            readings=parts.readings,
            policy=parts.policies.lanes,
            hint=parts.hints,
            public_url=settings.public_url,
            auth_tokens=tuple(dict.fromkeys(tokens)),
            reachable=_reachable(parts),
            counts=parts.counts,
            company=settings.company_trading_name,
            help_text=_help_text(settings),
            farewell=_farewell(parts),
        )
        beside += [Webhooks(hooks), *open_calls(parts, hooks)]
    beside += open_pages(parts)
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


def _reachable(parts: Parts) -> "Callable[[str], bool]":
    """Where calls and texts may go that others name; to the agents of the settings, always."""
    countries, agents = parts.policies.countries, parts.settings.voice_return_to
    return lambda place: place == agents or may_be_reached(place, countries)


def _farewell(parts: Parts) -> "Callable[[], Spoken] | None":
    from workers.routing.speaking import Speaker

    if missing_company(parts.settings):
        return None
    speaker = Speaker(open_renderer(parts))
    return lambda: speaker.passed_on(FALLBACK)


def open_calls(parts: Parts, hooks: "HookParts") -> "list[Mounted]":
    """Make what answers while callers are put through; none without a company to speak for."""
    from contracts.events import load_data
    from store.inbox import split_content
    from workers.providers.twilio_voice import TwilioVoice
    from workers.receipts.forms import Forms
    from workers.routing.speaking import Speaker
    from workers.telephone.answering import CallHooks
    from workers.telephone.incoming import Incoming, IncomingParts

    if missing_company(parts.settings):
        return []
    forms = Forms(hooks.public_url, hooks.counts, hooks.auth_tokens)
    speaker = Speaker(open_renderer(parts))

    def announced(about: "Announced") -> "Spoken":
        call = load_data(about.event_type, split_content(about.content)[1])
        return speaker.announcement(call, about.locale, must_press=about.must_press)

    incoming = IncomingParts(
        store=parts.store,
        forms=forms,
        counts=hooks.counts,
        readings=parts.readings,
        policies=parts.policies,
        take_in=lambda body: _publish(parts, body, but=Channel.CALL),
        hint=parts.hints_aside,
        preparing=open_preparing(parts),
        provider=TwilioVoice.name,
        lease_seconds=parts.settings.lease_seconds,
        return_to=parts.settings.voice_return_to,
        unavailable=lambda: speaker.unavailable(FALLBACK),
    )
    return [
        CallHooks(parts.store, forms, hooks.counts, announced, hooks.public_url, TwilioVoice.name),
        Incoming(incoming),
    ]


def open_pages(parts: Parts) -> "list[Mounted]":
    """Make the pages that links in emails lead to; none where nobody can reach them."""
    from workers.pages.answers import Pages
    from workers.pages.copies import HandingOut, HandingParts
    from workers.pages.documents import Fetching, FetchingParts
    from workers.pages.unsubscribing import Unsubscribing, UnsubscribingParts

    settings, made = parts.settings, links(parts)
    if made is None or missing_company(settings):
        return []
    pages = Pages(open_renderer(parts).files)
    fetching = FetchingParts(
        store=parts.store,
        links=made,
        pages=pages,
        usable=open_documents(parts).usable,
        tries=settings.document_link_tries,
    )
    unsubscribing = UnsubscribingParts(
        store=parts.store, links=made, pages=pages, publish=lambda body: _publish(parts, body)
    )
    handing = HandingParts(
        store=parts.store,
        links=made,
        pages=pages,
        open_files=lambda: open_files(parts),
        tries=settings.document_link_tries,
    )
    return [Fetching(fetching), HandingOut(handing), Unsubscribing(unsubscribing)]


def _publish(parts: Parts, body: bytes, but: Channel | None = None) -> None:
    """Take in an event of our own, hinting at what is due on other channels than ``but``.

    Raises what the store raises while it is away.
    """
    from contracts.envelope import parse_structured
    from contracts.events import parse_event
    from workers.intake.submission import BY_HAND, Submission

    event = parse_event(parse_structured(body), admit_drama=parts.settings.sandbox)
    taken = parts.counted_taking_in.take_in([Submission(BY_HAND, "web", event, body)])
    if taken.answers[0].problems:
        raise ValueError("an event of our own was rejected")
    parts.hints_aside([one for one in taken.due if one.channel is not but])


def _help_text(settings: Settings) -> str | None:
    """Say who we are, to whoever texts HELP."""
    if missing_company(settings):
        return None
    company = company_of(settings)
    return (
        f"{company.trading_name} passes on calls, post and invoices to its customers."
        f" Ring {company.phone} for help. Text STOP for no more texts about what you can turn off,"
        " STOPALL for none at all, or STOP POST (MESSAGES, INVOICES) for none about that."
    )


def open_mail_door(parts: Parts) -> "MailDoor":
    """Make where bounces come to. Raises ``MissingSettingsError`` where no domain is set."""
    from store.evidence.bounced import BouncePolicy
    from workers.receipts.bouncing import BounceParts
    from workers.receipts.mail_door import Listening, MailDoor

    settings, paths = parts.settings, return_paths(parts)
    insist(settings)
    if paths is None:
        raise MissingSettingsError(("mail_bounce_domain",))
    taking = BounceParts(
        store=parts.store,
        readings=parts.readings,
        policy=parts.policies.lanes,
        bounces=BouncePolicy(settings.bounce_soft_limit, settings.bounce_soft_days),
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
    insist(settings)
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


def _awaited(awaits: str | None) -> str | None:
    return f"none are taken in: waits for the {awaits}" if awaits else None


if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from store.evidence.legs import Announced
    from workers.intake.consumer import Consumer
    from workers.intake.door import Mounted
    from workers.receipts.mail_door import MailDoor
    from workers.receipts.webhooks import HookParts
    from workers.routing.speaking import Spoken
