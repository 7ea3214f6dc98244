"""How is one mail that came back taken: about which attempt is it, and what does it say?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from structlog import get_logger

from contracts.planning import LanePolicy
from store.customers.known import Readings
from store.deliveries.adding import Due
from store.deliveries.receiving import Told
from store.engine import Store
from store.evidence.bounced import BouncePolicy
from workers.receipts.bounces import Bounce, apply_bounce
from workers.receipts.counts import Counts, Meaning, Way
from workers.receipts.delivery_report import Report, read_report
from workers.receipts.racing import without_races
from workers.return_path import ReturnPaths

log = get_logger(__name__)

_MEANINGS = {
    Told.CHANGED: Meaning.CHANGED,
    Told.NOTHING_NEW: Meaning.REPEATED,
    Told.UNKNOWN: Meaning.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceParts:
    """What taking bounces stands on."""

    store: Store
    readings: Readings
    policy: LanePolicy
    bounces: BouncePolicy
    hint: Callable[[Sequence[Due]], object]
    counts: Counts
    paths: ReturnPaths


class Bouncing:
    """Takes one mail that came back. Safe to share between threads."""

    def __init__(self, parts: BounceParts) -> None:
        self._parts = parts

    def take(self, recipient: str, raw: bytes) -> Told:
        """Read and apply one. Raises what the store raises when it is away."""
        parts = self._parts
        report = read_report(raw)
        named = self._named(recipient, report)
        if named is None:
            parts.counts.add(Way.BOUNCE, Meaning.UNKNOWN)
            log.warning("bounce_unknown", reason="address")
            return Told.UNKNOWN
        bounce = Bounce(*named, report)
        applied = without_races(
            parts.store,
            lambda tx: apply_bounce(tx, bounce, parts.readings, parts.policy, parts.bounces),
        )
        self._tell(bounce, applied.told[0])
        self._hint(applied.due)
        return applied.told[0]

    def _named(self, recipient: str, report: Report | None) -> tuple[UUID, int] | None:
        paths = self._parts.paths
        by_address = paths.attempt_of(recipient.rpartition("@")[0])
        if by_address is not None or report is None:
            return by_address
        return paths.attempt_of(report.envelope_id)

    def _tell(self, bounce: Bounce, told: Told) -> None:
        meaning = _MEANINGS[told]
        if bounce.report is None and told is Told.NOTHING_NEW:
            meaning = Meaning.NOTED
        self._parts.counts.add(Way.BOUNCE, meaning)
        log.info(
            "bounce_received",
            delivery_id=str(bounce.delivery_id),
            attempt=bounce.attempt,
            action=bounce.report.action.value if bounce.report else "none",
            status=bounce.report.status if bounce.report else "",
            told=told.value,
        )

    def _hint(self, due: Sequence[Due]) -> None:
        """Hint at what is due; upkeep finds it too, so a broker that is away is no error."""
        if not due:
            return
        try:
            self._parts.hint(due)
        except Exception as error:  # noqa: BLE001 - what is committed must not be answered as failed
            log.warning("hint_not_sent", error_type=type(error).__name__, count=len(due))
