"""Findings by what they are about."""

from collections.abc import Sequence

from workers.checking import Finding


def told(findings: Sequence[Finding]) -> dict[str, Finding]:
    """Give each finding by what it is about."""
    return {one.what: one for one in findings}
