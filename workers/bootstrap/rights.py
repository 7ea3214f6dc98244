"""How is what answers people's rights put together?"""

from config.processors import processors_of
from store.engine import Store
from store.erased import ErasureRegister
from workers.bootstrap.parts import Parts
from workers.bootstrap.preparing import open_files
from workers.rights.contesting import Contesting
from workers.rights.copies import Copies
from workers.rights.erasure import Erasing
from workers.rights.holds import Holds
from workers.rights.objection import Objecting
from workers.rights.requests import Clock, Requests
from workers.rights.restriction import Restricting
from workers.rights.retention import Retaining


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
    return Copies(parts.store, lambda: open_files(parts), company)


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
    return Restricting(parts.store)


def open_retaining(parts: Parts, store: Store) -> Retaining:
    """Make what destroys what is over, through a store led by this process."""
    return Retaining(store, parts.policies, lambda: open_files(parts))


def open_erasing(parts: Parts) -> Erasing:
    """Make what erases."""
    settings = parts.settings
    return Erasing(
        parts.store,
        lambda: ErasureRegister(settings.erasures),
        lambda: open_files(parts),
        processors_of(settings),
        settings.processor_answer_days,
    )
