"""Card numbers and IBANs are found where they are, and nothing else is taken for one."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.payment_details import (
    holds_payment_details,
    mask_everywhere,
    mask_payment_details,
)

# Numbers that the schemes and banks publish for tests; they pay for nothing.
CARDS = {
    "visa": "4111111111111111",
    "visa of 13 digits": "4222222222222",
    "mastercard": "5555555555554444",
    "mastercard, 2 series": "2223003122003222",
    "american express": "378282246310005",
    "diners": "30569309025904",
    "discover": "6011111111111117",
    "jcb": "3530111333300000",
    "unionpay": "6200000000000005",
    "maestro": "6759649826438453",
    "spaces": "4111 1111 1111 1111",
    "hyphens": "4111-1111-1111-1111",
    "dots": "4111.1111.1111.1111",
    "no-break spaces": "4111\u00a01111\u00a01111\u00a01111",
    "two spaces": "4111  1111  1111  1111",
    "tabs": "4111\t1111\t1111\t1111",
    "spaced hyphens": "4111 - 1111 - 1111 - 1111",
    "dashes": "4111\u20131111\u20131111\u20131111",
    "no-break hyphens": "4111\u20111111\u20111111\u20111111",
    "underscores": "4111_1111_1111_1111",
    "what nobody sees between": "4111\u200b1111\u200b1111\u200b1111",
    "wide digits": "\uff14" + "\uff11" * 15,
    "arabic digits": "\u0664" + "\u0661" * 15,
    "in words": "take it from 4111 1111 1111 1111 please",
    "after another number": "01632 960111 4111 1111 1111 1111",
    "before another number": "4111 1111 1111 1111 12",
    "stuck to a word": "ref4111111111111111",
    "beside a uuid": "01234567-0123-4123-8123-0123456789ab 4111111111111111",
}
IBANS = {
    "plain": "GB82WEST12345698765432",
    "spaced": "GB82 WEST 1234 5698 7654 32",
    "two spaces": "GB82  WEST  1234  5698  7654  32",
    "dashes": "GB82\u2013WEST\u20131234\u20135698\u20137654\u201332",
    "lower case": "gb82 west 1234 5698 7654 32",
    "german": "DE89370400440532013000",
    "followed by words": "GB82 WEST 1234 5698 7654 32 is the account",
}
HARMLESS = {
    "fails Luhn": "4111111111111112",
    "passes Luhn, of no issuer": "9111111111111119",
    "a parcel's reference": "1234567812345670",
    "uuid": "41111111-1111-4111-8111-111111111111",
    "sha256": "41111111111111110" + "ab" * 23 + "0",
    "a call's id": "CA4111111111111111abcdefabcdefabcd",
    "an instant with nanoseconds": "2026-11-20T10:00:44.123456789-01:00",
    "international number": "+4915112345678",
    "phone numbers": "01632 960111 or 020 7946 0123, mobile 07700 900123",
    "short": "4111",
    "lines": "4111\n1111\n1111\n1111",
    "dates": "4/12/2026 10:30, 4.12.2026 - 10.30 or 2026-12-04",
    "amounts": "4,111.11  1,111.11  1,111.11  11.11",
    "an invoice": "INV-2026-000107",
    "IBAN with a wrong check": "GB83WEST12345698765432",
    "empty": "",
}


@pytest.mark.parametrize("text", [*CARDS.values(), *IBANS.values()], ids=[*CARDS, *IBANS])
def test_payment_details_are_found(text: str) -> None:
    """The payment provider keeps them; we must keep none."""
    assert holds_payment_details(text)


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_other_numbers_are_let_alone(text: str) -> None:
    """A parcel reference must not get an emergency refused."""
    assert not holds_payment_details(text)
    assert mask_payment_details(text) == text


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("Card 4111 1111 1111 1111 ok", "Card **** **** **** 1111 ok"),
        ("378282246310005", "***********0005"),
        ("Pay GB82 WEST 1234 5698 7654 32 now", "Pay **** **** **** **** **54 32 now"),
        ("4111111111111111, cvv 123", "************1111, cvv ***"),
        ("4111111111111111 CVC is: 1234", "************1111 CVC is: ****"),
        ("4111111111111111 12/28 123", "************1111 12/28 ***"),
        ("4111111111111111 exp 12/28 123.", "************1111 exp 12/28 ***."),
        ("security code 987 for 4111111111111111", "security code *** for ************1111"),
        (
            "4111111111111111 and 5555555555554444",
            "************1111 and ************4444",
        ),
        ("cvv 123 without a card", "cvv 123 without a card"),
        ("ring 01632 960111 on 4111111111111111", "ring 01632 960111 on ************1111"),
    ],
)
def test_free_text_keeps_the_last_four_digits(written: str, masked: str) -> None:
    """The customer must still get the words, and be able to tell which card was meant."""
    assert mask_payment_details(written) == masked


@given(st.text(alphabet="0123456789 -4.GBcvxz\n", max_size=60))
def test_masking_keeps_length_and_leaves_nothing_to_find(text: str) -> None:
    """What is stored was masked once, and must then be clean however often it is looked at."""
    masked = mask_payment_details(text)

    assert len(masked) == len(text)
    assert not holds_payment_details(masked)
    assert mask_payment_details(masked) == masked


def test_random_references_are_seldom_taken_for_cards() -> None:
    """One in ten passes Luhn; with the issuer's range it must be well under one in twenty."""
    randomness = random.Random(7)
    references = [f"{randomness.randrange(10**15, 10**16)}" for _ in range(2_000)]

    refused = sum(holds_payment_details(reference) for reference in references)

    assert refused < len(references) / 20


def test_every_place_in_a_rejected_body_is_masked() -> None:
    """A rejected event is kept: what it holds of cards must not be kept with it."""
    body = {"a": ["4111111111111111", 4111111111111111], "4111111111111111": None, "b": True}

    masked = mask_everywhere(body)

    assert masked == {
        "a": ["************1111", "************1111"],
        "************1111": None,
        "b": True,
    }


@pytest.mark.parametrize(
    "part", ["1 ", "1   ", "AB12-", "AB12 ", "AB12   c   ", "4111 ", "GB82WEST", "4"]
)
def test_a_text_made_to_be_slow_takes_as_long_as_it_is(part: str) -> None:
    """One publisher's text must not hold up a batch of everyone's."""
    short, long = (part * 50_000)[:12_500], (part * 50_000)[:100_000]

    times_as_long = _processor_time(long) / _processor_time(short)

    assert times_as_long < 24  # eight times the text; were it squared, sixty-four times


def _processor_time(text: str) -> float:
    """Give the least of three tries: what else the machine does is not the text's doing."""
    tries = []
    for _ in range(3):
        begun = time.thread_time()
        mask_payment_details(text)
        tries.append(time.thread_time() - begun)
    return min(tries)
