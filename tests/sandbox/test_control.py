"""The control API, and the in-process handle beside it."""

from pathlib import Path

import pytest

from tests.sandbox.clients import CALLER, LANDLINE, MESSAGES, SMS, ask
from workers.sandbox.behaviour import Act, Rule
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings

BEHAVIOUR = "/sandbox/behaviour"


def test_behaviour_is_set_shown_and_cleared(sandbox: Sandbox) -> None:
    """A benchmark in another process has nothing but HTTP to steer by."""
    put = ask(sandbox, "PUT", BEHAVIOUR, document={"rules": [{"act": "unavailable"}]})
    during = ask(sandbox, "POST", MESSAGES, form=SMS).status
    shown = ask(sandbox, "GET", BEHAVIOUR).document["rules"]
    ask(sandbox, "DELETE", BEHAVIOUR)
    after = ask(sandbox, "POST", MESSAGES, form=SMS).status

    assert (put.status, during, after) == (200, 503, 201)
    assert [(rule["act"], rule["fired"]) for rule in shown] == [("unavailable", 1)]


def test_rules_are_added_beside_those_in_force(sandbox: Sandbox) -> None:
    """A demo places one hiccup without forgetting the refused number."""
    sandbox.behave(Rule(Act.REFUSE, to="+447700900001", code=21211))

    ask(sandbox, "POST", BEHAVIOUR, document={"rules": [{"act": "drop", "channel": "call"}]})

    shown = ask(sandbox, "GET", BEHAVIOUR).document["rules"]
    assert [rule["act"] for rule in shown] == ["refuse", "drop"]


@pytest.mark.parametrize("document", [{"rules": [{"act": "explode"}]}, {"rule": []}, [1]])
def test_a_faulty_script_is_refused_and_changes_nothing(sandbox: Sandbox, document: object) -> None:
    """Half a script would be worse than none."""
    sandbox.behave(Rule(Act.UNAVAILABLE))

    answer = ask(sandbox, "PUT", BEHAVIOUR, document=document)

    assert answer.status == 400
    assert answer.document["errors"]
    assert ask(sandbox, "POST", MESSAGES, form=SMS).status == 503


def test_the_record_is_read_in_pages(sandbox: Sandbox) -> None:
    """An oracle in another process goes on from where it was."""
    for n in range(3):
        ask(sandbox, "POST", MESSAGES, form={**SMS, "Body": f"Text {n}"})

    first = ask(sandbox, "GET", "/sandbox/record?limit=2").document
    rest = ask(sandbox, "GET", f"/sandbox/record?after={first['next']}").document

    read = [entry["body"] for entry in first["acceptances"] + rest["acceptances"]]
    assert read == ["Text 0", "Text 1", "Text 2"]
    assert (rest["next"], rest["total"]) == (3, 3)


def test_a_caller_is_put_on_the_line_and_hangs_up(sandbox: Sandbox) -> None:
    """A demo plays its callers from outside."""
    put = ask(sandbox, "POST", "/sandbox/calls", document={"from": CALLER, "to": LANDLINE})
    sid = put.document["call_sid"]
    during = sandbox.call_status(sid)

    gone = ask(sandbox, "POST", f"/sandbox/calls/{sid}/hang_up")

    assert (put.status, during) == (201, "in-progress")
    assert (gone.document["status"], gone.document["hung_up"]) == ("completed", True)


def test_health_names_the_ports(sandbox: Sandbox) -> None:
    """Compose waits for it."""
    answer = ask(sandbox, "GET", "/healthz")

    assert (answer.status, answer.document["smtp_port"]) == (200, sandbox.smtp_port)


def test_counts_say_what_was_accepted(sandbox: Sandbox) -> None:
    """A benchmark ends when they reach its number."""
    ask(sandbox, "POST", MESSAGES, form=SMS)

    counts = ask(sandbox, "GET", "/sandbox/counts").document

    assert counts["accepted"] == {"sms": 1, "email": 0, "call": 0}
    assert counts == sandbox.counts()


def test_a_message_of_an_earlier_run_is_still_listed(tmp_path: Path) -> None:
    """Reconciliation after a crash asks for what was accepted before it."""
    settings = SandboxSettings(tmp_path)
    with Sandbox(settings) as sandbox:
        sid = ask(sandbox, "POST", MESSAGES, form=SMS).document["sid"]

    with Sandbox(settings) as sandbox:
        [found] = ask(sandbox, "GET", MESSAGES).document["messages"]

    assert (found["sid"], found["status"]) == (sid, "delivered")


def test_a_hung_request_does_not_hold_up_stopping(tmp_path: Path) -> None:
    """A test that ends must not wait a quarter of an hour."""
    sandbox = Sandbox(SandboxSettings(tmp_path, fsync=False)).start()
    sandbox.behave(Rule(Act.HANG))
    with pytest.raises(TimeoutError):
        ask(sandbox, "POST", MESSAGES, form=SMS, seconds=0.1)

    sandbox.stop()

    with pytest.raises(RuntimeError):
        sandbox.record()
