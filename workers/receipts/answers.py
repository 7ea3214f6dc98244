"""What is a customer told who texted us? In a line, without a word of what their messages say."""

from collections.abc import Mapping
from types import MappingProxyType

from contracts.vocabulary import ReplyKind
from store.deliveries.acknowledging import Answered
from workers.receipts.replies import TakenReply
from workers.routing.keywords import TOPICS, Asked

_OF_CODES: Mapping[Answered, str | None] = MappingProxyType(
    {
        Answered.CONFIRMED: "thank you, that is confirmed.",
        Answered.ALREADY: "thank you, that was confirmed already.",
        Answered.LATE: "that code is out of date. If it is urgent, please call us.",
        Answered.WRONG: "we do not know that code. Please look at the text once more.",
        Answered.TOO_MANY: "that was too many codes at once. Please call us instead.",
        Answered.UNASKED: None,  # figures of somebody's, and no answer to anything of ours
    }
)


def answer_to(wanted: Asked, taken: TakenReply) -> str | None:
    """Give the answer to a text, without the company's name before it; none where none is due."""
    match wanted.kind:
        case ReplyKind.START | ReplyKind.STOP:
            return _of_topic(wanted)
        case ReplyKind.CODE:
            return _OF_CODES[taken.code] if taken.code is not None else None
        case ReplyKind.RELEASE:
            return _of_release(taken.released)
        case ReplyKind.HELP | ReplyKind.TEXT:
            return None


def _of_topic(wanted: Asked) -> str | None:
    if wanted.topic is None:
        return None
    about = f"texts about {TOPICS[wanted.topic].value.replace('_', ' ')}"
    topic = wanted.topic.upper()
    if wanted.kind is ReplyKind.START:
        return f"you get {about} again. Text STOP {topic} to end them."
    return f"you get no more {about}. Text START {topic} for them again."


def _of_release(count: int | None) -> str | None:
    """A number that is nobody's own, verified mobile is told nothing of anybody's."""
    if count is None:
        return None
    if count == 0:
        return "nothing is held for you."
    return f"{count} {'message is' if count == 1 else 'messages are'} on the way to you."
