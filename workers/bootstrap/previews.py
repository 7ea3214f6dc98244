"""How is what shows previews put together, and what does a past event or a customer bring?"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from config.settings import Settings
from contracts.events import load_data
from contracts.vocabulary import Purpose, Target, Verb
from store import audit, inbox
from store.audit import By, Concerned
from store.customers.mail_from import read_mail_from
from workers.bootstrap.parts import Parts
from workers.bootstrap.preparing import bare_sender_of, open_renderer, renderer_of, sender_of
from workers.dispatch.preparing import Sender
from workers.previewing.previewing import NotPreviewedError, Previewing, Wanted

if TYPE_CHECKING:
    from store.engine import Transaction


def open_previewing(parts: Parts) -> Previewing:
    """Make what shows previews. Raises ``MissingSettingsError`` without a company."""
    with parts.store.read() as tx:
        now = tx.now
    sender = _sending_mail(sender_of(parts), parts.settings)
    return Previewing(open_renderer(parts), sender, lambda: now)


def faults_of_templates(settings: Settings) -> list[str]:
    """Try every template; give what is wrong with any. Raises ``MissingSettingsError``."""
    sender = _sending_mail(bare_sender_of(settings), settings)
    return list(Previewing(renderer_of(settings), sender, lambda: datetime.now(UTC)).faults())


def _sending_mail(sender: Sender, settings: Settings) -> Sender:
    """An email can be looked at before it is known where emails will come from."""
    return replace(sender, mail_sender=sender.mail_sender or settings.company_email or "")


def wanted_of_past(parts: Parts, name: str, source: str | None, by: By) -> Wanted:
    """Take what an event said, by our id or its publisher's; who reads it is on record.

    Raises ``NotPreviewedError`` where there is none by that name, or its content is gone.
    """
    with parts.store.write() as tx:
        event_id = _event_id(tx, name, source)
        kept = inbox.load(tx, [event_id])
        if not kept:
            raise NotPreviewedError("its content cannot be opened any more")
        one = kept[0]
        concerned = Concerned(Target.EVENT, str(one.id), customer_ref=one.customer_ref)
        audit.put(tx, Verb.PREVIEW, by, [concerned])
        wanted = Wanted(one.type, load_data(one.type, one.data))
    return for_customer(parts, wanted, one.customer_ref) if one.customer_ref else wanted


def for_customer(parts: Parts, wanted: Wanted, ref: str) -> Wanted:
    """Write for one customer: language, clock, and in whose name. Raises ``NotPreviewedError``."""
    with parts.store.read(Purpose.SET_UP) as tx:
        customer = parts.readings.load(tx, [ref]).get(ref)
        own = read_mail_from(tx, ref)
    if customer is None:
        raise NotPreviewedError(f"there is no customer {ref}")
    return replace(
        wanted,
        customer_ref=ref,
        locale=customer.locale,
        time_zone=customer.time_zone,
        mail_from=own,
    )


def _event_id(tx: "Transaction", name: str, source: str | None) -> UUID:
    found = inbox.named(tx, name, source)
    if not found:
        raise NotPreviewedError(f"no event is known by the name {name}: try onward find")
    if len(found) > 1:
        raise NotPreviewedError(f"several events are named {name}: say whose with --source")
    return found[0]
