"""How do the stand-in providers misbehave in the course of the day? As the sandbox's rules."""

from workers.demo.office import (
    ANSWERED_DESK,
    BUSY_MOBILE,
    CROWDED_MOBILE,
    DEAD_MOBILE,
    GREYLISTED,
    REFUSED_MOBILE,
    SILENT_MOBILE,
    STOPPED_MOBILE,
    UNANSWERED_DESK,
)
from workers.sandbox.behaviour import Act, Rule

MISBEHAVIOUR = (
    Rule(Act.REFUSE, channel="sms", to=REFUSED_MOBILE, code=21211),
    Rule(Act.REFUSE, channel="sms", to=STOPPED_MOBILE, code=21610),
    Rule(Act.RATE_LIMIT, channel="sms", to=CROWDED_MOBILE, per_second=1, retry_after=1),
    Rule(Act.REFUSE, channel="sms", to=BUSY_MOBILE, code=20429, status=429),
    Rule(Act.GREYLIST, channel="email", to=GREYLISTED),
    Rule(Act.ACCEPT_THEN_DROP, channel="sms", to=SILENT_MOBILE, times=1),
    # The receipt comes after the connection is gone, so that there is a time of not knowing.
    Rule(Act.CALLBACKS, channel="sms", to=SILENT_MOBILE, how="delayed", delay_ms=2000),
    Rule(Act.RECEIPT, channel="sms", to=DEAD_MOBILE, word="undelivered", error_code=30003),
    Rule(Act.DIAL, to=ANSWERED_DESK, outcome="answer", ring_ms=200, talk_ms=500, seconds=42),
    Rule(Act.DIAL, to=UNANSWERED_DESK, outcome="no_answer", ring_ms=500),
)
