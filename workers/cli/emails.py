"""What customers read, shown before it is sent, and in whose name their emails come."""

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.vocabulary import Carried, Channel, Content, Purpose
from workers.cli.acts import As, Why, by_whom, tell
from workers.cli.common import (
    AsJson,
    Customer,
    fail,
    harmless,
    listing,
    new_file,
    opened,
    there,
)
from workers.previewing.fates import Fate

if TYPE_CHECKING:
    from workers.bootstrap.parts import Parts
    from workers.previewing.previewing import Preview, Previewing, Wanted

mail_from_app = typer.Typer(
    help="In whose name a customer's emails come, where not in the company's own.",
    no_args_is_help=True,
)


class Form(StrEnum):
    """In which form a preview is given."""

    TEXT = "text"
    HTML = "html"
    EML = "eml"


_FORMS = {".txt": Form.TEXT, ".html": Form.HTML, ".htm": Form.HTML, ".eml": Form.EML}


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(preview)
    mail_from_app.command("show")(show)
    mail_from_app.command("set")(put)
    mail_from_app.command("clear")(clear)
    app.add_typer(mail_from_app, name="mail-from")


def preview(  # noqa: PLR0913, PLR0917 - each is an option
    event: Annotated[
        str, typer.Argument(help="A type, as call.message_taken, or a past event by its id.")
    ] = "call.message_taken",
    channel: Annotated[Channel, typer.Option(help="By email or sms.")] = Channel.EMAIL,
    content: Annotated[Content, typer.Option(help="How much of the event.")] = Content.FULL,
    locale: Annotated[str, typer.Option(help="The language; else the customer's.")] = "",
    customer: Annotated[
        str, typer.Option(help="As this customer would get it, by reference.")
    ] = "",
    document: Annotated[Fate, typer.Option(help="What becomes of its document.")] = Fate.ATTACHED,
    form: Annotated[
        Form | None, typer.Option(help="text, html or eml; else as the file's ending says.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Try every template, and name those that fail.")
    ] = False,
    source: Annotated[
        str | None, typer.Option(help="For a past event by its publisher's id: its source.")
    ] = None,
    reason: Why = "",
    actor: As = "",
) -> None:
    """Show what a customer would read. A past event wants --reason: who read it is on record."""
    from workers.bootstrap.previews import for_customer, open_previewing
    from workers.previewing.previewing import NotPreviewedError
    from workers.previewing.samples import SAMPLES

    with opened(there()) as parts:
        previewing = open_previewing(parts)
        if every:
            _try_all(previewing)
            return
        try:
            wanted = _wanted(parts, event, source, actor, reason)
            if customer:
                wanted = for_customer(parts, wanted, customer)
            wanted = replace(wanted, channel=channel, content=content, fate=document)
            shown = previewing.show(replace(wanted, locale=locale) if locale else wanted)
        except NotPreviewedError as error:
            fail(str(error))
        form = form or (_FORMS.get(out.suffix.lower()) if out else None) or Form.TEXT
        if out is not None and event not in SAMPLES:
            _take_away(parts, _content(shown, form), customer or None, out)
            _tell_version(shown)
            return
    _give(shown, form, out)


def _wanted(parts: "Parts", event: str, source: str | None, actor: str, reason: str) -> "Wanted":
    from workers.bootstrap.previews import wanted_of_past
    from workers.previewing.previewing import Wanted
    from workers.previewing.samples import SAMPLES, sample

    if event in SAMPLES:
        return Wanted(event, sample(event))
    return wanted_of_past(parts, event, source, by_whom(actor, reason, dry_run=False))


def _take_away(parts: "Parts", content: bytes, customer: str | None, out: Path) -> None:
    """Write what was said to a real customer: as any copy, for these eyes and for a time."""
    from workers.bootstrap.rights import open_transfers

    with new_file(out), open_transfers(parts).written(Carried.PREVIEW, customer, out) as file:
        file.write(content)


def _content(shown: "Preview", form: Form) -> bytes:
    if form is not Form.TEXT and not shown.eml:
        fail(f"a text message has no {form}: leave --form out")
    return {
        Form.TEXT: shown.text.encode(),
        Form.HTML: shown.html.encode(),
        Form.EML: shown.eml,
    }[form]


def _give(shown: "Preview", form: Form, out: Path | None) -> None:
    content = _content(shown, form)
    if out is None:
        if form is Form.EML:
            sys.stdout.buffer.write(content)
            return
        typer.echo(harmless(content.decode()))
    else:
        out.write_bytes(content)
    _tell_version(shown)


def _tell_version(shown: "Preview") -> None:
    parts = f", {shown.segments} segments" if shown.segments else ""
    typer.echo(f"template version {shown.template_version}{parts}", err=True)


def _try_all(previewing: "Previewing") -> None:
    faults = list(previewing.faults())
    for fault in faults:
        typer.echo(harmless(fault), err=True)
    if faults:
        fail(f"{len(faults)} faults: what cannot be written is parked, what promotes goes out so")
    typer.echo("every template can be used, and writes every event that it is for")


def show(customer: Customer, as_json: AsJson = False) -> None:
    """Show in whose name a customer's emails come."""
    from store.customers.mail_from import MailFrom, read_mail_from

    with opened(there()) as parts:
        with parts.store.read(Purpose.SET_UP) as tx:
            own = read_mail_from(tx, customer) or MailFrom()
        settings = parts.settings
    row = {
        "address": own.address or settings.mail_sender,
        "name": own.name or settings.company_trading_name,
        "reply_to": own.reply_to or settings.mail_reply_to,
        "own": own != MailFrom(),
    }
    headings = {"address": "From", "name": "Name", "reply_to": "Answers to", "own": "Of its own"}
    listing([row], headings, as_json=as_json)


def put(
    customer: Customer,
    address: Annotated[str, typer.Option(help="The address they come from.")] = "",
    name: Annotated[str, typer.Option(help="The name beside it.")] = "",
    reply_to: Annotated[str, typer.Option(help="Where answers go.")] = "",
    reason: Why = "",
    actor: As = "",
    as_json: AsJson = False,
) -> None:
    """Have a customer's emails come in another name; what is left out is as everyone's.

    Addresses are of the domains in ONWARD_MAIL_DOMAINS, or of the sender's own, alone: mail servers
    refuse mail in the name of others.
    """
    from config.sending import own_mail_domains
    from store.customers.mail_from import MailFrom
    from workers.mail_from import against, checked

    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        given, problems = checked(MailFrom(address or None, name or None, reply_to or None))
        problems += against(given, own_mail_domains(parts.settings))
        for problem in problems:
            typer.echo(f"onward: {problem}", err=True)
        if problems:
            raise typer.Exit(1)
        done = parts.operations.set_mail_from(customer, given, by)
    tell([done], as_json=as_json)


def clear(customer: Customer, reason: Why = "", actor: As = "", as_json: AsJson = False) -> None:
    """Have a customer's emails come in the company's own name again."""
    by = by_whom(actor, reason, dry_run=False)
    with opened(there()) as parts:
        done = parts.operations.set_mail_from(customer, None, by)
    tell([done], as_json=as_json)
