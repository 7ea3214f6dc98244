"""What a provider holds of what we sent, asked by requests that send nothing.

Bodies are for comparing in memory: they are never kept, logged or told.
"""

from dataclasses import dataclass, field
from datetime import datetime

from contracts.costs import Cost


@dataclass(frozen=True, slots=True)
class Listed:
    """One text as the provider shows it; ``word`` is its status in the provider's words.

    ``cost`` comes some time after it was sent.
    """

    reference: str
    word: str
    error_code: int | None = None
    body: str = field(default="", repr=False)
    created_at: datetime | None = None
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One number that was dialled for a caller; ``seconds`` were spoken, if any."""

    reference: str
    word: str
    seconds: int
    to: str = field(repr=False)
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The provider did not say. ``code`` is its own word, or how the request ended."""

    code: str

    @property
    def gone(self) -> bool:
        """Whether it has no such thing (any more)."""
        return self.code == "20404"
