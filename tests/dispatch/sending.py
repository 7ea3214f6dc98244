"""A house whose sends go to a real sandbox."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from config.settings import Settings
from contracts.vocabulary import Channel, DeliveryStatus, Lane
from tests.building import House, SettableClock, open_house
from tests.waiting import eventually
from workers.bootstrap.parts import Parts
from workers.bootstrap.preparing import open_files
from workers.bootstrap.sending import Dispatch
from workers.dispatch.hints import actor_name
from workers.sandbox.acceptance import Acceptance
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings


@dataclass(slots=True)
class Sending:
    """A house, its sandbox, and what sends from the one to the other."""

    house: House
    sandbox: Sandbox
    parts: Parts
    dispatch: Dispatch
    stopped: bool = False

    def stop(self) -> None:
        """Stop sending; harmless if it is stopped already."""
        if not self.stopped:
            self.stopped = True
            self.dispatch.stop()

    def deliver(self, channel: Channel, ids: Sequence[UUID] = ()) -> None:
        """Work one hint off, in this thread; without ids, at all that there is of the channel."""
        named = ids or [row["id"] for row in self.house.deliveries(channel=channel)]
        actor = self.parts.broker.get_actor(actor_name(channel))
        actor.fn([one.hex for one in named])

    def learn(self) -> None:
        """Learn how the providers stand, as a dispatch that runs does once a second."""
        self.dispatch.probing.round()

    def accepted(self) -> list[Acceptance]:
        """Give what the sandbox took."""
        return self.sandbox.record()

    def mails(self) -> list[EmailMessage]:
        """Give the emails that the sandbox took, as the standard library reads them."""
        folder = self.sandbox.record_file.parent / "mail"
        return [
            message_from_bytes(
                (folder / f"{one.reference}.eml").read_bytes(), policy=policy.default
            )
            for one in self.accepted()
            if one.kind == "email"
        ]

    def settle(self, *statuses: DeliveryStatus) -> None:
        """Wait until every delivery stands in one of these statuses."""
        eventually(
            lambda: {row["status"] for row in self.house.deliveries()} <= set(statuses),
            f"all deliveries {statuses}",
        )

    def keep_file(self, sha256: str, content: bytes) -> None:
        """Keep a file that events refer to."""
        open_files(self.parts).put(sha256, content)


@contextlib.contextmanager
def open_sending(
    url: str,
    folder: Path,
    broker_url: str | None = None,
    *,
    make: bool = False,
    largest_mail: int = 25 * 1024 * 1024,
    **settings: Any,
) -> Iterator[Sending]:
    """Open a store, a sandbox, and a dispatch that is not started. The clock is set to now."""
    clock = SettableClock(datetime.now(UTC))
    box = SandboxSettings(
        folder / "sandbox", fsync=False, keep_mail=True, largest_mail=largest_mail
    )
    with Sandbox(box) as sandbox, open_house(url, clock, make=make) as house:
        given = Settings(
            sandbox=True,
            data_dir=folder / "data",
            broker_url=None if broker_url is None else SecretStr(broker_url),
            database_url=SecretStr(url) if url.startswith("postgresql") else None,
            twilio_account_sid=sandbox.account_sid,
            twilio_auth_token=SecretStr(sandbox.auth_token),
            twilio_api_url=sandbox.http_url,
            smtp_host=sandbox.smtp_host,
            smtp_port=sandbox.smtp_port,
            smtp_security="none",
            **settings,
        )
        parts = Parts(given, house.store)
        dispatch = Dispatch(parts, list(Lane))
        opened = Sending(house, sandbox, parts, dispatch)
        try:
            yield opened
        finally:
            opened.stop()
            if "broker" in parts.__dict__:
                parts.broker.close()
