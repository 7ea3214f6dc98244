"""Clauses 42, 44: every version of the policy is archived; what was decided names its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from contracts.vocabulary import Answer, Target, Verb
from store import audit, tables
from store.audit import By, Concerned
from store.policy import versions as policy
from store.policy.in_force import InForce
from tests.building import House
from tests.factories import Sample, catch_all, envelope, valid
from tests.policy.desk import Office

TEXT = b"Data Protection Policy\nThis copy was last updated in January 2027.\n"
OTHER = b"Data Protection Policy\nThis copy was last updated in April 2020.\n"


def _changed(version: str, text: bytes, effective_at: str, **more: Any) -> Sample:
    return envelope(
        "policy.changed",
        subject=None,
        data=valid(
            "policy.changed",
            version=version,
            sha256=sha256(text).hexdigest(),
            published_at="2026-11-20T10:00:00Z",
            effective_at=effective_at,
            **more,
        ),
    )


def _serve(house: House) -> None:
    """A customer of whose every message it is recorded that it is not sent on."""
    house.serve(rules=[catch_all("d-mobile", timing="none")])


def _entry(house: House) -> str:
    """Have something recorded; give the version that its entry names."""
    house.tell(envelope("call.message_taken"))
    return str(house.entries()[-1]["policy_version"])


def test_clause_42_every_version_is_archived_by_its_digest(office: Office) -> None:
    """With what was published where, and from when it holds."""
    office.house.tell(_changed("2027-01", TEXT, "2027-01-01T00:00:00Z"))

    with office.house.store.read() as tx:
        (one,) = policy.listed(tx)

    assert (one.version, one.sha256) == ("2027-01", sha256(TEXT).hexdigest())
    assert one.url is not None
    assert one.url.startswith("https://")


def test_clause_42_a_version_is_never_another_text(office: Office) -> None:
    """Who agreed to it agreed to that one."""
    office.house.tell(_changed("2027-01", TEXT, "2027-01-01T00:00:00Z"))

    again = office.house.hand_in_one(_changed("2027-01", TEXT, "2027-01-01T00:00:00Z"))
    other = office.house.hand_in_one(_changed("2027-01", OTHER, "2027-01-01T00:00:00Z"))

    assert again.answer is Answer.ACCEPTED
    assert other.answer is Answer.REJECTED
    assert [one.path for one in other.problems] == ["data.sha256"]


def test_clause_42_the_text_is_kept_and_comes_back_as_it_was(office: Office) -> None:
    """Sealed in the object store; altered it does not open."""
    digest = sha256(TEXT).hexdigest()
    with office.house.store.write() as tx:
        policy.keep_text(tx, office.files, digest, TEXT)

    with office.house.store.read() as tx:
        assert policy.text_of(tx, office.files, digest) == TEXT
    assert TEXT not in office.everything_stored()


def test_clause_44_what_is_recorded_names_the_version_in_force_then(office: Office) -> None:
    """Read again years later, each entry shows what was promised when it was made."""
    house = office.house
    _serve(house)
    before = _entry(house)
    house.tell(_changed("2027-01", TEXT, "2027-01-01T00:00:00Z"))
    announced = _entry(house)

    house.clock.advance(days=60)
    after = _entry(house)

    assert (before, announced, after) == ("2020-04", "2020-04", "2027-01")
    assert [row["policy_version"] for row in house.entries()[:1]] == ["2020-04"]


def test_clause_44_a_change_that_was_taken_back_never_takes_effect(office: Office) -> None:
    """Its version stays in the archive: it was published."""
    house = office.house
    _serve(house)
    told = _changed("2027-01", TEXT, "2027-01-01T00:00:00Z")
    house.tell(told)
    house.tell(
        envelope(
            "event.withdrawn",
            subject=None,
            data={"source": told["source"], "id": told["id"], "reason": "published too soon"},
        )
    )
    house.clock.advance(days=60)

    assert _entry(house) == "2020-04"
    with house.store.read() as tx:
        assert [one.version for one in policy.listed(tx)] == ["2027-01"]


def test_clause_44_consents_and_decisions_name_it(office: Office) -> None:
    """What somebody agreed to, and on what an officer decided."""
    house = office.house
    house.register()
    house.tell(_changed("2027-01", TEXT, "2027-01-01T00:00:00Z"))
    house.clock.advance(days=60)

    house.tell(envelope("consent.given"))
    with house.store.write() as tx:
        about = [Concerned(Target.CUSTOMER, "C-1042", customer_ref="C-1042")]
        audit.put(tx, Verb.HOLD, By("privacy", "a claim"), about)

    assert [row["policy_version"] for row in house.rows(tables.consents)] == ["2027-01"]
    assert [row["policy_version"] for row in house.rows(tables.acts)] == ["2027-01"]


def test_clause_44_versions_are_read_now_and_then_and_not_for_each_entry(office: Office) -> None:
    """The hot path asks for it with every entry."""
    steadily = [0.0]
    in_force = InForce("2020-04", lambda: steadily[0])
    house = office.house
    with house.store.read() as tx:
        assert in_force.at(tx.connection, tx.now) == "2020-04"
    house.tell(_changed("2026-11b", TEXT, "2026-11-20T10:00:00Z", major=False))
    house.clock.advance(seconds=1)

    with house.store.read() as tx:
        kept = in_force.at(tx.connection, tx.now)
        steadily[0] = 31.0
        read_anew = in_force.at(tx.connection, tx.now)

    assert (kept, read_anew) == ("2020-04", "2026-11b")


@contextmanager
def _desk(folder: Path) -> Iterator[Any]:
    """An embedded installation's command line."""

    def onward(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).parent / "onward"), *words],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "ONWARD_DATA_DIR": str(folder / "data")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert onward("migrate").returncode == 0
    yield onward


def test_clause_42_the_published_text_is_held_against_the_version_in_force(tmp_path: Path) -> None:
    """To the letter: whoever changed a word on the website changed the policy."""
    published = tmp_path / "policy.txt"
    published.write_bytes(OTHER)
    with _desk(tmp_path) as onward:
        unannounced = onward("policy", "add", "policy.txt", "--version", "2020-04")
        added = onward(
            "policy", "add", "policy.txt", "--version", "2020-04", "--effective-at", "2020-04-01"
        )
        same = onward("policy", "check", "policy.txt")
        shown = onward("policy", "show")
        published.write_bytes(OTHER.replace(b"April", b"May"))
        changed = onward("policy", "check", "policy.txt")
        again = onward("policy", "add", "policy.txt", "--version", "2020-04")

    assert "--effective-at" in unannounced.stderr
    assert added.returncode == 0
    assert (same.returncode, shown.stdout.encode()) == (0, OTHER)
    assert changed.returncode == 1
    assert "no version on record" in changed.stderr
    assert again.returncode == 1
    assert sha256(OTHER).hexdigest() in again.stderr
