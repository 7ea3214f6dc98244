"""What happens to RabbitMQ, PostgreSQL and the ways to them."""

from tests.faults.scene import Fault, Scene


def _broker_killed(scene: Scene) -> None:
    for _ in scene.moments(1, 0.2, 0.6):
        with scene.injury("broker killed"):
            scene.ground.broker.kill()
            scene.ground.broker.start()


def _database_killed(scene: Scene) -> None:
    for _ in scene.moments(2, 0.2, 0.8):
        with scene.injury("database killed"):
            scene.ground.database.kill()
            scene.ground.database.start()


FAULTS = (
    Fault(
        name="broker-killed",
        number=4,
        tells="RabbitMQ is killed and started again",
        inflict=_broker_killed,
        quick=250,
    ),
    Fault(
        name="database-killed",
        number=9,
        tells="PostgreSQL is killed and started again, twice",
        inflict=_database_killed,
        quick=250,
    ),
)
