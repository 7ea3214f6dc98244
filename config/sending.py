"""What must be set before anything is sent, by channel?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.vocabulary import Channel

if TYPE_CHECKING:
    from config.settings import Settings

_COMPANY = ("company_legal_name", "company_trading_name", "company_phone", "company_email")
_TWILIO = ("twilio_account_sid", "twilio_auth_token")
_NEEDED: dict[Channel, tuple[str, ...]] = {
    Channel.SMS: (*_TWILIO, "sms_sender"),
    Channel.CALL: _TWILIO,
    Channel.EMAIL: (*_COMPANY, "smtp_host", "mail_sender"),
    Channel.POST: (),
}


class MissingSettingsError(Exception):
    """Settings that sending needs are not set; ``names`` says which."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"not set: {', '.join(names)}")
        self.names = names


@dataclass(frozen=True, slots=True)
class Company:
    """Who the company is, in every email and on every page, and how these look."""

    legal_name: str
    trading_name: str
    phone: str
    email: str
    website: str | None
    colour: str
    logo: str | None
    footer: tuple[str, ...]


def missing_for_sending(settings: "Settings", channel: Channel) -> tuple[str, ...]:
    """Name the settings that a channel needs and that are not set; empty: it can send."""
    return tuple(name for name in _NEEDED[channel] if not getattr(settings, name))


def missing_company(settings: "Settings") -> tuple[str, ...]:
    """Name the settings of the company that are not set."""
    return tuple(name for name in _COMPANY if not getattr(settings, name))


def company_of(settings: "Settings") -> Company:
    """Give the company as set. Raises ``MissingSettingsError`` naming what is not."""
    legal, trading = settings.company_legal_name, settings.company_trading_name
    phone, email = settings.company_phone, settings.company_email
    if legal and trading and phone and email:
        return Company(
            legal_name=legal,
            trading_name=trading,
            phone=phone,
            email=email,
            website=settings.company_website,
            colour=settings.brand_colour,
            logo=settings.brand_logo_url,
            footer=settings.company_footer,
        )
    raise MissingSettingsError(missing_company(settings))


def own_mail_domains(settings: "Settings") -> frozenset[str]:
    """Give the domains that emails may come from: the sender's own, and those that are listed."""
    own = (settings.mail_sender or "").rpartition("@")[2].lower()
    return frozenset(filter(None, (own, *settings.mail_domains)))
