"""Does ``onward up`` keep a whole installation running, whatever ends a part of it?"""

import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import factories
from tests.building import place, preferences, verified
from tests.supervising.conftest import START_SECONDS, Installed, Up, is_there, running_up
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

HUNG_SECONDS = "5"
CHILDREN = ["intake", "dispatch-soon", "dispatch-later-1", "upkeep", "web"]
REF = "C-1042"


def _serve(up: Up, key: str) -> None:
    _publish(
        up,
        key,
        factories.envelope(
            "customer.registered",
            subject=REF,
            services=["phone_answering"],
            legal_name="Harbour Lane Ltd",
            trading_name="Harbour Lane",
            also_known_as=[],
            addresses=...,
        ),
        place(REF, "d-mobile", "mobile", "+447700900123"),
        verified(REF, "d-mobile"),
        preferences(REF, factories.catch_all("d-mobile")),
        factories.envelope("service.started", subject=REF, services=["phone_answering"]),
    )


def _publish(up: Up, key: str, *events: factories.Sample) -> None:
    request = urllib.request.Request(  # noqa: S310 - our own door
        f"{up.door()}/events",
        data=json.dumps(list(events)).encode(),
        headers={
            "Content-Type": "application/cloudevents-batch+json",
            "Authorization": f"Bearer {key}",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own door
        results = json.load(answer)["results"]
    assert all(one["status"] in {"accepted", "duplicate"} for one in results), results


@dataclass
class Load:
    """Messages for a customer, published one after the other until told to stop."""

    up: Up
    key: str
    confirmed: list[str] = field(default_factory=list)
    retried: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Publish; what was not answered is sent again, as a publisher does."""
        while not self.stopping.wait(0.02):
            event = factories.envelope("call.message_taken", subject=REF)
            while True:
                try:
                    _publish(self.up, self.key, event)
                except OSError:
                    self.retried += 1
                    continue
                self.confirmed.append(event["id"])
                break


@contextmanager
def _load(up: Up) -> Iterator[Load]:
    said = up.onward("publishers", "add", "load", "--type", "*", "--source", "*")
    load = Load(up, said.rpartition(": ")[2].strip())
    _serve(up, load.key)
    thread = threading.Thread(target=load.run)
    thread.start()
    try:
        yield load
    finally:
        load.stopping.set()
        thread.join()


def _sent(up: Up) -> int:
    return len(up.sandbox.record())


def test_each_killed_process_is_replaced_and_nothing_confirmed_is_lost(up: Up) -> None:
    """Under load, one after the other, as an operator's worst day would have it."""
    took = {}

    with _load(up) as load:
        eventually(lambda: len(load.confirmed) > 10, "events are taken in", START_SECONDS)
        for child in CHILDREN:
            old, began = up.pid(child), time.monotonic()
            os.kill(old, signal.SIGKILL)
            eventually(lambda c=child, o=old: up.pid(c) != o, f"{child} is started")  # type: ignore[misc]
            up.await_well(child)
            took[child] = time.monotonic() - began
            seen = len(load.confirmed)
            eventually(lambda n=seen: len(load.confirmed) > n + 3, "the door answers", 60)  # type: ignore[misc]

    eventually(lambda: _sent(up) >= len(load.confirmed) - 5, "what was taken in is sent", 90)
    assert {child: up.started(child) for child in CHILDREN} == dict.fromkeys(CHILDREN, 2)
    assert max(took.values()) < START_SECONDS, took
    assert load.retried <= 2, "a caller may lose what it had under way, and waits for the rest"


def test_processes_that_hang_are_noticed_and_replaced(installed: Installed, tmp_path: Path) -> None:
    """They are there, and do nothing: no exit code would ever tell."""
    soon = {**installed.environment, "ONWARD_HUNG_AFTER_SECONDS": HUNG_SECONDS}
    with running_up(soon, installed.sandbox, tmp_path / "up.log") as up:
        for child in CHILDREN:
            up.await_well(child)
        old = up.pids()

        for pid in old.values():
            os.kill(pid, signal.SIGSTOP)

        for child in CHILDREN:
            eventually(
                lambda c=child: up.pid(c) != old[c],  # type: ignore[misc]
                f"{child} is replaced",
                START_SECONDS,
            )
            up.await_well(child)
        assert {(line["child"], line["pid"]) for line in up.said("child_hangs")} >= set(old.items())
        assert not any(is_there(pid) for pid in old.values())


def test_a_supervisor_that_is_killed_leaves_nobody_behind_and_can_be_started_at_once(
    up: Up, tmp_path: Path
) -> None:
    """Nothing goes on sending that no supervisor knows of; systemd starts it again within 0.1 s."""
    children = up.pids()

    up.process.kill()
    up.process.wait()
    with running_up(up.environment, up.sandbox, tmp_path / "again.log") as again:
        for child, pid in children.items():
            eventually(lambda p=pid: not is_there(p), f"{child} ends", 60)  # type: ignore[misc]
        for child in children:
            again.await_well(child)

    assert len(up.said("supervisor_gone")) == len(children)


def test_a_supervisor_that_is_told_to_stop_stops_its_children_in_order(up: Up) -> None:
    """First what takes in, then what sends, upkeep last: nothing is left uncertain."""
    children = up.pids()

    up.process.send_signal(signal.SIGTERM)
    ended = up.process.wait(90)

    assert ended == 0
    assert not any(is_there(pid) for pid in children.values())
    assert [line["child"] for line in up.said("child_stopped")][2:] in (
        ["dispatch-soon", "dispatch-later-1", "upkeep"],
        ["dispatch-later-1", "dispatch-soon", "upkeep"],
    )
    assert up.said("child_killed") == []
    assert up.said("child_ended") == []
