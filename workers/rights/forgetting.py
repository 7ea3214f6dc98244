"""What is kept of disclosures, breaches, copies and closed rejected events goes when sends do.

And of people who were erased, or forgotten: that they asked, or complained, and whom we asked; and
what operators did that concerns no customer.
"""

from datetime import timedelta

from config.policies import Policies
from contracts.vocabulary import Retention
from store import inbox
from store.engine import Store
from store.rights import (
    alone,
    complaints,
    disclosures,
    forgetting_acts,
    incidents,
    processors,
    requests,
    transfers,
)


class Forgetting:
    """Forgets cases that were closed long ago, and that there were temporary copies."""

    def __init__(self, store: Store, policies: Policies) -> None:
        self._store = store
        self._policies = policies

    def run(self) -> int:
        """Forget what is over; give how many."""
        years = self._policies.retention.years[Retention.SENDS]
        with self._store.write() as tx:
            alone.hold_cases(tx)
            # Some days late rather than one early: not every year has 366.
            closed_before = tx.now - timedelta(days=366 * years)
            kept = (complaints, disclosures, inbox, incidents, processors, requests, transfers)
            cases: list[int] = [each.forget(tx, closed_before) for each in kept]
            # What was done about a case goes once that is gone.
            return sum(cases, forgetting_acts.forget(tx, closed_before))
