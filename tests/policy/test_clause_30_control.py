"""Clause 30: we remain in control of what others carry and keep for us."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uvloop

from contracts.vocabulary import Answer, Reason, RightsStatus, Role
from store import outbox, tables
from store.publishers import Publisher
from store.rights import processors
from tests.building import submission
from tests.factories import envelope, valid
from tests.policy.desk import OFFICER, Office
from tests.policy.processing import (
    RUNS,
    asked,
    confirm,
    confirmed,
    publisher,
    sent_to,
)
from tests.providers.servers import serving, until
from tests.providers.smtp_servers import MailServer, Script, certificate
from tests.providers.test_smtp_tls import send
from workers.intake.submission import BY_HAND
from workers.providers.base import Deferred, Verdict
from workers.rights.complaints import Came
from workers.rights.erasure import Erasing
from workers.rights.forgetting import Forgetting
from workers.telling import tell


def _erasing(office: Office) -> Erasing:
    return Erasing(
        office.house.store, lambda: office.register, lambda: office.files, RUNS, answer_days=14
    )


def test_clause_30_an_erasure_asks_each_processor_that_holds_something(office: Office) -> None:
    """Once each, and nobody who holds nothing; what we delete ourselves nobody is asked to."""
    sent_to(office.house)
    office.house.tell(envelope("rights.requested", data=valid("rights.requested", kind="erasure")))

    done = _erasing(office).erase("C-1042", OFFICER)

    assert set(done.asked) == {"relay", "centre", "bank", "vaults"}
    assert {one["processor"] for one in office.house.outcomes("erasure.requested")} == set(
        done.asked
    )
    assert {row["audience"] for row in office.house.rows(tables.outbox)} == {
        outbox.to_processor(name) for name in done.asked
    }


def test_clause_30_a_processor_reads_what_it_alone_is_asked(office: Office) -> None:
    """What another holds of somebody, and by which names, is not for it to know."""
    sent_to(office.house)
    _erasing(office).erase("C-1042", OFFICER)

    with office.house.store.write() as tx:
        outbox.give_positions(tx)
        read = {
            name: [
                one.facts["processor"]
                for one in outbox.after(tx, publisher(name).audiences(), 0, 100)
            ]
            for name in ("relay", "bank", "stranger")
        }

    assert read == {"relay": ["relay"], "bank": ["bank"], "stranger": []}


@pytest.mark.parametrize(
    "publisher", [publisher("bank"), Publisher("all", ("*",), ("*",), (), tuple(Role))]
)
def test_clause_30_nobody_confirms_for_another_processor(
    office: Office, publisher: Publisher
) -> None:
    """Else an erasure is closed on the word of somebody who has erased nothing."""
    sent_to(office.house)
    _erasing(office).erase("C-1042", OFFICER)
    erasure = asked(office.house)[0].erasure_id

    answer = office.house.hand_in_one(confirmed(str(erasure), "relay"), publisher)

    assert answer.answer is Answer.REJECTED
    assert [one.path for one in answer.problems] == ["data.processor"]
    assert "--processor NAME" in answer.problems[0].text
    assert {one.processor for one in asked(office.house)} >= {"relay", "bank"}


def test_clause_30_an_operator_confirms_for_one_that_publishes_nothing(office: Office) -> None:
    """By telephone or letter: what the command line publishes is an operator's word."""
    sent_to(office.house)
    _erasing(office).erase("C-1042", OFFICER)
    erasure = asked(office.house)[0].erasure_id

    answer = office.house.hand_in_one(confirmed(str(erasure), "relay"), BY_HAND)

    assert answer.answer is Answer.ACCEPTED
    assert "relay" not in {one.processor for one in asked(office.house)}


def test_clause_30_a_processor_is_told_whom_and_by_which_names(office: Office) -> None:
    """It knows a send by the name that it gave it; our own of the customer goes along."""
    sent_to(office.house)
    _erasing(office).erase("C-1042", OFFICER)

    with office.house.store.write() as tx:
        outbox.give_positions(tx)
        found = tell(tx, outbox.unpublished(tx))
    told: dict[str, Any] = {
        one.data["processor"]: (one.subject, one.data["held"])
        for one in found
        if one.type == "onward.erasure.requested.v1" and isinstance(one.data, dict)
    }

    assert told["relay"] == ("C-1042", [{"part": "provider", "references": ["SM-77"]}])
    assert told["vaults"] == ("C-1042", [{"part": "backup", "references": []}])


def test_clause_30_the_request_is_open_until_the_last_receipt(office: Office) -> None:
    """However often one of them confirms, and in whatever order."""
    sent_to(office.house)
    office.house.tell(envelope("rights.requested", data=valid("rights.requested", kind="erasure")))
    done = _erasing(office).erase("C-1042", OFFICER)
    (request,) = office.house.rows(tables.rights_requests)
    assert request["status"] is RightsStatus.OPEN

    confirm(office.house, request["id"], *done.asked[:-1], done.asked[0])
    (before,) = office.house.rows(tables.rights_requests)
    confirm(office.house, request["id"], done.asked[-1])

    (after,) = office.house.rows(tables.rights_requests)
    assert before["status"] is RightsStatus.OPEN
    assert after["status"] is RightsStatus.DONE
    assert asked(office.house) == []
    assert [one.processor for one in asked(office.house, confirmed=True)]
    assert {row["named"] for row in office.house.rows(tables.erasures_asked)} == {None}


def test_clause_30_receipts_that_come_in_one_batch_close_it_too(office: Office) -> None:
    """Each is decided with what those before it have changed."""
    sent_to(office.house)
    office.house.tell(envelope("rights.requested", data=valid("rights.requested", kind="erasure")))
    done = _erasing(office).erase("C-1042", OFFICER)
    (request,) = office.house.rows(tables.rights_requests)

    office.house.taking_in.take_in(
        [submission(confirmed(str(request["id"]), name), publisher(name)) for name in done.asked]
    )

    assert office.house.rows(tables.rights_requests)[0]["status"] is RightsStatus.DONE


def test_clause_30_a_receipt_that_names_the_customer_brings_nothing_back(office: Office) -> None:
    """Publishers repeat the subject; nothing of theirs is to be kept under it."""
    sent_to(office.house)
    _erasing(office).erase("C-1042", OFFICER)
    one = asked(office.house)[0]

    receipt = confirmed(str(one.erasure_id), one.processor, subject="C-1042")
    office.house.hand_in_one(receipt, publisher(one.processor))

    assert office.house.rows(tables.events, customer_ref="C-1042") == []
    assert len(asked(office.house)) == len(asked(office.house, confirmed=True)) - 1


@pytest.mark.parametrize("request_id", ["right-1", str(UUID(int=7))])
def test_clause_30_a_receipt_for_what_nobody_asked_is_refused(
    office: Office, request_id: str
) -> None:
    """Its publisher has mixed something up, and must know."""
    answer = office.house.hand_in_one(confirmed(request_id, "relay"), publisher("relay"))

    assert answer.answer is Answer.REJECTED
    assert [one.path for one in answer.problems] == ["data.request_id"]


def test_clause_30_who_was_never_sent_anything_is_erased_at_once(office: Office) -> None:
    """A prospect of whom nobody else knows waits for nobody but whoever keeps backups."""
    office.house.tell(envelope("customer.enquired"))

    assert _erasing(office).erase("C-1042", OFFICER).asked == ("vaults",)


def test_clause_30_a_processor_that_does_not_answer_shows(office: Office) -> None:
    """The officer has its answer to ask for, and the law's month runs."""
    sent_to(office.house)
    _erasing(office).erase("C-1042", OFFICER)

    office.house.clock.advance(days=15)

    with office.house.store.read() as tx:
        assert all(one.due_at < tx.now for one in processors.listed(tx))


def test_clause_30_a_bad_certificate_is_sent_nothing(tmp_path: Path) -> None:
    """Whoever it is, it is not the relay that was set: no line of the email leaves."""
    context, _ = certificate(tmp_path)
    mail = MailServer(Script(tls=context))

    async def play() -> Verdict:
        async with serving(mail) as wire:
            verdict = await send(wire.port, security="starttls")
            await until(lambda: wire.open == 0)  # a handshake cut short would never end
            return verdict

    verdict = uvloop.run(play())

    assert isinstance(verdict, Deferred)
    assert verdict.reason is Reason.UNREACHABLE
    assert mail.said("MAIL") == []


def test_clause_30_that_they_asked_and_who_confirmed_it_is_forgotten_when_sends_are(
    office: Office,
) -> None:
    """No service of theirs ended, from which else that time would run: it would be for good."""
    sent_to(office.house)
    office.house.tell(envelope("rights.requested", data=valid("rights.requested", kind="erasure")))
    made = office.complaints.open(Came("too many calls", "phone", "C-1042"), OFFICER)
    assert isinstance(made, UUID)
    office.complaints.acknowledge(made, OFFICER)
    office.complaints.close(made, OFFICER)
    done = _erasing(office).erase("C-1042", OFFICER)
    (request,) = office.house.rows(tables.rights_requests)
    confirm(office.house, request["id"], *done.asked)
    kept = (tables.rights_requests, tables.erasures_asked, tables.complaints)
    forgetting = Forgetting(office.house.store, office.house.policies)

    office.house.clock.advance(days=5 * 365)
    early = forgetting.run()
    office.house.clock.advance(days=6)
    forgetting.run()

    assert early == 0
    assert [office.house.rows(table) for table in kept] == [[], [], []]


def test_clause_30_a_receipt_that_is_overdue_waits_for_an_operator(office: Office) -> None:
    """Else nobody asks after it, and the erasure is never complete."""
    sent_to(office.house)
    _erasing(office).erase("C-1042", OFFICER)
    (request,) = {row["erasure_id"] for row in office.house.rows(tables.erasures_asked)}
    before = office.clocks
    office.house.clock.advance(days=15)
    confirm(office.house, request, "relay")

    after = office.clocks

    names = [row["processor"] for row in office.house.rows(tables.erasures_asked)]
    assert before == {}
    assert after == {f"clock/receipt/overdue/{one}": 1 for one in names if one != "relay"}
