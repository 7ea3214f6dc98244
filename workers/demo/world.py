"""How is everything that the day needs started, and stopped again?

The sandbox runs in this process. Onward runs in it too, over SQLite; or, where a broker and a
database are named, as the processes of a full installation.
"""

import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from config import logs
from config.settings import Settings
from contracts.vocabulary import Door, Role
from store import publishers
from store.publishers import Publisher
from workers.bootstrap.parts import Parts, open_parts
from workers.demo import installation
from workers.demo.doors import AmqpDoor, HttpDoor
from workers.demo.installation import DemoError
from workers.demo.provider import MISBEHAVIOUR
from workers.demo.telling import BILLING, CALL_CENTRE, MAILROOM, REGISTRATION, SOURCES
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings, real_credentials

_OFFICE = "customer.* number.* destination.* preferences.* service.* consent.* rights.* identity.*"
_TYPES: Mapping[str, tuple[str, ...]] = {
    CALL_CENTRE: ("call.*", "event.withdrawn"),
    MAILROOM: ("post.*", "item.*"),
    BILLING: ("invoice.*", "payment.*", "subscription.*"),
    REGISTRATION: (*_OFFICE.split(), "note.*", "correspondence.*", "policy.*", "offer.*"),
}
_DOORS: Mapping[str, tuple[Door, ...]] = {
    CALL_CENTRE: (Door.OUTCOMES,),
    MAILROOM: (Door.OUTCOMES, Door.BLOBS, Door.ITEMS),
    BILLING: (Door.OUTCOMES, Door.BLOBS),
    REGISTRATION: (Door.OUTCOMES, Door.RULES),
}


@dataclass(frozen=True, slots=True)
class World:
    """What the day is played in."""

    folder: Path
    sandbox: Sandbox
    parts: Parts
    url: str
    keys: Mapping[str, str]
    doors: Mapping[str, HttpDoor]
    by_broker: AmqpDoor | None  # the call-centre's, in a full installation
    environment: Mapping[str, str]  # what to set to look at it from outside


class _GivenSettings(Settings):
    """Settings of nothing but what is given: the demo must not meet anybody's real provider."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Keyword arguments alone."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


@contextmanager
def open_world(folder: Path | None, environ: Mapping[str, str]) -> Iterator[World]:
    """Start everything; on leaving, stop it. Raises ``DemoError``."""
    found = real_credentials(environ, frozenset())
    if found:
        raise DemoError("; ".join(found) + ": unset it first, the demo is for no real provider")
    with ExitStack() as stack:
        home = _home(folder, stack)
        log = stack.enter_context((home / "onward.log").open("a", encoding="utf-8"))
        logs.configure("info", "json", log)
        sandbox = stack.enter_context(Sandbox(SandboxSettings(home / "sandbox", fsync=False)))
        sandbox.behave(*MISBEHAVIOUR)
        given = _given(home, sandbox) | _where(environ, home, stack)
        environment = {f"ONWARD_{name.upper()}": str(value) for name, value in given.items()}
        parts = open_parts(_GivenSettings(**given))
        stack.callback(parts.close)
        if not parts.settings.embedded:
            installation.set_up(environment, home)
        names = _names(environ)
        keys = _admit(parts, names)
        stack.enter_context(
            installation.together(parts)
            if parts.settings.embedded
            else installation.processes(environment, home)
        )
        url = f"http://{given['door_host']}:{given['door_port']}"
        by_broker = None
        if parts.settings.broker is not None:
            by_broker = stack.enter_context(AmqpDoor(parts.settings.broker, names[CALL_CENTRE]))
        doors = {who: HttpDoor(url, key) for who, key in keys.items()}
        yield World(home, sandbox, parts, url, keys, doors, by_broker, environment)


def _home(folder: Path | None, stack: ExitStack) -> Path:
    if folder is None:
        home = Path(tempfile.mkdtemp(prefix="onward-demo-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        return home
    if folder.exists() and any(folder.iterdir()):
        raise DemoError(f"{folder} is not empty: give the demo a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.absolute()


def _given(home: Path, sandbox: Sandbox) -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return {
        "sandbox": True,
        "data_dir": home / "data",
        "door_host": "127.0.0.1",
        "door_port": port,
        "public_url": f"http://127.0.0.1:{port}",
        "twilio_account_sid": sandbox.account_sid,
        "twilio_auth_token": sandbox.auth_token,
        "twilio_api_url": sandbox.http_url,
        "smtp_host": sandbox.smtp_host,
        "smtp_port": sandbox.smtp_port,
        "smtp_security": "none",
        "upkeep_interval_seconds": 0.25,
        "seal_interval_seconds": 0.5,
    }


def _where(environ: Mapping[str, str], home: Path, stack: ExitStack) -> dict[str, Any]:
    """Give what a full installation is set to beyond an embedded one: nothing, or all of it."""
    broker, database = environ.get("ONWARD_BROKER_URL"), environ.get("ONWARD_DATABASE_URL")
    if not broker and not database:
        return {}
    if not broker or not database:
        raise DemoError("set both ONWARD_BROKER_URL and ONWARD_DATABASE_URL, or neither")
    installation.expect_idle(broker)
    own = stack.enter_context(installation.own_schema(database))
    key = installation.make_key(home)
    return {"broker_url": broker, "database_url": own, "master_key_file": key}


def _names(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the publishers' names; over the broker it is the name of the broker's user."""
    user = unquote(urlsplit(environ.get("ONWARD_BROKER_URL", "")).username or "guest")
    over_broker = bool(environ.get("ONWARD_BROKER_URL"))
    return {who: user if over_broker and who == CALL_CENTRE else who for who in SOURCES}


def _admit(parts: Parts, names: Mapping[str, str]) -> dict[str, str]:
    keys = {}
    with parts.store.write() as tx:
        for who, source in SOURCES.items():
            roles = (Role(who),)
            admitted = Publisher(names[who], _TYPES[who], (source,), _DOORS[who], roles)
            keys[who] = publishers.add(tx, admitted)
    return keys
