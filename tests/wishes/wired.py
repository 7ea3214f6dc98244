"""A house that sends to a real sandbox, which reports back to its real door."""

import contextlib
import socket
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn

from contracts.vocabulary import Channel, DeliveryStatus
from tests.building import MOBILE, House
from tests.dispatch.sending import Sending, open_sending
from tests.receipts.callbacks import sign
from tests.waiting import eventually
from workers.bootstrap.doors import open_web
from workers.sandbox.acceptance import Acceptance


@dataclass(frozen=True, slots=True)
class Wired:
    """What sends, and where customers' texts are posted to."""

    sending: Sending
    url: str

    @property
    def house(self) -> House:
        """The store and what takes events in to it."""
        return self.sending.house

    def send(self, channel: Channel = Channel.SMS) -> None:
        """Work off what is due on a channel."""
        self.sending.deliver(channel)

    def arrives(self, destination_id: str = "d-mobile") -> None:
        """Wait until the provider has said that the text to a destination arrived."""
        eventually(
            lambda: (
                self.house.delivery(destination_id=destination_id)["status"]
                is DeliveryStatus.DELIVERED
            ),
            f"a text to {destination_id} has arrived",
        )

    def says(self, word: str, destination_id: str = "d-mobile") -> None:
        """Have the provider say a word on the text to a destination, when the test wants it."""
        row = self.house.delivery(destination_id=destination_id)
        url = f"{self.url}/hooks/twilio/message?delivery={row['id']}&attempt={row['fence']}"
        form = {"MessageSid": row["reference"], "MessageStatus": word}
        signature = sign(self.sending.sandbox.auth_token, url, form)
        request = urllib.request.Request(  # noqa: S310 - our own door
            url, urlencode(form).encode(), {"X-Twilio-Signature": signature}
        )
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 - as above

    def texts_back(self, body: str, sender: str = MOBILE) -> str:
        """Have a customer text us; give what they are answered, as TwiML."""
        answer = self.sending.sandbox.text_in(
            f"{self.url}/hooks/twilio/reply", sender, "+447700900999", body
        )
        assert answer is not None
        return answer

    def taken(self, kind: str = "sms") -> list[Acceptance]:
        """What the provider took."""
        return [one for one in self.sending.accepted() if one.kind == kind]


@contextlib.contextmanager
def wired_up(url: str, folder: Path, **settings: Any) -> Iterator[Wired]:
    """Open it; it closes at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        public_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with open_sending(url, folder, public_url=public_url, **settings) as sending:
            app = open_web(sending.parts)
            config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on")
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                eventually(lambda: server.started, "the door is open")
                yield Wired(sending, public_url)
            finally:
                server.should_exit = True
                thread.join()
