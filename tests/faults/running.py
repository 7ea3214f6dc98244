"""How does one run of a fault go? Set up, publish and break at once, wait for quiet, judge."""

import base64
import contextlib
import os
import random
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from urllib.parse import urlsplit

from bench.installation import broker_user
from tests.faults import load
from tests.faults.clock import Clock
from tests.faults.disk import small_disk
from tests.faults.evidence import Reader, Sent
from tests.faults.installation import PROCESSES, running, url_through
from tests.faults.judging import Judgement, judge
from tests.faults.load import SOURCE, Sample
from tests.faults.memory import watched
from tests.faults.provider import Provider, provider
from tests.faults.proxy import Line
from tests.faults.publishing import publishing
from tests.faults.scene import PATIENCE_SECONDS, Fault, Injury, Scene
from tests.faults.servers import Ground, database_on
from tests.rooms import fresh_database, fresh_vhost
from tests.service_answers import DATABASE, CannotStartError, free_port
from tests.waiting import NeverHappenedError, eventually
from workers.sandbox import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN

_QUIET_SECONDS = 400
_STILL_SECONDS = 100  # longer than upkeep waits before it hints again
_SLOWEST_RATE = 60  # events a second
_AS_MUCH_MORE = 4
_AFTER_SECONDS = 4
_FULL_RATE = 0.8
_WINDOW_SECONDS = 1.0
_STEP_SECONDS = 0.1

# Outages of minutes become seconds: the policies' times are scaled, and what a provider may take
# is short, so that a lease may be short too.
_SHORT = {
    "ONWARD_TIME_SCALE": "0.03",
    "ONWARD_TWILIO_TIMEOUT_SECONDS": "3",
    "ONWARD_SMTP_TIMEOUT_SECONDS": "2",
    "ONWARD_SMTP_FINAL_TIMEOUT_SECONDS": "2",
    "ONWARD_LEASE_SECONDS": "14",
    "ONWARD_UPKEEP_INTERVAL_SECONDS": "0.5",
}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run gave. ``failed`` says what kept it from being judged at all.

    ``memory`` is what the largest of our processes had at most, in MiB.
    """

    seed: int
    judgement: Judgement | None
    recovery: float
    seconds: float
    notes: tuple[str, ...] = ()
    ends: Mapping[str, int] = field(default_factory=dict)
    logs: Path | None = None
    failed: str | None = None
    memory: float = 0.0

    @property
    def kept(self) -> bool:
        """Whether it could be judged, and both invariants were kept."""
        return self.judgement is not None and self.judgement.kept and self.failed is None


def run(fault: Fault, ground: Ground, seed: int, events: int) -> Run:
    """Run a fault once. Where it fails, the logs of all processes are kept, and said where.

    Raises ``CannotStartError`` where this machine has not what the fault needs.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"onward-fault-{fault.name}-"))
    folder.chmod(0o711)  # a server of another user's may lie within
    begun = time.monotonic()
    try:
        made = _run(fault, ground, seed, events, folder)
    except Exception as error:
        if isinstance(error, CannotStartError):
            shutil.rmtree(folder, ignore_errors=True)
            raise
        said = f"{type(error).__name__}: {error}"
        return Run(seed, None, 0.0, time.monotonic() - begun, logs=folder, failed=said)
    except BaseException:  # told to stop: there is nothing to look into
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if made.kept:
        shutil.rmtree(folder, ignore_errors=True)
    return made


def _run(fault: Fault, ground: Ground, seed: int, events: int, folder: Path) -> Run:
    begun = time.monotonic()
    with scene(fault, ground, seed, folder) as (made, publisher_url):
        _publish_and_wait(made, publisher_url, load.customers())
        if fault.samples is None:
            samples = load.messages("m", events * _AS_MUCH_MORE)
        else:
            samples = fault.samples(made, events)
        least = events if fault.samples is None else None
        confirmed: list[Sample] = []
        with (
            watched(made.ours) as memory,
            publishing(publisher_url, samples, fault.pace, least=least, hands=fault.hands) as going,
        ):
            made.load = going
            fault.inflict(made)
            if made.injuries:
                made.lasts(_AFTER_SECONDS)  # so that the recovery is under load too
            going.finish(PATIENCE_SECONDS)
            taken = {one.id: one for one in samples if one.id in going.confirmed}
            confirmed += taken.values()
            offered = _offered(going.confirmed)
            # Lifted sooner, a slow machine would meet the fault with half of its sends alone.
            made.until(lambda: not made.untried(), "all has been tried once", PATIENCE_SECONDS)
            made.provider.behave([])
            _until_quiet(made, len(confirmed))
        verified = made.ours.command("verify")
        acceptances = made.provider.acceptances()
        found = made.reader.evidence(SOURCE, acceptances)
        judgement = judge(confirmed, found)
        failed = None
        if verified.returncode != 0:
            failed = f"onward verify: {(verified.stdout + verified.stderr).strip()}"
        recovery = recovery_seconds(made.injuries, found.sent, offered)
        notes, ends = tuple(made.notes), dict(made.ours.ends)
    took = time.monotonic() - begun
    return Run(seed, judgement, recovery, took, notes, ends, folder, failed, memory.of_one)


@contextlib.contextmanager
def scene(fault: Fault, ground: Ground, seed: int, folder: Path) -> Iterator[tuple[Scene, str]]:
    """Set everything up for one run: rooms, lines, the provider, our processes, a publisher."""
    name = f"fault_{secrets.token_hex(4)}"
    with contextlib.ExitStack() as opened:
        enter = opened.enter_context
        disk = enter(small_disk(folder / "disk", fault.disk_mib)) if fault.disk_mib else None
        server = enter(database_on(disk.folder)) if disk else ground.database
        database = enter(fresh_database(server.variables[DATABASE], name))
        broker = enter(fresh_vhost(ground.broker_url, name, ground.management))
        sandbox = enter(provider(folder))
        sandbox.seed(seed)
        lines: dict[str, Line] = {}
        for line in fault.lines:
            lines[line] = Line(_port(line, broker, database, sandbox))
            opened.callback(lines[line].close)
        settings = _settings(sandbox, folder, database, broker, lines) | dict(fault.settings)
        if disk is not None:
            settings["ONWARD_DATA_DIR"] = str(disk.folder / "onward")
        clock = Clock(folder) if fault.clock else None
        if clock is not None:
            clock.build()
            settings |= clock.settings
        ours = enter(running(settings, folder, fault.processes or PROCESSES))
        publisher_url = enter(broker_user(broker, name, ground.management))
        admitted = ours.command("publishers", "add", name, "--type", "*", "--source", "*")
        assert admitted.returncode == 0, admitted.stderr
        sandbox.behave(fault.provider)
        yield (
            Scene(
                rng=random.Random(seed),
                ground=ground,
                provider=sandbox,
                ours=ours,
                lines=lines,
                reader=Reader(database),
                database=server,
                disk=disk,
                clock=clock,
            ),
            publisher_url,
        )


def recovery_seconds(injuries: Sequence[Injury], sent: Sequence[Sent], offered: float) -> float:
    """Tell the longest that it took, from a healing, until the provider took the full rate again.

    Full is as much in a second as was offered (four fifths of it, for chance), or all that came.
    Where the next injury came before that, the recovery is told from the healing of that one.
    """
    times = sorted(one.at.timestamp() for one in sent)
    longest = 0.0
    for injury, later in zip_longest(injuries, injuries[1:]):
        next_began = float("inf") if later is None else later.began
        after = [at for at in times if at >= injury.healed]
        wanted = max(1.0, _FULL_RATE * offered * _WINDOW_SECONDS)
        took = after[-1] - injury.healed if after else 0.0
        for place, at in enumerate(after):
            within = sum(
                one < at + _WINDOW_SECONDS for one in after[place : place + int(wanted) + 1]
            )
            if within >= wanted:
                took = at - injury.healed
                break
        if injury.healed + took <= next_began:
            longest = max(longest, took)
    return longest


def _offered(confirmed: Mapping[str, float]) -> float:
    """Events a second, as they were offered while nothing held them up: the median second's."""
    seconds: dict[int, int] = {}
    for at in confirmed.values():
        seconds[int(at)] = seconds.get(int(at), 0) + 1
    counts = sorted(seconds.values())
    return float(counts[len(counts) // 2]) if counts else 0.0


def _publish_and_wait(made: Scene, url: str, samples: Sequence[Sample]) -> None:
    with publishing(url, samples, None, hands=1) as first:
        first.finish(PATIENCE_SECONDS)
    eventually(
        lambda: made.reader.number("SELECT count(*) FROM events") >= len(samples),
        "the customers are taken in",
        PATIENCE_SECONDS,
    )
    taken = made.reader.number("SELECT count(*) FROM events WHERE status <> 'routed'")
    assert taken == 0, f"{taken} of the customers' events wait"


def _until_quiet(made: Scene, confirmed: int) -> None:
    """Wait until nothing is due, with workers, uncertain, untold or unsealed."""
    last, since = (-1, -1), time.monotonic()

    def quiet() -> bool:
        nonlocal last, since
        time.sleep(_STEP_SECONDS)  # each look costs the database something
        on_record = (
            "SELECT (SELECT count(*) FROM events WHERE source = %s)"
            " + (SELECT count(*) FROM rejected_events)"
        )
        left = (
            "SELECT (SELECT count(*) FROM ledger WHERE position IS NULL)"
            " + (SELECT count(*) FROM outbox WHERE published_at IS NULL)"
            " + (SELECT count(*) FROM waits)"
            " + (SELECT count(*) FROM deliveries"
            "    WHERE status IN ('sending', 'uncertain')"
            "    OR (status = 'pending' AND due_at <= clock_timestamp() + interval '30 seconds'))"
        )
        now = (made.reader.number(on_record, SOURCE), made.reader.number(left))
        if now != last:
            last, since = now, time.monotonic()
        if time.monotonic() - since > _STILL_SECONDS:
            raise NeverHappenedError
        return now[0] >= confirmed and now[1] == 0 and made.provider.callbacks_waiting() == 0

    try:
        eventually(quiet, "it is quiet", max(_QUIET_SECONDS, confirmed / _SLOWEST_RATE))
    except NeverHappenedError:
        made.notes.append(f"not quiet: {last[0]} of {confirmed} on record, {last[1]} left")


def _port(line: str, broker: str, database: str, sandbox: Provider) -> int:
    match line:
        case "broker":
            return urlsplit(broker).port or 0
        case "database":
            return urlsplit(database).port or 0
        case "sms":
            return sandbox.http_port
        case "mail":
            return sandbox.smtp_port
        case _:
            raise AssertionError(f"no line is called {line}")


def _settings(
    sandbox: Provider, folder: Path, database: str, broker: str, lines: Mapping[str, Line]
) -> dict[str, str]:
    door = free_port()

    def through(line: str, port: int) -> int:
        return lines[line].port if line in lines else port

    kept = {k: v for k, v in os.environ.items() if not k.startswith("ONWARD_")}
    return kept | {
        "ONWARD_SANDBOX": "true",
        "ONWARD_DATA_DIR": str(folder / "onward"),
        "ONWARD_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "ONWARD_TWILIO_ACCOUNT_SID": SANDBOX_ACCOUNT_SID,
        "ONWARD_TWILIO_AUTH_TOKEN": SANDBOX_AUTH_TOKEN,
        "ONWARD_TWILIO_API_URL": f"http://127.0.0.1:{through('sms', sandbox.http_port)}",
        "ONWARD_SMTP_HOST": "127.0.0.1",
        "ONWARD_SMTP_PORT": str(through("mail", sandbox.smtp_port)),
        "ONWARD_SMTP_SECURITY": "none",
        "ONWARD_DOOR_PORT": str(door),
        "ONWARD_PUBLIC_URL": f"http://127.0.0.1:{door}",
        "ONWARD_DATABASE_URL": (
            url_through(database, lines["database"].port) if "database" in lines else database
        ),
        "ONWARD_BROKER_URL": (
            url_through(broker, lines["broker"].port) if "broker" in lines else broker
        ),
        "ONWARD_LOG_LEVEL": "info",
        **_SHORT,
    }
