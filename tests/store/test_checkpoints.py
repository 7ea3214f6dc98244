"""Is what is published of the ledger enough to find out changes, and to prove a send?"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from store import tables
from store.record import checkpoints, proving
from store.record.checkpoints import Checkpoint, Published
from store.record.sealing import Trusted, seal_next, verify
from tests.building import House
from tests.factories import catch_all, envelope


def _send(house: House, times: int = 1) -> None:
    """Have entries come onto the ledger, a seal for each call."""
    house.tell(*(envelope("call.message_taken") for _ in range(times)))
    house.tell(envelope("preferences.set", rules=[catch_all("d-mail")], based_on_version=...))
    with house.store.write() as tx:
        while seal_next(tx):
            pass


@pytest.fixture
def published(tmp_path: Path) -> Published:
    """Give where checkpoints go."""
    return Published((tmp_path / "published").as_uri())


@pytest.fixture
def served(house: House) -> House:
    """Give a house with a customer and something on the ledger."""
    house.serve()
    _send(house, 3)
    return house


def _publish(house: House, published: Published) -> Checkpoint:
    made = checkpoints.publish_next(house.store, published)
    assert made is not None
    return made


def _fault(house: House, written: list[Checkpoint]) -> str | None:
    with house.store.read() as tx:
        return checkpoints.fault_of(tx, written, checkpoints.public_key(house.store.root))


def _proofs(house: House, published: Published, *shown: str) -> list[dict[str, Any]]:
    with house.store.read() as tx:
        rows = [
            row
            for entry in house.rows(tables.ledger)
            for row in proving.entries_of(tx, entry["id"])
        ]
        found = [proving.prove(tx, row, published.all(), shown or proving.SHOWN) for row in rows]
    proofs = [one for one in found if isinstance(one, dict)]
    assert len(proofs) == len(found), found
    return proofs


def _run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a proof by a bare interpreter: nothing of ours, nothing installed."""
    file = folder / "proof.py"
    file.write_text(script, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-I", "-S", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_each_checkpoint_follows_the_one_before_it(served: House, published: Published) -> None:
    """And nothing is written where nothing was sealed since."""
    first = _publish(served, published)
    again = checkpoints.publish_next(served.store, published)
    _send(served)
    second = _publish(served, published)

    assert again is None
    assert (second.number, second.first_seal) == (2, first.last_seal + 1)
    assert second.previous == first.digest()
    assert published.all() == [first, second]
    assert _fault(served, published.all()) is None


@pytest.mark.parametrize("field", ["root", "entries", "at", "previous", "head", "last_seal"])
def test_a_checkpoint_that_was_altered_is_found_out(
    served: House, published: Published, field: str
) -> None:
    """The signature covers every field."""
    written: dict[str, Any] = json.loads(_publish(served, published).as_json())
    was = written[field]
    written[field] = was + 1 if isinstance(was, int) else was[:-1] + "x"

    altered = checkpoints.read(json.dumps(written).encode())

    assert "is not signed" in (_fault(served, [altered]) or "")


def test_a_ledger_that_was_written_anew_is_found_out(served: House, published: Published) -> None:
    """Whoever has the database can make a chain that holds; not the one that was published."""
    _publish(served, published)
    with served.store.write() as tx:
        tx.connection.execute(update(tables.seals).values(seal=b"s" * 32))

    assert "seals are not those" in (_fault(served, published.all()) or "")


def test_the_chain_can_be_checked_from_a_checkpoint_on(served: House, published: Published) -> None:
    """What it covers is taken as it is; what came after is looked at."""
    one = _publish(served, published)
    _send(served)

    found = verify(served.store, Trusted(one.last_seal, bytes.fromhex(one.head), one.entries))

    whole = verify(served.store)
    assert (found.broken, whole.broken) == (None, None)
    assert found.head == whole.head
    assert 0 < found.entries < whole.entries


def test_a_proof_holds_without_us(served: House, published: Published, tmp_path: Path) -> None:
    """Run by another interpreter, with nothing installed."""
    _send(served, 4)
    _publish(served, published)
    proofs = _proofs(served, published)

    done = _run(proving.script(proofs), tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("holds by checkpoint 1") == len(proofs) > 5
    assert "+447700900123" in done.stdout


@pytest.mark.parametrize("what", ["outcome", "shown", "path", "signature", "root"])
def test_a_proof_that_was_altered_does_not_hold(
    served: House, published: Published, tmp_path: Path, what: str
) -> None:
    """Each of its parts counts."""
    _publish(served, published)
    proof = next(one for one in _proofs(served, published) if one["shown"][0]["value"])
    match what:
        case "outcome":
            proof["entry"][proof["columns"].index("outcome")] = "delivered"
        case "shown":
            proof["shown"][0]["value"] = "+447700900999"
        case "path":
            proof["to_seal"] = proof["to_seal"][:-1]
        case "signature":
            signed = proof["checkpoint"]["signature"]
            proof["checkpoint"]["signature"] = ("0" if signed[0] != "0" else "1") + signed[1:]
        case _:
            proof["checkpoint"]["root"] = "ab" * 32

    done = _run(proving.script([proof]), tmp_path)

    assert done.returncode == 1
    assert "DOES NOT HOLD" in done.stdout


def test_what_is_not_to_be_shown_is_not_in_the_proof(served: House, published: Published) -> None:
    """Whom it went to can be left out, and the rest still holds."""
    _publish(served, published)

    proofs = _proofs(served, published, "masked")

    told = json.dumps(proofs)
    assert "+447700900123" not in told
    assert {one["name"] for proof in proofs for one in proof["shown"]} == {"masked"}


def test_what_is_not_covered_yet_says_so(served: House, published: Published) -> None:
    """A proof that does not lead to anything published proves nothing."""
    with served.store.read() as tx:
        (row, *_) = proving.entries_of(tx, served.rows(tables.ledger)[0]["id"])
        found = proving.prove(tx, row, published.all())

    assert isinstance(found, proving.NotProvable)
    assert "no checkpoint covers it" in found.why


def test_what_a_customer_was_called_never_runs_as_code(
    served: House, published: Published, tmp_path: Path
) -> None:
    """A program that we print is run by a court; nobody else writes a line of it."""
    _publish(served, published)
    (proof, *_) = _proofs(served, published)
    for hostile in ("'''; raise SystemExit(7) #", '""" + 1/0 #', "\\'\\x00\n1/0"):
        proof["shown"] = [{"name": "masked", "place": 1, "salt": "00", "value": hostile}]

        done = _run(proving.script([proof]), tmp_path)

        assert done.returncode == 1, done.stderr
        assert "DOES NOT HOLD: the masked" in done.stdout
