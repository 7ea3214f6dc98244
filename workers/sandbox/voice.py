"""What becomes of a call: who is rung, who answers, and what is its controller told?"""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urljoin

from workers.sandbox import SANDBOX_ACCOUNT_SID
from workers.sandbox.behaviour import Act, Behaviour, Occasion, Outcome, Rule
from workers.sandbox.callbacks import Callbacks, Post
from workers.sandbox.twiml import (
    Dial,
    DialledNumber,
    Gather,
    Hangup,
    Pause,
    Redirect,
    Spoken,
    TwimlError,
    Verb,
    verbs,
)

_MOST_CALLS = 20_000
_MOST_DOCUMENTS = 20  # a document that redirects to itself would never end
LIVE = frozenset({"queued", "ringing", "in-progress"})
_CHILD_STATUS: dict[Outcome, str] = {
    "answer": "completed",
    "voicemail": "completed",
    "no_answer": "no-answer",
    "busy": "busy",
    "failed": "failed",
}


@dataclass(slots=True)
class Call:
    """One leg, as Twilio would show it."""

    sid: str
    sender: str
    to: str
    direction: str
    status: str
    created: datetime
    parent: str | None = None
    answered: datetime | None = None
    ended: datetime | None = None
    seconds: int | None = None
    answered_by: str | None = None
    callback_url: str | None = None
    following: asyncio.Task[None] | None = field(default=None, repr=False)
    documents: list[str] = field(default_factory=list, repr=False)

    def end(self, status: str, seconds: int | None = None) -> None:
        """The leg is over."""
        self.status = status
        self.ended = datetime.now(UTC)
        spoken = (self.ended - self.answered).total_seconds() if self.answered else 0
        self.seconds = int(spoken) if seconds is None else seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """How one dialled number took the call, after ``ring`` seconds.

    Asked for a key, whoever answers presses ``digits``; a voicemail presses nothing.
    """

    outcome: Outcome
    ring: float
    talk: float
    seconds: int | None
    digits: str


class Exchange:
    """All calls of this run: latest kept, oldest forgotten."""

    def __init__(self, behaviour: Behaviour, callbacks: Callbacks) -> None:
        self._behaviour = behaviour
        self._callbacks = callbacks
        self.calls: dict[str, Call] = {}

    def waiting_call(self, sender: str, to: str, sid: str | None = None) -> Call:
        """A caller on the line, waiting to be redirected."""
        now = datetime.now(UTC)
        call = Call(sid or new_sid(), sender, to, "inbound", "in-progress", now, answered=now)
        return self._keep(call)

    def incoming(self, sender: str, to: str, url: str, sid: str | None = None) -> Call:
        """A caller rings one of our numbers: its voice URL is asked what to do."""
        now = datetime.now(UTC)
        call = self._keep(Call(sid or new_sid(), sender, to, "inbound", "ringing", now))
        call.following = asyncio.create_task(self._answer_incoming(call, url))
        return call

    def place(self, sender: str, to: str, callback_url: str | None) -> Call:
        """A call that the API asks for; it rings when ``ring_out`` is called."""
        call = Call(new_sid(), sender, to, "outbound-api", "queued", datetime.now(UTC))
        call.callback_url = callback_url
        return self._keep(call)

    def ring_out(self, call: Call, document: str, base: str | None) -> None:
        """Ring a placed call's number; once answered, it follows the document."""
        call.following = asyncio.create_task(self._ring_out(call, document, base))

    def redirect(self, call: Call, document: str, base: str | None = None) -> None:
        """Leave what the call was doing and follow this document."""
        self._interrupt(call)
        call.following = asyncio.create_task(self._follow_to_the_end(call, document, base))

    def end(self, call: Call, status: str = "completed") -> None:
        """The API or the caller ends the call: legs it was ringing end with it."""
        if call.status in LIVE:
            call.end(status)
            self._interrupt(call)
            self._tell_end(call)

    async def document_at(self, url: str, call: Call) -> str | None:
        """Fetch TwiML, signed as a webhook."""
        return await self._callbacks.post(Post(url, _call_form(call)))

    async def stop(self) -> None:
        """Let go of every call."""
        tasks = [call.following for call in self.calls.values() if call.following is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _keep(self, call: Call) -> Call:
        self.calls[call.sid] = call
        if len(self.calls) > _MOST_CALLS:
            del self.calls[next(iter(self.calls))]
        return call

    def _interrupt(self, call: Call) -> None:
        if call.following is not None and call.following is not asyncio.current_task():
            call.following.cancel()

    def _tell_end(self, call: Call) -> None:
        if call.callback_url is not None:
            self._callbacks.later([Post(call.callback_url, _call_form(call))])

    async def _answer_incoming(self, call: Call, url: str) -> None:
        document = await self._callbacks.post(Post(url, _call_form(call)))
        call.status, call.answered = "in-progress", datetime.now(UTC)
        if document is None:
            self.end(call, "failed")
        else:
            await self._follow_to_the_end(call, document, url)

    async def _ring_out(self, call: Call, document: str, base: str | None) -> None:
        call.status = "ringing"
        answer = self._answer(call.to, call.sender)
        await asyncio.sleep(answer.ring)
        if answer.outcome in {"answer", "voicemail"}:
            call.status, call.answered = "in-progress", datetime.now(UTC)
            await self._follow_to_the_end(call, document, base)
            return
        call.end(_CHILD_STATUS[answer.outcome])
        self._tell_end(call)

    async def _follow_to_the_end(self, call: Call, document: str, base: str | None) -> None:
        following: tuple[str, str | None] | None = (document, base)
        for _ in range(_MOST_DOCUMENTS):
            if following is None or call.status not in LIVE:
                break
            text, base = following
            following = None
            call.documents.append(text)
            with suppress(TwimlError):  # Twilio hangs up on a document that it cannot read
                following = await self._follow(call, verbs(text), base)
        self.end(call)

    async def _follow(
        self, call: Call, document: tuple[Verb, ...], base: str | None
    ) -> tuple[str, str | None] | None:
        """Carry out verbs in order; the document to go on with, None when the call is over."""
        for verb in document:
            match verb:
                case Dial():
                    action = urljoin(base or "", verb.action) if verb.action else None
                    form = await self._dial(call, verb, action, base)
                    if action is not None:
                        return await self._next(Post(action, form))
                case Redirect(url=target):
                    return await self._next(Post(urljoin(base or "", target), _call_form(call)))
                case Pause(seconds=seconds):
                    await asyncio.sleep(seconds)
                case Hangup():
                    return None
                case Gather() | Spoken():
                    pass  # a waiting caller presses nothing
        return None

    async def _next(self, post: Post) -> tuple[str, str] | None:
        text = await self._callbacks.post(post)
        return (text, post.url) if text else None

    async def _dial(
        self, call: Call, dial: Dial, action: str | None, base: str | None
    ) -> list[tuple[str, str]]:
        """Ring every number; answer with the form for the action URL."""
        caller = dial.caller_id or call.sender
        legs = [self._leg(call, number, caller, base) for number in dial.numbers]
        answers = [self._answer(number.number, caller) for number in dial.numbers]
        try:
            return await self._ring(call, dial, legs, answers, base)
        except asyncio.CancelledError:
            # The caller went away, or was redirected, while a number rang or was spoken to.
            self._let_go(legs)
            if call.status not in LIVE and action is not None:
                self._callbacks.later([Post(action, _dial_form(call, _first(legs)))])
            raise

    async def _ring(
        self, call: Call, dial: Dial, legs: list[Call], answers: list[Answer], base: str | None
    ) -> list[tuple[str, str]]:
        """Ring until one takes the call. Who picks up and is hung up on has not taken it."""
        patience, waited = dial.ring_seconds, 0.0
        for index in _picking_up(answers, patience):
            leg, answer = legs[index], answers[index]
            await asyncio.sleep(answer.ring - waited)
            waited = answer.ring
            leg.status, leg.answered = "in-progress", datetime.now(UTC)
            number = dial.numbers[index]
            if answer.outcome == "voicemail" and number.detects_machine:
                leg.answered_by = "machine_start"
            if await self._takes(leg, number, answer, base):
                self._stop_others(legs, leg)
                await asyncio.sleep(answer.talk)
                self._over(leg, "completed", answer.seconds)
                return _dial_form(call, leg, bridged=True)
            self._over(leg, "completed")
        longest = max((answer.ring for answer in answers), default=0)
        await asyncio.sleep(max(0.0, min(longest, patience) - waited))
        for leg, answer in zip(legs, answers, strict=True):
            if leg.status in LIVE:
                late = answer.outcome in {"answer", "voicemail"}
                self._over(leg, "no-answer" if late else _CHILD_STATUS[answer.outcome])
        return _dial_form(call, _first(legs))

    async def _takes(
        self, leg: Call, number: DialledNumber, answer: Answer, base: str | None
    ) -> bool:
        """Whether who picked up is joined to the caller: what they hear does not hang up."""
        if not number.url:
            return True
        url, form = urljoin(base or "", number.url), _call_form(leg)
        said = await self._said_at(url, form)
        gather = next((one for one in said if isinstance(one, Gather)), None)
        if gather is not None and gather.action and answer.outcome == "answer":
            pressed = [*form, ("Digits", answer.digits)]
            said = await self._said_at(urljoin(url, gather.action), pressed)
        return not any(isinstance(one, Hangup) for one in said)

    async def _said_at(self, url: str, form: list[tuple[str, str]]) -> tuple[Verb, ...]:
        text = await self._callbacks.post(Post(url, form))
        try:
            return verbs(text) if text else (Hangup(),)
        except TwimlError:
            return (Hangup(),)

    def _stop_others(self, legs: list[Call], taken: Call) -> None:
        for other in legs:
            if other is not taken and other.status in LIVE:
                self._over(other, "no-answer")

    def _over(self, leg: Call, status: str, seconds: int | None = None) -> None:
        leg.end(status, seconds)
        self._tell_end(leg)

    def _leg(self, call: Call, number: DialledNumber, caller: str, base: str | None) -> Call:
        now = datetime.now(UTC)
        leg = Call(new_sid(), caller, number.number, "outbound-dial", "ringing", now, call.sid)
        if number.callback_url is not None:
            leg.callback_url = urljoin(base or "", number.callback_url)
        return self._keep(leg)

    def _let_go(self, legs: list[Call]) -> None:
        for leg in legs:
            if leg.status in LIVE:
                self._over(leg, "completed" if leg.answered else "canceled")

    def _answer(self, number: str, caller: str) -> Answer:
        rule = self._behaviour.wish(Act.DIAL, Occasion("call", number, caller))
        wish = rule or Rule(Act.DIAL)
        ring, talk = wish.ring_ms / 1000, wish.talk_ms / 1000
        return Answer(wish.outcome, ring, talk, wish.seconds, wish.digits)


def new_sid() -> str:
    """A call sid."""
    return "CA" + secrets.token_hex(16)


def _picking_up(answers: list[Answer], patience: float) -> list[int]:
    """Which numbers pick up in time, the quickest first."""
    in_time = [
        (answer.ring, index)
        for index, answer in enumerate(answers)
        if answer.outcome in {"answer", "voicemail"} and answer.ring <= patience
    ]
    return [index for _, index in sorted(in_time)]


def _first(legs: list[Call]) -> Call | None:
    return next((leg for leg in legs if leg.status == "completed"), legs[0] if legs else None)


def _call_form(call: Call) -> list[tuple[str, str]]:
    form = [
        ("AccountSid", SANDBOX_ACCOUNT_SID),
        ("ApiVersion", "2010-04-01"),
        ("CallSid", call.sid),
        ("CallStatus", call.status),
        ("Direction", call.direction),
        ("From", call.sender),
        ("To", call.to),
    ]
    if call.parent is not None:
        form.append(("ParentCallSid", call.parent))
    if call.seconds is not None:
        form.append(("CallDuration", str(call.seconds)))
    return form


def _dial_form(call: Call, leg: Call | None, *, bridged: bool = False) -> list[tuple[str, str]]:
    status = leg.status if leg is not None else "failed"
    # Twilio tells the action URL of a caller who hung up while it rang: no answer.
    form = [*_call_form(call), ("DialCallStatus", "no-answer" if status == "canceled" else status)]
    if leg is not None:
        form.append(("DialCallSid", leg.sid))
    if leg is not None and leg.answered is not None:
        joined = "true" if bridged else "false"
        form += [("DialCallDuration", str(leg.seconds or 0)), ("DialBridged", joined)]
    return form
