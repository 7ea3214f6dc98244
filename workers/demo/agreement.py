"""Do the ledger, the sandbox's record and what publishers are told agree?

The sandbox wrote down what it accepted without knowing anything of ours; the ledger what we
believe was sent. A send on one side only, or twice, is a disagreement.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from contracts.vocabulary import DeliveryStatus
from store.reading.read_models import SendLine
from workers.demo.doors import HttpDoor
from workers.demo.telling import Told
from workers.sandbox.acceptance import Acceptance

_SENT = frozenset({DeliveryStatus.ACCEPTED, DeliveryStatus.DELIVERED, DeliveryStatus.UNDELIVERED})
_BY_HAND = "mailroom"  # keeps a record of its own: the events that it published


def disagreements(
    sends: Sequence[SendLine], acceptances: Sequence[Acceptance], letters: Sequence[str]
) -> list[str]:
    """Say everything on which the two differ; nothing means that they agree.

    ``letters`` are the references under which the mailroom handed letters over.
    """
    sent = [line for line in sends if line.outcome in _SENT and line.provider != _BY_HAND]
    posted = [
        line.reference
        for line in sends
        if line.outcome == DeliveryStatus.ACCEPTED and line.provider == _BY_HAND
    ]
    found = [
        *_by_reference(sent, acceptances),
        *_twice(sends, acceptances),
        *_unsettled(sends),
    ]
    if Counter(posted) != Counter(letters):
        found.append(
            f"the ledger has {len(posted)} letters, the mailroom handed over {len(letters)}"
        )
    return found


def _by_reference(sent: Sequence[SendLine], acceptances: Sequence[Acceptance]) -> Iterator[str]:
    """Each reference stands in both, for as many deliveries as there were acceptances."""
    ours: dict[str, set[object]] = defaultdict(set)
    for line in sent:
        if line.reference is None:
            yield f"{line.event_id}: the ledger says {line.outcome}, under no reference"
        else:
            ours[line.reference].add(line.delivery_id)
    theirs = Counter(one.reference for one in acceptances)
    for reference in sorted(ours.keys() | theirs.keys()):
        booked, accepted = len(ours.get(reference, ())), theirs[reference]
        if booked != accepted:
            yield (
                f"{reference}: the ledger knows of {booked} sends, the sandbox accepted {accepted}"
            )


def _twice(sends: Sequence[SendLine], acceptances: Sequence[Acceptance]) -> Iterator[str]:
    """No delivery was accepted twice, unless the ledger marks it as sent again."""
    marked = {str(line.delivery_id) for line in sends if line.marked}
    for delivery, times in Counter(map(delivery_of, acceptances)).items():
        if times > 1 and delivery not in marked:
            yield f"delivery {delivery} was accepted {times} times and is not marked"


def _unsettled(sends: Sequence[SendLine]) -> Iterator[str]:
    """Nothing is left uncertain."""
    last: Mapping[object, SendLine] = {line.delivery_id: line for line in sends}
    for line in last.values():
        if line.outcome == DeliveryStatus.UNCERTAIN:
            yield f"{line.event_id}: the answer about it was never found out"


def passed_by(told: Sequence[Told], sends: Sequence[SendLine]) -> Iterator[str]:
    """Say which event's record lacks what it must have gone through."""
    gone_through = {(line.event_id, line.outcome) for line in sends}
    for one in told:
        if one.through is not None and (one.id, one.through) not in gone_through:
            yield f"{one.id}: should have been {one.through} on the way, and never was"


def told_otherwise(told: Sequence[Told], doors: Mapping[str, HttpDoor]) -> Iterator[str]:
    """Say of which events the door tells its publisher another end than the script has."""
    for one in told:
        if one.shows and not one.again:
            wanted, found = _without_places(one.ends), _at_the_door(doors[one.by].story(one))
            if wanted != found:
                yield f"{one.id}: the door tells another end: {', '.join(found) or 'nothing'}"


def _without_places(ends: Sequence[str]) -> list[str]:
    """Leave out of lines what the door tells masked: where it went."""
    parts = [end.partition(":")[0].split() for end in ends]
    return sorted(f"{words[0]} {words[2]}" if len(words) > 2 else words[0] for words in parts)


def _at_the_door(story: Mapping[str, Any]) -> list[str]:
    lines = [f"{each['channel']} {each['status']}" for each in story["deliveries"]]
    lines += ["not_sent"] * len(story["non_sends"]) + ["rejected"] * len(story["rejections"])
    return sorted([*lines, "waiting"] if story.get("waits_for") else lines)


def calls_told_back(door: HttpDoor) -> dict[str, str]:
    """Read from the call-centre's outcomes how each call ended."""
    return {
        outcome["data"]["call_id"]: outcome["data"]["outcome"]
        for outcome in door.outcomes()
        if outcome["type"] == "onward.call.forwarded.v1"
    }


def delivery_of(accepted: Acceptance) -> str:
    """Read our delivery's id from what the provider was given: the callback's URL, the Message-ID.

    What carries none is told by its own reference.
    """
    if accepted.callback_url is not None:
        found = parse_qs(urlsplit(accepted.callback_url).query).get("delivery")
        if found:
            return found[0]
    if accepted.message_id is not None:
        return accepted.message_id.strip("<>").partition("@")[0]
    return accepted.reference
