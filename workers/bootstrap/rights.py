"""How is what answers people's rights put together?"""

import socket

from obstore.exceptions import BaseError
from sqlalchemy.exc import DBAPIError
from structlog import get_logger

from config.processors import processors_of
from store.engine import Store
from store.rights.erasure_register import ErasureRegister
from workers.bootstrap.parts import Parts
from workers.bootstrap.preparing import open_files
from workers.rights.complaints import Complaints
from workers.rights.contesting import Contesting
from workers.rights.copies import Copies
from workers.rights.delivering import DeliveringCopies
from workers.rights.disclosures import Disclosing
from workers.rights.erasure import Erasing
from workers.rights.forgetting import Forgetting
from workers.rights.holds import Holds
from workers.rights.incidents import Incidents
from workers.rights.objection import Objecting
from workers.rights.requests import Clock, Requests
from workers.rights.restoring import Restoring, insist_checked, tell_register
from workers.rights.restriction import Restricting
from workers.rights.retention import Retaining
from workers.rights.reviews import Reviewing
from workers.rights.transfers import Limits, Transfers

log = get_logger(__name__)


def open_requests(parts: Parts) -> Requests:
    """Make what runs requests."""
    return Requests(parts.store, Clock(parts.policies))


def open_copies(parts: Parts) -> Copies:
    """Make what copies all that is held about a customer."""
    settings = parts.settings
    company = {
        "legal_name": settings.company_legal_name,
        "trading_name": settings.company_trading_name,
        "phone": settings.company_phone,
        "email": settings.company_email,
    }
    return Copies(
        parts.store,
        lambda: open_files(parts),
        company,
        open_transfers(parts),
        parts.policies.retention,
    )


def open_transfers(parts: Parts, store: Store | None = None) -> Transfers:
    """Make what keeps temporary copies, and sweeps them away."""
    settings = parts.settings
    limits = Limits(settings.copy_link_days, settings.copy_folder_hours)
    host = socket.gethostname()
    return Transfers(store or parts.store, lambda: open_files(parts), limits, host)


def open_reviewing(parts: Parts) -> Reviewing:
    """Make what lists and decides which other persons may be seen in a copy."""
    return Reviewing(parts.store)


def open_complaints(parts: Parts) -> Complaints:
    """Make what runs complaints."""
    return Complaints(parts.store, Clock(parts.policies))


def open_incidents(parts: Parts) -> Incidents:
    """Make what deals with breaches."""
    return Incidents(parts.store)


def open_disclosing(parts: Parts) -> Disclosing:
    """Make what answers authorities."""
    return Disclosing(parts.store, open_copies(parts), open_transfers(parts))


def open_delivering(parts: Parts) -> DeliveringCopies:
    """Make what delivers copies."""
    return DeliveringCopies(
        parts.store, open_copies(parts), open_transfers(parts), parts.policies.lanes
    )


def open_forgetting(parts: Parts, store: Store) -> Forgetting:
    """Make what forgets cases closed long ago, through a store led by this process."""
    return Forgetting(store, parts.policies)


def open_holds(parts: Parts) -> Holds:
    """Make what puts records under a legal hold."""
    return Holds(parts.store)


def open_contesting(parts: Parts) -> Contesting:
    """Make what stops using what somebody says is wrong."""
    return Contesting(parts.store, parts.readings, parts.policies.lanes)


def open_objecting(parts: Parts) -> Objecting:
    """Make what carries objections out."""
    return Objecting(parts.store)


def open_restricting(parts: Parts) -> Restricting:
    """Make what restricts what is done with somebody's records."""
    return Restricting(parts.store, parts.policies.lanes)


def open_retaining(parts: Parts, store: Store) -> Retaining:
    """Make what destroys what is over, through a store led by this process."""
    return Retaining(
        store,
        parts.policies,
        lambda: open_files(parts),
        processors_of(parts.settings),
        parts.settings.processor_answer_days,
    )


def open_erasing(parts: Parts) -> Erasing:
    """Make what erases."""
    settings = parts.settings
    return Erasing(
        parts.store,
        lambda: open_register(parts),
        lambda: open_files(parts),
        processors_of(settings),
        settings.processor_answer_days,
    )


def open_register(parts: Parts) -> ErasureRegister:
    """Open the register outside the database."""
    return ErasureRegister(parts.settings.erasures)


def open_restoring(parts: Parts) -> Restoring:
    """Make what brings a restored database up to the register."""
    return Restoring(parts.store, open_erasing(parts), lambda: open_register(parts))


def tell_outside(parts: Parts, store: Store) -> int:
    """Tell the register who opted out, through a store led by this process."""
    return tell_register(store, lambda: open_register(parts))


def insist_on_check(parts: Parts) -> None:
    """Raise ``UncheckedRestoreError`` where this database was restored, and nobody looked since.

    A register or a database that is away says nothing of that, and keeps nothing from being sent.
    """
    try:
        insist_checked(parts.store, open_register(parts))
    except (BaseError, DBAPIError, OSError) as error:
        log.warning("register_not_asked", error_type=type(error).__name__)
