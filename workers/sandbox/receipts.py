"""What becomes of an SMS after it was accepted, and how is its sender told?"""

from collections.abc import Mapping
from typing import Any

from workers.sandbox import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN_FORGED
from workers.sandbox.behaviour import Rule
from workers.sandbox.callbacks import Callbacks, Post

_QUEUED, _SENT, _SETTLED = 0, 1, 2


def later_fields(rule: Rule | None) -> dict[str, Any]:
    """The later word of a message, decided as it is accepted and kept in its line."""
    if rule is None or rule.word == "delivered":
        return {"later": "delivered"}
    fields: dict[str, Any] = {"later": rule.word}
    if rule.word != "sent":
        fields["error_code"] = rule.error_code or 30003
    return fields


class Receipts:
    """How far each message has come; a message goes queued, sent, then its later word."""

    def __init__(self, callbacks: Callbacks, already: int) -> None:
        self._callbacks = callbacks
        # What an earlier run accepted has long arrived.
        self._progress = bytearray([_SETTLED]) * already

    def status(self, entry: Mapping[str, Any]) -> str:
        """The status of a message as Twilio would show it now."""
        position = entry["position"]
        progress = self._progress[position] if position < len(self._progress) else _QUEUED
        if progress == _QUEUED:
            return "accepted" if "service" in entry else "queued"
        later: str = entry["later"]
        return "sent" if progress == _SENT else later

    async def follow(
        self, position: int, sid: str, fields: Mapping[str, Any], wish: Rule | None
    ) -> None:
        """Let a message take its course, and post what the sender asked to be told."""
        how = wish.how if wish else "plain"
        url = fields.get("callback_url")
        if url is None or how == "none":
            self._advance(position, _SETTLED)
            return
        posts = self._posts(position, sid, url, fields)
        match how:
            case "duplicate":
                posts = [post for post in posts for _ in range(2)]
            case "reordered":
                posts.reverse()
            case "forged":
                self._advance(position, _SETTLED)
                posts = [_forged(sid, url, fields)]
            case "plain" | "delayed" | "before_reply":
                pass
        if how == "before_reply":
            for post in posts:
                await self._callbacks.post(post)
            return
        self._callbacks.later(posts, wish.delay_ms / 1000 if wish else 0)

    def _posts(self, position: int, sid: str, url: str, fields: Mapping[str, Any]) -> list[Post]:
        later = fields["later"]
        posts = []
        if later != "failed":
            posts.append(
                Post(url, _form(sid, fields, "sent"), lambda: self._advance(position, _SENT))
            )
        if later != "sent":
            posts.append(
                Post(url, _form(sid, fields, later), lambda: self._advance(position, _SETTLED))
            )
        return posts

    def _advance(self, position: int, progress: int) -> None:
        missing = position + 1 - len(self._progress)
        if missing > 0:
            self._progress.extend(bytes(missing))
        self._progress[position] = max(progress, self._progress[position])


def _form(sid: str, fields: Mapping[str, Any], status: str) -> list[tuple[str, str]]:
    form = [
        ("AccountSid", SANDBOX_ACCOUNT_SID),
        ("ApiVersion", "2010-04-01"),
        ("From", fields["from"]),
        ("MessageSid", sid),
        ("MessageStatus", status),
        ("SmsSid", sid),
        ("SmsStatus", status),
        ("To", fields["to"]),
    ]
    if status in {"failed", "undelivered"}:
        form.append(("ErrorCode", str(fields.get("error_code", 30003))))
    if "service" in fields:
        form.append(("MessagingServiceSid", fields["service"]))
    return form


def _forged(sid: str, url: str, fields: Mapping[str, Any]) -> Post:
    return Post(url, _form(sid, fields, "failed"), token=SANDBOX_AUTH_TOKEN_FORGED)
