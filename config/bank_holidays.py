"""Which days are bank holidays in this part of the United Kingdom?"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Literal

Nation = Literal["england", "wales", "scotland", "northern_ireland"]

_SUBDIVISIONS: Mapping[Nation, str] = MappingProxyType(
    {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern_ireland": "NIR"}
)


def bank_holidays(nation: Nation) -> Callable[[date], bool]:
    """Give what says whether a day is a bank holiday there, substitute days included.

    Days that are proclaimed singly (a jubilee, a funeral) are known from the release of the
    `holidays` library that has them.
    """
    return partial(_is_one, _SUBDIVISIONS[nation])


def _is_one(subdivision: str, day: date) -> bool:
    return day in _of_year(subdivision, day.year)


@lru_cache(maxsize=64)
def _of_year(subdivision: str, year: int) -> frozenset[date]:
    # Imported when first needed: it costs a third of a second.
    from holidays import country_holidays  # noqa: PLC0415

    return frozenset(country_holidays("GB", subdiv=subdivision, years=year))
