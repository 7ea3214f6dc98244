"""Is a provider's word of what a send cost understood, and nothing made of it otherwise?"""

import pytest

from contracts.costs import Cost, read_cost


@pytest.mark.parametrize(
    ("price", "currency", "segments", "cost"),
    [
        ("-0.04200", "GBP", "1", Cost("0.04200", "GBP", 1)),
        ("-0.04200", "gbp", None, Cost("0.04200", "GBP")),
        ("0", "USD", "10", Cost("0", "USD", 10)),
        ("-1", "USD", "0", Cost("1", "USD")),
        (None, "GBP", "1", None),
        ("", "GBP", "1", None),
        ("cheap", "GBP", "1", None),
        ("-0.04200", None, "1", None),
        ("1e9", "GBP", "1", None),
        ("-0.0000001", "GBP", "x", Cost("0.0000001", "GBP")),
    ],
)
def test_a_price_is_read(
    price: object, currency: object, segments: object, cost: Cost | None
) -> None:
    """It stands on the record for years, so it is a decimal to the letter."""
    assert read_cost(price, currency, segments) == cost
