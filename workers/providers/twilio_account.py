"""How one request to Twilio becomes a verdict: the part that texts and calls have in common."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from twilio.base.exceptions import (
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)
from twilio.rest import Client

from contracts.vocabulary import Channel, Reason
from workers.providers.base import Accepted, Deferred, Unknown, Verdict
from workers.providers.lookups import Unanswered
from workers.providers.twilio_errors import refusal
from workers.providers.twilio_http import (
    CURRENT_EXCHANGE,
    AnswerLost,
    Exchange,
    NotSent,
    TwilioHttp,
    TwilioUnansweredError,
)

T = TypeVar("T")

CONNECT_SECONDS = 5.0
UNREADABLE = "unreadable"
LOWEST_TWILIO_CODE = 1000  # below it, the SDK has put the HTTP status where a code was missing


def no_mark() -> None:
    """Nobody wants to know when the first byte leaves."""


class TwilioAccount:
    """The SDK over our own HTTP client, for one account at ``api_url``.

    ``timeout`` bounds each request in seconds; at most ``connections`` are open at once.
    """

    def __init__(
        self, account_sid: str, auth_token: str, *, api_url: str, timeout: float, connections: int
    ) -> None:
        self.account_sid = account_sid
        self.timeout = timeout
        self._http = TwilioHttp(timeout=timeout, connect=CONNECT_SECONDS, connections=connections)
        self._client = Client(  # type: ignore[no-untyped-call] # the SDK has no types here
            account_sid, auth_token, http_client=self._http
        )
        # The SDK rewrites host names by TWILIO_EDGE and TWILIO_REGION: only settings decide here.
        self._client.edge = self._client.region = None
        self._client.api.base_url = api_url.rstrip("/")

    async def ask(
        self,
        channel: Channel,
        request: Callable[[Client], Awaitable[str | None]],
        before_first_byte: Callable[[], None],
    ) -> Verdict:
        """Make one request; it yields the reference that an acceptance carries."""
        exchange = Exchange(before_first_byte)
        token = CURRENT_EXCHANGE.set(exchange)
        try:
            reference = await request(self._client)
        except NotSent as fault:
            return Deferred(Reason.UNREACHABLE, fault.code, spends_attempt=False)
        except AnswerLost as fault:
            return Unknown(Reason.NO_ANSWER, fault.code)
        except (TwilioRestException, TwilioServiceException) as answer:
            # The status is the status line's: the SDK would believe a body that contradicts it.
            return refusal(channel, exchange.status, _code(answer.code), exchange.retry_after)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            # What the SDK raises on a 2xx whose body is not what it expects. Before a byte left
            # it would be a fault of ours, and no verdict.
            if not exchange.may_have_left:
                raise
            return Unknown(Reason.NO_ANSWER, UNREADABLE)
        finally:
            CURRENT_EXCHANGE.reset(token)
        if not isinstance(reference, str) or not reference:
            return Unknown(Reason.NO_ANSWER, UNREADABLE)
        return Accepted(reference)

    async def read(self, question: Callable[[Client], Awaitable[T]]) -> T | Unanswered:
        """Ask something that sends nothing; give what ``question`` makes of the answer."""
        exchange = Exchange(no_mark)
        token = CURRENT_EXCHANGE.set(exchange)
        try:
            return await question(self._client)
        except TwilioUnansweredError as fault:
            return Unanswered(fault.code)
        except TwilioException as answer:  # a listing's refusal is no more than this base class
            code = _code(getattr(answer, "code", None))
            return Unanswered(str(code) if code is not None else f"http-{exchange.status}")
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            if not exchange.may_have_left:
                raise
            return Unanswered(UNREADABLE)
        finally:
            CURRENT_EXCHANGE.reset(token)

    async def probe(self, channel: Channel) -> Verdict:
        """Read our own account: ``Accepted`` if Twilio is there and knows us. Sends nothing."""

        async def fetch(client: Client) -> str | None:
            account = await client.api.accounts(self.account_sid).fetch_async()
            return account.sid

        return await self.ask(channel, fetch, no_mark)

    async def close(self) -> None:
        """Give back all connections."""
        await self._http.close()


def _code(code: object) -> int | None:
    if isinstance(code, int) and code >= LOWEST_TWILIO_CODE:
        return code
    return None


def moment(read: object) -> datetime | None:
    """Give an instant that the SDK has read; none where the answer held no date it knows."""
    return read.astimezone(UTC) if isinstance(read, datetime) and read.tzinfo else None


def whole(read: object) -> int | None:
    """Give a number that Twilio writes as text."""
    text = str(read) if read is not None else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
