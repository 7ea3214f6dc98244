"""What did a process of a test's own say? Its log, as far as it is written, and where it failed."""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog

_LAST_LINES = 100


def entries_of(log: Path) -> list[dict[str, Any]]:
    """Give what stands in a log as JSON; a line that is just being written is not yet there."""
    whole, _, _ = log.read_text(encoding="utf-8").rpartition("\n")
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]


def last_words(folder: Path) -> Iterator[tuple[str, str]]:
    """Give the end of each log below a folder, under its name, for whoever reads of a failure."""
    for log in sorted(folder.rglob("*.log")):
        if lines := log.read_text(encoding="utf-8", errors="replace").splitlines():
            yield str(log.relative_to(folder)), "\n".join(lines[-_LAST_LINES:])


def forget_set_up() -> None:
    """Undo what a command that ran in this process set up of logging.

    Each logger that was used has kept it, and would tell no later test what it says.
    """
    structlog.reset_defaults()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in {"workers", "store", "config"}:
            for one in vars(module).values():
                if type(one).__name__ == "BoundLoggerLazyProxy":
                    vars(one).pop("bind", None)
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(handler)
    root.setLevel(logging.WARNING)
    logging.raiseExceptions = True
