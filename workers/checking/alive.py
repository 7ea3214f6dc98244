"""Is this kind of process at its work? ``python -m workers.checking.alive intake``.

For health checks of containers: one word on the line, exit 0 or 1. It asks the broker or the store
whether the work is being taken, by whichever process of that kind: a single process that died is
its supervisor's to start again.
"""

import sys
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from config.keyfile import MasterKeyError
from config.sending import missing_for_sending
from config.settings import Settings
from config.topology import hint_queue, hint_queues, intake_queues
from contracts.vocabulary import Channel, Lane
from store import leases
from workers.bootstrap import open_store, read_settings
from workers.broker import LOST, connect
from workers.checking.broker import depth
from workers.upkeep.running import LEADER


def intake(settings: Settings) -> str | None:
    """Name what keeps intake from its work, if anything does."""
    return _untaken(settings, intake_queues())


def dispatch(settings: Settings, lanes: Sequence[str]) -> str | None:
    """Name what keeps dispatch of these lanes (of all, if none is named) from its work."""
    names = [
        hint_queue(channel, lane)
        for channel in Channel
        for lane in Lane
        if hint_queue(channel, lane) in hint_queues()
        and (not lanes or lane.value in lanes)
        # a channel that is not set up has no workers
        and not missing_for_sending(settings, channel)
    ]
    return _untaken(settings, names)


def upkeep(settings: Settings) -> str | None:
    """Say whether nobody leads."""
    try:
        store = open_store(settings)
        try:
            with store.read() as tx:
                return None if leases.holder(tx, LEADER) else "nobody leads"
        finally:
            store.close()
    except MasterKeyError as error:
        return str(error)
    except DBAPIError:
        return "the database does not answer"


def _untaken(settings: Settings, names: Sequence[str]) -> str | None:
    try:
        connection = connect(settings.broker or "", "onward health")
        try:
            untaken = [name for name in names if not depth(connection, name)[1]]
        finally:
            connection.close()
    except LOST:
        return "the broker does not answer"
    return f"nobody takes from {', '.join(untaken)}" if untaken else None


def main(arguments: Sequence[str]) -> int:
    """Ask for one kind of process."""
    match list(arguments):
        case ["intake"]:
            fault = intake(read_settings())
        case ["dispatch", *lanes]:
            fault = dispatch(read_settings(), [lane for word in lanes for lane in word.split(",")])
        case ["upkeep"]:
            fault = upkeep(read_settings())
        case _:
            fault = "name the process: intake, dispatch [LANES], or upkeep"
    print(fault or "alive")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
