"""What is set here, and what is wrong with it? All errors at once, in plain words.

No error and no listing shows a secret; an error shows no value at all.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsConfigDict

from config.processors import Declared
from config.providers import OneProvider
from config.settings import SANDBOX_SAMPLES, Settings
from config.sources import ENV_PREFIX, config_file, names_in_environment, names_in_file

_PLAIN = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be a text",
    "path_type": "must be a path",
    "tuple_type": "must be a list",
    "missing": "must be set",
    "extra_forbidden": "there is no such setting",
}


class SettingsError(Exception):
    """The settings cannot be used; ``problems`` holds one plain line for each reason."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _UnknownIgnored(Settings):
    """Settings that look past unknown names, to find what else is wrong."""

    model_config = SettingsConfigDict(extra="ignore")


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting as an operator may see it."""

    name: str
    value: str
    source: str


def load() -> Settings:
    """Read the environment and the TOML file. Raises ``SettingsError`` with every problem."""
    path = config_file()
    try:
        in_file = names_in_file(path)
    except OSError as error:
        raise SettingsError((f"{path}: {error.strerror}",)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError((f"{path}: is no TOML: {_without_value(error)}",)) from None
    in_environment = names_in_environment(os.environ)
    problems = list(_unknown(in_environment, in_file, path))
    try:
        settings = Settings()
    except ValidationError as error:
        problems += _told(error, in_environment, path)
        problems += _contradictions_beside(error)
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def describe(settings: Settings) -> list[Shown]:
    """List every setting with its value and source; a secret shows only that it is set."""
    path = config_file()
    in_file = names_in_file(path)
    in_environment = names_in_environment(os.environ)

    def source(name: str) -> str:
        if name in in_environment:
            return in_environment[name]
        if name in in_file:
            return str(path)
        if settings.sandbox and getattr(settings, name) == SANDBOX_SAMPLES.get(name, object()):
            return "sandbox"
        if getattr(settings, name) != Settings.model_fields[name].default:
            return "given"
        return "default"

    return [
        Shown(name, show(name, getattr(settings, name)), source(name))
        for name in Settings.model_fields
    ]


def show(name: str, value: object) -> str:
    """Give a value as an operator may see it: of a URL no password, of a secret nothing."""
    if value is None:
        return "unset"
    if isinstance(value, SecretStr):
        return _without_password(value.get_secret_value()) if name.endswith("_url") else "set"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={one}" for key, one in value.items()) or "none"
    if isinstance(value, tuple):
        return ", ".join(_named(one) for one in value) or "none"
    if isinstance(value, time):
        return value.isoformat("minutes")
    return str(value)


def _named(one: object) -> str:
    return one.name if isinstance(one, OneProvider | Declared) else str(one)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, place, parts.path, "", ""))


def _without_value(error: Exception) -> str:
    """Keep of a TOML error its place alone: its text may quote what stands there."""
    text = str(error)
    return text[text.rfind("(at") :].strip("()") if "(at" in text else type(error).__name__


def _unknown(
    in_environment: Mapping[str, str], in_file: frozenset[str], path: Path | None
) -> Iterator[str]:
    for name, variable in in_environment.items():
        if name not in Settings.model_fields:
            yield f"{variable}: there is no such setting{_nearest(name, ENV_PREFIX)}"
    for name in sorted(in_file):
        if name not in Settings.model_fields:
            yield f"{path}: {name}: there is no such setting{_nearest(name)}"


def _nearest(name: str, prefix: str = "") -> str:
    near = get_close_matches(name.lower(), Settings.model_fields, n=1, cutoff=0.6)
    if not near:
        return ""
    return f"; did you mean {prefix + near[0].upper() if prefix else near[0]}?"


def _told(
    error: ValidationError, in_environment: Mapping[str, str], path: Path | None
) -> Iterator[str]:
    for found in error.errors(include_input=False, include_url=False):
        if found["type"] == "extra_forbidden" and len(found["loc"]) == 1:
            continue  # told by name already
        if not found["loc"]:  # contradictions, one a line
            yield from _plain(found).splitlines()
            continue
        name = str(found["loc"][0])
        where = in_environment.get(name) or (f"{path}: {name}" if path else name)
        inside = "".join(f": {_place(part)}" for part in found["loc"][1:])
        yield f"{where}{inside}: {_plain(found)}"


def _place(part: int | str) -> str:
    """Name a place within a list of tables: the first of them is number 1."""
    return f"number {part + 1}" if isinstance(part, int) else part


def _contradictions_beside(error: ValidationError) -> list[str]:
    """Find what else disagrees, with the faulty settings at their defaults: all errors at once."""
    if any(not found["loc"] for found in error.errors()):
        return []  # told already: nothing else stood in the way
    faulty = {str(found["loc"][0]) for found in error.errors() if found["loc"]}
    faulty &= Settings.model_fields.keys()
    try:
        _UnknownIgnored(**{name: Settings.model_fields[name].default for name in faulty})
    except ValidationError as second:
        return [
            line
            for found in second.errors(include_input=False, include_url=False)
            if not found["loc"]
            for line in _plain(found).splitlines()
        ]
    return []


def _plain(found: ErrorDetails) -> str:
    match found["type"]:
        case "value_error":
            return str(found["ctx"]["error"])
        case "literal_error":
            return f"must be one of {found['ctx']['expected'].replace(' or ', ', ')}"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return found["msg"].replace("Input should be", "must be")
        case kind:
            return _PLAIN.get(kind, found["msg"].replace("Input should be", "must be"))
