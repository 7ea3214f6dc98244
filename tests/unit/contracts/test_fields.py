"""No text field escapes the check for payment details, and none is unbounded."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import pytest
from annotated_types import MaxLen
from pydantic import BaseModel, StringConstraints

from contracts.events import TYPES
from contracts.fields import _Marker
from contracts.rules import Callers, Rule

ELSEWHERE = (Rule, Callers)  # checked as a whole by preferences.set


def texts_of(model: type[BaseModel], path: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every text field of a model, with what its kind says."""
    for name, field in model.model_fields.items():
        yield from _texts(field.annotation, tuple(field.metadata), f"{path}.{name}")


def _texts(kind: Any, metadata: tuple[Any, ...], path: str) -> Iterator[tuple[str, Any]]:
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        yield from _texts(inner, (*metadata, *more), path)
    elif kind is str:
        yield path, metadata
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind not in ELSEWHERE:
            yield from texts_of(kind, path)
    else:
        for part in get_args(kind):
            if part is not Ellipsis and not isinstance(part, str):
                yield from _texts(part, () if get_args(part) else metadata, path)


FIELDS = [text for name, kind in TYPES.items() for text in texts_of(kind.model, name)]


@pytest.mark.parametrize(("path", "metadata"), FIELDS, ids=[path for path, _ in FIELDS])
def test_every_text_field_says_what_becomes_of_payment_details(
    path: str, metadata: tuple[Any, ...]
) -> None:
    """A new field of plain `str` would keep a card number."""
    assert any(isinstance(mark, _Marker) for mark in metadata), path


@pytest.mark.parametrize(("path", "metadata"), FIELDS, ids=[path for path, _ in FIELDS])
def test_every_text_field_is_bounded(path: str, metadata: tuple[Any, ...]) -> None:
    """An unbounded field is an unbounded row."""
    bounds = [mark for mark in metadata if isinstance(mark, (StringConstraints, MaxLen))]

    assert any(mark.max_length or getattr(mark, "pattern", None) for mark in bounds), path


def test_the_walk_sees_the_fields() -> None:
    """The two tests above would pass over nothing."""
    assert len(FIELDS) > 90
