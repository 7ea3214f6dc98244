"""The identity vault: set up once, and opened by a privacy officer alone."""

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.acts import As, Why, by_whom
from workers.cli.common import Customer, fail, in_json, opened, there

if TYPE_CHECKING:
    from store.encryption.vault import VaultKey

vault_app = typer.Typer(help="Identity data, which no worker can open.", no_args_is_help=True)

KeyFile = Annotated[Path, typer.Option("--key", help="The vault's private key, as init made it.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    vault_app.command("init")(init)
    vault_app.command("show")(show)
    vault_app.command("grants")(grants)
    app.add_typer(vault_app, name="vault")


def init(
    file: Annotated[Path, typer.Argument(help="Where to write the private key; keep it apart.")],
) -> None:
    """Set the vault up: its private key is written to a file, and stands nowhere else."""
    from config.keyfile import make_master_key
    from store.encryption import vault

    key, private = vault.VaultKey.new()
    with opened(there()) as parts:
        try:
            with parts.store.write() as tx:
                vault.make(tx, key.public)
                make_master_key(file, private)
        except vault.VaultExistsError:
            fail("there is a vault already: with another key nothing in it would open")
        except OSError as error:
            fail(f"{file}: {error.strerror}")
    typer.echo(f"{file} opens the vault, and nothing else does: keep it from this machine")


def show(
    customer: Customer,
    key: KeyFile,
    files: Annotated[
        Path | None, typer.Option(help="A folder to write copies of documents to.")
    ] = None,
    reason: Why = "",
    actor: As = "",
) -> None:
    """Show what is kept about the individuals of a customer, as JSON; who looked is on record."""
    from contracts.vocabulary import Carried, Target, Verb
    from store import audit
    from store.audit import Concerned
    from store.encryption import vault
    from store.encryption.keys import Unopenable
    from workers.bootstrap.preparing import open_files
    from workers.bootstrap.rights import open_transfers

    by = by_whom(actor, reason, dry_run=False)
    opener = _key(key)
    with opened(there()) as parts:
        try:
            with parts.store.write() as tx:
                found = vault.opened(tx, opener, customer)
                concerned = Concerned(Target.CUSTOMER, customer, customer_ref=customer)
                audit.put(tx, Verb.OPEN_VAULT, by, [concerned])
        except Unopenable:
            fail(f"{key} is not the key of this vault")
        for one in found if files is not None else ():
            place = vault.evidence_place(one.id)
            sealed = open_files(parts).read_sealed(place) if one.evidence else None
            if files is not None and isinstance(sealed, bytes):
                files.mkdir(parents=True, exist_ok=True)
                copied = open_transfers(parts).written(
                    Carried.IDENTITY, customer, files / str(one.id)
                )
                with copied as out:
                    out.write(opener.open(place, sealed))
    rows = [
        {
            "individual": one.individual_id,
            "result": one.result.value,
            "received_at": one.received_at,
            **one.told,
        }
        for one in found
    ]
    typer.echo(json.dumps(rows, default=in_json, indent=2))


def grants(
    worker: Annotated[str, typer.Option(help="The database role of Onward's processes.")],
    officer: Annotated[str, typer.Option(help="The database role of the privacy officer.")],
) -> None:
    """Print what has PostgreSQL itself refuse our processes to read the vault."""
    from store.encryption.vault import grants as printed

    for role in (worker, officer):
        if not role.replace("_", "").isalnum():
            fail(f"{role} is no name of a role: letters, digits and underscores alone")
    for line in printed(worker, officer):
        typer.echo(line)


def _key(file: Path) -> "VaultKey":
    from store.encryption.vault import VaultKey

    try:
        return VaultKey(base64.b64decode(file.read_text(encoding="ascii").strip(), validate=True))
    except (OSError, ValueError) as error:
        fail(f"{file} is no key of a vault ({type(error).__name__})")
        raise AssertionError from None
