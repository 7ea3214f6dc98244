"""What happens at the providers: storms, outages, lies, lost answers, and their later words."""

from collections.abc import Callable, Sequence

from tests.faults import load
from tests.faults.load import Sample
from tests.faults.scene import Fault, Scene

Rule = dict[str, object]
_PATIENCE_SECONDS = 120
_LONG_SECONDS = 1_800


def _misbehaves(
    what: str, rules: Sequence[Rule], first: float, last: float
) -> Callable[[Scene], None]:
    """Let these rules hold from one random moment of the load to another."""

    def inflict(scene: Scene) -> None:
        scene.at(scene.rng.uniform(first, first + 0.1))
        with scene.injury(what):
            scene.provider.behave(rules)
            scene.at(scene.rng.uniform(last - 0.1, last))
            scene.provider.behave([])

    return inflict


def _outage(scene: Scene) -> None:
    """Let nobody listen at either provider for a while; then all that waits goes out."""
    for _ in scene.moments(1, 0.2, 0.5):
        with scene.injury("providers out of reach"):
            for name in ("sms", "mail"):
                scene.lines[name].refuse()
            scene.lasts(10)
            for name in ("sms", "mail"):
                scene.lines[name].restore()


def _backlog(scene: Scene) -> None:
    """Take everything in while nobody listens at either provider; then send it all."""
    assert scene.load is not None
    with scene.injury("providers out of reach"):
        for name in ("sms", "mail"):
            scene.lines[name].refuse()
        scene.load.finish(_LONG_SECONDS)
        wanted = len(scene.load.confirmed)
        scene.until(
            lambda: scene.reader.number("SELECT count(*) FROM deliveries") >= wanted,
            "all of it is taken in",
            _LONG_SECONDS,
        )
        for name in ("sms", "mail"):
            scene.lines[name].restore()


def _callers(scene: Scene, events: int) -> list[Sample]:
    sids = [scene.provider.waiting_call("+447700900301", "+441632960200") for _ in range(events)]
    scene.callers = sids
    return load.calls("c", sids, _PATIENCE_SECONDS)


def _hang_ups(scene: Scene) -> None:
    """Let one caller in four hang up, before, while and after being put through."""
    count = len(scene.callers)
    gone = scene.rng.sample(range(count), count // 4)
    around = sorted((place / count + scene.rng.uniform(-0.05, 0.05), place) for place in gone)
    for share, place in around:
        scene.at(min(1.0, share))
        scene.provider.hang_up(scene.callers[place])


def _nothing(scene: Scene) -> None:
    """What misbehaves does so from the start to the end."""
    scene.at(1)


FAULTS = (
    Fault(
        name="rate-limited",
        number=11,
        tells="both providers take 20 a second and tell the others to wait (429, 450)",
        inflict=_misbehaves(
            "rate limited",
            [
                {"act": "rate_limit", "channel": "sms", "per_second": 20, "retry_after": 1},
                {"act": "rate_limit", "channel": "email", "per_second": 20},
            ],
            0.1,
            0.7,
        ),
    ),
    Fault(
        name="fault-after-accepting",
        number=12,
        tells="the provider accepts three texts in ten, and says 503",
        inflict=_nothing,
        provider=(
            {"act": "accept_then_fault", "channel": "sms", "status": 503, "probability": 0.3},
        ),
    ),
    Fault(
        name="accepted-then-cut",
        number=13,
        tells="one send in seven is accepted and answered by nothing, a close or a reset",
        inflict=_nothing,
        provider=(
            {"act": "accept_then_reset", "probability": 0.06},
            {"act": "accept_then_drop", "probability": 0.06},
            {"act": "accept_then_hang", "probability": 0.02},
        ),
        quick=150,
    ),
    Fault(
        name="provider-outage",
        number=14,
        tells="nobody listens at either provider for ten seconds",
        inflict=_outage,
        lines=("sms", "mail"),
    ),
    Fault(
        name="backlog",
        number=14,
        tells="200,000 events come in while nobody listens at either provider",
        inflict=_backlog,
        samples=lambda _scene, events: load.messages("m", events),
        lines=("sms", "mail"),
        events=200_000,
        pace=10_000,
        hands=16,
        limits={"memory_mib": 300},
        alone=True,
    ),
    Fault(
        name="provider-unavailable",
        number=14,
        tells="both providers say 503 and 421 for a third of the load, accepting nothing",
        inflict=_misbehaves("unavailable", [{"act": "unavailable"}], 0.2, 0.55),
    ),
    Fault(
        name="smtp-faults",
        number=15,
        tells="the relay drops before, within and after the body, and says 451 after it",
        inflict=_nothing,
        provider=(
            {"act": "drop", "channel": "email", "stage": "rcpt", "probability": 0.08},
            {"act": "reset", "channel": "email", "stage": "body", "probability": 0.06},
            {"act": "drop", "channel": "email", "stage": "dot", "probability": 0.06},
            {"act": "refuse", "channel": "email", "stage": "dot", "code": 451, "probability": 0.08},
            {"act": "accept_then_drop", "channel": "email", "stage": "dot", "probability": 0.06},
            {"act": "greylist", "channel": "email", "times": 40},
        ),
    ),
    Fault(
        name="receipts",
        number=16,
        tells="receipts are lost, repeated, reordered, forged, late, or before the answer",
        inflict=_nothing,
        provider=(
            {"act": "callbacks", "how": "none", "probability": 0.15},
            {"act": "callbacks", "how": "duplicate", "probability": 0.2},
            {"act": "callbacks", "how": "reordered", "probability": 0.2},
            {"act": "callbacks", "how": "before_reply", "probability": 0.2},
            {"act": "callbacks", "how": "forged", "probability": 0.2},
            {"act": "callbacks", "how": "delayed", "delay_ms": 1500, "probability": 0.5},
            {"act": "accept_then_reset", "channel": "sms", "probability": 0.1},
        ),
    ),
    Fault(
        name="caller-gone",
        number=20,
        tells="callers are put through, and one in four hangs up before, while or after it",
        inflict=_hang_ups,
        samples=_callers,
        provider=(
            {"act": "dial", "outcome": "busy", "probability": 0.2},
            {"act": "dial", "outcome": "no_answer", "probability": 0.2},
        ),
        pace=40,
    ),
)
