"""How is what somebody asked for packed? Tables as JSON and CSV, and all of it as one ZIP."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

_EPOCH = (1980, 1, 1, 0, 0, 0)
_NO_FORMULA = frozenset({"=", "+", "-", "@", "\t", "\r", "'"})


def archive(members: Mapping[str, bytes]) -> bytes:
    """Give a ZIP of files by their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, body in members.items():
            packed.writestr(zipfile.ZipInfo(name, _EPOCH), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """Give rows as CSV, for a spreadsheet too."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return b"\xef\xbb\xbf" + out.getvalue().encode()  # so that a spreadsheet takes it for UTF-8


def _cell(value: object) -> str:
    """A value as a spreadsheet shows it, and never as one that it computes.

    What could be a formula has an apostrophe before it, as has what begins with one already: so a
    machine that takes the first one away has the very value.
    """
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
    told = "" if text is None else str(text)
    return f"'{told}" if told[:1] in _NO_FORMULA else told


def as_json(value: object) -> bytes:
    """Give a value as JSON for people and machines."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
