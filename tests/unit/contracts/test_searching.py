"""An operator finds an event by the words a caller would use."""

import pytest

from contracts.searching import normalise_term, terms_of


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("01632 960111", ("+441632960111", "01632 960111")),
        ("+441632960111", ("+441632960111",)),
        ("  Ada   QUILL ", ("ada quill",)),
        ("\uff31uill", ("quill",)),
        ("STRASSE", ("strasse",)),
        ("straße", ("strasse",)),
        ("INV-2026-0107", ("inv-2026-0107",)),
        ("   ", ()),
    ],
)
def test_a_question_is_spelled_as_what_is_stored(question: str, terms: tuple[str, ...]) -> None:
    """The index holds digests: only the very same spelling finds anything."""
    assert normalise_term(question) == terms


def test_a_name_is_found_whole_and_by_each_word() -> None:
    """Callers are remembered by half their name."""
    terms = terms_of(["Ada O'Neill-Quill & Co", "item-1", "X Y"])

    assert terms == {
        "ada o'neill-quill & co",
        "ada",
        "o'neill-quill",
        "co",
        "item-1",
        "x y",
    }


def test_every_way_of_asking_for_a_stored_number_finds_it() -> None:
    """The number was stored as E.164; operators type what stands on their screen."""
    stored = terms_of(["+441632960111"])

    assert all(
        stored.intersection(normalise_term(asked))
        for asked in ("01632960111", "01632 960 111", "+44 1632 960111", "(01632) 960111")
    )
