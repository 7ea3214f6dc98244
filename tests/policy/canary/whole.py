"""How does the canary's day go from its first step to its last, and where is it looked for?"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from config.topology import DEAD_QUEUE, hint_queues, intake_queues
from tests.policy.canary.breaking import calls, deaths, misbehaviour, outages, replies, templates
from tests.policy.canary.day import PATIENCE, Day
from tests.policy.canary.operating import operators, rights, shows_words
from tests.policy.canary.publishing import (
    begin,
    documents,
    every_type,
    letters,
    waiting,
    wrong_envelopes,
    wrong_fields,
)
from tests.policy.canary.search import (
    Hit,
    bodies,
    hits,
    in_folder,
    in_postgresql,
    in_queues,
    in_sqlite,
)
from tests.waiting import NeverHappenedError, eventually

STEPS: Sequence[Callable[[Day], None]] = (
    begin,
    misbehaviour,
    every_type,
    wrong_fields,
    wrong_envelopes,
    waiting,
    letters,
    calls,
    replies,
    documents,
    templates,
    outages,
    deaths,
    operators,
    rights,
)
_LEDGER = "SELECT count(*) FROM ledger WHERE outcome = '{}' AND reason = '{}'"
_REJECTED = "SELECT count(*) FROM rejected_events WHERE problems LIKE '%{}%'"
_MADE = "SELECT count(*) FROM {}"
_ACTS = "SELECT count(*) FROM acts WHERE verb = '{}' AND done > 0"
_ACCEPTED = "SELECT count(*) FROM ledger WHERE outcome = 'accepted' AND channel = '{}'"

# What must be on record at the end: each part of the day really was lived through.
PATHS: Mapping[str, str] = {
    "sent by text": _ACCEPTED.format("sms"),
    "sent by email": _ACCEPTED.format("email"),
    "passed on by telephone": _ACCEPTED.format("call"),
    "post asked for": "SELECT count(*) FROM outbox WHERE name = 'post.forward_requested'",
    "sent on by post": _LEDGER.format("accepted", "post_dispatched"),
    "done against an instruction": _MADE.format("contradictions"),
    "a conflicting duplicate": _REJECTED.format("conflicting_duplicate"),
    "payment details": _REJECTED.format("card_data"),
    "a missing field": _REJECTED.format("missing"),
    "an unknown field": _REJECTED.format("unknown_field"),
    "an unknown type": _REJECTED.format("unknown_type"),
    "an event that waits": _MADE.format("waits"),
    "refused": _LEDGER.format("failed", "invalid_destination"),
    "refused as opted out": _LEDGER.format("suppressed", "opted_out"),
    "undelivered": _LEDGER.format("undelivered", "provider_fault"),
    "bounced": _LEDGER.format("undelivered", "bounced"),
    "uncertain": "SELECT count(*) FROM ledger WHERE outcome = 'uncertain'",
    "parked": _LEDGER.format("parked", "policy_parks"),
    "a template that failed": _LEDGER.format("parked", "template_failed"),
    "a document that is none": _LEDGER.format("parked", "unusable_document"),
    "withdrawn": _LEDGER.format("cancelled", "withdrawn"),
    "throttled": "SELECT count(*) FROM deliveries WHERE reason = 'bundled'",
    "a digest": (
        "SELECT count(*) FROM deliveries WHERE digest_at IS NOT NULL AND status = 'accepted'"
    ),
    "a reply": _MADE.format("replies"),
    "a bounce": _MADE.format("bounces"),
    "identity data": _MADE.format("identities"),
    "a subscription": _MADE.format("subscriptions"),
    "replayed": _ACTS.format("replay"),
    "cancelled": _ACTS.format("cancel"),
    "released": _ACTS.format("release"),
    "paused": _ACTS.format("pause"),
    "copied": _ACTS.format("copy"),
    "restricted": _ACTS.format("restrict"),
    "erased": _MADE.format("erasures"),
    "terminated": "SELECT count(*) FROM customers WHERE terminated_at IS NOT NULL",
}


def live(day: Day) -> None:
    """Live through the whole of it, until nothing more is on its way."""
    for step in STEPS:
        step(day)
        day.ground.look()
    with contextlib.suppress(NeverHappenedError):  # said by what is missing
        eventually(lambda: not missing(day), "all is on record", 2 * PATIENCE)
    day.ground.look()


def missing(day: Day) -> list[str]:
    """The parts of the day of which nothing is on record."""
    return [path for path, query in PATHS.items() if day.number(query) == 0]


def everywhere(day: Day) -> dict[str, list[Hit]]:
    """Look for canaries in each kind of place, and give what was found.

    Left out, because it is theirs to hold, or made to be read: the queues of publishers' own
    (``onward.intake.*``) while an event waits in them; the provider's record; the copy that a
    person asked for and the vault's key, which are written where an operator says; and what
    commands print that are there to show it (`shows_words`).
    """
    ground = day.ground
    folders = {
        "logs": ground.home / "logs",
        "temporary files": ground.home / "temporary",
        "blobs": ground.data / "blobs",
        "checkpoints": ground.data / "checkpoints",
        "the register of erasures": ground.data / "erasures",
        "journals": ground.data / "journals",
        "the data folder": ground.data,
    }
    found = {name: list(in_folder(folder)) for name, folder in folders.items()}
    found["journals, metrics and processes, as they went"] = ground.seen
    found["metrics"] = [hit for one in ground.figures for hit in hits("/metrics", one)]
    if ground.broker is not None:
        found["queues"] = list(in_queues(day.queued | left_in_queues(day)))
    file = ground.data / "onward.db"
    read = partial(in_postgresql, ground.database) if ground.database else partial(in_sqlite, file)
    found["tables"] = list(read())
    found["what commands print"] = [
        hit
        for one in ground.printed
        for text in (one.err, "" if shows_words(one.words) else one.out)
        for hit in hits(f"onward {' '.join(one.words[:2])}", text.encode())
    ]
    return found


def left_in_queues(day: Day) -> dict[str, list[bytes]]:
    """What stands in our own queues at the end; nothing may be left in those of events."""
    if day.ground.broker is None:
        return {}
    url = day.ground.broker

    def taken() -> bool:
        left = bodies(url, [*intake_queues(), DEAD_QUEUE])
        return not any(left.values())

    eventually(taken, "all that came over the broker is taken in", PATIENCE)
    return bodies(url, hint_queues())
