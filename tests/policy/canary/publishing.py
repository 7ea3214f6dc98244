"""What do publishers do on the canary's day? All that is right, and all that is wrong."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from contracts.events.registry import TYPES
from tests.docs.reading import ROOT
from tests.factories import Sample, catch_all, file
from tests.policy.canary.day import PDF, SOURCE, Day
from tests.policy.canary.values import CARD, all_fields


def begin(day: Day) -> None:
    """The first: who is served, and the vault."""
    ground = day.ground
    assert ground.onward("vault", "init", str(ground.folder / "vault.key")).code == 0
    for type_ in ("customer.enquired", "customer.ordered"):
        day.tell(day.event(type_, "a prospect", "C-prospect"))
    post = {"do": "forward", "postal_destination": "d-postal"}
    match = {"person": ["x"], "department": ["x"], "events": ["call.message_taken"]}
    particular = catch_all("d-email", rule_id="some") | {"match": match}
    day.serve("C-main", particular, catch_all("d-mobile", "d-email", post=post))
    day.serve("C-held", catch_all("d-mobile", timing="hold", post={"do": "hold"}))
    day.serve("C-bundle", catch_all("d-mobile"))
    day.serve("C-acknowledged", catch_all("d-mobile", "d-email", mode="escalate"))


def every_type(day: Day) -> None:
    """Each event type with all that it knows, by both doors, again, and altered under its id."""
    scan = day.upload((ROOT / "docs/examples/a-letter.pdf").read_bytes() + day.comment("a scan"))
    files = dict.fromkeys(("scan", "document", "credit_note", "evidence"), scan)
    told: list[Sample] = []
    for type_, kind in TYPES.items():
        has = kind.model.model_fields
        given: dict[str, Any] = {name: one for name, one in files.items() if name in has}
        if "attachments" in has:
            given["attachments"] = [scan]
        if type_ == "destination.added":
            given |= {"kind": "mobile", "value": day.make.mobile(), "destination_id": "d-other"}
        if type_ in {"preferences.set", "service.terminated", "destination.removed"}:
            continue  # told elsewhere: they would end the day here
        subject = None if kind.whose == "everyone" else "C-main"
        told += [day.event(type_, "taken in", subject, **given) for _ in range(2)]
    day.publish(*told[::2])
    day.over_the_broker(*told[1::2])
    day.publish(*told[::2])
    day.over_the_broker(*told[1:20:2])
    for one in told[::2]:
        other = one | {"data": day.make.filled(one["type"][7:-3], "a conflicting duplicate")}
        if one["type"] != "onward.destination.added.v1":
            day.publish(other)


def wrong_fields(day: Day) -> None:
    """Each field of each event wrong in several ways, each error beside canaries in the rest."""
    wrong: list[Sample] = []
    for path in all_fields():
        type_, _, names = path.partition(" ")
        word = day.make.word(f"{path} (wrong)")
        for value in ({word: word}, f"{word} {CARD}", [word], word * 500):
            event = day.event(type_, "beside a wrong field", "C-main")
            if _put(event["data"], names.replace("[]", ".0").split("."), value):
                wrong.append(event)
    more = day.event("note.recorded", "beside an unknown field", "C-main")
    more["data"] |= {"notes": day.make.word("unknown"), f"{day.make.word('a name')} x": 1}
    less = day.event("note.recorded", "beside a missing field", "C-main")
    del less["data"]["note_id"]
    day.publish(*wrong, more, less)
    day.over_the_broker(*wrong[::12], more, less)


def wrong_envelopes(day: Day) -> None:
    """What is no event at all, by both doors and in each mode."""
    make = day.make
    good = day.event("note.recorded", "in a wrong envelope", "C-main")
    text = json.dumps(good, ensure_ascii=False)
    spoilt = (
        text[:-40].encode(),
        text.encode("utf-16"),
        b"\xff\xfe" + text.encode(),
        json.dumps(good | {"specversion": make.word("specversion")}).encode(),
        json.dumps(good | {"type": "onward.note.forgotten.v9"}).encode(),
        json.dumps(good | {"time": make.word("time")}).encode(),
        json.dumps(good | {"data": make.word("data")}).encode(),
        json.dumps(good | {"data_base64": make.word("data_base64")}).encode(),
        json.dumps(good | {f"no{make.word('a name')}!": 1}).encode(),
        json.dumps([make.word("a list")]).encode(),
        json.dumps(make.word("a text")).encode(),
        text.replace('"note_id"', f'"note_id": "{make.word("given twice")}", "note_id"').encode(),
    )
    for body in spoilt:
        day.post(body)
        day.over_the_broker(body)
    binary = {
        "ce-specversion": "1.0",
        "ce-id": "binary-1",
        "ce-source": SOURCE,
        "ce-type": "onward.note.recorded.v1",
        "ce-subject": "C-main",
        "ce-ourword": quote(make.word("an extension in a header")),
    }
    day.post(
        json.dumps(make.filled("note.recorded", "binary")).encode(), "application/json", binary
    )
    day.post(b"[" + make.word("binary").encode(), "application/json", binary)
    path = f"/events/{quote(make.email('a path'))}?{urlencode({'source': make.word('a query')})}"
    for method, where in (("GET", path), ("GET", f"/no/{make.word('a path')}"), ("PUT", path)):
        day.answers.append(day.ground.ask(method, where))
    stranger = {"Authorization": f"Bearer {make.word('a key')}"}
    day.answers.append(day.ground.ask("GET", path, also=stranger))


def waiting(day: Day) -> None:
    """What waits for its customer, number, addressee, item; and what has waited too long."""
    day.publish(
        day.message("C-nobody", "overdue", urgency="urgent"),
        day.message("C-nobody", "waiting"),
        day.event("call.message_taken", "a number that nobody has"),
        day.event("post.received", "an addressee whom nobody knows", item_id="i-unknown"),
        day.event("note.recorded", "waiting", "C-late"),
        day.event("item.instructed", "an item that is not here", None, items=["i-none"]),
        day.event("event.withdrawn", "an event that is not here", None, id="e-none"),
    )
    day.over_the_broker(day.message("C-nobody", "waiting, by the broker"))
    day.serve("C-late")
    day.until("SELECT count(*) FROM outbox WHERE name = 'event.waiting'", "somebody is told")


def letters(day: Day) -> None:
    """Post that is sent on as asked, against what was asked, and disposed of."""
    post = {"do": "forward", "postal_destination": "d-postal"}
    day.serve("C-posted", catch_all("d-email", post=post))
    for name in ("i-sent", "i-kept", "i-shredded"):
        day.tell(day.event("post.received", "to be sent on", "C-posted", item_id=name))
    told = {"items": ["i-kept"], "do": "hold", "postal_destination": ...}
    day.tell(day.event("item.instructed", "to be kept", "C-posted", **told))
    for name in ("i-sent", "i-kept"):
        sent = {"items": [name], "dispatch_id": f"d-{name}", "destination_id": "d-postal"}
        day.tell(day.event("post.dispatched", "sent on", "C-posted", **sent))
    day.tell(day.event("post.disposed", "shredded", "C-posted", items=["i-shredded"]))


def documents(day: Day) -> None:
    """Scans that are whole, that are not what they say, and that are not there."""
    broken = day.upload(b"%PDF-1.7 " + day.comment("a broken scan"))
    day.upload(day.comment("no PDF"), PDF)
    day.upload(day.comment("another digest"), "text/plain", digest="0" * 64)
    missing = file(day.comment("a scan that never came"), PDF)
    for number, scan in enumerate((broken, missing)):
        told = {"item_id": f"i-scan-{number}", "scan": scan}
        day.publish(day.event("post.scanned", "with a wrong scan", "C-main", **told))
        day.publish(day.event("invoice.issued", "with a wrong file", "C-main", document=scan))


def _put(place: Any, names: Sequence[str], value: object) -> bool:
    """Put a value where a path leads, if it leads anywhere."""
    for name in names[:-1]:
        if isinstance(place, list) and name == "0" and place:
            place = place[0]
        elif isinstance(place, dict) and name in place:
            place = place[name]
        else:
            return False
    if isinstance(place, list):
        place[:] = [value]
        return True
    if isinstance(place, dict):
        place[names[-1]] = value
        return True
    return False
