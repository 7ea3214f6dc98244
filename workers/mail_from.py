"""In whose name may an email come? Of the domains that the office has, and nobody else's."""

from collections.abc import Collection, Iterator
from typing import Final

from pydantic import TypeAdapter, ValidationError

from contracts.fields import Email, Name
from store.customers.mail_from import MailFrom

_ADDRESS: Final = TypeAdapter[str](Email)
_NAME: Final = TypeAdapter[str](Name)


def is_ours(address: str, domains: Collection[str]) -> bool:
    """Whether an address is at one of these domains, as they are set in lower case."""
    return address.rpartition("@")[2].lower() in domains


def checked(given: MailFrom) -> tuple[MailFrom, list[str]]:
    """Give how a customer's emails are to be sent in its one form, and what is wrong with it."""
    problems: list[str] = []

    def form(what: str, kind: TypeAdapter[str], value: str | None) -> str | None:
        if value is None:
            return None
        try:
            return kind.validate_python(value)
        except ValidationError as error:
            problems.append(f"{what}: {error.errors()[0]['msg'].removeprefix('Value error, ')}")
            return None

    found = MailFrom(
        form("--address", _ADDRESS, given.address),
        form("--name", _NAME, given.name),
        form("--reply-to", _ADDRESS, given.reply_to),
    )
    if given == MailFrom():
        problems.append("give --address, --name or --reply-to")
    return found, problems


def against(given: MailFrom, domains: Collection[str]) -> Iterator[str]:
    """Say of each address that is at nobody's domain of ours, and how to mend it."""
    for what, address in (("--address", given.address), ("--reply-to", given.reply_to)):
        if address is not None and not is_ours(address, domains):
            known = ", ".join(sorted(domains)) or "none"
            yield (
                f"{what}: its domain is not one that the office sends from ({known}); have that"
                " domain name your relay as a sender of its mail, and put it into"
                " ONWARD_MAIL_DOMAINS"
            )
