"""A Twilio that reports back: it signs with code of its own, by Twilio's description.

Source: twilio.com/docs/usage/security, "Validating signatures from Twilio".
"""

import base64
import contextlib
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import select

from contracts.vocabulary import DeliveryStatus, Reason
from store.deliveries.claiming import Claim, Claimed, claim
from store.deliveries.recording import Result, record
from store.reading.queries import sends_of_customer
from store.reading.read_models import SendLine
from store.tables import attempts, deliveries
from tests.door.opened import AUTH_TOKEN, PUBLIC_URL, Office, Opened, Reply, opened
from tests.factories import envelope
from workers.receipts.counts import Counts

SID = "SM" + "0123456789abcdef" * 2


@dataclass(frozen=True, slots=True)
class Hooks:
    """The webhooks as Twilio reaches them, beyond a proxy that speaks for `PUBLIC_URL`."""

    office: Office
    door: Opened
    public_url: str = PUBLIC_URL

    @property
    def counts(self) -> Counts:
        """What came, by what it meant."""
        return self.office.counts

    def post(
        self,
        path: str,
        form: Mapping[str, str],
        *,
        token: str = AUTH_TOKEN,
        signed_url: str | None = None,
    ) -> Reply:
        """Post a signed form."""
        url = signed_url or f"{self.public_url}{path}"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": sign(token, url, form),
        }
        return self.door.ask("POST", path, urlencode(form), headers)

    def say(self, claimed: Claimed, word: str, *, attempt: int | None = None, **more: str) -> Reply:
        """Tell the status of a text that was sent as ``claimed``."""
        fence = claimed.fence if attempt is None else attempt
        path = f"/hooks/twilio/message?delivery={claimed.delivery_id}&attempt={fence}"
        form = {"MessageSid": SID, "MessageStatus": word, "To": "+447700900123", "Empty": ""}
        return self.post(path, form | more)

    def dialled(self, claimed: Claimed, word: str, **more: str) -> Reply:
        """Tell how the dialling ended that ``claimed`` asked for."""
        path = f"/hooks/twilio/dial?delivery={claimed.delivery_id}&attempt={claimed.fence}"
        form = {"CallSid": "CA1", "CallStatus": "in-progress", "DialCallStatus": word}
        return self.post(path, form | more)


@contextlib.contextmanager
def hooks(office: Office, public_url: str = PUBLIC_URL) -> Iterator[Hooks]:
    """Open the door with the webhooks beside it, reached from outside at ``public_url``."""
    with opened(office.parts(), None, office.webhooks(public_url)) as door:
        yield Hooks(office, door, public_url)


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    """Sign as Twilio does: URL, then the fields by name, each name and value run together."""
    text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()


def a_sending(office: Office, **changes: Any) -> Claimed:
    """A message to the customer's mobile, claimed by a worker that has not answered yet."""
    office.tell(envelope("call.message_taken", **changes))
    return claimed_of(office, office.hinted[-1].delivery_id, "twilio-sms")


def claimed_of(office: Office, delivery_id: UUID, provider: str) -> Claimed:
    """Claim a delivery as a worker does."""
    with office.store.write() as tx:
        return claim(tx, [delivery_id], Claim("worker", provider, 60)).claimed[0]


def accept(office: Office, claimed: Claimed) -> list[dict[str, Any]]:
    """Record the provider's acceptance, as the worker that sent it does."""
    result = Result(
        claimed=claimed,
        verdict="accepted",
        to=DeliveryStatus.ACCEPTED,
        reason=Reason.PROVIDER_ACCEPTED,
        provider="twilio-sms",
        reference=SID,
        content_digest="d" * 64,
    )
    with office.store.write() as tx:
        return record(tx, [result])


def become(office: Office, claimed: Claimed, to: DeliveryStatus) -> None:
    """Record that nobody knows what became of a send, or what was then decided about it."""
    result = Result(claimed=claimed, verdict="unknown", to=to, reason=Reason.NO_ANSWER)
    with office.store.write() as tx:
        record(tx, [result])


def status_of(office: Office, delivery_id: UUID) -> DeliveryStatus:
    """Where a delivery stands."""
    return DeliveryStatus(row_of(office, delivery_id).status)


def row_of(office: Office, delivery_id: UUID) -> Any:
    """A delivery's row."""
    with office.store.read() as tx:
        return tx.connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).one()


def attempt_of(office: Office, claimed: Claimed) -> Any:
    """The row of the attempt that was claimed."""
    with office.store.read() as tx:
        return tx.connection.execute(
            select(attempts).where(
                attempts.c.delivery_id == claimed.delivery_id, attempts.c.fence == claimed.fence
            )
        ).one()


def record_of(office: Office) -> list[SendLine]:
    """The customer's record, the newest last."""
    with office.store.read() as tx:
        return sends_of_customer(tx, "C-1042")
