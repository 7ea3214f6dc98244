"""How a sandbox is set up, and when it refuses to start."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from workers.sandbox import SANDBOX_ACCOUNT_SID

_REAL_SID = re.compile(r"^AC[0-9a-f]{32}$")
_REAL_TOKEN = re.compile(r"^[0-9a-f]{32}$")
_SID_VARIABLES = ("ONWARD_TWILIO_ACCOUNT_SID", "TWILIO_ACCOUNT_SID")
_TOKEN_VARIABLES = ("ONWARD_TWILIO_AUTH_TOKEN", "TWILIO_AUTH_TOKEN")
_SMTP_VARIABLE = "ONWARD_SMTP_HOST"
_SANDBOX_NAMES = frozenset({"localhost", "sandbox"})


class Tls(StrEnum):
    """Whether the SMTP server offers STARTTLS."""

    PLAIN = "plain"
    OFFERED = "offered"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Where a sandbox listens and keeps its record. Port 0 means any free one."""

    folder: Path
    http_host: str = "127.0.0.1"
    http_port: int = 0
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 0
    smtp_tls: Tls = Tls.PLAIN
    smtp_user: str | None = None
    smtp_password: str | None = None
    largest_mail: int = 25 * 1024 * 1024
    fsync: bool = True
    keep_mail: bool = False
    allowed_hosts: frozenset[str] = frozenset()
    callback_connections: int = 8
    bounce_host: str = "127.0.0.1"
    bounce_port: int | None = None
    ready_file: Path | None = None
    behaviour_file: Path | None = None


def real_credentials(environment: Mapping[str, str], allowed: frozenset[str]) -> tuple[str, ...]:
    """Say in plain words which variables look like a real provider's; empty if none does.

    A sandbox beside real credentials is one setting away from real customers: it does not start.
    """
    sids = [environment.get(name, "") for name in _SID_VARIABLES]
    found = [
        f"{name} holds a real Twilio account"
        for name, value in zip(_SID_VARIABLES, sids, strict=True)
        if _REAL_SID.match(value) and value != SANDBOX_ACCOUNT_SID
    ]
    found += [
        f"{name} holds what looks like a real Twilio token"
        for name in _TOKEN_VARIABLES
        if _REAL_TOKEN.match(environment.get(name, ""))
    ]
    host = environment.get(_SMTP_VARIABLE, "")
    if host and not is_loopback(host) and host not in allowed | _SANDBOX_NAMES:
        found.append(f"{_SMTP_VARIABLE} names a mail server that is not this machine's")
    return tuple(found)


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether this host name or address is this machine and nothing else."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
