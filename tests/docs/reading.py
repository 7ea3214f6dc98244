"""Which snippets does a page hold, and which of them are to be run?

A comment before a fence says it: ``<!-- run: embedded -->`` runs against `onward up` in one
process, ``<!-- run: full -->`` against one over RabbitMQ and PostgreSQL, ``<!-- run: no: why -->``
nowhere. JavaScript runs against the latter alone: there Node's packages are installed.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
RUN_WITH = {"bash": "bash", "python": "python", "javascript": "node"}

_BLOCK = re.compile(
    r"(?:^<!-- run: (?P<run>.+?) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Snippet:
    """One fenced block: where it stands, what it is written in, and where it runs."""

    page: str
    line: int
    language: str
    run: str | None
    text: str


def snippets(page: Path) -> list[Snippet]:
    """Give all fenced blocks of a page that are written in a language that can be run."""
    text = page.read_text(encoding="utf-8")
    return [
        Snippet(
            page.relative_to(ROOT).as_posix(),
            text.count("\n", 0, found.start("text")) + 1,
            found["language"],
            found["run"],
            found["text"],
        )
        for found in _BLOCK.finditer(text)
        if found["language"] in RUN_WITH
    ]


def as_script(chosen: list[Snippet], folder: Path) -> str:
    """Give one bash script of a page's snippets, in order; what is not bash lies in ``folder``."""
    lines = ["set -euo pipefail"]
    for snippet in chosen:
        lines.append(f"echo; echo '--- {snippet.page}:{snippet.line}'")
        if snippet.language == "bash":
            lines.append(snippet.text)
            continue
        ending = {"python": "py", "javascript": "mjs"}[snippet.language]
        file = folder / f"line-{snippet.line}.{ending}"
        file.write_text(snippet.text, encoding="utf-8")
        lines.append(f"{RUN_WITH[snippet.language]} {file.name}")
    return "\n".join(lines) + "\n"
