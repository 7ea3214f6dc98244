"""Which master keys open this installation, and what it holds about people."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.vocabulary import Target, Verb
from workers.cli.acts import As, Why, by_whom
from workers.cli.common import AsJson, fail, listing, opened, there

if TYPE_CHECKING:
    from store.audit import By
    from workers.bootstrap.parts import Parts

keys_app = typer.Typer(help="Which master keys open what is stored.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    keys_app.command("list")(list_keys)
    keys_app.command("add")(add_key)
    keys_app.command("take-away")(take_key_away)
    app.add_typer(keys_app, name="keys")
    app.command()(register)


def list_keys(as_json: AsJson = False) -> None:
    """List the master keys that open what is stored, by their short names."""
    from config.keyfile import read_master_key
    from store.encryption.keys import MasterKey
    from store.encryption.root_keys import openers

    with opened(there()) as parts:
        ours = MasterKey(read_master_key(parts.settings)).name
        rows = [
            {"master": one.master, "added_at": one.added_at, "ours": one.master == ours}
            for one in openers(parts.store.engine)
        ]
    listing(rows, {"master": "Key", "added_at": "Since", "ours": "Is ours"}, as_json=as_json)


def add_key(
    file: Annotated[Path, typer.Argument(help="The new key's file: python -m config.new_key FILE")],
    reason: Why = "",
    actor: As = "",
) -> None:
    """Have a further master key open what is stored; nothing stored is written anew."""
    from config.keyfile import MasterKeyError, read_key_file
    from store.encryption.keys import MasterKey
    from store.encryption.root_keys import add

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        try:
            master = MasterKey(read_key_file(file))
        except MasterKeyError as error:
            fail(str(error))
        is_new = add(parts.store.engine, parts.store.root, master)
        _record(parts, Verb.ADD_KEY, by, master.name)
    typer.echo(f"{master.name} opens what is stored" + ("" if is_new else ", as it did before"))
    typer.echo(
        "give every process this key (ONWARD_MASTER_KEY_FILE) and restart it, one after the other;"
        " then take the old key away: onward keys list",
        err=True,
    )


def take_key_away(
    name: Annotated[str, typer.Argument(help="Its short name, as `onward keys list` shows it.")],
    reason: Why = "",
    actor: As = "",
) -> None:
    """Have a master key open nothing any more. The one in use stays."""
    from config.keyfile import read_master_key
    from store.encryption.keys import MasterKey
    from store.encryption.root_keys import NoRootKeyError, take_away

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        if MasterKey(read_master_key(parts.settings)).name == name:
            fail(f"{name} is the key that this command was given itself: give it the new one first")
        try:
            gone = take_away(parts.store.engine, name)
        except NoRootKeyError as error:
            fail(str(error))
        if gone:
            _record(parts, Verb.TAKE_KEY_AWAY, by, name)
    if not gone:
        fail(f"no master key of the name {name} opens what is stored: onward keys list")
    typer.echo(f"{name} opens nothing any more; destroy it, and what backups hold of it")


def _record(parts: "Parts", verb: Verb, by: "By", name: str) -> None:
    from store import audit
    from store.audit import Concerned

    with parts.store.write() as tx:
        audit.put(tx, verb, by, [Concerned(Target.MASTER_KEY, name)])


def register(
    article_30: Annotated[
        bool,
        typer.Option("--article-30", help="Give the whole record of processing, as JSON."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is held about people: where, why, for how long, and who gets it."""
    from workers.rights.register import record_of_processing, rows

    with opened(there()) as parts:
        if article_30:
            with parts.store.read() as tx:
                in_force = tx.policy_version
            typer.echo(json.dumps(record_of_processing(parts.settings, in_force), indent=2))
            return
        found = rows(parts.settings)
    headings = {
        "field": "Field",
        "what": "What",
        "form": "Kept",
        "purpose": "Purpose",
        "retention": "For how long",
    }
    listing(found, headings, as_json=as_json)
