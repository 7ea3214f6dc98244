"""Does an offer's reader opt out at one click, at our page, and only on purpose?"""

import re
from urllib.parse import urlsplit

import pytest

from contracts.vocabulary import Channel, DeliveryStatus
from store import tables
from tests.factories import envelope
from tests.pages.site import BASE, Site

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
IN_PARTS = {"Content-Type": "multipart/form-data; boundary=x"}
S = DeliveryStatus


def _consents(site: Site) -> list[tuple[bool, str | None]]:
    found: list[tuple[bool, str | None]] = []
    with site.house.store.read() as tx:
        for row in site.house.rows(tables.consents):
            key = (row["customer_ref"], row["purpose"], row["channel"], row["given_at"].isoformat())
            how = row["withdrawn_how"]
            place = f"consents.withdrawn_how:{'/'.join(key)}"
            told = None if how is None else tx.open(place, how).decode()
            found.append((row["withdrawn_at"] is None, told))
    return found


def _withdrawals(site: Site) -> int:
    return len(site.house.rows(tables.events, type="consent.withdrawn"))


def test_an_offer_has_the_headers_of_one_click_and_nothing_else_has(small_site: Site) -> None:
    """RFC 8058, for mail programs; on what cannot be opted out of they would be a lie."""
    small_site.agree()
    link = small_site.offer()
    small_site.scan()

    offer, scan = small_site.sending.mails()

    assert offer["List-Unsubscribe"] == f"<{link}>"
    assert offer["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    html = offer.get_body(("html",))
    assert html is not None
    assert f'href="{link}"' in html.get_content()
    assert scan["List-Unsubscribe"] is None
    assert scan["List-Unsubscribe-Post"] is None
    assert "unsubscribe" not in scan.as_string()


def test_a_long_link_stays_in_one_piece_in_its_header(small_site: Site) -> None:
    """Folded or encoded it is no link: RFC 2369 wants it as it is."""
    small_site.agree()
    link = small_site.offer()
    folder = small_site.sending.sandbox.record_file.parent / "mail"
    (mail,) = folder.glob("*.eml")

    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in mail.read_bytes()


def test_one_click_opts_out_for_good_and_says_how(site: Site) -> None:
    """It becomes an event as any other, with what it was; a second click is harmless."""
    site.agree()
    link = site.offer()

    replies = [site.post(link, ONE_CLICK) for _ in range(3)]

    assert [reply.status for reply in replies] == [200] * 3
    ((agreed, how),) = _consents(site)
    assert (agreed, "one-click" in str(how)) == (False, True)
    assert _withdrawals(site) == 1


def test_mail_systems_may_post_in_parts(small_site: Site) -> None:
    """RFC 8058 asks for `multipart/form-data` first."""
    small_site.agree()
    link = small_site.offer()
    field = 'Content-Disposition: form-data; name="List-Unsubscribe"'
    body = f"--x\r\n{field}\r\n\r\nOne-Click\r\n--x--\r\n"

    reply = small_site.door.ask("POST", urlsplit(link).path, body, IN_PARTS)

    assert reply.status == 200
    assert _withdrawals(small_site) == 1


def test_the_page_opts_out_by_its_button(small_site: Site) -> None:
    """What the form sends is what the page holds, no more."""
    small_site.agree()
    link = small_site.offer()
    page = small_site.get(link).body.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', page))

    reply = small_site.post(link, fields)

    assert b"You get no offers from us" in reply.body
    ((agreed, how),) = _consents(small_site)
    assert (agreed, how) == (False, "unsubscribe page, from the link in the email")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_scanner_opts_nobody_out(small_site: Site, method: str) -> None:
    """It follows every link, before its reader has seen the email."""
    small_site.agree()
    link = small_site.offer()

    replies = [small_site.door.ask(method, urlsplit(link).path) for _ in range(3)]

    assert [reply.status for reply in replies] == [200] * 3
    assert _consents(small_site) == [(True, None)]


def test_a_post_that_says_nothing_opts_nobody_out(small_site: Site) -> None:
    """Some scanners press every button, without what is in the form."""
    small_site.agree()
    link = small_site.offer()

    reply = small_site.post(link, {})

    assert b"Stop our offers?" in reply.body
    assert _consents(small_site) == [(True, None)]


def test_an_old_offer_opts_out_of_a_new_consent(small_site: Site) -> None:
    """Whoever agreed again and regrets it takes the email that is at hand."""
    small_site.agree()
    link = small_site.offer()
    small_site.post(link, ONE_CLICK)
    small_site.house.clock.advance(days=400)
    now = small_site.house.clock.now.isoformat()
    small_site.house.tell(envelope("consent.given", subject="C-7", at=now))

    small_site.post(link, ONE_CLICK)

    assert [agreed for agreed, _ in _consents(small_site)] == [False, False]
    assert _withdrawals(small_site) == 2


def test_what_is_queued_when_its_reader_opts_out_is_not_sent(small_site: Site) -> None:
    """Found out at the claim, and on record."""
    small_site.agree()
    link = small_site.offer()
    small_site.plan_offer()

    small_site.post(link, ONE_CLICK)
    small_site.sending.deliver(Channel.EMAIL)

    statuses = [row["status"] for row in small_site.house.deliveries(channel=Channel.EMAIL)]
    assert statuses == [S.ACCEPTED, S.SUPPRESSED]


def test_a_made_up_link_opts_nobody_out(small_site: Site) -> None:
    """Else anybody could, for anybody."""
    small_site.agree()
    link = small_site.offer()
    token = link.rpartition("/")[2]
    other = {"A": "B"}
    made_up = [token[:-1], token + "A", "x" * 43]
    made_up += [token[:at] + other.get(token[at], "A") + token[at + 1 :] for at in range(43)]

    statuses = {
        small_site.post(f"{BASE}/unsubscribe/{one}", ONE_CLICK).status
        for one in made_up
        if one != token
    }

    assert statuses == {404}
    assert _consents(small_site) == [(True, None)]


def test_a_documents_delivery_opts_nobody_out(small_site: Site) -> None:
    """The link of another email is of another kind, even to the same customer."""
    small_site.agree()
    link, _ = small_site.scan()
    token = link.rpartition("/")[2]

    reply = small_site.post(f"{BASE}/unsubscribe/{token}", ONE_CLICK)

    assert reply.status == 404
    assert _consents(small_site) == [(True, None)]
