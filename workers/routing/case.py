"""Which event, for which customer, at which instant: all that one decision reads."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from contracts.planning import Customer, LanePolicy
from contracts.rules import Rule
from contracts.vocabulary import Lane
from workers.routing.facts import Facts
from workers.routing.matching import first_match
from workers.routing.schedules import Moment, moment, zone


@dataclass(frozen=True, slots=True)
class Case:
    """One event for one customer at one instant."""

    facts: Facts
    customer: Customer
    now: datetime
    policy: LanePolicy

    @property
    def tz(self) -> ZoneInfo:
        """The customer's time zone."""
        return zone(self.customer.time_zone)

    @property
    def moment(self) -> Moment:
        """The instant as the customer's clock and calendar show it."""
        return moment(self.now, self.tz, self.policy.is_bank_holiday)

    @property
    def is_terminated(self) -> bool:
        """Whether the customer's service has ended."""
        ended = self.customer.terminated_at
        return ended is not None and ended <= self.now

    def rule(self) -> Rule | None:
        """The customer's rule for this event, if one matches."""
        rules = self.customer.rules
        return None if rules is None else first_match(rules, self.facts, self.moment)

    def breaks_through(self, rule: Rule) -> bool:
        """Whether the event is urgent, and so waits for no hour by this rule.

        It waits where the rule is for urgent messages alone: then the customer has asked for that.
        """
        return self.facts.lane is Lane.URGENT and not rule.match.least_rank

    def deadline(self, due_at: datetime) -> datetime:
        """When a delivery first due then expires; for a live call, when its caller is gone."""
        if self.facts.not_after is not None:
            return self.facts.not_after
        return due_at + timedelta(seconds=self.policy.deadline(self.facts.lane))

    def as_message(self) -> "Case":
        """The same call, told of as a message."""
        return replace(self, facts=self.facts.as_message())
