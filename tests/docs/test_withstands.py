"""Does the page on what Onward withstands name tests, faults and failpoints that there are?

Files are parsed, not collected: a name that is gone must be missed even where its services lack.
"""

import ast
import re
from functools import cache

import pytest

from tests.docs.reading import ROOT
from tests.faults.catalogue import FAULTS
from workers.running.failpoints import POINTS

PAGE = ROOT / "docs" / "withstands.md"
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_WORD = re.compile(r"`([a-z0-9_.-]+)`")
_LATER = "*Later:*"


def _rows(heading: str) -> list[list[str]]:
    """Give the cells of a section's table, without its head."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@cache
def _tests_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


def test_every_test_that_the_page_names_is_there() -> None:
    """A claim whose test was renamed or deleted is only a claim."""
    named = _TEST.findall(PAGE.read_text(encoding="utf-8"))

    missing = [f"{path}::{name}" for path, name in named if name not in _tests_of(path)]

    assert named
    assert missing == []


@pytest.mark.parametrize(("heading", "count"), [("Hazards of the design", 23), ("Faults", 21)])
def test_every_line_is_there_and_shown_or_said_to_come_later(heading: str, count: int) -> None:
    """None may be passed over in silence."""
    rows = _rows(heading)

    assert [int(row[0]) for row in rows] == list(range(1, count + 1))
    assert [row[0] for row in rows if not _TEST.search(row[-1]) and _LATER not in row[2]] == []


def test_every_fault_names_all_its_rows_of_make_faults() -> None:
    """A reader looks the figures up by these names."""
    numbered: dict[int, set[str]] = {}
    for fault in FAULTS:
        if fault.number is not None:
            numbered.setdefault(fault.number, set()).add(fault.name)

    for row in _rows("Faults"):
        named = set(_WORD.findall(row[3]))
        assert numbered[int(row[0])] <= named, row[1]
        assert named <= {fault.name for fault in FAULTS}, row[1]


def test_every_crash_point_is_shown_and_its_failpoints_exist() -> None:
    """A failpoint is named so that anyone can try it."""
    rows = _rows("Crash points")

    assert [row[0] for row in rows if not _TEST.search(row[-1])] == []
    assert {name for row in rows for name in _WORD.findall(row[1])} <= POINTS.keys()
