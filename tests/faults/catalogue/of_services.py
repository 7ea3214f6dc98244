"""What happens to RabbitMQ, PostgreSQL and the ways to them."""

import pika

from config.topology import hint_queues
from tests.faults.catalogue.of_processes import SLOW
from tests.faults.installation import DISPATCH
from tests.faults.peers import PACE, injuries
from tests.faults.scene import Fault, Scene

_BOTH = ("broker", "database")


def _broker_killed(scene: Scene) -> None:
    for _ in scene.moments(1, 0.2, 0.6):
        with scene.injury("broker killed"):
            scene.ground.broker.kill()
            scene.ground.broker.start()


def _connections_dropped(scene: Scene) -> None:
    for _ in scene.moments(3):
        with scene.injury("connections dropped"):
            scene.lines["broker"].cut()


def _dropped_then_killed(scene: Scene) -> None:
    """Drop connections while hints are worked off, and kill the worker once it is back."""
    for name, _ in zip(DISPATCH * 2, scene.moments(4), strict=True):
        scene.until(scene.sending, "something is with workers", 10)
        with scene.injury("connections dropped, worker killed"):
            scene.lines["broker"].cut()
            scene.lasts(scene.rng.uniform(3, 4))  # Dramatiq's consumers come back after three
            scene.ours.kill(name)


def _hints_purged(scene: Scene) -> None:
    """Empty all queues of hints while the workers stand still, so that some are in them."""
    for _ in scene.moments(2, 0.2, 0.8):
        for name in DISPATCH:
            scene.ours.freeze(name)
        scene.lasts(1.5)
        with scene.injury("hints purged"):
            _purge(scene)
            for name in DISPATCH:
                scene.ours.thaw(name)


def _purge(scene: Scene) -> None:
    parameters = pika.URLParameters(scene.ours.settings["ONWARD_BROKER_URL"])
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    purged = sum(channel.queue_purge(name).method.message_count for name in hint_queues())
    scene.notes.append(f"{purged} hints were purged")
    connection.close()


def _memory_alarm(scene: Scene) -> None:
    for _ in scene.moments(1, 0.2, 0.5):
        with scene.injury("memory alarm"):
            scene.ground.broker.told("set_vm_memory_high_watermark", "0")
            scene.lasts(8)
            scene.ground.broker.told("set_vm_memory_high_watermark", "0.4")


def _database_killed(scene: Scene) -> None:
    for _ in scene.moments(2, 0.2, 0.8):
        with scene.injury("database killed"):
            scene.ground.database.kill()
            scene.ground.database.start()


def _database_away(scene: Scene) -> None:
    for _ in scene.moments(1, 0.2, 0.5):
        with scene.injury("database away"):
            scene.ground.database.stop()
            scene.lasts(10)
            scene.ground.database.start()


def _disk_full(scene: Scene) -> None:
    """Fill the disk on which the database and our files lie, and make room again."""
    assert scene.disk is not None
    for _ in scene.moments(2, 0.1, 0.7):
        with scene.injury("disk full"):
            scene.disk.fill()
            scene.lasts(6)
            scene.disk.empty()
            scene.database.revive()


def _killed_and_reconnected(scene: Scene) -> None:
    """What the peers go through too: the worker killed, connections dropped, the broker killed."""
    for share, what in injuries(scene.rng):
        scene.at(share)
        with scene.injury(what):
            match what:
                case "kill":
                    scene.ours.kill(scene.rng.choice(DISPATCH))
                case "drop":
                    scene.lines["broker"].cut()
                case _:
                    scene.ground.broker.kill()
                    scene.ground.broker.start()


def _half_open(scene: Scene) -> None:
    """Let each way in turn carry nothing, with nobody told; then reset what was open."""
    shuffled = scene.rng.sample(sorted(scene.lines), len(scene.lines))
    for name, _ in zip(shuffled, scene.moments(len(shuffled), last=0.8), strict=True):
        with scene.injury(f"{name} silent"):
            scene.lines[name].silence()
            scene.lasts(6)
            scene.lines[name].restore()


def _slow_ways(scene: Scene) -> None:
    for name, _ in zip(_BOTH, scene.moments(2, last=0.6), strict=True):
        with scene.injury(f"{name} slow"):
            scene.lines[name].slow(0.1)
            scene.lasts(8)
            scene.lines[name].slow(0)


FAULTS = (
    Fault(
        name="broker-killed",
        number=4,
        tells="RabbitMQ is killed under load, and started again",
        inflict=_broker_killed,
    ),
    Fault(
        name="connections-dropped",
        number=5,
        tells="all connections to RabbitMQ are dropped, three times",
        inflict=_connections_dropped,
        lines=("broker",),
        provider=(SLOW,),
    ),
    Fault(
        name="dropped-then-killed",
        number=6,
        tells="connections are dropped while hints are held, and the worker is killed after it",
        inflict=_dropped_then_killed,
        lines=("broker",),
        provider=(SLOW,),
        pace=50,
    ),
    Fault(
        name="hints-purged",
        number=7,
        tells="all queues of hints are emptied, twice",
        inflict=_hints_purged,
    ),
    Fault(
        name="memory-alarm",
        number=8,
        tells="RabbitMQ takes nothing more for want of memory, for 8 seconds",
        inflict=_memory_alarm,
    ),
    Fault(
        name="database-killed",
        number=9,
        tells="PostgreSQL is killed under load and started again, twice",
        inflict=_database_killed,
        quick=150,
    ),
    Fault(
        name="database-away",
        number=10,
        tells="PostgreSQL is stopped for ten seconds",
        inflict=_database_away,
    ),
    Fault(
        name="killed-and-reconnected",
        tells="workers killed, connections dropped and the broker killed: as for the peers",
        inflict=_killed_and_reconnected,
        lines=("broker",),
        provider=(SLOW,),
        pace=PACE,
        quick=150,
    ),
    Fault(
        name="disk-full",
        tells="the disk of PostgreSQL and of our files is full, twice, for six seconds",
        inflict=_disk_full,
        disk_mib=400,
        pace=40,
    ),
    Fault(
        name="half-open",
        tells="broker, database and providers fall silent in turn with connections open",
        inflict=_half_open,
        lines=("broker", "database", "sms", "mail"),
        pace=40,
    ),
    Fault(
        name="slow-ways",
        tells="the ways to broker and database take 100 ms more for each piece",
        inflict=_slow_ways,
        lines=_BOTH,
        pace=50,
    ),
)
