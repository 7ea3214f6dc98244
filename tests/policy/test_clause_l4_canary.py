"""Law, L4: no personal value stands in a log, in a metric, in a queue of ours, or in plain at rest.

One canary for each personal field of each event, taken from the contracts themselves, goes every
way that there is through an installation of real processes (`tests.policy.canary.whole`). Then it
is looked for everywhere, as it is and however it may be encoded.
"""

import base64
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pika
import psycopg
import pytest

from tests.policy.canary.day import Day
from tests.policy.canary.ground import Form, Ground, Printed, ground
from tests.policy.canary.search import bodies, hits, in_process
from tests.policy.canary.values import AMOUNT, BORN, CARD, MARK, PLAIN, Canaries, wanted_fields
from tests.policy.canary.whole import everywhere, live, missing
from tests.service_answers import MANAGEMENT
from tests.waiting import eventually

PLANTED = f"{MARK}bbbb"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "form",
    ["embedded", pytest.param("full", marks=[pytest.mark.broker, pytest.mark.database])],
)
def test_clause_l4_no_canary_is_found_anywhere(
    form: Form, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Whatever happens, and whatever is added: a new field is looked for by itself."""
    services = {}
    if form == "full":
        services = {
            "database": request.getfixturevalue("database_url"),
            "broker": request.getfixturevalue("broker_url"),
            "management": os.environ.get(MANAGEMENT, ""),
        }
    with ground(form, tmp_path, services) as made:
        day = Day(made)

        live(day)

        assert missing(day) == []
        assert wanted_fields() - day.make.fields == set()
        found = everywhere(day)
        assert [day.make.told(hit) for told in found.values() for hit in told] == []
        assert made.pages > 0, "no journal was looked at while it was written"
        figures = b"".join(made.figures)
        forged = re.search(rb'meaning="refused"[^}]*\} [1-9]', figures)
        assert forged, "no receipt was forged"
        assert any('"overdue": "yes"' in one.out for one in made.printed), "nothing was overdue"
        assert form == "embedded" or day.queued, "no hints were looked at"
        _plant(day)
        blind = {place for place, seen in everywhere(day).items() if not seen}
        assert blind == set(), "the search does not see what was put there"


def _plant(day: Day) -> None:
    """Put a canary into each kind of place."""
    made = day.ground
    kinds = ("blobs", "checkpoints", "erasures", "journals")
    for folder in (made.home / "logs", made.home / "temporary", *(made.data / k for k in kinds)):
        (folder / "planted").write_bytes(base64.b64encode(f"it was {PLANTED}".encode()))
    made.figures.append(f'onward_events_total{{to="{quote(PLANTED)}"}} 1'.encode())
    made.printed.append(Printed(("queues",), 1, "", f"Traceback … {PLANTED.lower()}"))
    _plant_in_a_table(made)
    with subprocess.Popen(
        [sys.executable, "-c", "input()", PLANTED], stdin=subprocess.PIPE, env={"X": PLANTED}
    ) as process:
        # At once there may be nothing: the system gives a new program its words a little later.
        made.seen += eventually(
            lambda: list(in_process("planted", process.pid)), "the process shows its words"
        )
    if made.broker is not None:
        with pika.BlockingConnection(pika.URLParameters(made.broker)) as connection:
            channel = connection.channel()
            channel.queue_declare("onward.planted")
            channel.basic_publish("", "onward.planted", PLANTED.encode())
        day.queued |= bodies(made.broker, ["onward.planted"])


def _plant_in_a_table(made: Ground) -> None:
    planted = f"UPDATE publishers SET name = '{PLANTED}'"  # noqa: S608 - the test's own word
    if made.database is not None:
        with psycopg.connect(made.database) as connection:
            connection.execute(planted.encode())
        return
    with closing(sqlite3.connect(made.data / "onward.db")) as file, file:
        file.execute(planted)


def test_clause_l4_every_field_that_takes_a_word_has_a_canary() -> None:
    """One that has none is named, with the reason, and no name is left over from before."""
    fields = wanted_fields()

    assert "call.message_taken text" in fields
    assert "identity.checked date_of_birth" in fields
    assert "preferences.set rules[].match.person[]" in fields
    assert [name for name, reason in PLAIN.items() if not reason] == []


@pytest.mark.parametrize(
    "written",
    [
        MARK,
        MARK.lower(),
        MARK.upper(),
        quote(f"{MARK}/é"),
        MARK.encode().hex(),
        *(base64.b64encode(b"x" * before + MARK.encode()).decode() for before in range(3)),
        base64.urlsafe_b64encode(b"to +447700900123").decode(),
        "+447700900123",
        "07700 900123",
        "020 7946 0123",
        "%2B442079460123",
        "+44 1632 960123",
        AMOUNT,
        "84,577.64",
        BORN,
        "11/03/1907",
        CARD,
        CARD.replace(" ", ""),
    ],
)
def test_clause_l4_a_canary_is_known_however_it_is_written(written: str) -> None:
    """A log that holds it in base64 holds it."""
    assert hits("here", f'{{"event": "x", "y": "{written}"}}'.encode())


def test_clause_l4_what_is_no_canary_is_not_taken_for_one() -> None:
    """Else nobody would believe what is found: the company's own numbers are everyone's to know."""
    ours = b"+441632960100 +447700900100 2026-11-27T06:24:09Z 01a21bb2-af8b-7008-9447-16329601"

    assert hits("here", ours) == []


def test_clause_l4_each_canary_tells_which_field_it_is_of() -> None:
    """What is found must lead to where it came from."""
    make = Canaries()

    word = make.word("call.message_taken text (held)")

    (hit,) = hits("the log", f"it failed at {word}".encode())
    assert "the log" in make.told(hit)
    assert "call.message_taken text (held)" in make.told(hit)
