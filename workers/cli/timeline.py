"""How does one story read, line by line? Deliveries get letters, so that a line stays short."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from string import ascii_uppercase
from typing import Any
from uuid import UUID

from contracts.vocabulary import Opening
from store.deliveries.receiving import BY_RECEIPT
from store.reading.read_models import DeliveryLine
from store.reading.tracing import Trace

Facts = Mapping[str, Any]


def as_plain(story: Trace) -> dict[str, Any]:
    """Give a story as JSON takes it, ids whole."""
    return asdict(story)


def lines_of(story: Trace) -> Iterator[str]:
    """Give a story's lines: what it is about, how that stands, and what happened when."""
    letters = _letters(story)
    for event in story.events:
        whose = event.customer_ref or "nobody known yet"
        yield f"{event.type}  {event.source}  {event.event_id}"
        yield f"  for {whose}, {event.status.value}; our id {event.id}"
        for line in event.deliveries:
            yield f"  {letters[line.id]}  {_standing(line)}"
            yield f"     {line.id}"
    for one in story.rejections:
        yield f"rejected: {one.type or 'unreadable'} from {one.publisher}; its id {one.id}"
    day = None
    for step in story.steps:
        if step.at.date() != day:
            day = step.at.date()
            yield f"\n{day} (UTC)"
        letter = letters.get(step.delivery_id, "") if step.delivery_id else ""
        yield f"{_time(step.at)}  {letter:<2} {_SAYS[step.what](step.facts)}"


def _letters(story: Trace) -> dict[UUID, str]:
    ids = dict.fromkeys(line.id for event in story.events for line in event.deliveries)
    many = len(ascii_uppercase)
    return {
        each: ascii_uppercase[i % many] + (str(i // many) if i >= many else "")
        for i, each in enumerate(ids)
    }


def _standing(line: DeliveryLine) -> str:
    marked = ", marked: may have been sent before" if line.marked else ""
    where = f" to {line.masked}" if line.masked else ""
    together = ", with others" if line.gathers else ""
    how = f"{line.status.value} ({line.reason.value})"
    return f"{line.channel.value}{where}: {how}{together}{marked}"


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _received(f: Facts) -> str:
    return f"received {f['type']} {f['id']} from {f['publisher']}"


def _rejected(f: Facts) -> str:
    return f"rejected {f['type'] or 'what could not be read'}: {'; '.join(f['problems'])}"


def _waits(f: Facts) -> str:
    return f"waits for its {f['waits_for']}, at most until {_when(f['until'])}"


def _planned(f: Facts) -> str:
    rule = f"rule {f['rule']} of version {f['rule_version']}, step {f['step']}"
    late = f", due {_when(f['due'])}" if f["due"] else ""
    return (
        f"planned {f['channel']} to {f['destination']} by {rule}, {f['lane']} lane{late},"
        f" until {_when(f['deadline'])}"
    )


def _gathered(f: Facts) -> str:
    left = f", and left it since: {f['left_for']}" if f["left_for"] else ""
    return f"event {f['event']} joined it{left}"


def _attempt(f: Facts) -> str:
    return f"attempt {f['attempt']} by {f['provider']} begins (worker {f['worker']})"


def _answer(f: Facts) -> str:
    words = [w for w in (f["reason"], f["code"]) if w]
    why = f" ({', '.join(words)})" if words else ""
    reference = f", reference {f['reference']}" if f["reference"] else ""
    verdict = "answer lost, settled by evidence" if f["verdict"] == BY_RECEIPT else f["verdict"]
    return f"attempt {f['attempt']}: {verdict}{why} after {f['seconds']:g} s{reference}"


def _asked(f: Facts) -> str:
    said = (f["said"] or "no answer yet").replace("_", " ")
    times = "once" if f["times"] == 1 else f"{f['times']} times"
    again = f", again {_when(f['next'])}" if f["next"] else ""
    return f"attempt {f['attempt']}: provider asked for its {f['inquiry']} {times}: {said}{again}"


def _reply(f: Facts) -> str:
    return f"the customer answered: {f['kind']}"


def _bounce(f: Facts) -> str:
    status = f" {f['status']}" if f["status"] else ""
    return f"attempt {f['attempt']}: came back{status}, which counts as {f['kind']}"


def _opening(f: Facts) -> str:
    handed_out = f["opening"] == Opening.HANDED_OUT
    return "document fetched by its link" if handed_out else "a wrong address given at its link"


def _entry(f: Facts) -> str:
    return f"{f['outcome'].upper()}: {_why(f)}{_marked(f)}{_cost(f)}{_sealed(f)}"


def _not_sent(f: Facts) -> str:
    channel = f" by {f['channel']}" if f["channel"] else ""
    rule = f", rule {f['rule']}" if f["rule"] else ""
    return f"NOT SENT{channel}: {_why(f)}{rule}{_sealed(f)}"


def _why(f: Facts) -> str:
    return f"{f['reason']} {f['detail']}" if f["detail"] else str(f["reason"])


def _marked(f: Facts) -> str:
    return ", marked" if f["marked"] else ""


def _cost(f: Facts) -> str:
    parts = f["segments"]
    said = "" if parts is None else f", {parts} segment{'' if parts == 1 else 's'}"
    return said if f["price"] is None else f"{said}, cost {f['price']} {f['currency']}"


def _sealed(f: Facts) -> str:
    if f["seal"] is None:
        return "; on record, not sealed yet"
    return f"; on record as {f['position']}, seal {f['seal']}"


def _told(f: Facts) -> str:
    published = f["published_at"]
    how = f"published {_time(published)}" if published else "to be read at GET /outcomes"
    waits = f" ({f['waits_for']})" if f.get("waits_for") else ""
    return f"told {f['audience']} {f['outcome']}{waits}, {how}"


def _act(f: Facts) -> str:
    reason = "(erased)" if f["reason"] is None else f["reason"]
    detail = f" ({f['detail']})" if f["detail"] else ""
    refused = f", refused: {f['refused']}" if f["refused"] else ""
    return f"{f['actor']}: {f['verb']}{detail}{refused}; reason: {reason}"


_SAYS: Mapping[str, Callable[[Facts], str]] = {
    "received": _received,
    "rejected": _rejected,
    "waits": _waits,
    "planned": _planned,
    "gathered": _gathered,
    "attempt": _attempt,
    "answer": _answer,
    "asked": _asked,
    "reply": _reply,
    "bounce": _bounce,
    "opening": _opening,
    "entry": _entry,
    "not_sent": _not_sent,
    "told": _told,
    "act": _act,
}
