"""How does an explanation read, for eyes and for machines? Places are masked in both."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from contracts.planning import PlannedDelivery
from contracts.rule_words import Acknowledge
from workers.cli.common import harmless
from workers.routing.explaining import Explanation, Search, Send, Withheld, why

_INDENT: Final = "  "
_ANSWERS: Final = {
    Acknowledge.NONE: "to be taken by its provider",
    Acknowledge.RECEIPT: "for its receipt",
    Acknowledge.CODE: "for the customer to send back the code",
}


def as_plain(found: Explanation) -> dict[str, Any]:
    """Give an explanation as JSON takes it."""
    return {
        "customer": found.customer_ref,
        "event": found.event_type,
        "at": found.at,
        "rules_version": found.rules_version,
        "waits_for": found.waits_for,
        "back_to_the_agent": found.back_to_the_agent,
        "rules": [
            {
                "for": search.event_type,
                "passed_over": [
                    {"rule": each.rule_id, "unmet": each.unmet} for each in search.passed
                ],
                "matched": search.matched,
            }
            for search in found.searches
        ],
        "sends": [_plain_send(send) for send in found.sends],
        "not_sent": [
            {
                "reason": each.non_send.reason,
                "why": each.why,
                "purpose": each.non_send.purpose,
                "rule": each.non_send.rule_id,
                "step": each.non_send.step,
                "channel": each.non_send.channel,
                "destination": each.non_send.destination_id,
                "masked": each.masked,
            }
            for each in found.withheld
        ],
        "post": None
        if found.post is None
        else {
            "do": found.post.do,
            "reason": found.post.why,
            "rule": found.post.rule_id,
            "destination": found.post.destination_id,
            "consolidate": found.post.consolidate,
        },
    }


def _plain_send(send: Send) -> dict[str, Any]:
    sent = send.delivery
    return {
        "channel": sent.channel,
        "destination": sent.destination_id,
        "masked": send.masked,
        "together_with": list(send.together),
        "rule": sent.rule_id,
        "step": sent.step,
        "mode": sent.mode,
        "content": sent.content,
        "attach": sent.attach,
        "lane": sent.lane,
        "purpose": sent.purpose,
        "due_at": None if sent.held else sent.due_at,
        "held": sent.held,
        "digest": sent.digest is not None,
        "wait_seconds": None if sent.wait is None else sent.wait.total_seconds(),
        "acknowledge": sent.acknowledge,
        "deadline_at": sent.deadline_at,
        "reason": sent.reason,
        "why": send.why,
        "barred": send.barred,
        "then": [_plain_send(each) for each in send.then],
    }


def lines_of(found: Explanation, time_zone: str) -> Iterator[str]:
    """Give an explanation's lines; times are told on the customer's own clock."""
    tz = ZoneInfo(time_zone)
    yield (
        f"{found.event_type} for {found.customer_ref}, at {_time(found.at, tz)},"
        f" by version {found.rules_version} of the rules"
    )
    if found.back_to_the_agent:
        yield "no telephone service has started: the caller goes back to the agent"
        return
    if found.waits_for is not None:
        yield f"it would wait for its {found.waits_for} first, and then:"
    for search in found.searches:
        yield ""
        yield from _search_lines(search)
    yield ""
    yield "sent:" if found.sends else "sent: nothing"
    for send in found.sends:
        yield from _send_lines(send, found.at, tz, _INDENT)
    if found.withheld:
        yield ""
        yield "not sent:"
        yield from (_INDENT + _withheld_line(each) for each in found.withheld)
    if found.post is not None:
        yield ""
        yield f"the mailroom is told to {found.post.do}: {why(found.post.why)}"


def _search_lines(search: Search) -> Iterator[str]:
    yield f"rules for {search.event_type}, the first that matches wins:"
    names = [each.rule_id for each in search.passed]
    width = _width([*names, search.matched or ""])
    for each in search.passed:
        yield f"{_INDENT}{harmless(each.rule_id):<{width}}  no: {each.unmet} does not fit"
    if search.matched is not None:
        yield f"{_INDENT}{harmless(search.matched):<{width}}  yes"
    else:
        yield f"{_INDENT}none matches"


def _send_lines(send: Send, now: datetime, tz: ZoneInfo, lead: str) -> Iterator[str]:
    sent = send.delivery
    due = _due(sent, now, tz)
    by = harmless(f"rule {sent.rule_id}, step {sent.step}")
    attached = ", document attached" if sent.attach else ""
    where = " and ".join((send.masked, *send.together))
    yield (
        f"{lead}{sent.channel} to {where}, {due}, by {by} ({sent.content}{attached}): {send.why}"
    )
    inner = " " * (len(lead) - len(lead.lstrip())) + _INDENT
    if send.barred is not None:
        yield f"{inner}but it would be stopped: {why(send.barred)}"
    if send.then and sent.wait is not None:
        yield f"{inner}given {_span(sent.wait)} {_ANSWERS[sent.acknowledge]}"
    for after in send.then:
        yield from _send_lines(after, now, tz, f"{inner}else ")


def _due(sent: PlannedDelivery, now: datetime, tz: ZoneInfo) -> str:
    if sent.held:
        return "when it is asked for"
    if sent.due_at == now:
        return "now"
    gathered = "gathered for " if sent.digest is not None else ""
    return gathered + _time(sent.due_at, tz)


def _span(wait: timedelta) -> str:
    minutes, seconds = divmod(round(wait.total_seconds()), 60)
    return f"{minutes} min" if not seconds else f"{minutes * 60 + seconds} s"


def _withheld_line(each: Withheld) -> str:
    non_send = each.non_send
    place = each.masked or non_send.destination_id
    parts = [
        f"{non_send.channel}" if non_send.channel else "",
        f"to {place}" if place else "",
        f"by rule {non_send.rule_id}" if non_send.rule_id else "",
        f"step {non_send.step}" if non_send.step is not None else "",
    ]
    what = " ".join(part for part in parts if part) or non_send.purpose
    return harmless(f"{what}: {each.why}")


def _width(names: Sequence[str]) -> int:
    return max(len(name) for name in names)


def _time(moment: datetime, tz: ZoneInfo) -> str:
    return f"{moment.astimezone(tz):%a %Y-%m-%d %H:%M:%S %Z}"
