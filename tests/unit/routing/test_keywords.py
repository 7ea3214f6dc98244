"""Which texts does a STOP end, and which can it not?"""

import pytest

from contracts.vocabulary import UNMUTABLE, Purpose, ReplyKind
from workers.routing.keywords import MUTEABLE, TEXTED, TOPICS, asked

K, P = ReplyKind, Purpose


@pytest.mark.parametrize(
    ("body", "kind", "purposes"),
    [
        ("STOP", K.STOP, MUTEABLE),
        (" stop. ", K.STOP, MUTEABLE),
        ("UNSUBSCRIBE", K.STOP, MUTEABLE),
        ("Cancel", K.STOP, MUTEABLE),
        ("END", K.STOP, MUTEABLE),
        ("quit", K.STOP, MUTEABLE),
        ("OPTOUT", K.STOP, MUTEABLE),
        ("revoke!", K.STOP, MUTEABLE),
        ("StopAll", K.STOP, TEXTED),
        ("stop all", K.STOP, TEXTED),
        ("STOP POST", K.STOP, {P.POST}),
        ("stop  messages.", K.STOP, {P.MESSAGES}),
        ("Stop\nInvoices", K.STOP, {P.INVOICE}),
        ("stop payments", K.STOP, {P.PAYMENT}),
        ("stop notices", K.STOP, {P.POLICY_NOTICE}),
        ("Start", K.START, TEXTED),
        ("YES", K.START, TEXTED),
        ("UNSTOP", K.START, TEXTED),
        ("start all", K.START, TEXTED),
        ("start post", K.START, {P.POST}),
        ("help", K.HELP, set()),
        ("INFO", K.HELP, set()),
        ("4711", K.CODE, set()),
        ("123456789", K.TEXT, set()),
        ("\u0664\u0667", K.TEXT, set()),
        ("please stop ringing me", K.TEXT, set()),
        ("stop it", K.TEXT, set()),
        ("stop post please", K.TEXT, set()),
        ("cancel post", K.TEXT, set()),
        ("yes post", K.TEXT, set()),
        ("post", K.TEXT, set()),
        ("", K.TEXT, set()),
    ],
)
def test_a_text_asks_for_what_its_words_say(
    body: str, kind: ReplyKind, purposes: set[Purpose]
) -> None:
    """A sentence with the word in it asks for something else."""
    found = asked(body)

    assert (found.kind, found.purposes) == (kind, frozenset(purposes))


def test_one_stop_mutes_nothing_that_cannot_be_muted() -> None:
    """Nor any call: it is a word about texts."""
    assert MUTEABLE.isdisjoint(UNMUTABLE | {P.CALLS})
    assert MUTEABLE | UNMUTABLE == TEXTED


def test_every_topic_is_one_that_texts_may_be_about() -> None:
    """A word that ended nothing would be believed all the same."""
    assert set(TOPICS.values()) <= TEXTED


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("482913", "482913"),
        ("4711", "4711"),
        (" 482913.", "482913"),
        ("482913 on my way, there by 10", "482913"),
        ("482913, thanks", "482913"),
        ("Reply 482913", "482913"),
        ("code: 482913!", "482913"),
        ("please ring me on 482913", ""),
        ("the gate is 482913 or 482914", ""),
        ("482913 482914", ""),
        ("07700 900123", ""),
        ("+44 7700 900123", ""),
        ("\u0664\u0668\u0662\u0669\u0661\u0663 ok", ""),
    ],
)
def test_a_code_may_have_a_word_beside_it(body: str, code: str) -> None:
    """Who is on call writes "482913 on my way", and nobody else should be got out of bed for it."""
    found = asked(body)

    assert (found.kind is K.CODE, found.code) == (bool(code), code)
