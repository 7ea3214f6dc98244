"""How is somebody told where to fetch the copy that they asked for? By a way of our own.

It goes to the one place of theirs that an officer named, whatever their rules say.
"""

from datetime import datetime, timedelta
from typing import Final

from contracts.planning import Customer, Destination, LanePolicy, PlannedDelivery
from contracts.vocabulary import Content, Lane, Mode, Purpose
from workers.routing.sending import WRITTEN

COPY_WAY: Final = "@copy"  # in place of a rule: the `@` keeps it apart from them


def plan_copy(
    customer: Customer, destination: Destination, now: datetime, policy: LanePolicy
) -> PlannedDelivery:
    """The email or text with the link to a copy; ``destination`` can be written to."""
    return PlannedDelivery(
        channel=WRITTEN[destination.kind],
        destination_id=destination.destination_id,
        destination_version=destination.version,
        rule_id=COPY_WAY,
        rule_version=customer.rules_version,
        step=0,
        mode=Mode.ALL,
        content=Content.FULL,
        lane=Lane.ROUTINE,
        purpose=Purpose.RIGHTS,
        due_at=now,
        deadline_at=now + timedelta(seconds=policy.deadline(Lane.ROUTINE)),
        attach=False,
    )
