"""What may a setting about texts and numbers hold: limits, and countries?"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from contracts.planning import NETWORK_ALIKE, NETWORK_MOST
from contracts.tolls import is_country
from contracts.vocabulary import Purpose

MOST_SEGMENTS = 10  # 1,530 characters: a provider refuses more than 1,600


def _pairs(value: object) -> object:
    """Let a table be written as ``a=1, b=2`` in the environment, and as a table in TOML."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(equals for _, equals, _ in pairs):
        raise ValueError("must be pairs such as invoice=2, post=3")
    return {name.strip(): number.strip() for name, _, number in pairs}


def _codes(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _countries(codes: tuple[str, ...]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(code.upper() for code in codes))
    if not found:
        raise ValueError("must name at least one country, such as GB")
    if not all(is_country(code) for code in found):
        raise ValueError("must be ISO 3166 codes of countries, such as GB, IE")
    return found


Segments = Annotated[int, Field(ge=1, le=MOST_SEGMENTS)]
SegmentsByPurpose = Annotated[Mapping[Purpose, Segments], NoDecode, BeforeValidator(_pairs)]
MostPerHour = Annotated[int, Field(ge=1, le=NETWORK_MOST)]
AlikePerHour = Annotated[int, Field(ge=1, le=NETWORK_ALIKE)]
Countries = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_codes), AfterValidator(_countries)
]
