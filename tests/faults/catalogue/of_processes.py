"""What happens to our own processes: killed, frozen, stopped in order, two where one leads."""

from collections.abc import Callable

from tests.faults.installation import DISPATCH, PROCESSES
from tests.faults.scene import Fault, Scene

SLOW = {"act": "slow", "latency_ms": 120}  # so that sends are under way when something dies


def _kills(*names: str, times: int) -> Callable[[Scene], None]:
    def inflict(scene: Scene) -> None:
        for _ in scene.moments(times):
            name = scene.rng.choice(names)
            with scene.injury(f"{name} killed"):
                scene.ours.kill(name)

    return inflict


def _rolling(scene: Scene) -> None:
    """Stop and start every process in turn, as a release does."""
    for name, _ in zip(PROCESSES, scene.moments(len(PROCESSES), last=0.8), strict=True):
        with scene.injury(f"{name} restarted"):
            scene.ours.restart(name)


FAULTS = (
    Fault(
        name="intake-killed",
        number=1,
        tells="intake is killed at random, three times",
        inflict=_kills("intake", times=3),
        quick=200,
    ),
    Fault(
        name="worker-killed",
        number=2,
        tells="a dispatch process is killed in the middle of its requests, four times",
        inflict=_kills(*DISPATCH, times=4),
        provider=(SLOW,),
        quick=250,
    ),
    Fault(
        name="rolling-restart",
        number=21,
        tells="every process is stopped in order and started again, under load",
        inflict=_rolling,
        provider=(SLOW,),
        limits={"uncertain": 0, "recovery_s": 15},
        quick=250,
    ),
)
