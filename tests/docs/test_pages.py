import re
from pathlib import Path

import pytest
import yaml

from config.settings import Settings
from config.settings_table import table
from tests.docs.reading import PAGES, ROOT
from workers.sandbox import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
_LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)")
_NAMED_TARGET = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _anchor(heading: str) -> str:
    plain = re.sub(r"[`*\[\]()]|\(.*\)", "", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def test_the_page_lists_every_setting_as_the_code_has_it() -> None:
    """A setting that is described otherwise than it works costs an operator an evening."""
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    assert table() in page, "run `python -m config.settings_table` and put it into the page"


@pytest.mark.parametrize("page", [*PAGES, *DECISIONS], ids=lambda page: page.stem)
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    """A reader who follows a link must arrive."""
    for path, fragment in _LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {path}"
        if fragment:
            headings = _HEADING.findall(target.read_text(encoding="utf-8"))
            assert fragment in map(_anchor, headings), f"{page.name} links to {path}#{fragment}"


def test_every_make_target_that_is_named_exists() -> None:
    """The first two commands that a reader types."""
    named = {
        target
        for page in PAGES
        for target in re.findall(
            r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert {"demo", "test"} <= named
    assert named <= known


@pytest.mark.parametrize("number", range(1, len(DECISIONS) + 1))
def test_decisions_are_numbered_without_a_gap(number: int) -> None:
    """A decision is cited by its number for good."""
    assert DECISIONS[number - 1].name.startswith(f"{number:04}-")


def test_the_compose_file_and_the_sample_settings_know_the_sandbox() -> None:
    """By default neither may speak to anything but the stand-ins."""
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    sample = (ROOT / "docs" / "examples" / "try-out.env").read_text(encoding="utf-8")

    for text in (compose, sample):
        assert SANDBOX_ACCOUNT_SID in text
        assert SANDBOX_AUTH_TOKEN in text


def test_no_two_services_of_the_compose_file_share_a_port() -> None:
    """They can then share one network namespace, and their logs cannot be mistaken."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    published = [
        port.rpartition(":")[2] for one in services.values() for port in one.get("ports", ())
    ]

    assert len(published) == len(set(published))


def test_the_compose_file_needs_nothing_newer_than_compose_1_29() -> None:
    """Debian's compose is 1.29; version 2 takes what it takes."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())

    assert "name" not in compose
    assert "version" not in compose


def test_every_container_runs_without_what_it_does_not_need() -> None:
    """A container that is broken into is then worth little."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    for name, one in services.items():
        assert one["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in one["security_opt"], name
        assert one["mem_limit"], name
        assert one.get("read_only") or name == "rabbitmq", name


def test_the_try_out_settings_are_ones_that_exist() -> None:
    """An unknown name would end every command of the README."""
    text = (ROOT / "docs/examples/try-out.env").read_text()

    named = set(re.findall(r"^export ONWARD_(\w+)=", text, re.MULTILINE))

    assert named
    assert {name.lower() for name in named} <= Settings.model_fields.keys()
