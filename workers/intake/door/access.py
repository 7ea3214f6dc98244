"""Who asks? A publisher, by the key it was given; and what may this key open?"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from contracts.vocabulary import Door
from store.engine import Store
from store.publishers import Publisher, by_key, key_digest
from workers.intake.door.parts import Opened
from workers.intake.door.refusals import Refusal

_MOST_KEPT = 1_000
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="onward"'}
_bearer = HTTPBearer(
    auto_error=False, description="The key that `onward publishers add` showed once."
)
Shown = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class Keys:
    """Looks keys up; keeps an answer for some seconds, after which a revocation has come through.

    Only digests are kept, and only of keys that open.
    """

    def __init__(self, store: Store, seconds: float, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._seconds = seconds
        self._monotonic = monotonic
        self._kept: dict[bytes, tuple[float, Publisher]] = {}

    async def owner_of(self, key: str) -> Publisher | None:
        """Give the publisher whose key this is, as of some seconds ago at the most."""
        digest = key_digest(key)
        kept = self._kept.get(digest)
        now = self._monotonic()
        if kept is not None and kept[0] > now:
            return kept[1]
        self._kept.pop(digest, None)
        found = await run_in_threadpool(self._look_up, key)
        if found is not None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[digest] = (now + self._seconds, found)
        return found

    def _look_up(self, key: str) -> Publisher | None:
        with self._store.read() as tx:
            return by_key(tx, key)


async def caller(inside: Opened, shown: Shown) -> Publisher:
    """Give the publisher who asks. Refuses who shows no key, or one that opens nothing."""
    if shown is None:
        text = "show your key as `Authorization: Bearer <key>`"
        raise Refusal(401, text, headers=_CHALLENGE)
    found = await inside.keys.owner_of(shown.credentials)
    if found is None:
        text = "this key is unknown, or was revoked"
        challenge = {"WWW-Authenticate": 'Bearer realm="onward", error="invalid_token"'}
        raise Refusal(401, text, headers=challenge)
    return found


Caller = Annotated[Publisher, Depends(caller)]


def opens(door: Door) -> Callable[[Publisher], Awaitable[Publisher]]:
    """Make the check that a publisher's key opens a door beside publishing."""

    async def may_open(publisher: Caller) -> Publisher:
        if not publisher.may_open(door):
            raise Refusal(403, f"publisher {publisher.name} was not given the door {door.value}")
        return publisher

    return may_open
