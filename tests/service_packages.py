"""How does root on Debian start the distribution's servers for a test run, leaving nothing behind?

In a temporary folder, on ports of their own, as their packages' users. The system's own instances
are never touched: packages are installed with a policy that starts no service and enables none. A
server dies with whoever started it, even by kill -9. What it takes to start one is a ``Recipe``,
so that whoever kills a server on purpose can start it again where it lay.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.service_answers import (
    BROKER,
    DATABASE,
    MANAGEMENT,
    PULL_SECONDS,
    CannotStartError,
    broker_answers,
    database_answers,
    free_port,
    management_answers,
    wait_for,
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one server is started in its ``folder``, as often as one likes.

    ``answers`` tells whether it serves; ``variables`` are its addresses; ``stop`` ends it in order.
    """

    folder: Path
    command: list[str]
    answers: Callable[[], bool]
    variables: dict[str, str]
    stop: signal.Signals
    environment: Mapping[str, str] | None = None


@contextlib.contextmanager
def packaged_database() -> Iterator[dict[str, str]]:
    """Run PostgreSQL from the distribution's package, in a cluster of its own."""
    with database_recipe() as recipe, _served(recipe):
        yield recipe.variables


@contextlib.contextmanager
def packaged_broker() -> Iterator[dict[str, str]]:
    """Run RabbitMQ from the distribution's package: own node, own ports, own port mapper."""
    with broker_recipe() as recipe, _served(recipe):
        yield recipe.variables


@contextlib.contextmanager
def database_recipe(within: Path | None = None) -> Iterator[Recipe]:
    """Make a PostgreSQL cluster and say how it is started; its folder lies ``within``."""
    _need_root_on_debian()
    binaries = _postgresql_binaries()
    if binaries is None:
        _install("postgresql")
        binaries = _postgresql_binaries()
    if binaries is None:
        raise CannotStartError("its package brought no server")
    password, port = secrets.token_hex(16), free_port()
    with _folder("postgres", within) as folder:
        secret = folder / "password"
        secret.write_text(password)
        shutil.chown(secret, "postgres")
        cluster = folder / "cluster"
        made = subprocess.run(
            _as_user(
                "postgres",
                [str(binaries / "initdb"), "-D", str(cluster), "-U", "postgres"],
                ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C"],
            ),
            check=False,
            capture_output=True,
            text=True,
            cwd=folder,
        )
        if made.returncode != 0:
            raise CannotStartError(f"initdb: {made.stderr.strip().splitlines()[-1]}")
        server = _as_user(
            "postgres",
            [str(binaries / "postgres"), "-D", str(cluster), "-p", str(port)],
            ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
            ["-c", "max_connections=200"],
            dies_by="INT",
        )
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        yield Recipe(folder, server, lambda: database_answers(url), {DATABASE: url}, signal.SIGINT)


@contextlib.contextmanager
def broker_recipe() -> Iterator[Recipe]:
    """Make a RabbitMQ node with a port mapper that runs, and say how the node is started."""
    _need_root_on_debian()
    program = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    if not program.exists():
        _install("rabbitmq-server")
    mapper = _port_mapper()
    if not program.exists() or mapper is None:
        raise CannotStartError("its package brought no server")
    amqp, distribution, web, epmd = (free_port() for _ in range(4))
    with _folder("rabbitmq") as folder:
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.local = 127.0.0.1:{amqp}\n"
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {web}\n"
            # a small or busy disk must not block publishers here
            "disk_free_limit.absolute = 50MB\n"
        )
        (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (folder / "env.conf").write_text("")  # the system's would name the system's own node
        environment = {
            "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(folder),  # its cookie lies there
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"onward{secrets.token_hex(4)}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "env.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        for path in folder.iterdir():
            shutil.chown(path, "rabbitmq")
        names = _as_user("rabbitmq", [mapper, "-port", str(epmd), "-address", "127.0.0.1"])
        url = f"amqp://guest:guest@127.0.0.1:{amqp}/%2F"
        management = f"http://guest:guest@127.0.0.1:{web}"
        with _server(names, folder, environment=environment, log="epmd.log"):
            yield Recipe(
                folder,
                _as_user("rabbitmq", [str(program)]),
                lambda: broker_answers(url) and management_answers(management),
                {BROKER: url, MANAGEMENT: management},
                signal.SIGTERM,
                environment,
            )


def launch(
    command: list[str], folder: Path, environment: Mapping[str, str] | None, log: str = "server.log"
) -> subprocess.Popen[bytes]:
    """Start a server in its folder, in a session of its own; what it says goes to its log there."""
    with (folder / log).open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the tests; the servers are stopped after them
        )


def end(child: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    """Stop a server in order, and all it started; by force after half a minute."""
    if child.poll() is None:
        child.send_signal(stop)
    try:
        child.wait(timeout=30)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # what it started and left behind


@contextlib.contextmanager
def _served(recipe: Recipe) -> Iterator[None]:
    with _server(
        recipe.command, recipe.folder, environment=recipe.environment, stop=recipe.stop
    ) as alive:
        wait_for(recipe.answers, alive)
        yield


def _need_root_on_debian() -> None:
    if os.geteuid() != 0:
        raise CannotStartError("only root may start servers as their own users")
    if not Path("/etc/debian_version").exists() or shutil.which("apt-get") is None:
        raise CannotStartError("this is no Debian")


def _install(package: str) -> None:
    """Install a package without starting, or leaving enabled, the service it brings."""
    print(
        f"services: installing Debian's package {package}, its service neither started nor enabled",
        file=sys.stderr,
        flush=True,
    )
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    links = _start_links()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")  # invoke-rc.d: not allowed to start anything
        policy.chmod(0o755)
    try:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", package]):
            done = subprocess.run(
                ["apt-get", "--quiet", *words],
                check=False,
                capture_output=True,
                text=True,
                env=quiet,
                timeout=PULL_SECONDS,
            )
        if done.returncode != 0:
            last = (done.stderr.strip() or "apt-get failed").splitlines()[-1]
            raise CannotStartError(f"its package does not install: {last}")
    finally:
        if ours:
            policy.unlink(missing_ok=True)
        for link in _start_links() - links:
            link.unlink(missing_ok=True)  # else the next boot would start it


def _start_links() -> set[Path]:
    """Find what systemd or init starts at boot."""
    etc = Path("/etc")
    return {*etc.glob("systemd/system/*.wants/*"), *etc.glob("rc[0-6S].d/S*")}


def _postgresql_binaries() -> Path | None:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]),
    )
    return found[-1].parent if found else None


def _port_mapper() -> str | None:
    found = [Path(shutil.which("epmd") or "/usr/bin/epmd")]
    found += Path("/usr/lib/erlang").glob("erts-*/bin/epmd")
    return next((str(path) for path in found if path.exists()), None)


def _as_user(user: str, *words: list[str], dies_by: str = "TERM") -> list[str]:
    """Build a command that runs as ``user`` and is signalled when its starter is gone."""
    group = str(pwd.getpwnam(user).pw_gid)
    return [
        *("setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups"),
        *("--pdeathsig", dies_by, "--"),
        *(part for some in words for part in some),
    ]


@contextlib.contextmanager
def _folder(owner: str, within: Path | None = None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="onward-test-", dir=within))
    try:
        shutil.chown(folder, owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _server(
    command: list[str],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    stop: signal.Signals = signal.SIGTERM,
    log: str = "server.log",
) -> Iterator[Callable[[], bool]]:
    """Run a server; yield whether it is alive; stop it and all it started at the end."""
    child = launch(command, folder, environment, log)
    try:
        yield lambda: child.poll() is None
    finally:
        end(child, stop)
