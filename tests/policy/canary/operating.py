"""What do operators do on the canary's day? Look, put right, mistype, answer people's rights."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.policy.canary.day import SOURCE, Day

LOOKS = (
    ("waiting", "--json"),
    ("attention", "--list", "parked"),
    ("rejected", "--json", "--limit", "5000"),
    ("attention",),
    ("queues",),
    ("check",),
    ("trace", "i-scan-0"),
    ("suppressions", "list"),
    ("notices",),
    ("item", "i-scan-0"),
    ("rights", "list"),
    ("sends", "--customer", "C-main"),
    ("audit",),
)
# Showing what people wrote is what these are for; what they say beside it holds nothing.
_SHOWS = frozenset({"notices", "item", "rights", "audit"})


def shows_words(words: Sequence[str]) -> bool:
    """Whether a command is there to show what people wrote."""
    return words[0] in _SHOWS


def operators(day: Day) -> None:
    """What operators look at, do, and mistype."""
    day.until_standing("C-silent", "parked")
    why = ("--reason", day.make.word("an operator's reason"), "--as", "kim")
    wrong, spoilt = day.ground.folder / "wrong.json", day.ground.folder / "spoilt.json"
    wrong.write_text(json.dumps(day.event("note.recorded", "a file"))[:-9], encoding="utf-8")
    event = day.event("note.recorded", "a file with a wrong field")
    event["data"]["channel"] = day.make.word("wrong, in a file")
    spoilt.write_text(json.dumps(event), encoding="utf-8")
    _at_once(
        day,
        *(LOOKS if day.ground.broker else LOOKS[:3]),
        ("publish", str(wrong)),
        ("publish", str(spoilt)),
        ("explain", "C-main", "--sample", "call.message_taken", "--rules", str(wrong)),
        ("explain", "C-main", "--sample", "call.message_taken", "--rules", str(spoilt)),
        ("explain", "--event", "e-none"),
        ("rules", "show", "C-none"),
        ("trace", "none-such"),
        ("preview", "invoice.overdue", "--customer", "C-main"),
        ("preview", "--all"),
        ("preview", "none-such", *why),
        ("rights", "open", "C-main", "--kind", "nonsense"),
        ("rights", "close", "none-such", *why),
        ("mail-from", "set", "C-main", "--address", "nonsense", *why),
        ("senders", "set", "--customer", "C-main", "--sender", "no sender that", *why),
        ("vault", "show", "C-main", "--key", str(wrong), *why),
        ("replay", "--cause", "nonsense", *why),
        ("replay", "--cause", "rejected", "--limit", "5", *why),
        ("cancel", "--cause", "failed", "--dry-run"),
    )
    _at_once(
        day,
        ("replay", "--cause", "parked", *why),
        ("cancel", "--cause", "undelivered", *why),
        ("release", "--customer", "C-held", *why),
        ("pause", "twilio-sms", *why),
    )
    day.ground.onward("resume", "twilio-sms", *why)


def rights(day: Day) -> None:
    """Withdrawal, restriction, an access copy, termination and erasure."""
    run = day.ground.onward
    why = ("--reason", day.make.word("an officer's reason"), "--as", "officer")
    told = day.message("C-held", "to be withdrawn")
    day.tell(told)
    day.publish(
        day.event("event.withdrawn", "of what is held", "C-held", source=SOURCE, id=told["id"])
    )
    run("rights", "restrict", "C-forged", *why)
    day.publish(day.message("C-forged", "while restricted"))
    copy = day.ground.folder / "copies" / "main.zip"
    copy.parent.mkdir()
    assert run("rights", "copy", "C-main", "--to", str(copy), *why).code == 0
    assert copy.stat().st_mode & 0o077 == 0
    day.serve("C-erased", start=False)
    assert run("rights", "erase", "C-erased", "--yes", *why).code == 0
    assert run("rights", "erase", "C-main", "--yes", *why).code == 0
    day.publish(day.message("C-erased", "for who was erased"))
    day.publish(day.event("service.terminated", "with work under way", "C-bundle"))


def _at_once(day: Day, *commands: tuple[str, ...]) -> None:
    with ThreadPoolExecutor(4) as hands:
        list(hands.map(lambda words: day.ground.onward(*words), commands))
