"""Onward shown at work: the demo and the sandbox."""

import os
from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(demo)
    app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
        sandbox
    )


def demo(
    stay: Annotated[bool, typer.Option("--stay", help="Leave everything running after.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where the demo keeps its files; else a new folder.")
    ] = None,
) -> None:
    """Play one day of an office, and check every send against the sandbox's record."""
    from workers.demo.day import play

    raise typer.Exit(play(stay=stay, folder=folder))


def sandbox(context: typer.Context) -> None:
    """Run the sandbox: a Twilio-shaped server and a mail server that send nothing."""
    from workers.sandbox.__main__ import run, settings_from

    raise typer.Exit(run(settings_from(context.args), os.environ))
