"""How a text leaves: one SMS through Twilio's Messages resource.

Source: twilio.com/docs/messaging/api/message-resource. Twilio takes no idempotency key, so a
request that left and was not answered is ``Unknown`` and is never sent again from here.
"""

from collections.abc import Callable

from twilio.rest import Client

from contracts.vocabulary import Channel
from workers.providers.base import Outgoing, Text, Verdict
from workers.providers.twilio_account import TwilioAccount, no_mark

SHORTEST_VALIDITY = 1  # seconds; Twilio recommends more than 5
LONGEST_VALIDITY = 36_000
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

        return await self._account.ask(self.channel, create, before_first_byte)

    async def probe(self) -> Verdict:
        """Ask Twilio for our account: ``Accepted`` if it is there and knows us. Sends nothing."""
        return await self._account.probe(self.channel)

    async def close(self) -> None:
        """Give back all connections."""
        await self._account.close()


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


def _validity(seconds: int) -> int:
    """Within what Twilio takes: beyond it, the request would be refused (error 90007)."""
    return max(SHORTEST_VALIDITY, min(seconds, LONGEST_VALIDITY))
