"""Does the page on the policy name code and tests that there are, and every clause once?"""

import ast
import re
from collections.abc import Iterator

from tests.docs.reading import ROOT

PAGE = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
_PATH = re.compile(r"`((?:config|contracts|store|tests|workers)/[\w./]+)`")
_CLAUSE = re.compile(r"^\| ([^|]+) \|", re.MULTILINE)
_ROW = re.compile(r"^\| ([^|]+) \|.*\|$", re.MULTILINE)
_SHOWN = re.compile(r"test_clause_(l\d|\d+[a-d]?)_")
_LATER = "later*"
_BARE = re.compile(r"\b(?:L[1-6]|\d{1,2})")


def _clauses() -> list[str]:
    """The clauses that the table's first column names, ranges spelled out."""
    table = PAGE.partition("## Decisions")[0]
    found: list[str] = []
    for cell in _CLAUSE.findall(table)[1:]:
        first, dash, last = cell.partition("\u2013")
        if dash and first.isdigit() and last.isdigit():
            found += [str(number) for number in range(int(first), int(last) + 1)]
        else:
            found += dict.fromkeys(_BARE.findall(cell))
    return found


def test_every_path_that_the_page_names_is_there() -> None:
    """A proof that cannot be looked up proves nothing."""
    named = _PATH.findall(PAGE)

    assert len(named) > 40
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_clause_stands_in_the_table() -> None:
    """What is not built is named as well."""
    wanted = {*(str(number) for number in range(1, 46)), *(f"L{number}" for number in range(1, 7))}

    assert set(_clauses()) == wanted


def _named_in(cell: str) -> Iterator[str]:
    """The clauses of a row as their tests are named: `3–6` are four, and so is `36a–d`."""
    first, dash, last = cell.strip().partition("\u2013")
    if not dash:
        yield from (one.strip().lower() for one in cell.split(","))
    elif last.isdigit():
        yield from (str(number) for number in range(int(first), int(last) + 1))
    else:
        stem, begins = first[:-1], first[-1]
        yield from (f"{stem}{chr(letter)}" for letter in range(ord(begins), ord(last) + 1))


def _rows() -> Iterator[tuple[str, str]]:
    """Each row's clauses, as it names them, and the whole of it."""
    table = PAGE.partition("## Decisions")[0]
    for found in list(_ROW.finditer(table))[1:]:
        if found[1].strip("-"):
            yield found[1], found[0]


def _shown() -> dict[str, set[str]]:
    """Each clause that a test is named after, and the files that hold such tests."""
    shown: dict[str, set[str]] = {}
    for path in (ROOT / "tests" / "policy").glob("test_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (named := _SHOWN.match(node.name)):
                shown.setdefault(named[1], set()).add(f"tests/policy/{path.name}")
    return shown


def test_every_clause_of_the_page_has_a_test_named_after_it_or_is_said_to_come_later() -> None:
    """Who reads the page finds the proof by the clause's number alone."""
    shown = _shown()

    missing = {
        clause
        for cell, row in _rows()
        for clause in _named_in(cell)
        if clause not in shown and _LATER not in row.lower()
    }

    assert len(list(_rows())) > 30
    assert missing == set()


def test_every_test_that_is_named_after_a_clause_is_of_a_clause_that_the_page_has() -> None:
    """A slip of a digit would leave the clause unproved, and nobody would see it."""
    clauses = {clause for cell, _ in _rows() for clause in _named_in(cell)}

    assert _shown().keys() - clauses == set()


def test_every_row_names_a_file_that_shows_each_of_its_clauses() -> None:
    """The page and the tests are one list, kept twice."""
    shown = _shown()

    unnamed = [
        f"{clause}: {sorted(shown[clause])}"
        for cell, row in _rows()
        for clause in _named_in(cell)
        if clause in shown and not any(f"`{path}`" in row for path in shown[clause])
    ]

    assert unnamed == []
