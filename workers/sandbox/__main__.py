"""``python -m workers.sandbox``: run a sandbox until told to stop."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from workers.sandbox.loops import new_loop
from workers.sandbox.record import RecordInUseError
from workers.sandbox.server import Server, started
from workers.sandbox.settings import SandboxSettings, Tls, real_credentials

REFUSED = 2


def run(settings: SandboxSettings, environment: Mapping[str, str]) -> int:
    """Serve until SIGTERM or SIGINT; 2 if real credentials are about.

    Prints one JSON line with the ports once it listens, and writes it to ``ready_file``.
    """
    found = real_credentials(environment, settings.allowed_hosts)
    if found:
        for reason in found:
            print(f"The sandbox does not start: {reason}.", file=sys.stderr)
        print("Unset it, or point it at the sandbox; nothing was sent.", file=sys.stderr)
        return REFUSED
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(_serve(settings))
    except RecordInUseError as used:
        print(f"The sandbox does not start: another one writes to {used.path}.", file=sys.stderr)
        return REFUSED
    except OSError as fault:
        print(f"The sandbox does not start: {fault}.", file=sys.stderr)
        return REFUSED
    return 0


def settings_from(arguments: Sequence[str]) -> SandboxSettings:
    """Read the command line."""
    given = vars(_parser().parse_args(arguments))
    given["allowed_hosts"] = frozenset(given.pop("allow_host"))
    given["smtp_tls"] = Tls(given["smtp_tls"])
    return SandboxSettings(**given)


def main() -> int:
    """Run with the process's own arguments and environment."""
    return run(settings_from(sys.argv[1:]), os.environ)


async def _serve(settings: SandboxSettings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = await started(settings)
    try:
        _announce(server, settings.ready_file)
        await stopping.wait()
    finally:
        await server.stop()


def _announce(server: Server, ready_file: Path | None) -> None:
    ports = json.dumps(server.ports())
    print(ports, flush=True)
    if ready_file is not None:
        # Renamed into place: whoever waits for the file never reads half of it.
        partial = ready_file.with_suffix(".partial")
        partial.write_text(ports + "\n", encoding="utf-8")
        partial.replace(ready_file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workers.sandbox", description=__doc__)
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="where the record is kept")
    add("--http-host", default="127.0.0.1")
    add("--http-port", type=int, default=0, help="0: any free port")
    add("--smtp-host", default="127.0.0.1")
    add("--smtp-port", type=int, default=0, help="0: any free port")
    add("--smtp-tls", choices=[tls.value for tls in Tls], default=Tls.PLAIN.value)
    add("--smtp-user", help="ask for AUTH with this user")
    add("--smtp-password")
    add("--largest-mail", type=int, default=25 * 1024 * 1024, help="bytes")
    add("--fsync", action=argparse.BooleanOptionalAction, default=True)
    add("--keep-mail", action=argparse.BooleanOptionalAction, default=False)
    add("--allow-host", action="append", default=[], help="a host to post callbacks to")
    add("--callback-connections", type=int, default=8)
    add("--bounce-host", default="127.0.0.1", help="the mail server that reports are sent to")
    add("--bounce-port", type=int, help="its port; without one no report is sent")
    add("--ready-file", type=Path, help="written with the ports once it listens")
    add("--behaviour", dest="behaviour_file", type=Path, help="a JSON file of rules")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
