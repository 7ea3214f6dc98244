"""Where can a fault test stop this process? At each named step between publish and receipt.

``ONWARD_FAILPOINTS`` arms them when a process starts, and only beside a sandbox:

    dispatch.claimed=kill:3;provider.answered=stop:2

means: at the third claim die as by ``kill -9``, at the second answer freeze as by ``kill -STOP``.
Each acts once. While none is armed, a step costs a call and the truth of an empty dictionary.
"""

import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

_DIED = 1
_ARMED: dict[str, "_Armed"] = {}  # filled by ``arm`` alone, before any work begins
_COUNTING = threading.Lock()

POINTS: Mapping[str, str] = MappingProxyType(
    {
        "rights.erase.registered": "who is erased is in the register outside; nothing is deleted",
        "rights.erase.before_commit": "all of it is deleted in a transaction not yet committed",
        "rights.transfer.registered": "a temporary copy is registered; nothing of it is kept",
        "rights.transfer.kept": "it lies sealed with the other files; no link to it is sent",
        "rights.transfer.written": "it is written to a folder in plain; its digest is not noted",
        "intake.received": "a batch came from the broker and is read; nothing of it is written",
        "intake.before_commit": "a batch is written, by whatever door it came; not committed",
        "intake.committed": "a batch from the broker is committed; not acknowledged",
        "intake.acknowledged": "the same batch is acknowledged; nothing is hinted",
        "intake.hinted": "what is due of it has been given to the hints",
        "door.received": "a batch came over HTTP and is read; nothing of it is written",
        "door.committed": "a batch over HTTP is committed; not hinted, not answered",
        "door.hinted": "what is due of it has been given to the hints; not answered",
        "dispatch.hinted": "a hint has arrived at a worker; nothing is claimed",
        "dispatch.before_claim": "its deliveries are claimed in a transaction not yet committed",
        "dispatch.claimed": "the claim is committed; nothing is prepared",
        "dispatch.prepared": "all but what waits for space is rendered; no send has begun",
        "provider.before_first_byte": "a send is about to begin; not marked in the journal",
        "provider.marked": "the mark is in the journal; no byte has left",
        "provider.answered": "a verdict has come; it is not in the journal",
        "dispatch.journalled": "the verdict is in the journal; not in the store",
        "dispatch.before_record": "outcomes are written in a transaction not yet committed",
        "dispatch.recorded": "outcomes are committed; what follows is not hinted",
        "dispatch.worked_off": "a hint is done with; it is not acknowledged",
        "dispatch.acknowledged": "the acknowledgement of a hint has been written to the broker",
        "receipts.received": "a receipt's signature holds; nothing is written",
        "receipts.before_commit": "receipts are applied in a transaction not yet committed",
        "receipts.committed": "receipts are committed; not answered, nothing hinted",
        "upkeep.rescue.before_commit": "ended leases are uncertain; not committed",
        "upkeep.rescue.committed": "the same is committed",
        "upkeep.settle.before_commit": "the policy for the uncertain is applied; not committed",
        "upkeep.settle.committed": "the same is committed",
        "upkeep.go_on.before_commit": "next steps are planned for want of an answer; not committed",
        "upkeep.go_on.committed": "the same is committed; nothing is hinted",
        "upkeep.outcomes.published": "outcomes are confirmed by the broker; not marked so",
        "upkeep.outcomes.marked": "the same are marked as published",
        "upkeep.seal.before_commit": "ledger entries are chained; not committed",
        "upkeep.seal.committed": "the same is committed",
    }
)


class FailpointsError(Exception):
    """What is to be armed cannot be; the text names the word and those that there are."""


class FailpointReached(Exception):  # noqa: N818 - it is what was asked for, not an error
    """Raised at a point armed with `raise`."""


class _Act(StrEnum):
    KILL = "kill"  # SIGKILL to this process
    STOP = "stop"  # SIGSTOP to this process, until somebody sends SIGCONT
    EXIT = "exit"  # leave without any cleaning up
    RAISE = "raise"  # an exception out of this step


@dataclass(slots=True)
class _Armed:
    act: _Act
    left: int


def reach(name: str) -> None:
    """Say that a step has been reached; does nothing unless this very point is armed."""
    if _ARMED:
        _reached(name)


def arm(text: str) -> None:
    """Arm what ``text`` says, instead of all that was armed; empty text arms nothing.

    Raises ``FailpointsError`` naming the first word that means nothing.
    """
    found = dict(_read(part.strip()) for part in text.split(";") if part.strip())
    _ARMED.clear()
    _ARMED.update(found)


def _read(part: str) -> tuple[str, _Armed]:
    name, _, what = part.partition("=")
    word, _, count = what.partition(":")
    if name not in POINTS:
        raise FailpointsError(f"failpoints: {name!r} is none; there are {', '.join(POINTS)}")
    if word not in set(_Act):
        raise FailpointsError(f"failpoints: {name}={what}: the act must be {', '.join(_Act)}")
    if count and not (count.isdecimal() and int(count) >= 1):
        raise FailpointsError(f"failpoints: {name}={what}: the count must be 1 or more")
    return name, _Armed(_Act(word), int(count or 1))


def _reached(name: str) -> None:
    with _COUNTING:
        armed = _ARMED.get(name)
        if armed is None:
            return
        armed.left -= 1
        if armed.left != 0:
            return
    match armed.act:
        case _Act.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case _Act.STOP:
            # To this thread, which thereby takes no further step before the whole process stands.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        case _Act.EXIT:
            os._exit(_DIED)
        case _Act.RAISE:
            raise FailpointReached(name)
