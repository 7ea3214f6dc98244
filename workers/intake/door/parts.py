"""What is the door built from, and what does every route of it share?"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from store.customers.known import Readings
from store.deliveries.adding import Due
from store.engine import Store
from store.files import Files
from workers.intake.submission import Answered, Submission
from workers.intake.taking_in import TakingIn
from workers.running.gathering import Gathering

if TYPE_CHECKING:
    from workers.intake.door.access import Keys

UPLOADS_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorParts:
    """What the door needs, made by whoever opens it.

    ``hint`` is called after a commit with what is due. ``admit_drama`` lets Ofcom's drama numbers
    pass for mobiles: with the sandbox alone. ``gather`` is the most events that callers share a
    transaction for; beyond ``most_waiting`` events in line, callers are told to come back. ``beat``
    is called by the door's event loop for as long as it answers, ``told`` with each request's
    route, status and seconds.
    """

    store: Store
    readings: Readings
    taking_in: TakingIn
    hint: Callable[[Sequence[Due]], object]
    files: Files
    admit_drama: bool
    body_limit: int
    blob_limit: int
    gather: int = 200
    most_waiting: int = 5_000
    key_seconds: float = 3.0
    monotonic: Callable[[], float] = time.monotonic
    beat: Callable[[], None] = lambda: None
    told: Callable[[str, int, float], None] = lambda *_: None


@dataclass(frozen=True, slots=True)
class Inside:
    """What routes share while the door is open."""

    parts: DoorParts
    keys: "Keys"
    gathering: Gathering[Submission, Answered]
    uploads: asyncio.Semaphore


def inside(request: Request) -> Inside:
    """Give what the routes of the asked app share."""
    found: Inside = request.app.state.inside
    return found


Opened = Annotated[Inside, Depends(inside)]
