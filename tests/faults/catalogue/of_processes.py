"""What happens to our own processes: killed, frozen, stopped in order, two where one leads."""

from collections.abc import Callable
from itertools import cycle

import psutil

from tests.faults.installation import DISPATCH, PROCESSES, SUPERVISED
from tests.faults.scene import Fault, Scene

# Sends are under way when something dies.
SLOW = {"act": "slow", "latency_ms": 120}
_LEASE_SECONDS = 14
_LEAD_SECONDS = 10


def _kills(*names: str, times: int) -> Callable[[Scene], None]:
    def inflict(scene: Scene) -> None:
        for _ in scene.moments(times):
            name = scene.rng.choice(names)
            with scene.injury(f"{name} killed"):
                scene.ours.kill(name)

    return inflict


def _all_killed(scene: Scene) -> None:
    """End everything of ours at once, as a power cut does that spares the servers."""
    for _ in scene.moments(2, last=0.8):
        with scene.injury("all killed"):
            for name in PROCESSES:
                scene.ours.kill(name)


def _every_ten_seconds(scene: Scene) -> None:
    assert scene.load is not None
    for name in cycle(DISPATCH):
        if scene.load.over or scene.load.share > 0.95:
            return
        with scene.injury(f"{name} killed"):
            scene.ours.kill(name)
        scene.lasts(10)


def _frozen(scene: Scene) -> None:
    """Let a worker stand still for longer than its claims hold, in the middle of its sends."""
    for name, _ in zip(DISPATCH, scene.moments(2, 0.1, 0.6), strict=True):
        scene.until(scene.sending, "something is with workers", 10)
        with scene.injury(f"{name} frozen"):
            scene.ours.freeze(name)
            scene.lasts(_LEASE_SECONDS + 3)
            scene.ours.thaw(name)


def _at_each_step(process: str, *points: str) -> Callable[[Scene], None]:
    """Let a process kill itself at each step in turn, at one of the first times it gets there."""

    def inflict(scene: Scene) -> None:
        for point in scene.rng.sample(points, len(points)):
            armed = f"{point}=kill:{scene.rng.randint(1, 3)}"
            with scene.injury(f"{process} killed at {point}"):
                scene.ours.restart(process, also={"ONWARD_FAILPOINTS": armed})
                if not scene.ours.until_ended(process, 30):
                    scene.notes.append(f"{process} never came to {point}")
        scene.at(1)

    return inflict


def _children(scene: Scene) -> None:
    """Kill our supervisor's children, each at a random moment, and let one hang."""
    for _ in scene.moments(4, last=0.8):
        child = scene.rng.choice(psutil.Process(scene.ours.pid("up")).children())
        with scene.injury("a child killed"):
            child.kill()
    child = scene.rng.choice(psutil.Process(scene.ours.pid("up")).children())
    with scene.injury("a child hangs"):
        child.suspend()
        scene.until(lambda: not child.is_running() or child.status() == "zombie", "it is replaced")


def _clock_jumps(scene: Scene) -> None:
    """Let our processes' clock be hours ahead, then behind, then right again."""
    assert scene.clock is not None
    for seconds, _ in zip((3 * 3600, -3 * 3600, 90, 0), scene.moments(4), strict=True):
        with scene.injury(f"clock moved to {seconds:+} s"):
            scene.clock.jump(seconds)


def _rolling(scene: Scene) -> None:
    """Stop and start every process in turn, as a release does."""
    for name, _ in zip(PROCESSES, scene.moments(len(PROCESSES), last=0.8), strict=True):
        with scene.injury(f"{name} restarted"):
            scene.ours.restart(name)


def _two_leaders(scene: Scene) -> None:
    """Let the leader stand still until another leads, and wake it; then kill one of the two."""
    scene.ours.start("upkeep-too", ("upkeep",))
    for name, _ in zip(("upkeep", "upkeep-too"), scene.moments(2, 0.1, 0.5), strict=True):
        with scene.injury(f"{name} frozen"):
            scene.ours.freeze(name)
            scene.lasts(_LEAD_SECONDS + 3)
            scene.ours.thaw(name)
    with scene.injury("upkeep killed"):
        scene.ours.kill("upkeep")


FAULTS = (
    Fault(
        name="intake-killed-at-each-step",
        number=1,
        tells="intake kills itself at every step between the broker and the hint",
        inflict=_at_each_step(
            "intake",
            "intake.received",
            "intake.before_commit",
            "intake.committed",
            "intake.acknowledged",
            "intake.hinted",
        ),
        pace=30,
    ),
    Fault(
        name="worker-killed-at-each-step",
        number=2,
        tells="a dispatch process kills itself at every step between hint and acknowledgement",
        inflict=_at_each_step(
            "dispatch-later",
            "dispatch.hinted",
            "dispatch.before_claim",
            "dispatch.claimed",
            "dispatch.prepared",
            "provider.before_first_byte",
            "provider.marked",
            "provider.answered",
            "dispatch.journalled",
            "dispatch.before_record",
            "dispatch.recorded",
            "dispatch.worked_off",
            "dispatch.acknowledged",
        ),
        pace=30,
    ),
    Fault(
        name="web-killed-at-each-step",
        number=16,
        tells="what takes receipts kills itself at every step of taking one",
        inflict=_at_each_step(
            "web", "receipts.received", "receipts.before_commit", "receipts.committed"
        ),
        pace=30,
    ),
    Fault(
        name="upkeep-killed-at-each-step",
        tells="upkeep kills itself at every step of telling, sealing, settling and going on",
        inflict=_at_each_step(
            "upkeep",
            "upkeep.outcomes.published",
            "upkeep.outcomes.marked",
            "upkeep.seal.before_commit",
            "upkeep.seal.committed",
            "upkeep.settle.before_commit",
            "upkeep.settle.committed",
            "upkeep.go_on.before_commit",
            "upkeep.go_on.committed",
        ),
        provider=({"act": "accept_then_drop", "channel": "email", "probability": 0.05},),
        pace=30,
    ),
    Fault(
        name="child-killed",
        number=3,
        tells="children of onward up are killed, and one hangs; it replaces them",
        inflict=_children,
        processes=SUPERVISED,
        limits={"recovery_s": 15},
    ),
    Fault(
        name="clock-jump",
        tells="our processes' clock jumps three hours ahead, six back, and to right again",
        inflict=_clock_jumps,
        clock=True,
        pace=40,
    ),
    Fault(
        name="intake-killed",
        number=1,
        tells="intake is killed at random moments, three times",
        inflict=_kills("intake", times=3),
    ),
    Fault(
        name="worker-killed",
        number=2,
        tells="a dispatch process is killed in the middle of its requests, four times",
        inflict=_kills(*DISPATCH, times=4),
        provider=(SLOW,),
        quick=150,
    ),
    Fault(
        name="worker-killed-idle",
        number=2,
        tells="a dispatch process is killed between requests, four times; few events a second",
        inflict=_kills(*DISPATCH, times=4),
        pace=50,
    ),
    Fault(
        name="worker-killed-every-10-s",
        tells="under load a dispatch process is killed every ten seconds",
        inflict=_every_ten_seconds,
        events=3_000,
        provider=(SLOW,),
        limits={"attention_per_thousand": 2, "recovery_s": 15},
    ),
    Fault(
        name="upkeep-killed",
        tells="upkeep is killed, four times",
        inflict=_kills("upkeep", times=4),
    ),
    Fault(
        name="web-killed",
        tells="what takes receipts is killed, four times",
        inflict=_kills("web", times=4),
    ),
    Fault(
        name="all-killed",
        tells="all of our processes are killed at once, twice",
        inflict=_all_killed,
        provider=(SLOW,),
    ),
    Fault(
        name="worker-frozen",
        number=17,
        tells="a worker stands still (SIGSTOP) past its claims' leases, and goes on",
        inflict=_frozen,
        provider=(SLOW,),
        pace=40,
    ),
    Fault(
        name="rolling-restart",
        number=21,
        tells="every process is stopped in order and started again, under load",
        inflict=_rolling,
        provider=(SLOW,),
        limits={"uncertain": 0, "recovery_s": 15},
        quick=150,
    ),
    Fault(
        name="two-leaders",
        tells="two upkeeps: each stands still past its lead, and wakes; then one is killed",
        inflict=_two_leaders,
        pace=40,
    ),
)
