"""How are signed webhooks posted, without slowing what accepts?

A fixed number of posters take sequences from a queue: the posts of one sequence keep their order,
and all share kept-alive connections. Nothing is posted beyond this machine, but to hosts allowed
by name.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, urlsplit

from workers.sandbox import SANDBOX_AUTH_TOKEN
from workers.sandbox.pool import Pool, ReplyError
from workers.sandbox.settings import is_loopback
from workers.sandbox.signature import signature

_TIMEOUT_SECONDS = 15  # Twilio's own limit for a webhook
_LONGEST_QUEUE = 200_000
_log = logging.getLogger(__name__)

Form = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Post:
    """One webhook. ``before`` runs as it is about to leave: what it tells has then come true."""

    url: str
    form: Form
    before: Callable[[], None] | None = None
    token: str = SANDBOX_AUTH_TOKEN


class Callbacks:
    """Posts webhooks signed as Twilio signs them; counts what became of them."""

    def __init__(self, connections: int, allowed_hosts: frozenset[str]) -> None:
        self._connections = connections
        self._allowed = allowed_hosts
        self._queue: asyncio.Queue[Sequence[Post]] = asyncio.Queue(_LONGEST_QUEUE)
        self._pool = Pool()
        self._posters: list[asyncio.Task[None]] = []
        self.counts: Counter[str] = Counter()

    def start(self) -> None:
        """Begin to post what is queued."""
        self._posters = [
            asyncio.create_task(self._post_for_ever()) for _ in range(self._connections)
        ]

    async def stop(self) -> None:
        """Drop what is still queued; close the pool."""
        for poster in self._posters:
            poster.cancel()
        await asyncio.gather(*self._posters, return_exceptions=True)
        await self._pool.close()

    def later(self, posts: Sequence[Post], delay: float = 0) -> None:
        """Queue one sequence, perhaps after ``delay`` seconds."""
        if delay:
            asyncio.get_running_loop().call_later(delay, self.later, posts)
            return
        try:
            self._queue.put_nowait(posts)
        except asyncio.QueueFull:
            self.counts["overflowed"] += len(posts)

    def waiting(self) -> int:
        """How many sequences have not been begun."""
        return self._queue.qsize()

    async def post(self, post: Post) -> str | None:
        """Post once, and again if the connection failed; return the answer's text if it is 2xx."""
        if post.before is not None:
            post.before()
        if not self._may_reach(post.url):
            self.counts["host_not_allowed"] += 1
            _log.warning("a callback was not posted: its host is not allowed, or not http")
            return None
        content = _urlencoded(post.form)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": signature(post.token, post.url, post.form),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
        }
        for tries_left in (1, 0):
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    reply = await self._pool.post(post.url, headers, content)
            except (OSError, EOFError, ReplyError):
                self.counts["retried" if tries_left else "failed"] += 1
                continue
            fine = 200 <= reply.status < 300
            self.counts["posted" if fine else "refused"] += 1
            return reply.text if fine else None
        return None

    async def _post_for_ever(self) -> None:
        while True:
            for post in await self._queue.get():
                await self.post(post)

    def _may_reach(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        host = parts.hostname
        known = host is not None and (is_loopback(host) or host in self._allowed)
        return known and parts.scheme == "http"


def _urlencoded(form: Form) -> bytes:
    # Most values are sids and words that need no quoting, which costs more than all else here.
    pairs = (
        f"{name}={value if value.isascii() and value.isalnum() else quote_plus(value)}"
        for name, value in form
    )
    return "&".join(pairs).encode()
