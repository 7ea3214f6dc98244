import os
import secrets
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import pytest

from store.publishers import Publisher
from tests.conftest import LOUD
from tests.docs.installation import Installation, running
from tests.docs.reading import PAGES, ROOT, RUN_WITH, Snippet, as_script, snippets
from tests.rooms import delete_user, fresh_database, load_definitions
from tests.service_answers import MANAGEMENT
from tests.waiting import eventually
from workers.publishers import broker_definitions

DOOR = "http://127.0.0.1:8080"
BROKER = "amqp://call-centre:its-password@127.0.0.1:5672/%2F"
RUNNABLE = [page for page in PAGES if any(one.run == "embedded" for one in snippets(page))]
PUBLISHING = ROOT / "docs" / "publishing.md"
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


@dataclass(frozen=True, slots=True)
class Full:
    """The full installation as a publisher finds it: admitted, and with a broker user."""

    onward: Installation
    user: str
    address: str
    key: str

    def run(self, chosen: list[Snippet]) -> str:
        """Run snippets as this publisher, in a shell that knows the door and the key."""
        there = BROKER.replace("call-centre", self.user)
        named = [
            replace(
                one, text=one.text.replace("call-centre", self.user).replace(there, self.address)
            )
            for one in chosen
        ]
        before = f"export DOOR={self.onward.url} KEY={self.key}\n"
        return self.onward.run(before + as_script(named, self.onward.folder))


@pytest.fixture(scope="module")
def full(
    tmp_path_factory: pytest.TempPathFactory, database_url: str, broker_url: str
) -> Iterator[Full]:
    """Run over RabbitMQ and PostgreSQL, with a customer and a publisher."""
    folder, mark = tmp_path_factory.mktemp("full"), secrets.token_hex(4)
    parts, management = urlsplit(broker_url), os.environ.get(MANAGEMENT)
    user, password = f"call-centre-{mark}", secrets.token_hex(8)
    access = Publisher(user, ("call.*",), ("/callcentre/*",))
    made = broker_definitions(access, unquote(parts.path[1:]), password)
    place = parts.netloc.rpartition("@")[2]
    with fresh_database(database_url, f"onward_docs_{mark}") as database, ExitStack() as stack:
        services = {
            "ONWARD_BROKER_URL": broker_url,
            "ONWARD_DATABASE_URL": database,
            "ONWARD_MASTER_KEY": b64encode(secrets.token_bytes(32)).decode(),
        }
        onward = stack.enter_context(running(folder, services))
        load_definitions(broker_url, made, management)
        stack.callback(delete_user, broker_url, user, management)
        onward.run("onward publish docs/examples/a-customer.jsonl")
        said = onward.run(f"onward publishers add {user} --type 'call.*' --source '/callcentre/*'")
        address = urlunsplit(parts._replace(netloc=f"{user}:{password}@{place}"))
        yield Full(onward, user, address, said.rpartition(": ")[2].strip())


def test_a_publisher_in_python_over_amqp(full: Full) -> None:
    """A broker user of one's own can publish, and is told what became of it."""
    said = full.run(_chosen(PUBLISHING, runs={"full"}, node=False))

    assert "onward.event.routed.v1" in said


def test_a_publisher_in_node_over_http_and_amqp(full: Full) -> None:
    """A publisher in another language needs nothing but the page."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        _leave_out("no node or npm on this machine")
    installed = subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", *NODE_PACKAGES],
        cwd=full.onward.folder,
        check=False,
    )
    if installed.returncode:
        _leave_out(f"npm install {' '.join(NODE_PACKAGES)} failed")
    exports = [
        one for one in _chosen(PUBLISHING, runs={"full"}, node=False) if "export" in one.text
    ]

    said = full.run([*exports, *_chosen(PUBLISHING, runs={"embedded", "full"}, node=True)])

    assert "accepted" in said
    assert "onward.event.routed.v1" in said


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_snippet_says_whether_it_runs(page: Path) -> None:
    """An unmarked snippet would rot unseen; one that is not run says why."""
    for one in snippets(page):
        assert one.run is not None, f"{one.page}:{one.line} has no run mark"
        assert one.run in {"embedded", "full"} or one.run.startswith("no: "), one.run
        assert one.language in RUN_WITH
