"""What breaks on the canary's day? Providers, templates, lines, services and our own processes."""

import contextlib
import json
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import pika

from config.topology import DEAD_QUEUE, hint_queues, intake_queues
from tests.factories import Sample, catch_all
from tests.policy.canary.day import PATIENCE, Day
from tests.policy.canary.search import bodies
from tests.waiting import eventually

_FORM = "application/x-www-form-urlencoded"


def misbehaviour(day: Day) -> None:
    """Providers that refuse, fall silent, bounce and forge, each towards one customer."""
    refused, stopped, silent, dead, forged = (day.make.mobile() for _ in range(5))
    bounced, barred, slow = (day.make.email(word) for word in ("bounced", "barred", "unanswered"))
    day.ground.provider.behave(
        [
            {"act": "refuse", "channel": "sms", "to": refused, "code": 21211},
            {"act": "refuse", "channel": "sms", "to": stopped, "code": 21610},
            {"act": "drop", "channel": "sms", "to": silent},
            {"act": "callbacks", "channel": "sms", "to": silent, "how": "none"},
            {"act": "receipt", "channel": "sms", "to": dead, "word": "undelivered"},
            {"act": "callbacks", "channel": "sms", "to": forged, "how": "forged"},
            {"act": "bounce", "channel": "email", "to": bounced},
            {"act": "refuse", "channel": "email", "to": barred, "code": 550},
            {"act": "accept_then_drop", "channel": "email", "to": slow, "times": 1},
            {"act": "refuse", "channel": "call", "code": 21211},
        ]
    )
    for ref, mobile, email in (
        ("C-refused", refused, None),
        ("C-stopped", stopped, None),
        ("C-silent", silent, None),
        ("C-dead", dead, bounced),
        ("C-forged", forged, barred),
        ("C-slow", None, slow),
    ):
        day.serve(ref, mobile=mobile, email=email)
        day.tell(day.message(ref, "to a provider that misbehaves"))
    for _ in range(25):  # more than a network lets through to one number
        day.publish(day.message("C-bundle", "a bundle"))
    # Cut to the minute it is a minute less; missed, it would go a day later.
    soon = datetime.now(ZoneInfo("Europe/London")) + timedelta(seconds=110)
    daily = {"digest": {"every": "day", "at": f"{soon:%H:%M}"}}
    day.serve("C-digest", catch_all("d-email", timing=daily, post={"do": "scan"}))
    day.tell(day.message("C-held", "held"), day.message("C-digest", "in a digest"))
    day.tell(day.message("C-acknowledged", "to be acknowledged", urgency="urgent"))


def calls(day: Day) -> None:
    """Callers who are put through, who are not, and who ring a number of ours themselves."""
    ours = day.make.number()
    rule = catch_all("d-voice", rule_id="calls", call={"announce": True})
    rule |= {"match": {"events": ["call.waiting"]}}
    day.serve("C-called", rule, catch_all("d-mobile"))
    day.tell(day.event("number.assigned", "for calls", "C-called", number=ours))
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    for late in (soon, "2026-11-20T10:00:20Z"):
        sid = day.ground.provider.waiting_call(day.make.mobile(), ours)
        waits = {"provider_call_id": sid, "not_after": late, "provider_account": ...}
        day.publish(day.event("call.waiting", "a caller", "C-called", **waits))
    url = f"{day.ground.public_url}/hooks/twilio/voice"
    day.ground.provider.rings(day.make.mobile(), ours, url)


def replies(day: Day) -> None:
    """Texts to us: STOP, a code that nobody asked for, anything; and receipts that are forged."""
    url = f"{day.ground.public_url}/hooks/twilio/reply"
    sender = "+447700900100"
    for body in ("STOP", "START", "HELP", "1234", "RELEASE", day.make.word("a reply")):
        day.ground.provider.texts(day.mobiles["C-main"], sender, body, url)
        day.ground.provider.texts(day.make.mobile(), sender, body, url)
    day.ground.provider.texts(day.mobiles["C-acknowledged"], sender, "STOP", url)
    for path in ("message", "dial", "reply", "voice", "unheard-of"):
        form = {"From": day.make.mobile(), "To": sender, "Body": day.make.word("a forged reply")}
        form |= {"MessageSid": day.make.word("a forged id"), "MessageStatus": "delivered"}
        query = urlencode({"delivery": day.make.word("a forged delivery"), "attempt": "1"})
        day.answers.append(
            day.ground.ask(
                *("POST", f"/hooks/twilio/{path}?{query}", urlencode(form).encode(), _FORM),
                also={"X-Twilio-Signature": day.make.word("a forged signature")},
            )
        )
    for path in (f"document/{day.make.word('a link')}", f"unsubscribe/{day.make.word('a link')}"):
        form = {"address": day.make.email("a guess at a link"), "List-Unsubscribe": "One-Click"}
        day.answers.append(day.ground.ask("GET", f"/{path}"))
        day.answers.append(day.ground.ask("POST", f"/{path}", urlencode(form).encode(), _FORM))


def templates(day: Day) -> None:
    """Templates that fail in ways that have an error quote what they were filled with."""
    own = day.ground.home / "templates" / "en-GB"
    for place, source in {
        "email/invoice.overdue/body.txt": "{{ {}[invoice_number].lost }}",
        "email/payment.failed/body.txt": "{{ (invoice_number ~ 'x') | int(1) / 0 }}",
        "sms/post.received.txt": "{{ ({}[sender]) ~ nothing_like_it }}",
    }.items():
        (own / place).parent.mkdir(parents=True, exist_ok=True)
        (own / place).write_text(source)
    for name in ("dispatch-later", "dispatch-soon") if day.ground.broker else ("up",):
        day.ground.restart(name)
    day.ground.ours.open()
    day.publish(
        day.event("invoice.overdue", "a template that fails", "C-main"),
        day.event("payment.failed", "a template that fails", "C-main"),
        day.event("post.received", "a template that fails", "C-main", item_id="i-template"),
    )


def outages(day: Day) -> None:
    """The provider, the database and the broker away, each while events come in."""
    provider, lines = day.ground.provider, day.ground.lines
    provider.behave([{"act": "unavailable"}])
    day.publish(*(day.message("C-late", "a provider's outage") for _ in range(12)))
    day.until("SELECT count(*) FROM providers WHERE state = 'open'", "a breaker opens")
    provider.behave([])
    for name in ("database", "broker"):
        if name not in lines:
            continue
        lines[name].refuse()
        told = day.message("C-late", f"the {name} away")
        with contextlib.suppress(OSError):
            day.post(json.dumps(told).encode())
        day.over_the_broker(day.message("C-late", f"the {name} away, by the broker"))
        asked = f"/events/{quote(day.make.email('a path'))}?source={day.make.word('a query')}"
        for path in (asked, f"/items/{day.make.word('a path')}", f"/document/{'A' * 54}"):
            day.answers.append(day.ground.ask("GET", path))
        day.ground.onward("queues")
        day.ground.look()
        time.sleep(1.5)  # so long is it away: the outage itself is what is tried
        lines[name].restore()
        eventually(
            lambda: day.post(json.dumps(day.message("C-late", "it is back")).encode()) == 202,
            f"the {name} is back",
            PATIENCE,
        )


def deaths(day: Day) -> None:
    """Workers killed in the midst of a send or a batch; hints that wait; dead letters."""
    ground = day.ground
    if ground.broker is None:
        for point in ("provider.marked", "door.committed"):
            ground.restart("up", ONWARD_FAILPOINTS=f"{point}=kill")
            ground.ours.open()
            _until_dead(day, "up", lambda: [day.message("C-late", "killed")])
        return
    ground.look()
    for name in ("dispatch-later", "dispatch-soon"):
        ground.ours.stop(name)
    day.publish(*(day.message("C-late", "while nobody sends") for _ in range(5)))
    day.queued |= eventually(lambda: _some(bodies(str(ground.broker), hint_queues())), "hints wait")
    ground.start("dispatch-soon")
    ground.start("dispatch-later", ONWARD_FAILPOINTS="provider.marked=kill")
    _until_dead(day, "dispatch-later", lambda: [day.message("C-late", "killed while sending")])
    for name, point in (
        ("intake", "intake.before_commit"),
        ("upkeep", "upkeep.seal.before_commit"),
    ):
        ground.restart(name, ONWARD_FAILPOINTS=f"{point}=raise")
    day.over_the_broker(day.message("C-late", "a batch that raises"))
    ground.restart("dispatch-later", ONWARD_FAILPOINTS="dispatch.before_record=raise")
    day.publish(day.message("C-late", "a record that raises"))
    ground.ours.stop("intake")
    day.over_the_broker(day.message("C-late", "to the dead letters"))
    with pika.BlockingConnection(pika.URLParameters(ground.broker)) as connection:
        channel = connection.channel()

        def refused() -> bool:
            for queue in intake_queues():
                got, _, _ = channel.basic_get(queue)
                if got is not None:
                    channel.basic_reject(got.delivery_tag, requeue=False)
                    return True
            return False

        eventually(refused, "one is refused", PATIENCE)
        eventually(lambda: _dead(day), "it is a dead letter")
    ground.start("intake")
    eventually(lambda: not _dead(day), "it is taken", PATIENCE)


def _dead(day: Day) -> list[bytes]:
    return bodies(str(day.ground.broker), [DEAD_QUEUE])[DEAD_QUEUE]


def _some(found: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    return {name: told for name, told in found.items() if told}


def _until_dead(day: Day, name: str, told: Callable[[], Iterable[Sample]]) -> None:
    before = day.ground.ours.ends.total()
    with contextlib.suppress(OSError, AssertionError):
        day.publish(*told())
    eventually(lambda: day.ground.ours.ends.total() > before, f"{name} is killed", PATIENCE)
    day.ground.ours.open()
