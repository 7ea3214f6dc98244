"""Setting an installation up, and finding out what is wrong with one."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.vocabulary import Door, Role
from workers.cli.common import AsJson, fail, listing, opened, settings

if TYPE_CHECKING:
    from config.settings import Settings
    from store.publishers import Publisher

_FORMS = ("commands", "definitions")

publishers_app = typer.Typer(help="Who may publish.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(migrate)
    app.command()(topology)
    app.command()(check)
    publishers_app.command("add")(add_publisher)
    publishers_app.command("list")(list_publishers)
    publishers_app.command("revoke")(revoke_publisher)
    app.add_typer(publishers_app, name="publishers")


def migrate() -> None:
    """Bring the database's tables up to date."""
    from store.migrating import migrate as bring_up

    with opened() as parts:
        typer.echo(f"the tables are at {bring_up(parts.store.engine)}")


def topology(
    export: Annotated[
        bool, typer.Option("--export", help="Print RabbitMQ definitions, and declare nothing.")
    ] = False,
) -> None:
    """Declare Onward's exchanges and queues, or print them as RabbitMQ definitions."""
    from config.topology import topology as wanted

    if export:
        from config.definitions import definitions

        typer.echo(json.dumps(definitions(wanted()), indent=2))
        return
    from workers.intake.topology import OtherTopologyError, declare
    from workers.running.broker import LOST, connect, reason_of

    found = settings()
    if found.broker is None:
        fail("there is no broker to declare at: set ONWARD_BROKER_URL")
    try:
        connection = connect(str(found.broker), "onward topology")
        declare(connection.channel(), wanted())
        connection.close()
    except OtherTopologyError as error:
        fail(str(error))
    except LOST as error:
        fail(f"the broker does not answer as it should ({reason_of(error)})")
    typer.echo("declared")


def check(as_json: AsJson = False) -> None:
    """Say in plain words what is misconfigured, unreachable or out of step; exit 1 if anything."""
    from workers.checking import check_all

    findings = check_all(settings())
    rows = [{"what": f.what, "state": f.state, "says": f.says} for f in findings]
    listing(rows, {"what": "What", "state": "", "says": "Says"}, as_json=as_json)
    if any(not f.fine for f in findings):
        raise typer.Exit(1)


def add_publisher(
    name: Annotated[str, typer.Argument(help="Its name, which is its broker user's too.")],
    types: Annotated[
        list[str], typer.Option("--type", help="A type it may publish, as call.* (repeatable).")
    ],
    sources: Annotated[
        list[str], typer.Option("--source", help="A source it speaks for, as /callcentre/*.")
    ],
    doors: Annotated[
        list[Door] | None, typer.Option("--door", help="A door its key opens (repeatable).")
    ] = None,
    roles: Annotated[
        list[Role] | None, typer.Option("--role", help="What it is to us (repeatable).")
    ] = None,
    processor: Annotated[
        str | None,
        typer.Option(help="With --role processor: which, as `onward processors list` has it."),
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(help="Print its broker user too, as: commands or definitions."),
    ] = None,
) -> None:
    """Admit a publisher and print its key, this once."""
    from store import publishers
    from workers.publishers import name_problem

    if problem := name_problem(name):
        fail(problem)
    if broker is not None and broker not in _FORMS:
        raise typer.BadParameter(f"is {' or '.join(_FORMS)}", param_hint="--broker")
    wanted = publishers.Publisher(
        name, tuple(types), tuple(sources), tuple(doors or ()), tuple(roles or ()), processor
    )
    with opened() as parts:
        _check_processor(wanted, parts.settings)
        try:
            with parts.store.write() as tx:
                other = None if processor is None else publishers.of_processor(tx, processor)
                if other is not None and other.name != name:
                    fail(
                        f"--processor: {processor} has the publisher {other.name} already, and one"
                        f" speaks for it: revoke that one first (onward publishers revoke)"
                    )
                key = publishers.add(tx, wanted)
        except publishers.PublisherExistsError:
            fail(f"there is a publisher {name} already: revoke it first, or choose another name")
        # Definitions are to be piped on: then what only people read goes beside them.
        typer.echo(f"key (shown this once): {key}", err=broker == "definitions")
        if broker is not None:
            _print_broker_user(wanted, broker, parts.settings.broker)


def _check_processor(publisher: "Publisher", found: "Settings") -> None:
    from config.processors import processors_of

    if (publisher.processor is not None) is not (Role.PROCESSOR in publisher.roles):
        fail("--role processor and --processor NAME go together: say which processor it is")
    there = sorted({one.name for one in processors_of(found) if one.outside})
    if publisher.processor is not None and publisher.processor not in there:
        fail(
            f"--processor: no {publisher.processor} is declared (ONWARD_PROCESSORS); there are"
            f" {', '.join(there) or 'none'}"
        )


def _print_broker_user(publisher: "Publisher", form: str, broker: str | None) -> None:
    from pika import URLParameters

    from workers.publishers import broker_commands, broker_definitions, new_password

    vhost = URLParameters(broker).virtual_host if broker is not None else "/"
    password = new_password()
    typer.echo(f"broker password (shown this once): {password}", err=form == "definitions")
    if form == "commands":
        for command in broker_commands(publisher, vhost, password):
            typer.echo(command)
    else:
        typer.echo(json.dumps(broker_definitions(publisher, vhost, password), indent=2))


def list_publishers(as_json: AsJson = False) -> None:
    """List who may publish what."""
    from store.publishers import every

    with opened() as parts, parts.store.read() as tx:
        rows = [
            {
                "name": p.name,
                "admitted": "yes" if admitted else "revoked",
                "types": ", ".join(p.types),
                "sources": ", ".join(p.sources),
                "doors": ", ".join(door.value for door in p.doors),
                "roles": ", ".join(role.value for role in p.roles),
                "processor": p.processor,
            }
            for p, admitted in every(tx)
        ]
    headings = {
        "name": "Name",
        "admitted": "Admitted",
        "types": "Types",
        "sources": "Sources",
        "doors": "Doors",
        "roles": "Roles",
        "processor": "Processor",
    }
    listing(rows, headings, as_json=as_json)


def revoke_publisher(name: str) -> None:
    """Close a publisher's key for good; its broker user is yours to delete (printed)."""
    from config.definitions import revoke_command
    from store.publishers import revoke

    with opened() as parts:
        with parts.store.write() as tx:
            gone = revoke(tx, name)
        if not gone:
            fail(f"there is no publisher {name} with an open key")
    typer.echo(f"revoked; if it has a broker user: {revoke_command(name)}")
