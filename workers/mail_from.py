"""In whose name may an email come? Of the domains that the office has, and nobody else's."""

from collections.abc import Collection, Iterator

from store.mail_from import MailFrom


def is_ours(address: str, domains: Collection[str]) -> bool:
    """Whether an address is at one of these domains, as they are set in lower case."""
    return address.rpartition("@")[2].lower() in domains


def against(given: MailFrom, domains: Collection[str]) -> Iterator[str]:
    """Say what is wrong with how a customer's emails are to be sent, and how to mend it."""
    for what, address in (("address", given.address), ("reply-to", given.reply_to)):
        if address is not None and not is_ours(address, domains):
            known = ", ".join(sorted(domains)) or "none"
            yield (
                f"{what}: its domain is not one that the office sends from ({known});"
                " have it name you as a sender, and put it into ONWARD_MAIL_DOMAINS"
            )
    if given == MailFrom():
        yield "give an address, a name or a reply-to"
