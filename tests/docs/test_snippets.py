import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import pytest

from store.publishers import Publisher
from tests.conftest import LOUD
from tests.docs.installation import Installation, running
from tests.docs.reading import PAGES, ROOT, RUN_WITH, Snippet, as_script, snippets
from tests.rooms import delete_user, load_definitions
from tests.service_answers import MANAGEMENT
from tests.waiting import eventually
from workers.publishers import broker_definitions

DOOR = "http://127.0.0.1:8080"
BROKER = "amqp://call-centre:its-password@127.0.0.1:5672/%2F"
RUNNABLE = [page for page in PAGES if any(one.run == "embedded" for one in snippets(page))]
NODE_PACKAGES = ("amqplib@0.10",)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def _name(page: Path) -> str:
    return page.stem


def _leave_out(why: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{LOUD} Node: {why}; with CI=true that is a failure", pytrace=False)
    pytest.skip(f"{LOUD} Node: {why}")


def _chosen(page: Path, *, runs: set[str], node: bool) -> list[Snippet]:
    return [
        one for one in snippets(page) if one.run in runs and (one.language == "javascript") is node
    ]


@pytest.mark.parametrize("page", RUNNABLE, ids=_name)
def test_a_page_runs_as_it_stands_in_one_process(page: Path, tmp_path: Path) -> None:
    """What a reader copies works, in the order of reading, with nothing but the page."""
    with running(tmp_path) as onward:
        chosen = _chosen(page, runs={"embedded"}, node=False)

        said = onward.run(as_script(chosen, onward.folder).replace(DOOR, onward.url))

        assert said
        eventually(lambda: len(onward.sandbox.record()) > 1, "what the page publishes is sent")
        onward.run("onward verify")


@pytest.fixture
def full(
    tmp_path: Path, postgresql_url: str, broker_url: str
) -> Iterator[tuple[Installation, str]]:
    """Run over RabbitMQ and PostgreSQL, with a broker user; give it with that user's address."""
    name, password = f"call-centre-{secrets.token_hex(4)}", secrets.token_hex(8)
    parts, management = urlsplit(broker_url), os.environ.get(MANAGEMENT)
    user = Publisher(name, ("call.*",), ("/callcentre/*",))
    services = {"ONWARD_BROKER_URL": broker_url, "ONWARD_DATABASE_URL": postgresql_url}
    key = {"ONWARD_MASTER_KEY_FILE": str(tmp_path / "key" / "master.key")}
    subprocess.run(
        [
            shutil.which("python") or "python3",
            "-m",
            "config.new_key",
            key["ONWARD_MASTER_KEY_FILE"],
        ],
        cwd=ROOT,
        check=True,
    )
    with running(tmp_path, services | key) as onward:
        made = broker_definitions(user, unquote(parts.path[1:]), password)
        load_definitions(broker_url, made, management)
        place = parts.netloc.rpartition("@")[2]
        yield onward, urlunsplit(parts._replace(netloc=f"{name}:{password}@{place}"))
        delete_user(broker_url, name, management)


def test_publishing_runs_over_rabbitmq_and_postgresql(full: tuple[Installation, str]) -> None:
    """The same page against the full installation, with a broker user of one's own."""
    onward, address = full
    page = ROOT / "docs" / "publishing.md"

    said = _run_full(onward, address, _chosen(page, runs={"embedded", "full"}, node=False))

    assert "onward.event.routed.v1" in said
    assert '"status":"duplicate"' in said


def test_a_publisher_in_node_needs_nothing_but_the_page(full: tuple[Installation, str]) -> None:
    """A publisher in another language, over HTTP and over AMQP."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        _leave_out("no node or npm on this machine")
    onward, address = full
    page = ROOT / "docs" / "publishing.md"
    installed = subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", *NODE_PACKAGES],
        cwd=onward.folder,
        check=False,
    )
    if installed.returncode:
        _leave_out(f"npm install {' '.join(NODE_PACKAGES)} failed")
    to_begin_with = [one for one in snippets(page) if one.language == "bash" and one.run == "full"]
    first = [one for one in snippets(page) if one.run == "embedded"][:3]

    chosen = _chosen(page, runs={"embedded", "full"}, node=True)
    said = _run_full(onward, address, [*first, *to_begin_with, *chosen])

    assert said.count("accepted") > 1
    assert "onward.event.routed.v1" in said


def _run_full(onward: Installation, address: str, chosen: list[Snippet]) -> str:
    user = urlsplit(address).username or ""
    renamed = [
        Snippet(
            one.page,
            one.line,
            one.language,
            one.run,
            re.sub(r"(?<!--role )\bcall-centre\b", user, one.text.replace(BROKER, address)),
        )
        for one in chosen
    ]
    return onward.run(as_script(renamed, onward.folder).replace(DOOR, onward.url), 200)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_snippet_says_whether_it_runs(page: Path) -> None:
    """An unmarked snippet would rot unseen; one that is not run says why."""
    for one in snippets(page):
        assert one.run is not None, f"{one.page}:{one.line} has no run mark"
        assert one.run in {"embedded", "full"} or one.run.startswith("no: "), one.run
        assert one.language in RUN_WITH
