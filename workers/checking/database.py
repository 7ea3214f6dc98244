"""Is the database in order? Reachable, at this code's tables and time, sealed with our key."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import DBAPIError

from config import keyfile
from config.settings import Settings
from contracts.vocabulary import BreakerState
from store import leases, migrating, providers
from store.encryption import root_keys
from store.encryption.keys import MasterKey, RootKey, Unopenable
from store.engine import Store, Transaction, open_engine, ping
from store.providers import ProviderState
from store.reading import clocks, condition
from store.rights.erasure_register import ErasureRegister
from workers.checking.finding import Finding, fine, unknown, unset, wrong
from workers.rights.restoring import UncheckedRestoreError, insist_checked
from workers.upkeep.running import LEADER

MOST_SKEW_SECONDS = 2.0
OVERDUE_SECONDS = 60.0
_CONNECT_SECONDS = "5"
_PORT = 5432
_NO_KEY = bytes(32)


def database(found: Settings) -> Sequence[Finding]:
    """Look at the database and at what it says of the installation. Changes nothing."""
    url = make_url(found.database)
    if url.get_backend_name() == "sqlite":
        if not Path(url.database or "").exists():
            return [unset("database", f"{url.database} is made at the first start")]
    elif "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": _CONNECT_SECONDS})
    engine = open_engine(url.render_as_string(hide_password=False), 1)
    try:
        return _look(found, engine)
    except DBAPIError as error:
        return [wrong("database", _why_not(url, error))]
    finally:
        engine.dispose()


def _look(found: Settings, engine: Engine) -> Sequence[Finding]:
    # Without its key the rest can still be looked at: nothing is sealed or opened then.
    store = Store(engine, RootKey(_NO_KEY), policy_version=found.policy_version)
    before = datetime.now(UTC)
    there = ping(store)
    after = datetime.now(UTC)
    findings = [
        fine("database", f"{engine.dialect.name} answers"),
        _clock(engine.dialect.name, there - before - (after - before) / 2),
    ]
    at, wanted = migrating.version(engine), migrating.newest()
    if at != wanted:
        told = "there are no tables of ours yet" if at is None else f"the tables are at {at}"
        return [*findings, wrong("tables", f"{told}, this code needs {wanted}: onward migrate")]
    findings.append(fine("tables", f"at {at}, as this code needs"))
    findings.append(_restored(found, store))
    with store.read() as tx:
        return [
            *findings,
            _sealed(found, engine),
            _upkeep(found, tx),
            _due(tx),
            _clocks(tx),
            _in_use(tx),
        ]


def _clock(dialect: str, ahead: timedelta) -> Finding:
    seconds = abs(ahead.total_seconds())
    if dialect == "sqlite":
        return fine("clock", "the database is on this machine")
    if seconds > MOST_SKEW_SECONDS:
        told = f"this machine and the database's differ by {seconds:.1f} s: let both follow NTP"
        return wrong("clock", told)
    return fine("clock", f"within {seconds:.1f} s of the database's")


def _sealed(found: Settings, engine: Engine) -> Finding:
    what, names = "sealed values", [each.master for each in root_keys.openers(engine)]
    try:
        master = MasterKey(keyfile.read_master_key(found))
    except keyfile.MasterKeyError:
        return unknown(what, "not tried: there is no master key to open them with")
    if not names:
        return fine(what, "none yet")
    try:
        root_keys.open_root(engine, master, make=False)
    except (root_keys.NoRootKeyError, Unopenable):
        told = "sealed with another master key than this one: put the right key back, lose none"
        return wrong(what, f"{told} ({', '.join(names)} opens them; this is {master.name})")
    others = [name for name in names if name != master.name]
    if others:
        told = f"and with {', '.join(others)}: onward keys take-away it once no process has it"
        return fine(what, f"open with this master key ({master.name}), {told}")
    return fine(what, f"open with this master key ({master.name})")


def _restored(found: Settings, store: Store) -> Finding:
    what, parts = "restored backup", urlsplit(found.erasures)
    if parts.scheme == "file" and not Path(unquote(parts.path)).is_dir():
        return fine(what, "nobody has been erased or has opted out yet")
    try:
        insist_checked(store, ErasureRegister(found.erasures))
    except UncheckedRestoreError as error:
        return wrong(what, str(error))
    except (BaseError, OSError) as error:
        told = f"the register of erasures cannot be read ({type(error).__name__})"
        return wrong(what, f"{told}: see ONWARD_ERASURE_URL")
    return fine(what, "the register of erasures and opt-outs has nothing that is not known here")


def _upkeep(found: Settings, tx: Transaction) -> Finding:
    holder = leases.holder(tx, LEADER)
    if holder is None:
        command = "onward up" if found.embedded else "onward upkeep"
        told = f"no process keeps house: retries, receipts and seals stand still; run {command}"
        return wrong("upkeep", told)
    return fine("upkeep", f"led by {holder}")


def _due(tx: Transaction) -> Finding:
    late = condition.overdue(tx, OVERDUE_SECONDS)
    if late.oldest is None:
        return fine("due deliveries", f"none is due for more than {OVERDUE_SECONDS:g} s")
    told = f"{late.count} due and not taken, the oldest since {late.oldest:%Y-%m-%d %H:%M:%S} UTC"
    return wrong("due deliveries", f"{told}: is dispatch running, and does the provider answer?")


def _clocks(tx: Transaction) -> Finding:
    what = "legal clocks"
    told = [
        f"{one.count} {one.clock.value} {one.standing}"
        for one in clocks.running(tx)
        if one.standing == clocks.OVERDUE or one.clock is clocks.Clock.INCIDENT
    ]
    if told:
        return wrong(what, f"{', '.join(told)}: onward attention says what to do about each")
    return fine(what, "none has run out, and no breach's soon will")


def _in_use(tx: Transaction) -> Finding:
    told = [words for state in providers.states(tx) if (words := _out_of_use(state, tx.now))]
    if told:
        return wrong("providers in use", "; ".join(told))
    return fine("providers in use", "none is paused, waited for, or kept out by its breaker")


def _out_of_use(state: ProviderState, now: datetime) -> str | None:
    why = f"({state.reason.value}: {state.code})" if state.reason is not None else ""
    if state.paused_at is not None:
        return f"{state.name} was paused at {state.paused_at:%Y-%m-%d %H:%M:%S} UTC"
    if state.state is not BreakerState.CLOSED and state.opened_at is not None:
        return f"{state.name} has been out since {state.opened_at:%Y-%m-%d %H:%M:%S} UTC {why}"
    if state.wait_until is not None and state.waits(now):
        return f"{state.name} wants us to wait until {state.wait_until:%H:%M:%S} UTC {why}"
    return None


def _why_not(url: URL, error: DBAPIError) -> str:
    if url.get_backend_name() == "sqlite":
        return f"{url.database} does not open as a database of ours ({type(error.orig).__name__})"
    where = f"{url.host}:{url.port or _PORT}/{url.database}"
    if "password" in str(error.orig) or "authentication" in str(error.orig):
        return f"{where} answers and refuses our user or password: see ONWARD_DATABASE_URL"
    if "does not exist" in str(error.orig):
        return f"{where}: there is no such database or user: make it, or see ONWARD_DATABASE_URL"
    return f"nothing usable answers at {where}: is it running, and is ONWARD_DATABASE_URL right?"
