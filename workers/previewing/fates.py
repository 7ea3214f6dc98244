"""What may become of a document in a preview?"""

from enum import StrEnum


class Fate(StrEnum):
    """What is to become of the document."""

    ATTACHED = "attached"
    LINKED = "linked"
    HELD = "held"
