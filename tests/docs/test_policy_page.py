"""Does the page on the policy name code and tests that there are, and every clause once?"""

import re

from tests.docs.reading import ROOT

PAGE = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
_PATH = re.compile(r"`((?:config|contracts|store|tests|workers)/[\w./]+)`")
_CLAUSE = re.compile(r"^\| ([^|]+) \|", re.MULTILINE)
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
