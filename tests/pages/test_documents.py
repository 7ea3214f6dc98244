"""Does a link hand its document to whoever the email was for, and to nobody else?"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from contracts.vocabulary import Channel
from store import tables
from store.encryption.keys import RootKey
from store.reading.tracing import trace
from tests.building import MAIL, place, verified
from tests.factories import envelope
from tests.pages.site import BASE, Site, a_site
from workers.cli.timeline import lines_of
from workers.links import DOCUMENT, Links

KEPT_TO_ONESELF = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow, noarchive",
}


def _openings(site: Site) -> list[str]:
    rows = sorted(site.house.rows(tables.openings), key=lambda row: row["id"])
    return [row["opening"].value for row in rows]


def test_a_scan_too_large_to_attach_is_fetched_by_its_link(site: Site) -> None:
    """To the last byte, under its own name, and on record."""
    link, content = site.scan()

    page, fetched = site.get(link), site.fetch(link)

    assert link.startswith(f"{BASE}/{DOCUMENT}/")
    assert len(link) <= 120
    assert (page.status, fetched.status) == (200, 200)
    assert b"Fetch the document" in page.body
    assert fetched.body == content
    assert fetched.headers["content-type"] == "application/pdf"
    assert 'filename="scan-item-1.pdf"' in fetched.headers["content-disposition"]
    assert fetched.headers["content-disposition"].startswith("attachment")
    assert _openings(site) == ["handed_out"]


def test_the_email_says_all_that_its_reader_must_know(small_site: Site) -> None:
    """How large it is, until when, and what the page will ask."""
    link, _ = small_site.scan()

    (mail,) = small_site.sending.mails()

    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        said = " ".join(part.get_content().split())
        assert "too large to attach" in said
        assert link in said
        until = small_site.house.clock.now + timedelta(days=14)
        assert f"{until.day} {until:%b} {until.year}" in said
        assert "the email address that this email was sent to" in said
    assert [*mail.iter_attachments()] == []


@pytest.mark.parametrize("given", [f"  {MAIL.upper()} ", MAIL.title()])
def test_an_address_is_known_however_it_is_typed(small_site: Site, given: str) -> None:
    """Telephones begin with a capital and end with a blank."""
    link, content = small_site.scan()

    assert small_site.fetch(link, given).body == content


def test_nothing_of_a_page_is_kept_or_told(small_site: Site) -> None:
    """The address is the secret: no cache, no index, and no other site may learn it."""
    link, _ = small_site.scan()

    for reply in (
        small_site.get(link),
        small_site.fetch(link),
        small_site.fetch(link, "x@y.example"),
    ):
        for name, value in KEPT_TO_ONESELF.items():
            assert reply.headers[name] == value
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "set-cookie" not in reply.headers


def test_whoever_has_the_link_alone_gets_nothing(small_site: Site) -> None:
    """A forwarded email forwards its links. The page says no more of the address than no."""
    link, content = small_site.scan()

    reply = small_site.fetch(link, "eve@evil.example")

    assert reply.status == 403
    assert content not in reply.body
    assert MAIL.encode() not in reply.body
    assert b"harbourlane" not in reply.body
    assert _openings(small_site) == ["wrong_address"]


def test_a_link_bears_only_so_many_wrong_addresses(site: Site) -> None:
    """Then the right one opens it no more, either: it may have been found by trying."""
    link, _ = site.scan()

    replies = [site.fetch(link, f"jo{n}@harbourlane.example") for n in range(5)]
    late = site.fetch(link)

    assert b"4 more times" in replies[0].body
    assert b"1 more time." in replies[3].body
    assert [reply.status for reply in replies] == [403] * 5
    assert b"This link is closed" in replies[4].body
    assert (late.status, b"This link is closed" in late.body) == (403, True)
    assert _openings(site) == ["wrong_address"] * 5


def test_trying_at_once_does_not_stretch_the_limit(site: Site) -> None:
    """Twenty tries side by side are twenty tries."""
    link, _ = site.scan()

    with ThreadPoolExecutor(8) as trying:
        list(trying.map(lambda n: site.fetch(link, f"jo{n}@harbourlane.example"), range(20)))

    assert _openings(site) == ["wrong_address"] * 5


def test_an_operators_replay_gives_a_link_with_tries_of_its_own(small_site: Site) -> None:
    """The customer rings, and is sent the scan again."""
    link, content = small_site.scan()
    for n in range(5):
        small_site.fetch(link, f"jo{n}@harbourlane.example")

    small_site.house.clock.advance(hours=1)
    again, _ = small_site.scan()

    assert again != link
    assert small_site.fetch(again).body == content


def test_a_link_ends(small_site: Site) -> None:
    """After two weeks it opens nothing, and says whom to ring."""
    link, content = small_site.scan()
    small_site.house.clock.advance(days=13, hours=23)
    before = small_site.fetch(link)

    small_site.house.clock.advance(hours=1)
    after = (small_site.get(link), small_site.fetch(link))

    assert before.body == content
    assert [reply.status for reply in after] == [410, 410]
    assert b"This link has ended" in after[0].body
    assert b"+441632960100" in after[0].body


@pytest.mark.parametrize("change", ["removed", "replaced", "withdrawn"])
def test_a_link_opens_only_while_its_address_is_the_customers(
    small_site: Site, change: str
) -> None:
    """Who has left the company still has its old emails."""
    link, _ = small_site.scan()
    source = "/callcentre/doncaster"
    scanned = small_site.house.rows(tables.events, type="post.scanned")[0]["event_id"]

    small_site.house.tell(
        {
            "removed": envelope("destination.removed", subject="C-7", destination_id="d-mail"),
            "replaced": place("C-7", "d-mail", "email", "new@harbourlane.example"),
            "withdrawn": envelope(
                "event.withdrawn",
                subject="C-7",
                data={"source": source, "id": scanned, "reason": "another customer's"},
            ),
        }[change]
    )

    assert small_site.get(link).status in {404, 410}
    assert small_site.fetch(link).status in {404, 410}
    assert small_site.fetch(link, "new@harbourlane.example").status in {404, 410}
    assert _openings(small_site) == []


def test_an_address_that_is_verified_again_opens_its_links_again(small_site: Site) -> None:
    """The same address, added anew: it is the customer's, and so is the scan."""
    link, content = small_site.scan()
    small_site.house.tell(place("C-7", "d-mail", "email", MAIL))
    between = small_site.fetch(link)

    small_site.house.tell(verified("C-7", "d-mail"))

    assert between.status == 410
    assert small_site.fetch(link).body == content


def test_a_made_up_link_opens_nothing(small_site: Site) -> None:
    """Whatever is altered in it: the delivery, the end, the check."""
    link, _ = small_site.scan()
    head, _, token = link.rpartition("/")
    other = {"A": "B", "B": "A"}
    made_up = [token[:-1], token + "A", "", "x" * 50, "%00" * 50, "%C3%A9" * 10]
    made_up += [
        token[:at] + other.get(token[at], "A") + token[at + 1 :] for at in range(len(token))
    ]
    statuses = {small_site.fetch(f"{head}/{one}").status for one in made_up if one != token}

    assert statuses == {404}
    assert _openings(small_site) == []


def test_a_link_made_with_another_key_opens_nothing(small_site: Site) -> None:
    """Who has the code has not the key."""
    link, _ = small_site.scan()
    row = small_site.house.deliveries(channel=Channel.EMAIL)[0]
    value_index = small_site.house.rows(tables.destinations, destination_id="d-mail")[0][
        "value_index"
    ]
    forger = Links(BASE, RootKey(b"another key of 32 bytes, no more").index)
    forged = forger.url(forger.to_document(row["id"], value_index, small_site.house.clock.now))

    assert small_site.fetch(forged).status == 404
    assert small_site.fetch(link).status == 200


def test_a_document_that_was_exchanged_is_not_handed_out(small_site: Site) -> None:
    """It is looked at again each time, as when it is attached."""
    link, content = small_site.scan()
    kept = small_site.house.rows(tables.events, type="post.scanned")
    assert kept
    digest = small_site.sending.parts.settings.blobs
    folder = Path(urlsplit(digest).path)
    for file in folder.rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:-1] + b"\0")

    reply = small_site.fetch(link)

    assert reply.status == 503
    assert content not in reply.body
    assert _openings(small_site) == []


def test_a_small_scan_is_attached_and_has_no_link(empty_sqlite_url: str, tmp_path: Path) -> None:
    """A link is a detour: only what is too large takes it."""
    with a_site(empty_sqlite_url, tmp_path, mail_attachment_limit_bytes=10_000_000) as site:
        content = site.send_scan()

        (mail,) = site.sending.mails()
        (scan,) = mail.iter_attachments()
        assert scan.get_content() == content
        assert "/document/" not in mail.as_string()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_a_page_changes_nothing(small_site: Site, method: str) -> None:
    """Scanners follow every link in every email."""
    link, _ = small_site.scan()

    reply = small_site.door.ask(method, urlsplit(link).path)

    assert reply.status == 200
    assert _openings(small_site) == []


def test_the_emails_story_tells_who_opened_its_link(small_site: Site) -> None:
    """Whether a customer got the scan is told on one screen; by times, not by addresses."""
    link, _ = small_site.scan()
    small_site.fetch(link, "eve@evil.example")
    small_site.fetch(link)
    row = small_site.house.delivery(channel=Channel.EMAIL)

    with small_site.house.store.read() as tx:
        story = trace(tx, str(row["id"]))
    assert story is not None
    lines = "\n".join(lines_of(story))

    assert "a wrong address given at its link" in lines
    assert "document fetched by its link" in lines
    assert "evil" not in lines


def test_a_form_is_small(small_site: Site) -> None:
    """Nobody's address has a megabyte."""
    link, _ = small_site.scan()

    reply = small_site.post(link, {"address": "x" * 1_000_000})

    assert reply.status == 200  # asked again, as if nothing had been given
    assert _openings(small_site) == []
