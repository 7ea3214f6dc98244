"""What renders and addresses what is sent, and where are its files?"""

from dataclasses import replace
from typing import TYPE_CHECKING

from config.policies import policies
from config.sending import company_of, own_mail_domains
from config.settings import Settings
from contracts.rules import Rule
from store.customers.known import numbers_to_ring, rules_at
from store.deliveries.claiming import Claimed
from workers.bootstrap.parts import Parts
from workers.dispatch.preparing import Preparing, Sender, TextWays
from workers.documents import Documents
from workers.links import Links
from workers.return_path import ReturnPaths
from workers.routing.rendering import Company, Renderer
from workers.routing.senders import Senders


def open_preparing(parts: Parts) -> Preparing:
    """Make what renders and addresses. Raises ``MissingSettingsError`` without a company."""
    return Preparing(
        open_renderer(parts),
        sender_of(parts),
        open_documents(parts),
        lambda claimed: _rule(parts, claimed),
        lambda claimed, rule: _numbers(parts, claimed, rule),
    )


def open_renderer(parts: Parts) -> Renderer:
    """Make what writes in the company's name. Raises ``MissingSettingsError`` without one."""
    return renderer_of(parts.settings)


def renderer_of(settings: Settings) -> Renderer:
    """As ``open_renderer``, for whoever has settings alone."""
    company = company_of(settings)
    branded = Company(
        legal_name=company.legal_name,
        trading_name=company.trading_name,
        phone=company.phone,
        email=company.email,
        website=company.website,
        colour=company.colour,
        logo=company.logo,
        footer=company.footer,
    )
    return Renderer(branded, settings.templates_dir)


def links(parts: Parts) -> Links | None:
    """Give the links to our pages; none where nobody can reach them."""
    settings = parts.settings
    if settings.public_url is None:
        return None
    return Links(
        settings.public_url,
        parts.store.index,
        settings.document_link_days,
        settings.copy_link_days,
    )


def return_paths(parts: Parts) -> ReturnPaths | None:
    """Give the addresses that bounces come to; none where no domain is set for them."""
    domain = parts.settings.mail_bounce_domain
    if domain is None:
        return None
    return ReturnPaths(domain, lambda named: parts.store.index("return_path", named))


def open_files(parts: Parts) -> "Files":
    """Open where scans and documents are kept."""
    from store.files import Files

    settings = parts.settings
    return Files(
        settings.blobs, lambda: parts.store.root, settings.blob_roots, settings.blob_limit_bytes
    )


def open_documents(parts: Parts) -> Documents:
    """Read the files that events refer to; where they are kept is opened for the first."""
    return Documents(lambda: open_files(parts), parts.settings.document_page_limit)


def sender_of(parts: Parts) -> Sender:
    """Who we are to the outside, as set."""
    paths = return_paths(parts)
    return replace(
        bare_sender_of(parts.settings),
        return_path=None if paths is None else paths.address,
        links=links(parts),
    )


def bare_sender_of(settings: Settings) -> Sender:
    """As ``sender_of``, for whoever has settings alone: without what is made with our keys."""
    usual = settings.sms_sender or ""
    return Sender(
        texts=TextWays(
            senders=Senders(usual, settings.sms_reply_number or usual),
            validity_seconds=settings.sms_validity_seconds,
            segments=settings.sms_segments,
            segments_by_purpose=settings.sms_segments_by_purpose,
        ),
        countries=policies(settings).countries,
        caller_id=settings.voice_caller_id,
        mail_sender=settings.mail_sender or "",
        mail_name=settings.company_trading_name or "",
        mail_reply_to=settings.mail_reply_to,
        attachment_limit=settings.mail_attachment_limit_bytes,
        document_limit=settings.blob_limit_bytes,
        public_url=settings.public_url,
        mail_domains=own_mail_domains(settings),
    )


def _rule(parts: Parts, claimed: Claimed) -> Rule | None:
    """The rule by which something is sent: how a call is put through, what a text asks for."""
    customer = parts.readings.kept(claimed.customer_ref)
    rules = customer.rules if customer and customer.rules_version == claimed.rule_version else None
    if rules is None:
        with parts.store.read(claimed.purpose) as tx:
            rules = rules_at(tx, claimed.customer_ref, claimed.rule_version)
    return rules.rule(claimed.rule_id) if rules is not None else None


def _numbers(parts: Parts, claimed: Claimed, rule: Rule) -> list[str]:
    """The numbers that a rule has ring at the same time, as they are now."""
    names = [step.destination for step in rule.action.steps]
    with parts.store.read(claimed.purpose) as tx:
        return numbers_to_ring(tx, claimed.customer_ref, names, claimed.purpose)


if TYPE_CHECKING:
    from store.files import Files
