"""What is kept of disclosures, breaches and nobody's complaints goes as long after as sends do."""

from datetime import timedelta

from config.policies import Policies
from contracts.vocabulary import Retention
from store import complaints, disclosures, incidents
from store.engine import Store


class Forgetting:
    """Forgets cases that were closed long ago."""

    def __init__(self, store: Store, policies: Policies) -> None:
        self._store = store
        self._policies = policies

    def run(self) -> int:
        """Forget what is over; give how many cases."""
        years = self._policies.retention.years[Retention.SENDS]
        with self._store.write() as tx:
            # Some days late rather than one early: not every year has 366.
            closed_before = tx.now - timedelta(days=366 * years)
            return sum(
                one.forget(tx, closed_before) for one in (complaints, disclosures, incidents)
            )
