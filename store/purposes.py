"""For which purposes may which records about people be read?

The columns are the classes in which records are kept (``store.personal``): what belongs together is
kept, used and destroyed together. Somebody who reads names a purpose (``Store.read``), and what the
table does not allow for it does not open. Identity data stand in the vault, under no key of ours:
they open for nobody here, and for the purpose of identity elsewhere (``store.encryption.vault``).

What the machine reads to do its work (a claim, a batch of events) is not asked each time: what it
then does names its purpose, on the delivery and on the record.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from contracts.vocabulary import Purpose, Retention

CONTACT, CONTENT, SENDS, BILLING = (
    Retention.CONTACT,
    Retention.CONTENT,
    Retention.SENDS,
    Retention.BILLING,
)
ALLOWED: Final[Mapping[Purpose, frozenset[Retention]]] = MappingProxyType(
    {
        Purpose.QUOTE: frozenset({CONTACT}),
        Purpose.ORDER: frozenset({CONTACT}),
        Purpose.PAYMENT: frozenset({CONTACT, BILLING}),
        Purpose.IDENTITY: frozenset({CONTACT, Retention.IDENTITY}),
        Purpose.SET_UP: frozenset({CONTACT}),
        Purpose.MESSAGES: frozenset({CONTACT, CONTENT, SENDS}),
        Purpose.CALLS: frozenset({CONTACT, CONTENT, SENDS}),
        Purpose.POST: frozenset({CONTACT, CONTENT, SENDS}),
        Purpose.INVOICE: frozenset({CONTACT, BILLING, SENDS}),
        Purpose.POLICY_NOTICE: frozenset({CONTACT, SENDS}),
        Purpose.OFFERS: frozenset({CONTACT}),  # never by what was said, sent or paid
        Purpose.RECORD: frozenset({CONTACT, CONTENT, SENDS, BILLING}),
        Purpose.REPORTS: frozenset(),  # counts, and nothing that is about anybody
        Purpose.RIGHTS: frozenset({CONTACT, CONTENT, SENDS, BILLING}),
        Purpose.DISCLOSURE: frozenset({CONTACT, CONTENT, SENDS, BILLING}),
    }
)


class PurposeError(Exception):
    """Something personal was to be read for no purpose, or for one that does not cover it."""


class NoPurposeError(PurposeError):
    """Somebody reads, and does not say what for."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"{table} is about people: say what it is read for (store.read(Purpose.…))"
        )
        self.table = table


class PurposeRefusedError(PurposeError):
    """What is read may not be used for this purpose."""

    def __init__(self, purpose: Purpose, table: str) -> None:
        super().__init__(f"{table} may not be read for the purpose {purpose.value}")
        self.purpose = purpose
        self.table = table


class Unsaid:
    """The purpose of who reads without naming one: nothing personal opens."""

    __slots__ = ()

    def check(self, place: str, kept_for: Retention | None) -> None:
        """Raise ``NoPurposeError``."""
        del kept_for
        raise NoPurposeError(_table(place))


class Reading:
    """One purpose, for which somebody reads."""

    __slots__ = ("_allowed", "purpose")

    def __init__(self, purpose: Purpose) -> None:
        self.purpose = purpose
        self._allowed = ALLOWED[purpose]

    def check(self, place: str, kept_for: Retention | None) -> None:
        """Let a sealed value be opened, or raise ``PurposeRefusedError``.

        ``kept_for`` is the class of the key that sealed it; none for what has a key of its own: it
        is nobody's, as a notice to everyone, or not known to be anybody's yet.
        """
        allowed = bool(self._allowed) if kept_for is None else kept_for in self._allowed
        if not allowed:
            raise PurposeRefusedError(self.purpose, _table(place))


def _table(place: str) -> str:
    return place.partition(".")[0]
