"""The processes of an installation: one for all, or one command for each."""

import signal
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.vocabulary import Lane
from workers.cli.common import fail, opened, settings
from workers.running.garbage import settle

if TYPE_CHECKING:
    from config.settings import Settings
    from workers.bootstrap.parts import Parts

_LOOK_SECONDS = 1.0


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(up)
    app.command()(intake)
    app.command()(dispatch)
    app.command()(upkeep)
    app.command()(web)
    app.command()(bounces)


def up() -> None:
    """Run everything: in one process, or, with a broker, supervising a process for each part."""
    found = settings()
    if found.broker is None:
        _together(found)
    else:
        _supervised(found)


def _together(found: "Settings") -> None:
    from workers.bootstrap.ops import open_ops
    from workers.together import Together

    with opened(found, people=False) as parts:
        together = Together(parts)
        told = _told()
        with open_ops(parts):
            together.start()
            settle()
            typer.echo(f"onward is up: {together.url}", err=True)
            _until(told)
            together.stop()


def _supervised(found: "Settings") -> None:
    from config.processors import UndeclaredProcessorError, insist
    from workers.supervising.supervisor import DoorTakenError, Supervisor

    try:
        insist(found)
        supervisor = Supervisor(found)
    except (DoorTakenError, UndeclaredProcessorError) as error:
        fail(str(error))
    told = threading.Event()
    _on_signals(told.set)
    supervisor.start()
    while not told.is_set():
        if supervisor.is_open():
            typer.echo(f"onward is up: {supervisor.url}", err=True)
            break
    _until(told)
    supervisor.stop()


def intake() -> None:
    """Take events in from RabbitMQ."""
    from workers.bootstrap.doors import open_consumer
    from workers.bootstrap.ops import open_ops

    found = settings()
    if found.broker is None:
        fail("intake reads from RabbitMQ: set ONWARD_BROKER_URL (without a broker, run onward up)")
    with opened(found, people=False) as parts:
        consumer = open_consumer(parts)
        _on_signals(consumer.stop)
        with open_ops(parts):
            settle()
            consumer.run()


def dispatch(
    lanes: Annotated[
        str,
        typer.Option(help="Lanes to work off, with commas; give live,urgent a process of its own."),
    ] = "live,urgent,routine,bulk",
) -> None:
    """Send what is due."""
    from workers.bootstrap.ops import open_ops
    from workers.bootstrap.sending import Dispatch

    found = settings()
    if found.broker is None:
        fail("dispatch is told over RabbitMQ: set ONWARD_BROKER_URL (or run onward up)")
    with opened(found, people=False) as parts:
        sending = Dispatch(parts, _lanes(lanes))
        told = _told()  # before anything is sent: an end in between would be a kill
        with open_ops(parts):
            sending.start()
            settle()
            _until(told)
            sending.stop()


def upkeep() -> None:
    """Keep house: hints, retries, leases, outcomes, sealing. One leads, others stand by."""
    from workers.bootstrap.ops import open_ops
    from workers.bootstrap.upkeep import open_upkeep

    with opened(people=False) as parts:
        running = open_upkeep(parts)
        _on_signals(running.stop)
        with open_ops(parts):
            settle()
            running.run()


def web(
    descriptor: Annotated[
        int | None, typer.Option(hidden=True, help="A socket that listens already.")
    ] = None,
) -> None:
    """Serve the HTTP door and the providers' webhooks."""
    from workers.bootstrap.doors import open_web
    from workers.bootstrap.ops import open_ops

    with opened(people=False) as parts:
        app = open_web(parts)
        with open_ops(parts):
            settle()
            _serve(parts, app, descriptor)


def bounces() -> None:
    """Take bounces of our emails, by SMTP or LMTP, from the mail server that gets them."""
    from workers.bootstrap.doors import open_mail_door
    from workers.bootstrap.ops import open_ops

    with opened(people=False) as parts:
        door = open_mail_door(parts)
        told = _told()
        try:
            door.start()
        except OSError as error:
            fail(f"cannot listen at bounce_host and bounce_port: {error.strerror}")
        with open_ops(parts):
            settle()
            _until(told)
            door.stop()


def _serve(parts: "Parts", app: Callable[..., object], descriptor: int | None) -> None:
    import uvicorn

    found = parts.settings
    config = uvicorn.Config(
        app,
        host=found.door_host,
        port=found.door_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=20,
    )
    listening = None if descriptor is None else [socket.socket(fileno=descriptor)]
    server = uvicorn.Server(config)
    # Uvicorn stops by the signal, then raises it again: that would end us before we have closed.
    _on_signals(lambda: None)
    server.run(listening)
    if not server.started:
        raise typer.Exit(1)


def _lanes(text: str) -> list[Lane]:
    words = {lane.value: lane for lane in Lane}
    chosen = [word.strip() for word in text.split(",") if word.strip()]
    unknown = [word for word in chosen if word not in words]
    if unknown or not chosen:
        raise typer.BadParameter(f"lanes are {', '.join(words)}", param_hint="--lanes")
    return [words[word] for word in chosen]


def _on_signals(stop: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())


def _until(told: threading.Event) -> None:
    """Wait until told to end. It looks at times: a signal to another thread wakes nobody."""
    while not told.wait(_LOOK_SECONDS):
        pass


def _told() -> threading.Event:
    """Give what is set once somebody tells this process to end."""
    told = threading.Event()
    _on_signals(told.set)
    return told
