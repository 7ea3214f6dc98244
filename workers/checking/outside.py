"""Do the providers answer and know us, is their clock ours, and can files be kept?"""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import unquote, urlsplit

from config.providers import TAKEN as FIRST
from config.settings import Settings
from contracts.vocabulary import Reason
from store.encryption.keys import RootKey
from store.files import Files
from workers.bootstrap.providers import open_carriers
from workers.checking.finding import Finding, fine, unknown, unset, wrong
from workers.checking.here import nearest_folder
from workers.dispatch.carriers import Carrier
from workers.providers.base import Accepted, Deferred, Rejected, Unknown

PROBE_SECONDS = 12.0
MOST_SKEW_SECONDS = 5.0  # a Date header counts whole seconds, and the answer was under way
_NO_FILE = "0" * 64


def providers(found: Settings) -> Sequence[Finding]:
    """Ask every provider that is set up whether it knows us; sends nothing."""
    return asyncio.run(_probe_all(found))


async def _probe_all(found: Settings) -> Sequence[Finding]:
    carriers = open_carriers(found)
    try:
        return await asyncio.gather(*(_probe(carrier) for carrier in carriers))
    finally:
        for carrier in carriers:
            await carrier.provider.close()


async def _probe(carrier: Carrier) -> Finding:
    provider, where = carrier.provider, carrier.where
    what = f"{provider.channel} provider"
    if carrier.name not in FIRST:
        what = f"{what} {carrier.name}"
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            verdict = await provider.probe()
    except TimeoutError:
        return wrong(what, f"{where} gave no answer within {PROBE_SECONDS:g} s")
    match verdict:
        case Accepted():
            return fine(what, f"{where} answers and knows us")
        case Deferred(Reason.CREDENTIALS, code) | Rejected(Reason.CREDENTIALS, code):
            return wrong(what, f"{where} refuses our credentials ({code})")
        case Deferred(Reason.UNREACHABLE, code):
            return wrong(what, f"{where} cannot be reached ({code})")
        case Deferred(reason, code) | Rejected(reason, code) | Unknown(reason, code):
            return wrong(what, f"{where} does not answer as it should ({reason}: {code})")


def provider_clock(found: Settings) -> Sequence[Finding]:
    """Compare our clock with the voice and SMS provider's, which dates its answers."""
    what = "provider's clock"
    if found.twilio_account_sid is None:
        return [unset(what, "no provider to compare with")]
    try:
        theirs, ours = _date_of(found.twilio_api_url)
    except (OSError, HTTPException, ValueError, TypeError):
        return [unknown(what, "the provider gave no date to compare with")]
    seconds = abs((theirs - ours).total_seconds())
    if seconds > MOST_SKEW_SECONDS:
        told = f"it differs from ours by {seconds:.0f} s: signed calls and deadlines go wrong"
        return [wrong(what, f"{told}; let this machine follow NTP")]
    return [fine(what, f"within {max(1, round(seconds))} s of ours")]


def _date_of(url: str) -> tuple[datetime, datetime]:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=PROBE_SECONDS)
    try:
        connection.request("HEAD", parts.path or "/")
        date = connection.getresponse().headers["Date"]
        return parsedate_to_datetime(date).astimezone(UTC), datetime.now(UTC)
    finally:
        connection.close()


def files(found: Settings) -> Sequence[Finding]:
    """Tell whether scans and documents can be kept, and read from where events may point."""
    what = "files"
    parts = urlsplit(found.blobs)
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if parts.scheme == "file":
        folder = Path(unquote(parts.path))
        near = nearest_folder(folder)
        if not near.is_dir() or not os.access(near, os.W_OK | os.X_OK):
            return [wrong(what, f"{folder} cannot be written to by this user")]
        if near != folder:
            return [unset(what, f"{folder} is made when the first file is kept")]
    try:
        kept = Files(found.blobs, RootKey(bytes(32)), found.blob_roots)  # nothing is opened here
        kept.has(_NO_FILE)
    except Exception as error:  # noqa: BLE001 - the object store raises what its vendor's client does
        told = f"{place} cannot be used"
        return [
            wrong(what, f"{told} ({type(error).__name__}): see ONWARD_BLOB_URL, ONWARD_BLOB_ROOTS")
        ]
    return [fine(what, f"kept at {place}")]
