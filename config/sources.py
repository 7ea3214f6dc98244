"""Where do settings come from: which file, and which names in the environment?"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

ENV_PREFIX = "ONWARD_"
CONFIG_VARIABLE = "ONWARD_CONFIG"
DEFAULT_FILE = Path("onward.toml")
TEST_PREFIX = "ONWARD_TEST_"  # where the suites find their services; no settings


def config_file(environ: Mapping[str, str] | None = None) -> Path | None:
    """Give the TOML file that is named or lies in the working folder, or None."""
    named = (os.environ if environ is None else environ).get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


def names_in_file(path: Path | None) -> frozenset[str]:
    """Give the names that a TOML file sets. Raises ``OSError`` or ``tomllib.TOMLDecodeError``."""
    if path is None:
        return frozenset()
    with path.open("rb") as file:
        return frozenset(tomllib.load(file))


def names_in_environment(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Give the settings named in the environment: lower-case name to the variable's own name.

    Blank variables count as unset, as compose files pass them.
    """
    return {
        name[len(ENV_PREFIX) :].lower(): name
        for name, value in environ.items()
        if name.upper().startswith(ENV_PREFIX)
        and name.upper() != CONFIG_VARIABLE
        and not name.upper().startswith(TEST_PREFIX)
        and value
    }
