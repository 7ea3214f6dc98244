"""What publishers do to us: events that break their contract, and the same event again."""

from tests.faults import load
from tests.faults.load import Sample
from tests.faults.scene import Fault, Scene


def _nothing(scene: Scene) -> None:
    """The events themselves are the fault."""
    scene.at(1)


def _with_poison(scene: Scene, events: int) -> list[Sample]:
    samples = [*load.messages("m", events - events // 5), *load.poison("p", events // 5)]
    scene.rng.shuffle(samples)
    return samples


def _repeated(scene: Scene, events: int) -> list[Sample]:
    """Give each event three times: close together and far apart."""
    once = load.messages("m", events)
    again = scene.rng.sample(once, len(once))
    return [*(one for sample in once for one in (sample, sample)), *again]


FAULTS = (
    Fault(
        name="poison",
        number=18,
        tells="one event in five breaks its contract, in seven ways",
        inflict=_nothing,
        samples=_with_poison,
    ),
    Fault(
        name="published-again",
        number=19,
        tells="every event is published three times, also at the same moment by several hands",
        inflict=_nothing,
        samples=_repeated,
        pace=200,
    ),
)
