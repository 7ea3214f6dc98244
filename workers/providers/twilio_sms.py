"""How a text leaves: one SMS through Twilio's Messages resource.

Source: twilio.com/docs/messaging/api/message-resource. Twilio takes no idempotency key, so a
request that left and was not answered is ``Unknown`` and is never sent again from here.
"""

import re
from collections.abc import Callable
from datetime import datetime

from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

from contracts.costs import read_cost
from contracts.vocabulary import Channel, Reason
from workers.providers.base import Deferred, Outgoing, Rejected, Text, Verdict
from workers.providers.lookups import Listed, Unanswered
from workers.providers.twilio_account import TwilioAccount, moment, no_mark, whole
from workers.providers.twilio_errors import SENDER_REFUSALS

# The SDK puts the SID into the path as it is: anything else could name another resource.
MESSAGE_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
SHORTEST_VALIDITY = 1  # seconds; Twilio recommends more than 5
LONGEST_VALIDITY = 36_000
MOST_LISTED = 1_000  # to one number within an attempt's window: more is no answer
PAGE = 200
LARGEST_PAGE = 1_000
FIRST_SENDER = "twilio-sms"
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class TwilioSms:
    """Sends texts. ``timeout`` in seconds bounds a send; ``connections`` are kept alive."""

    channel = Channel.SMS

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        *,
        api_url: str,
        timeout: float,
        connections: int,
        name: str = FIRST_SENDER,
    ) -> None:
        self.name = name
        self.timeout = timeout
        self._account = TwilioAccount(
            account_sid, auth_token, api_url=api_url, timeout=timeout, connections=connections
        )

    async def send(
        self, outgoing: Outgoing, before_first_byte: Callable[[], None] = no_mark
    ) -> Verdict:
        """Send one text once; ``Accepted`` carries the message's SID."""
        if not isinstance(outgoing, Text):
            raise TypeError(f"{self.name} sends texts, not {type(outgoing).__name__}")

        async def create(client: Client) -> str | None:
            answer = await client.api.v2010.create_async(
                "POST", _path(client), data=_form(outgoing), headers=_HEADERS
            )
            sid: str | None = answer["sid"]
            return sid

        verdict = await self._account.ask(self.channel, create, before_first_byte)
        return _of_own_sender(verdict) if outgoing.own_sender else verdict

    async def sent_to(self, to: str, since: datetime) -> tuple[Listed, ...] | Unanswered:
        """List what Twilio has sent to a number since a moment, newest first.

        From whichever sender: a customer's may have changed since. Not promised: completeness. What
        Twilio took a moment ago may not be listed yet.
        """

        async def listing(client: Client) -> tuple[Listed, ...]:
            found = await client.messages.list_async(
                to=to, date_sent_after=since, limit=MOST_LISTED, page_size=PAGE
            )
            return tuple(_listed(message) for message in found)

        answer = await self._account.read(listing)
        if not isinstance(answer, Unanswered) and len(answer) >= MOST_LISTED:
            return Unanswered("too_many")
        return answer

    async def sent_between(
        self, since: datetime, until: datetime
    ) -> tuple[Listed, ...] | Unanswered:
        """List all that Twilio has sent for this account within a time, newest first."""

        async def listing(client: Client) -> tuple[Listed, ...]:
            found = await client.messages.list_async(
                date_sent_after=since, date_sent_before=until, page_size=LARGEST_PAGE
            )
            return tuple(_listed(message) for message in found)

        return await self._account.read(listing)

    async def text_of(self, reference: str) -> Listed | Unanswered:
        """Show one text by its SID, as it stands now."""
        if MESSAGE_SID.fullmatch(reference) is None:
            return Unanswered("not_a_message_sid")

        async def fetch(client: Client) -> Listed:
            return _listed(await client.messages(reference).fetch_async())

        return await self._account.read(fetch)

    async def probe(self) -> Verdict:
        """Ask Twilio for our account: ``Accepted`` if it is there and knows us. Sends nothing."""
        return await self._account.probe(self.channel)

    async def close(self) -> None:
        """Give back all connections."""
        await self._account.close()


def _of_own_sender(verdict: Verdict) -> Verdict:
    """A sender that a customer has to itself concerns nobody else: this text goes without it."""
    match verdict:
        case Deferred(code=code) | Rejected(code=code) if code in SENDER_REFUSALS:
            return Deferred(Reason.SENDER_REFUSED, code, retry_after=0)
        case _:
            return verdict


def _path(client: Client) -> str:
    # As the SDK's own `messages.create` asks; that one then reads three dates and twenty fields out
    # of the answer, which takes as long as sending it.
    return f"/Accounts/{client.account_sid}/Messages.json"


def _form(text: Text) -> dict[str, object]:
    form: dict[str, object] = {
        "To": text.to,
        "From": text.sender,
        "Body": text.body,
        "ValidityPeriod": _validity(text.validity_seconds),
    }
    if text.callback_url:
        form["StatusCallback"] = text.callback_url
    return form


def _listed(message: MessageInstance) -> Listed:
    if not isinstance(message.sid, str) or not isinstance(message.status, str):
        raise TypeError("a text without SID or status")
    return Listed(
        reference=message.sid,
        word=message.status,
        error_code=whole(message.error_code),
        body=message.body or "",
        created_at=moment(message.date_created),
        cost=read_cost(message.price, message.price_unit, message.num_segments),
    )


def _validity(seconds: int) -> int:
    """Within what Twilio takes: beyond it, the request would be refused (error 90007)."""
    return max(SHORTEST_VALIDITY, min(seconds, LONGEST_VALIDITY))
