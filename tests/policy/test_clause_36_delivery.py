"""Clause 36, delivered: once, in time, to who asked for it alone, and reviewed before."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.vocabulary import (
    Channel,
    DeliveryStatus,
    Gone,
    Purpose,
    Refusal,
    Review,
    RightsStatus,
)
from store import tables
from store.record.sealing import seal_next, verify
from store.rights import requests as rights
from store.rights.copying import everything
from store.rights.requests import Request
from tests.building import BOTH, MAIL, MOBILE, place
from tests.factories import envelope, valid
from tests.pages.site import BASE, Site, a_site
from tests.policy.desk import OFFICER, Office
from workers.links import COPY
from workers.rights.copies import WITHHELD
from workers.rights.delivering import Delivered

REF = "C-7"
CALLER = "Ada Quill"
CANARY = "kept for the copy"


@pytest.fixture
def site(empty_url: str, tmp_path: Path) -> Iterator[Site]:
    """Give a site on each kind of store."""
    with a_site(empty_url, tmp_path, BOTH, sms_sender="+447700900100") as opened:
        yield opened


@pytest.fixture
def small_site(empty_sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """Give one on SQLite alone, for what does not hang on the database."""
    with a_site(empty_sqlite_url, tmp_path, BOTH, sms_sender="+447700900100") as opened:
        yield opened


def _desk(site: Site) -> Office:
    return Office(site.house, site.sending.parts.settings.data_dir)


def _ask(site: Site, kind: str = "access") -> Request:
    told = valid("rights.requested", request_id=str(uuid4()), kind=kind)
    site.house.tell(envelope("rights.requested", subject=REF, data=told))
    with site.house.store.read() as tx:
        return rights.listed(tx, REF)[-1]


def _request(site: Site, request_id: UUID) -> Request:
    with site.house.store.read() as tx:
        (one,) = (one for one in rights.listed(tx, closed=True) if one.id == request_id)
    return one


def _call(site: Site, text: str = CANARY) -> str:
    """A message of a caller; give its event's id with us."""
    call = envelope("call.message_taken", subject=REF, text=text)
    site.house.tell(call)
    return str(site.house.event(call["id"])["id"])


def _release(site: Site) -> None:
    _desk(site).reviewing.decide(REF, (), Review.RELEASED, OFFICER)


def _deliver(site: Site, request: Request, to: str = "d-mail") -> Delivered:
    return _desk(site).delivering.deliver(request, to, OFFICER)


def _send(site: Site, request: Request, to: str = "d-mail") -> str:
    """Deliver, and send the link; give it as its reader sees it."""
    done = _deliver(site, request, to)
    assert done.refusal is None
    assert done.delivery_id is not None
    channel = Channel.EMAIL if to == "d-mail" else Channel.SMS
    site.sending.deliver(channel, [done.delivery_id])
    assert site.house.status(done.delivery_id) is DeliveryStatus.ACCEPTED
    if channel is Channel.EMAIL:
        return site.link()
    said = str(site.sending.accepted()[-1].body)
    (link,) = re.findall(rf"{BASE}/{COPY}/\S+", said)
    return str(link)


def _opened(body: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        found: dict[str, Any] = json.loads(archive.read("records.json"))
    return found


def _transfer(site: Site) -> dict[str, Any]:
    return site.house.rows(tables.transfers)[-1]


def test_clause_36d_the_copy_is_fetched_once_and_the_request_is_closed(site: Site) -> None:
    """By whoever reads the mail at the place it was sent to; then it is nowhere any more."""
    request = _ask(site)
    _call(site)
    _release(site)
    link = _send(site, request)
    lies = site.sending.parts.settings.data_dir / "blobs" / "transfers"
    assert len(list(lies.iterdir())) == 1
    assert link.startswith(f"{BASE}/{COPY}/")

    page, fetched, again = site.get(link), site.fetch(link), site.fetch(link)

    assert (page.status, fetched.status, again.status) == (200, 200, 410)
    assert CANARY in json.dumps(_opened(fetched.body))
    assert fetched.headers["content-disposition"].startswith("attachment")
    assert fetched.headers["cache-control"] == "no-store"
    closed = _request(site, request.id)
    assert closed.status is RightsStatus.DONE
    assert closed.closed_at == site.house.clock.now
    row = _transfer(site)
    assert (row["gone"], row["key"]) == (Gone.TAKEN, None)
    assert _desk(site).transfers.sweep() == 1
    assert list(lies.iterdir()) == []


def test_clause_36d_the_send_of_the_link_is_on_the_ledger(site: Site) -> None:
    """Who was sent what, when and where holds for our own links too."""
    request = _ask(site)

    _send(site, request)

    entries = site.house.entries(event_id=request.id, outcome="accepted")
    assert [(one["purpose"], one["destination_id"]) for one in entries] == [
        (Purpose.RIGHTS, "d-mail")
    ]
    with site.house.store.write() as tx:
        seal_next(tx)
    assert verify(site.house.store).broken is None


def test_clause_36d_a_text_brings_it_to_a_verified_mobile(site: Site) -> None:
    """Its page asks for the number, however that is written."""
    request = _ask(site)
    link = _send(site, request, "d-mobile")

    page = site.get(link)
    wrong = site.fetch(link, MAIL)
    fetched = site.fetch(link, f"0{MOBILE[3:7]} {MOBILE[7:]}")

    assert b"Mobile number" in page.body
    assert (wrong.status, fetched.status) == (403, 200)
    assert _opened(fetched.body)["rights_requests"]


def test_clause_36d_of_two_who_fetch_at_once_one_gets_it(site: Site) -> None:
    """A link that was read over somebody's shoulder hands nothing out twice."""
    link = _send(site, _ask(site))

    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: site.fetch(link).status, range(4)))

    assert sorted(replies) == [200, 410, 410, 410]


def test_clause_36d_it_lies_sealed_with_a_key_of_its_own(small_site: Site) -> None:
    """Nobody reads a copy off the disk, and once its key is destroyed nobody ever will."""
    request = _ask(small_site)
    _call(small_site)
    _release(small_site)
    done = _deliver(small_site, request)
    assert done.transfer is not None

    (file,) = (small_site.sending.parts.settings.data_dir / "blobs" / "transfers").iterdir()

    body = file.read_bytes()
    assert b"PK\x03\x04" not in body
    assert b"records.json" not in body
    assert _transfer(small_site)["sha256"] == done.transfer.sha256


@pytest.mark.parametrize(
    ("to", "refusal"),
    [
        ("d-nowhere", Refusal.DESTINATION_REMOVED),
        ("d-postal", Refusal.DESTINATION_UNFIT),
        ("d-new", Refusal.DESTINATION_UNVERIFIED),
        ("@invoice", Refusal.DESTINATION_UNFIT),
        ("d-theirs", Refusal.DESTINATION_REMOVED),
    ],
)
def test_clause_36d_it_goes_to_a_verified_place_of_theirs_alone(
    small_site: Site, to: str, refusal: Refusal
) -> None:
    """Anywhere else it would be a breach, not an answer."""
    house = small_site.house
    house.serve("C-8")
    house.tell(
        place(REF, "d-new", "email", "new@harbourlane.example"),
        place("C-8", "d-theirs", "email", "theirs@harbourlane.example"),
    )
    request = _ask(small_site)

    done = _deliver(small_site, request, to)

    assert done.refusal is refusal
    assert house.rows(tables.transfers) == []
    assert house.deliveries(event_id=request.id) == []


def test_clause_36d_a_place_that_changes_meanwhile_gets_nothing(small_site: Site) -> None:
    """Who took an address over must not be handed the records of who had it before."""
    request = _ask(small_site)
    link = _send(small_site, request)
    small_site.house.tell(place(REF, "d-mail", "email", "other@harbourlane.example"))

    replies = [small_site.fetch(link, who).status for who in (MAIL, "other@harbourlane.example")]

    assert replies == [404, 404]
    assert _request(small_site, request.id).closed_at is None


def test_clause_36d_a_link_that_ended_hands_nothing_out(small_site: Site) -> None:
    """After its days the copy is gone, whether upkeep has been or not; the request stays open."""
    request = _ask(small_site)
    link = _send(small_site, request)
    small_site.house.clock.advance(days=7)

    before = small_site.fetch(link)
    assert _desk(small_site).transfers.sweep() == 1
    after = small_site.fetch(link)

    assert (before.status, after.status) == (410, 410)
    assert _transfer(small_site)["gone"] is Gone.EXPIRED
    assert _request(small_site, request.id).closed_at is None
    assert _desk(small_site).transfers.sweep() == 0


def test_clause_36d_a_request_that_is_refused_after_all_hands_nothing_out(site: Site) -> None:
    """Found out to be an impostor's: the link that was sent already must be worth nothing."""
    request = _ask(site)
    _call(site)
    _release(site)
    link = _send(site, request)

    refusal = _desk(site).requests.close(request, RightsStatus.REFUSED, OFFICER)
    fetched = site.fetch(link)

    assert (refusal, fetched.status) == (None, 410)
    assert (_transfer(site)["gone"], _transfer(site)["key"]) == (Gone.REFUSED, None)
    assert _request(site, request.id).status is RightsStatus.REFUSED


def test_clause_36d_what_the_link_has_closed_no_officer_closes_again(small_site: Site) -> None:
    """Who looked a moment before would write over that it was handed out."""
    request = _ask(small_site)
    link = _send(small_site, request)
    assert small_site.fetch(link).status == 200

    refusal = _desk(small_site).requests.close(request, RightsStatus.REFUSED, OFFICER)

    assert refusal is Refusal.CLOSED
    assert _request(small_site, request.id).status is RightsStatus.DONE


def test_clause_36d_too_many_wrong_addresses_close_the_link(small_site: Site) -> None:
    """Guessing is no way in."""
    link = _send(small_site, _ask(small_site))

    replies = [small_site.fetch(link, f"no-{n}@example.com").status for n in range(5)]

    assert replies == [403] * 5
    assert small_site.fetch(link).status == 403


def test_clause_36d_delivered_again_the_first_link_ends(small_site: Site) -> None:
    """A mail that was lost is sent again, and only the last one opens."""
    request = _ask(small_site)
    first = _send(small_site, request)

    second = _send(small_site, request)

    assert small_site.fetch(first).status == 410
    assert small_site.fetch(second).status == 200
    assert [row["gone"] for row in small_site.house.rows(tables.transfers)] == [
        Gone.REPLACED,
        Gone.TAKEN,
    ]


def test_clause_36d_delivered_again_a_link_that_has_not_left_never_does(
    small_site: Site,
) -> None:
    """Its reader would find that it has ended, and think that somebody else had it."""
    request = _ask(small_site)
    first = _deliver(small_site, request).delivery_id
    assert first is not None

    second = _deliver(small_site, request).delivery_id

    assert small_site.house.status(first) is DeliveryStatus.CANCELLED
    assert second is not None
    assert small_site.house.status(second) is DeliveryStatus.PENDING


def test_clause_36d_nothing_is_delivered_while_a_caller_waits_for_review(site: Site) -> None:
    """Another person's name is handed out by somebody's decision, never by default."""
    request = _ask(site)
    event_id = _call(site)

    done = _deliver(site, request)

    assert (done.refusal, done.undecided) == (Refusal.UNDECIDED, (event_id,))
    assert site.house.rows(tables.transfers) == []
    _release(site)
    assert _deliver(site, request).refusal is None


@pytest.mark.parametrize(
    ("decided", "caller_is_there", "text_is_there"),
    [
        (Review.RELEASED, True, True),
        (Review.REDACTED, False, True),
        (Review.WITHHELD, False, False),
    ],
)
def test_clause_36d_what_a_reviewer_decided_is_what_is_handed_out(
    small_site: Site, decided: Review, caller_is_there: bool, text_is_there: bool
) -> None:
    """Released, the other person left out, or what they said too; and who decided is on record."""
    request = _ask(small_site)
    event_id = _call(small_site)
    _desk(small_site).reviewing.decide(REF, [event_id], decided, OFFICER)
    link = _send(small_site, request)

    records = _opened(small_site.fetch(link).body)

    (call,) = (one for one in records["events"] if one["id"] == event_id)
    said = json.dumps(call["content"])
    assert (CALLER in said) is caller_is_there
    assert (CANARY in said) is text_is_there
    assert (WITHHELD in said) is not caller_is_there
    (decision,) = small_site.house.rows(tables.decisions, about=event_id)
    assert (decision["decided"], decision["actor"]) == (decided, OFFICER.actor)


def test_clause_36d_the_last_decision_counts_and_the_first_stays_on_record(
    small_site: Site,
) -> None:
    """A reviewer may think again; what was thought before is not unsaid."""
    event_id = _call(small_site)
    desk = _desk(small_site)
    desk.reviewing.decide(REF, [event_id], Review.RELEASED, OFFICER)
    small_site.house.clock.advance(seconds=1)
    desk.reviewing.decide(REF, [event_id], Review.REDACTED, OFFICER)

    (mark,) = desk.reviewing.marks(REF)

    assert mark.decided is Review.REDACTED
    assert len(small_site.house.rows(tables.decisions, about=event_id)) == 2


@pytest.mark.parametrize(
    ("type_", "without", "table"),
    [
        ("note.recorded", {"amends": ...}, "notes"),
        ("correspondence.recorded", {}, "correspondence"),
    ],
)
def test_clause_36d_what_is_withheld_is_nowhere_in_the_copy(
    small_site: Site, type_: str, without: dict[str, Any], table: str
) -> None:
    """A note or an email stands in a table of its own too; and any record may be withheld."""
    told = envelope(type_, subject=REF, text=CANARY, **without)
    small_site.house.tell(told)
    event_id = str(small_site.house.event(told["id"])["id"])
    desk = _desk(small_site)
    desk.reviewing.decide(REF, [event_id], Review.RELEASED, OFFICER)
    before = _packed(small_site, "before.zip")
    small_site.house.clock.advance(seconds=1)

    desk.reviewing.decide(REF, [event_id], Review.WITHHELD, OFFICER)

    after = _packed(small_site, "after.zip")
    assert CANARY in json.dumps(before[table])
    assert CANARY not in json.dumps(after)


def test_clause_36d_a_letter_that_is_withheld_takes_its_scan_with_it(small_site: Site) -> None:
    """What a reviewer left out must not lie in another folder of the same copy."""
    content = small_site.send_scan()
    (event,) = small_site.house.rows(tables.events, type="post.scanned")
    to = small_site.sending.parts.settings.data_dir
    desk = _desk(small_site)
    found = []
    for number, decided in enumerate((Review.REDACTED, Review.WITHHELD)):
        small_site.house.clock.advance(seconds=1)
        desk.reviewing.decide(REF, [str(event["id"])], decided, OFFICER)
        assert desk.copies.copy(REF, to / f"{number}.zip", OFFICER) is not None
        with zipfile.ZipFile(to / f"{number}.zip") as archive:
            found.append([archive.read(one) for one in archive.namelist() if "files/" in one])

    assert found == [[content], []]


def _packed(site: Site, name: str) -> dict[str, Any]:
    to = site.sending.parts.settings.data_dir / name
    assert _desk(site).copies.copy(REF, to, OFFICER) is not None
    return _opened(to.read_bytes())


def test_clause_36d_another_customers_record_is_not_theirs_to_decide(small_site: Site) -> None:
    """A wrong id is said, and decides nothing."""
    small_site.house.serve("C-8")
    call = envelope("call.message_taken", subject="C-8")
    small_site.house.tell(call)
    other = str(small_site.house.event(call["id"])["id"])

    answers = _desk(small_site).reviewing.decide(REF, [other], Review.RELEASED, OFFICER)

    assert answers == {other: Refusal.UNKNOWN}
    assert small_site.house.rows(tables.decisions) == []


def test_clause_36d_a_request_for_something_else_is_not_answered_by_a_copy(
    small_site: Site,
) -> None:
    """Nor one that is answered already."""
    erasure, access = _ask(small_site, "erasure"), _ask(small_site)
    _desk(small_site).requests.close(access, RightsStatus.REFUSED, OFFICER)

    assert _deliver(small_site, erasure).refusal is Refusal.NOT_COPIED
    assert _deliver(small_site, access).refusal is Refusal.CLOSED


def test_clause_36d_portability_delivers_what_they_gave_us(small_site: Site) -> None:
    """For another provider: no record of ours, and nobody else's name."""
    _call(small_site)
    link = _send(small_site, _ask(small_site, "portability"))

    records = _opened(small_site.fetch(link).body)

    assert set(records) == {"customers", "destinations", "rule_sets", "consents"}


def test_clause_36d_the_copys_key_is_in_no_copy(small_site: Site) -> None:
    """A later copy must not hold what opens an earlier one."""
    _send(small_site, _ask(small_site))

    with small_site.house.store.read() as tx:
        tables_copied = {name for name, _ in everything(tx, REF)}

    assert "transfers" not in tables_copied
