"""Under whose system account does this command run? Whose login it is, as the kernel keeps it.

The environment (``USER``, ``SUDO_USER``) is not asked, since anybody may set it. The login stays
through ``su`` and ``sudo``, and only root can change it (proc_pid_loginuid(5)).
"""

import os
import pwd
from pathlib import Path

import typer

LOGIN = Path("/proc/self/loginuid")
_UNSET = 2**32 - 1


def system_account() -> str:
    """Give the account, by its name; by its number where it has none, as in a container."""
    uid = _login()
    return _name_of(uid) or str(uid)


def account_name(given: str = "") -> str:
    """Give who acts: the name given, else the account's. Raises where that has none."""
    name = given.strip() or _name_of(_login())
    if not name:
        raise typer.BadParameter(
            "say who you are: this system account has no name", param_hint="--as"
        )
    return name


def _login() -> int:
    """Give the number of who logged in; where no login is kept, of who runs this."""
    try:
        uid = int(LOGIN.read_text("ascii"))
    except (OSError, ValueError):
        uid = _UNSET
    return os.getuid() if uid == _UNSET else uid


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""
