"""Do real processes show what they did, under names that are defined, and nothing of anybody?"""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from store.encryption.keys import MasterKey
from store.encryption.root_keys import open_root
from store.engine import Store, open_engine
from store.migrating import migrate
from store.publishers import Publisher
from tests.docs.reading import ROOT
from tests.intake.amqp import Desk, admit
from tests.metrics.scraping import samples, value
from tests.ops.processes import KEY, Watched, running, settings
from tests.waiting import eventually
from workers.metrics.definitions import DEFINITIONS
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings

SERIES = {name for found in DEFINITIONS.values() for name in found.series}
EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Run the stand-ins of our providers."""
    with Sandbox(SandboxSettings(tmp_path / "sandbox", fsync=False)) as running_sandbox:
        yield running_sandbox


def _with(sandbox: Sandbox, folder: Path, **more: str) -> dict[str, str]:
    return settings(
        folder,
        twilio_api_url=sandbox.http_url,
        twilio_account_sid=sandbox.account_sid,
        twilio_auth_token=sandbox.auth_token,
        smtp_host=sandbox.smtp_host,
        smtp_port=str(sandbox.smtp_port),
        smtp_security="none",
        **more,
    )


def _onward(environment: Mapping[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from workers.cli import main; main()", *words],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def _made(url: str) -> Store:
    engine = open_engine(url)
    migrate(engine)
    return Store(engine, open_root(engine, MasterKey(KEY)), policy_version="2020-04")


def _ready(one: Watched) -> bool:
    return one.get("/readyz")[0] == 200


def _address(log: Path) -> str | None:
    said = [line for line in log.read_text().splitlines() if line.startswith("onward is up: ")]
    return said[0].removeprefix("onward is up: ") if said else None


def _post(door: str, key: str, event: bytes) -> None:
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/cloudevents+json",
    }
    request = urllib.request.Request(f"{door}/events", event, headers)  # noqa: S310 - our own door
    urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 - as above


def _page_where(onward: Watched, name: str, **labels: str) -> str | None:
    text = onward.get("/metrics")[1]
    return text if value(text, name, **labels) else None


def test_one_process_shows_an_event_from_its_door_to_its_acceptance(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    """What an operator's dashboard is drawn from."""
    environment = _with(sandbox, tmp_path)
    with running(tmp_path, environment, "up") as onward:
        door = eventually(lambda: _address(tmp_path / "up.log"), "the door is open")
        key = _onward(
            environment, "publishers", "add", "office", "--type", "*", "--source", "/*"
        ).split()[-1]
        _onward(environment, "publish", str(EXAMPLES / "a-customer.jsonl"))
        _post(door, key, (EXAMPLES / "a-call.json").read_bytes())

        text = eventually(
            lambda: _page_where(onward, "onward_verdicts_total", verdict="accepted"),
            "a send is accepted",
        )
        led = value(text, "onward_upkeep_leads")

    assert value(text, "onward_events_total", family="calls", answer="accepted") == 1
    assert value(text, "onward_door_requests_total", route="/events", status="202") == 1
    assert value(text, "onward_time_to_send_seconds_count") >= 1
    assert value(text, "onward_transitions_total", to="accepted") >= 1
    assert led == 1
    names = {sample.name for sample in samples(text)}
    assert {name for name in names if name.startswith("onward_")} <= SERIES
    assert "process_resident_memory_bytes" in names


def test_the_processes_of_a_full_installation_show_together_whatever_is_defined(
    tmp_path: Path, sandbox: Sandbox, postgresql_url: str, broker_url: str
) -> None:
    """A figure that no process shows is a promise that a dashboard's author falls for."""
    store = _made(postgresql_url)
    desk_user = unquote(urlsplit(broker_url).username or "guest")
    admit(store, Publisher(desk_user, types=("*",), sources=("/*",)))
    store.close()
    environment = _with(sandbox, tmp_path, database_url=postgresql_url, broker_url=broker_url)
    commands = [("intake",), ("dispatch",), ("upkeep",), ("web",)]
    with ExitStack() as stack:
        desk = stack.enter_context(closing(Desk(broker_url)))
        all_of_them = [
            stack.enter_context(running(tmp_path, environment, *command)) for command in commands
        ]
        for one in all_of_them:
            eventually(partial(_ready, one), "it is ready")
        for line in (EXAMPLES / "a-customer.jsonl").read_text().splitlines():
            desk.publish(json.loads(line))
        desk.publish(json.loads((EXAMPLES / "a-call.json").read_text()))
        dispatch, upkeep = all_of_them[1:3]
        eventually(
            lambda: _page_where(dispatch, "onward_time_to_send_seconds_count"), "it is sent", 30
        )
        eventually(
            lambda: _page_where(upkeep, "onward_chore_done_total", chore="publish_outcomes"),
            "outcomes are published",
        )
        eventually(
            lambda: _page_where(upkeep, "onward_provider_state", channel="sms", state="closed"),
            "the providers that dispatch has are known to the leader",
        )
        pages = [one.get("/metrics")[1] for one in all_of_them]

    families = {f.name for page in pages for f in text_string_to_metric_families(page)}
    defined = {name.removesuffix("_total") for name in DEFINITIONS}
    assert defined <= families
    assert [value(page, "onward_upkeep_leads") for page in pages] == [0, 0, 1, 0]
    assert value(pages[0], "onward_events_total", family="calls", answer="accepted") == 1
    assert value(pages[0], "onward_intake_waits") == 0
    everyone = "\n".join(pages)
    for personal in ("+447700", "C-1042", "@"):
        assert personal not in everyone
    # No name or label has the number; a duration of 0.077 s may look like the start of one.
    assert re.search(r"(?<!\.)07700", everyone) is None
