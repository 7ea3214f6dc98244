"""Which processes does a supervised installation have, and in what order do they stop?

Stopping goes by stages: first what takes in, so that nothing new comes; then what sends, which
finishes and records what is under way; upkeep last, so that what the others gave back is hinted at
and told of to the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from config.settings import Settings

_SOON = "live,urgent"
_LATER = "routine,bulk"


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep: ``words`` are its command's, after ``onward``.

    It stops in ``stage`` (lower ones are stopped before) and has ``grace`` seconds for it.
    """

    name: str
    words: tuple[str, ...]
    stage: int
    grace: float


def children_of(settings: Settings, door: int) -> tuple[Child, ...]:
    """Give the processes of a full installation; ``door`` is the listening socket's descriptor."""
    return (
        Child("upkeep", ("upkeep",), stage=3, grace=30),
        Child("dispatch-soon", ("dispatch", "--lanes", _SOON), stage=2, grace=75),
        *(
            Child(f"dispatch-later-{number}", ("dispatch", "--lanes", _LATER), stage=2, grace=75)
            for number in range(1, settings.up_dispatchers + 1)
        ),
        Child("intake", ("intake",), stage=1, grace=30),
        Child("web", ("web", "--descriptor", str(door)), stage=1, grace=30),
    )


def stages(children: Sequence[Child]) -> list[list[Child]]:
    """Give the children in the order of stopping; those of one stage stop together."""
    found = sorted({child.stage for child in children})
    return [[child for child in children if child.stage == stage] for stage in found]
