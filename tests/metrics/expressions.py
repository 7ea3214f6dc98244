"""Which figures and labels does an expression name? Enough of PromQL's words to tell."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.docs.reading import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "onward.json"
_WORDS = frozenset({"or", "and", "unless", "by", "without", "on", "offset", "bool", "vector"})
_MATCHERS = re.compile(r"\{([^}]*)\}")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"([^\"]*)\"")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_RANGE = re.compile(r"\[[^\]]*\]")
_OFFSET = re.compile(r"\boffset\s+\w+")
_NAME = re.compile(r"\b[a-zA-Z_:][\w:]*\b(?!\s*\()")


def names(expression: str) -> set[str]:
    """Give the names of series in an expression."""
    bare = _MATCHERS.sub("", expression)
    for part in (_GROUPING, _RANGE, _OFFSET):
        bare = part.sub("", bare)
    return {name for name in _NAME.findall(bare) if name not in _WORDS}


def labels(expression: str) -> set[str]:
    """Give the labels that an expression matches or groups by."""
    matched = {
        name for inner in _MATCHERS.findall(expression) for name, _ in _MATCHER.findall(inner)
    }
    grouped = {
        word.strip() for inner in _GROUPING.findall(expression) for word in inner.split(",") if word
    }
    return matched | grouped


def values(expression: str, label: str) -> set[str]:
    """Give the values that a label is matched with; alternatives one by one."""
    return {
        word
        for inner in _MATCHERS.findall(expression)
        for name, value in _MATCHER.findall(inner)
        for word in value.split("|")
        if name == label
    }


def rules() -> list[dict[str, Any]]:
    """Give the alerts."""
    groups = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> Iterator[tuple[str, str]]:
    """Give each title and expression of the dashboard."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m")


def everything() -> list[tuple[str, str]]:
    """Give each expression that is deployed, by what it is for."""
    return [*((rule["alert"], rule["expr"]) for rule in rules()), *panels()]
