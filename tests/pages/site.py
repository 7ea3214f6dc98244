"""What a customer does with an email's link: follow it, read the page, fill it in."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from contracts.vocabulary import Channel
from tests.building import MAIL, House
from tests.dispatch.documents import keep, pdf
from tests.dispatch.sending import Sending, open_sending
from tests.door.opened import Opened, Reply, serving
from tests.factories import catch_all, envelope
from workers.bootstrap.doors import open_web
from workers.upkeep.notices import plan_notices

BASE = "https://onward.brindle-hart.example"
SIZE = 40_000
_LINK = re.compile(r"https://\S+")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Site:
    """A house that sends emails with links, and the door that these lead to."""

    sending: Sending
    door: Opened

    @property
    def house(self) -> House:
        return self.sending.house

    def send_scan(self) -> bytes:
        """Send an email with a scan; give that."""
        content = pdf(size=SIZE)
        kept = keep(self.sending, content)
        self.house.tell(envelope("post.scanned", subject="C-7", scan=kept, pages=1))
        self.sending.deliver(Channel.EMAIL)
        return content

    def scan(self) -> tuple[str, bytes]:
        """Send a scan that is too large to attach; give its link, and what lies behind it."""
        content = self.send_scan()
        return self.link(), content

    def agree(self) -> None:
        """Have the customer agree to offers."""
        self.house.tell(envelope("consent.given", subject="C-7"))

    def offer(self) -> str:
        """Send an offer to whoever agreed; give its link for opting out."""
        self.plan_offer()
        self.sending.deliver(Channel.EMAIL)
        return self.link()

    def plan_offer(self) -> None:
        """Publish an offer, and plan it."""
        self.house.tell(envelope("offer.published", services=..., valid_until=...))
        house = self.house
        while plan_notices(house.store, house.policies):
            pass

    def link(self) -> str:
        """Give the link in the plain text of the last email."""
        part = self.sending.mails()[-1].get_body(("plain",))
        assert part is not None
        found = [one for one in _LINK.findall(part.get_content()) if one.startswith(BASE)]
        return str(found[0])

    def get(self, link: str) -> Reply:
        """Look at a page."""
        return self.door.ask("GET", urlsplit(link).path)

    def post(
        self, link: str, fields: Mapping[str, str], headers: Mapping[str, str] = _FORM
    ) -> Reply:
        """Send a form off."""
        return self.door.ask("POST", urlsplit(link).path, urlencode(fields), headers)

    def fetch(self, link: str, address: str = MAIL) -> Reply:
        """Ask for the document, as whoever reads mail at an address."""
        return self.post(link, {"address": address})


@contextlib.contextmanager
def a_site(
    url: str, folder: Path, services: Sequence[str] = ("mail_forwarding",), **settings: Any
) -> Iterator[Site]:
    """Open one, with C-7 served at one email address."""
    given = {"public_url": BASE, "mail_attachment_limit_bytes": SIZE // 2, **settings}
    with open_sending(url, folder, **given) as sending:
        sending.house.serve("C-7", services, rules=[catch_all("d-mail")])
        with serving(open_web(sending.parts)) as port:
            yield Site(sending, Opened(port))
