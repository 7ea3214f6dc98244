"""What is wrong with something that a publisher sent, said so that it can be mended."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.payment_details import mask_payment_details
from contracts.vocabulary import ErrorCode

if TYPE_CHECKING:
    from contracts.envelope import Envelope


_SHOWN_NAME = re.compile(r"[A-Za-z_][A-Za-z_\-]*[0-9]{0,4}[A-Za-z_\-]{0,20}", re.ASCII)
_MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One error: where, which kind, and how to mend it.

    ``path`` names a field (``data.caller.number``, ``id``; empty for the whole). ``text`` never
    quotes the value it complains of, because that may be personal.
    """

    path: str
    code: ErrorCode
    text: str


class Malformed(ValueError):  # noqa: N818 - the name says what the event is
    """An event that breaks its contract, with every problem found and what could be read of it.

    ``draft`` is the envelope as far as it could be read (absent attributes are empty), so that
    the publisher can be told which event it was; it must not be stored or logged as it is.
    """

    def __init__(self, problems: tuple[Problem, ...], *, draft: "Envelope | None" = None) -> None:
        self.problems = problems
        self.draft = draft
        super().__init__("; ".join(f"{p.path or '(all)'}: {p.code}" for p in problems))

    @property
    def source(self) -> str | None:
        """The event's source, payment details masked, if it could be read."""
        return mask_payment_details(self.draft.source) or None if self.draft else None

    @property
    def event_id(self) -> str | None:
        """The event's id, payment details masked, if it could be read."""
        return mask_payment_details(self.draft.id) or None if self.draft else None

    @property
    def wire_type(self) -> str | None:
        """The event's full type, payment details masked, if it could be read."""
        return mask_payment_details(self.draft.type) or None if self.draft else None

    @property
    def subject(self) -> str | None:
        """The event's subject, payment details masked, if it could be read."""
        return mask_payment_details(self.draft.subject or "") or None if self.draft else None


def shown_name(name: object) -> str:
    """A field's name as a path may show it: one that a publisher made up may itself be personal."""
    text = str(name)
    return text if len(text) <= _MAX_NAME and _SHOWN_NAME.fullmatch(text) else "(name withheld)"
