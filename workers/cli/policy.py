"""The company's own policy: its versions and their texts; is what is published in force?"""

from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.common import AsJson, fail, listing, opened, there

if TYPE_CHECKING:
    from store.engine import Transaction
    from store.policy.versions import PolicyVersion

policy_app = typer.Typer(
    help="The company's own policy: its versions, and whether what is published is in force.",
    no_args_is_help=True,
)
_LARGEST = 10_000_000

File = Annotated[Path, typer.Argument(help="A text of the policy, as it is published.")]
Version = Annotated[str | None, typer.Argument(help="A version; else the one in force.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    policy_app.command("list")(list_versions)
    policy_app.command("add")(add)
    policy_app.command("show")(show)
    policy_app.command("check")(check)
    app.add_typer(policy_app, name="policy")


def list_versions(as_json: AsJson = False) -> None:
    """List every version, and which is in force."""
    from store.policy.versions import listed

    with opened(there()) as parts, parts.store.read() as tx:
        in_force = tx.policy_version
        rows = [
            {
                "version": one.version,
                "in_force": one.version == in_force,
                "effective_at": one.effective_at,
                "published_at": one.published_at,
                "major": one.major,
                "text": one.text_kept_at is not None,
                "sha256": one.sha256,
                "url": one.url,
            }
            for one in listed(tx)
        ]
    headings = {
        "version": "Version",
        "in_force": "In force",
        "effective_at": "From",
        "major": "Major",
        "text": "Text kept",
        "sha256": "SHA-256",
    }
    listing(rows, headings, as_json=as_json)
    if not any(row["in_force"] for row in rows):
        typer.echo(f"in force is {in_force}, of which nothing is on record: onward policy add")


def add(
    file: File,
    version: Annotated[str, typer.Option(help="Its version, as 2020-04.")],
    effective_at: Annotated[
        datetime | None,
        typer.Option(help="From when it is in force, in UTC; of a version that nobody announced."),
    ] = None,
) -> None:
    """Keep the text of a version: one that was announced, or one from before any was."""
    from store.policy import versions as policy
    from workers.bootstrap.preparing import open_files

    text = _read(file)
    digest = sha256(text).hexdigest()
    with opened(there()) as parts, parts.store.write() as tx:
        known = policy.find(tx, version)
        if known is None:
            known = _by_hand(tx, version, digest, effective_at)
        if known.sha256 != digest:
            fail(
                f"{file} is not version {version}: its SHA-256 is {digest}, and that of the version"
                f" on record {known.sha256}"
            )
        policy.keep_text(tx, open_files(parts), digest, text)
        policy.note_text(tx, version)
    typer.echo(f"version {version} is kept: {digest}")


def show(version: Version = None) -> None:
    """Print the text of a version."""
    from store.policy.versions import text_of
    from workers.bootstrap.preparing import open_files

    with opened(there()) as parts, parts.store.read() as tx:
        one = _named(tx, version or tx.policy_version)
        found = text_of(tx, open_files(parts), one.sha256)
    if not isinstance(found, bytes) or sha256(found).hexdigest() != one.sha256:
        fail(f"the text of version {one.version} is not kept: onward policy add FILE")
    typer.echo(found.decode(errors="replace"), nl=False)


def check(file: File) -> None:
    """Tell whether what is published is the version in force, to the letter; exit 1 if not."""
    from store.policy.versions import listed

    digest = sha256(_read(file)).hexdigest()
    with opened(there()) as parts, parts.store.read() as tx:
        one = _named(tx, tx.policy_version)
        others = [each.version for each in listed(tx) if each.sha256 == digest]
    if one.sha256 == digest:
        typer.echo(f"it is version {one.version}, which is in force")
        return
    told = f"that is version {others[-1]}" if others else "that is no version on record"
    fail(f"in force is version {one.version} ({one.sha256}); {told} ({digest})")


def _by_hand(
    tx: "Transaction", version: str, digest: str, effective_at: datetime | None
) -> "PolicyVersion":
    """Put on record a version that no event told of: from before there were any."""
    from datetime import UTC

    from store.policy.versions import PolicyVersion, note

    if effective_at is None:
        fail(
            f"no policy.changed told of version {version}: publish it, so that customers are told;"
            " for one from before, say --effective-at"
        )
    at = effective_at if effective_at.tzinfo else effective_at.replace(tzinfo=UTC)
    if at > tx.now:
        fail("a version that is yet to take effect is published as policy.changed")
    one = PolicyVersion(version, digest, None, major=False, published_at=at, effective_at=at)
    note(tx, one)
    return one


def _named(tx: "Transaction", version: str) -> "PolicyVersion":
    from store.policy.versions import find

    one = find(tx, version)
    if one is None:
        fail(f"version {version} is not on record: onward policy list, onward policy add")
    return one


def _read(file: Path) -> bytes:
    try:
        text = file.read_bytes()
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    if not 0 < len(text) <= _LARGEST:
        fail(f"{file} is empty, or larger than {_LARGEST} bytes")
    return text
