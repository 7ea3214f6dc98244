"""Is what lies on this machine in order? Settings, master key, data folder, public address."""

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from config import keyfile
from config.loading import describe
from config.processors import BACKUP, OURSELVES, processors_of, undeclared
from config.sending import MissingSettingsError, company_of, missing_for_sending
from config.settings import Settings
from contracts.vocabulary import Channel
from workers.bootstrap.previews import faults_of_templates
from workers.checking.finding import Finding, fine, unknown, unset, wrong

LEAST_FREE_BYTES = 1_000_000_000
_MOST_FAULTS = 5
_PROVIDED = {
    Channel.SMS: "twilio_account_sid",
    Channel.CALL: "twilio_account_sid",
    Channel.EMAIL: "smtp_host",
}


def settings(found: Settings) -> Sequence[Finding]:
    """Tell where the settings come from; that they are valid was checked on reading them."""
    by_source = Counter(
        "environment" if shown.source.startswith("ONWARD_") else shown.source
        for shown in describe(found)
    )
    told = ", ".join(f"{count} from {source}" for source, count in by_source.most_common())
    form = "everything in one process" if found.embedded else "processes of their own"
    return [fine("settings", f"valid: {told}; {form}")]


def company(found: Settings) -> Sequence[Finding]:
    """Tell whether the company is named, as every email must name it."""
    try:
        company_of(found)
    except MissingSettingsError as error:
        return [
            wrong("company", f"nothing is sent before these are set: {_variables(error.names)}")
        ]
    return [fine("company", "named, for emails and pages")]


def templates(found: Settings) -> Sequence[Finding]:
    """Tell whether every template can be used, and writes every event that it is for."""
    what, folder = "templates", found.templates_dir
    if folder is None:
        return [fine(what, "those that come with Onward")]
    try:
        faults = faults_of_templates(found)
    except MissingSettingsError:
        return [unknown(what, "are tried once the company is named")]
    if faults:
        more = [f"and {len(faults) - _MOST_FAULTS} more"] if len(faults) > _MOST_FAULTS else []
        return [wrong(what, "; ".join(faults[:_MOST_FAULTS] + more))]
    return [fine(what, f"all can be used, with those in {folder}")]


def channels(found: Settings) -> Sequence[Finding]:
    """Tell for each channel whether what it needs is set."""
    findings = [_channel(found, channel) for channel in _PROVIDED]
    if all(one.state != "fine" for one in findings):
        return [*findings, wrong("channels", "no channel is set up: nothing can be sent")]
    return findings


def _channel(found: Settings, channel: Channel) -> Finding:
    what = f"{channel} settings"
    missing = missing_for_sending(found, channel)
    if not missing:
        return fine(what, "all set")
    if getattr(found, _PROVIDED[channel]):
        return wrong(what, f"begun but not finished; set {_variables(missing)}")
    return unset(what, f"cannot send by {channel}; to use it, set {_variables(missing)}")


def processors(found: Settings) -> Sequence[Finding]:
    """Tell who runs each part that carries or keeps what we hold, and where nobody is named."""
    what = "processors"
    missing = undeclared(found)
    if missing:
        return [wrong(what, one) for one in missing]
    outside = sorted({one.name for one in processors_of(found) if one.name != OURSELVES})
    told = f"named for every part in use: {', '.join(outside) or 'nobody but ourselves'}"
    if not found.sandbox and BACKUP not in {one.part for one in processors_of(found)}:
        return [fine(what, f"{told}; declare who keeps backups too, if that is not yourselves")]
    return [fine(what, told)]


def master_key(found: Settings) -> Sequence[Finding]:
    """Tell whether the master key can be read, and only by us."""
    path = found.master_key_path
    elsewhere = found.master_key is not None or bool(found.master_key_command)
    if not elsewhere and not path.exists() and _makes_its_key(found):
        return [unset("master key", f"is made at the first start, in {path}")]
    try:
        keyfile.read_master_key(found)
    except keyfile.MasterKeyError as error:
        return [wrong("master key", f"{error}; put it back from where you keep it apart")]
    if found.master_key_command:
        return [fine("master key", f"printed by {found.master_key_command[0]}")]
    if found.master_key is not None:
        return [fine("master key", "set in the environment or the settings file")]
    if path.stat().st_mode & 0o077:
        return [wrong("master key", f"{path} can be read by others: chmod 600 {path}")]
    return [fine("master key", f"readable, in {path}; keep a copy apart from all backups")]


def _makes_its_key(found: Settings) -> bool:
    store = found.data_dir / "onward.db"
    return found.embedded and found.database_url is None and not store.exists()


def data_folder(found: Settings) -> Sequence[Finding]:
    """Tell whether the data folder can be written to, and has room."""
    folder = nearest_folder(found.data_dir)
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return [wrong("data folder", f"{found.data_dir} cannot be written to by this user")]
    free = shutil.disk_usage(folder).free
    told = f"{free / 1e9:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        return [wrong("data folder", f"{found.data_dir} is nearly full: {told}")]
    if folder != found.data_dir:
        return [unset("data folder", f"{found.data_dir} is made at the first start; {told}")]
    return [fine("data folder", f"{found.data_dir} can be written to; {told}")]


def nearest_folder(path: Path) -> Path:
    """Give a folder, or the nearest one above that is there: where it would be made."""
    found = path.absolute()
    while not found.exists() and found != found.parent:
        found = found.parent
    return path if found == path.absolute() else found


def public_url(found: Settings) -> Sequence[Finding]:
    """Tell whether providers can call us back at the public address, by its form."""
    what, url = "public address", found.public_url
    if url is None:
        return [unset(what, "providers cannot call back; to be told of receipts, set public_url")]
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.username:
        return [wrong(what, "public_url must be scheme, host and path alone: callbacks are signed")]
    if parts.scheme != "https" and not found.sandbox:
        return [wrong(what, "public_url must begin with https://, or callbacks go in the clear")]
    return [fine(what, f"providers call back at {parts.scheme}://{parts.netloc}{parts.path}")]


def _variables(names: Sequence[str]) -> str:
    return ", ".join(f"ONWARD_{name.upper()}" for name in names)
