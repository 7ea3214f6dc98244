"""What does a value look like that can be taken for nothing else, and which field is it of?

Fields are taken from the contracts themselves. One that can hold a word of somebody's gets a canary
whatever its name; what is left out stands in ``PLAIN`` by name, with the reason.
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from contracts.events.base import Shape
from contracts.events.registry import TYPES
from tests.factories import Sample, valid

MARK = "Zqkanari"
BORN = "1907-03-11"
AMOUNTS = {"net": "70481.37", "vat": "14096.27"}
AMOUNT = "84577.64"  # of both together, and wherever else an amount stands
CARD = "4242 4242 4242 4242"
_AROUND = ' Näh & Sohn\'s "<b>{{ 7 * 7 }}</b>" 100% \\ /ü'
_LETTERS = "bdfghjklmnprstvw"

# What these fields hold stands in plain, as the register of personal fields says. Each other field
# that takes a word gets a canary, so that a new one is looked for until it is named here.
_NAMES_IT = "names something for whoever has the rest: a reference in the register"
_SYSTEMS = "a name between systems, the same for everyone"
PLAIN: Mapping[str, str] = {
    "call_id": _NAMES_IT,
    "item_id": _NAMES_IT,
    "items[]": _NAMES_IT,
    "destination_id": _NAMES_IT,
    "destination": _NAMES_IT,
    "postal_destination": _NAMES_IT,
    "dispatch_id": _NAMES_IT,
    "tracking_reference": _NAMES_IT,
    "subscription_id": _NAMES_IT,
    "request_id": _NAMES_IT,
    "individual_id": _NAMES_IT,
    "individuals[]": _NAMES_IT,
    "rule_id": _NAMES_IT,
    "invoice_number": _NAMES_IT,
    "wording_version": _SYSTEMS,
    "id": _NAMES_IT,
    "source": _SYSTEMS,
    "carrier": "a business, whose name the record of a letter sent on must show",
    "provider_account": _SYSTEMS,
    "uri": "the digest of a file",
    "policy.changed version": "the company's own policy, which is published",
    "policy.changed url": "the company's own policy, which is published",
    "issued_on": "a day in the office's books",
    "due_on": "a day in the office's books",
    "starts_on": "a day in the office's books",
    "ended_on": "a day in the office's books",
    "period.from": "a day in the office's books",
    "period.to": "a day in the office's books",
}


@dataclass(slots=True)
class Canaries:
    """Makes values and remembers of which field each is; ``fields`` are those that have had one."""

    fields: set[str] = field(default_factory=set)
    origins: dict[str, str] = field(default_factory=dict)
    _serial: Iterator[int] = field(default_factory=count)
    _numbers: Iterator[int] = field(default_factory=lambda: count(110))

    def word(self, origin: str) -> str:
        """Give a word that stands nowhere else; ``origin`` says what for."""
        number = next(self._serial)
        letters = "".join(_LETTERS[number >> shift & 15] for shift in (12, 8, 4, 0))
        self.origins[letters] = origin
        return f"{MARK}{letters}"

    def told(self, hit: object) -> str:
        """What was found, and of which field it is where that can be told."""
        text = str(hit)
        found = re.search(f"{MARK}([{_LETTERS}]{{4}})", text, re.IGNORECASE)
        origin = self.origins.get(found[1].lower()) if found else None
        return text if origin is None else f"{text} [{origin}]"

    def mobile(self) -> str:
        """Give a mobile that no other canary has."""
        return f"+447700900{next(self._numbers) % 1000:03d}"

    def number(self) -> str:
        """Give a telephone number that no other canary has."""
        return f"+442079460{next(self._numbers) % 1000:03d}"

    def email(self, origin: str) -> str:
        """Give an email address."""
        return f"{self.word(origin)}@example.com"

    def postal(self, origin: str) -> str:
        """Give a postal address."""
        return f"4 {self.word(origin)} Row\nWestport\nZZ1 1AB"

    def filled(self, type_: str, where: str, /, **changes: Any) -> Sample:
        """Valid data of a type with a canary in each field that takes one.

        ``changes`` replace top-level fields, or leave them out, as those of `factories.valid` do.
        """
        sample = valid(type_)
        model = TYPES[type_].model
        made = self._model(model, sample, f"{type_} ", where)
        for name, value in changes.items():
            plain = name.removesuffix("_")
            made.pop(plain, None)
            if value is not ...:
                made[plain] = value
        return made

    def rules(self, where: str, *rules: Sample) -> list[Sample]:
        """Rules of a customer's with canaries in what they match by."""
        annotation = _fields(TYPES["preferences.set"].model)["rules"]
        told: list[Sample] = self._value(annotation, list(rules), "preferences.set rules", where)
        return told

    def _model(self, model: type[BaseModel], sample: Sample, path: str, where: str) -> Sample:
        fields = _fields(model)
        made = {
            name: self._value(fields[name], value, f"{path}{name}", where)
            for name, value in sample.items()
        }
        if issubclass(model, Shape):  # of a rule, what is absent matches all, and is to stay so
            for name in sorted(fields.keys() - made.keys()):
                added = self._value(fields[name], [], f"{path}{name}", where)
                added = added or self._leaf(fields[name], f"{path}{name}", where)
                made |= {name: added} if added else {}
        return made

    def _value(self, annotation: Any, sample: Any, path: str, where: str) -> Any:
        if isinstance(sample, str):
            return self._leaf(annotation, path, where) or sample
        for part in _parts(annotation):
            if (
                isinstance(sample, dict)
                and _is_model(part)
                and sample.keys() <= _fields(part).keys()
            ):
                return self._model(part, sample, f"{path}.", where)
            if isinstance(sample, list) and get_origin(part) is tuple:
                member = get_args(part)[0]
                if not sample:
                    only = self._leaf(member, f"{path}[]", where)
                    return [] if only is None else [only]
                return [self._value(member, one, f"{path}[]", where) for one in sample]
        return deepcopy(sample)

    def _leaf(self, annotation: Any, path: str, where: str) -> str | None:
        if is_plain(path):
            return None
        for made in self._forms(path, where):
            if takes(annotation, made):
                self.fields.add(path)
                return made
        return None

    def _forms(self, path: str, where: str) -> Iterator[str]:
        word = self.word(f"{path} ({where})")
        yield f"{word}{_AROUND}\nand so on"
        yield f"{word}{_AROUND}"
        yield f"{word}@example.com"
        yield f"https://www.example.com/{word}"
        yield self.number()
        yield AMOUNTS.get(path.rpartition(" ")[2], AMOUNT)
        yield BORN


def is_plain(path: str) -> bool:
    """Whether a field holds what stands in plain, as the register says."""
    return path in PLAIN or any(path.endswith((f" {name}", f".{name}")) for name in PLAIN)


def takes(annotation: Any, value: object) -> bool:
    """Whether a field of such an annotation may hold a value."""
    try:
        TypeAdapter(annotation).validate_python(value, context={"admit_drama": True})
    except ValidationError:
        return False
    return True


def all_fields() -> dict[str, Any]:
    """Every field of every event by its path, with the annotation of what it may hold."""
    return {
        path: annotation
        for name, kind in TYPES.items()
        for path, annotation in _leaves(kind.model, f"{name} ")
    }


def wanted_fields() -> set[str]:
    """The fields that must have a canary: what takes a word, a number, a day or an amount."""
    forms = list(Canaries()._forms("", ""))
    return {
        path
        for path, annotation in all_fields().items()
        if not is_plain(path) and any(takes(annotation, one) for one in forms)
    }


def _leaves(model: type[BaseModel], path: str) -> Iterator[tuple[str, Any]]:
    for name, annotation in _fields(model).items():
        yield from _leaves_of(annotation, f"{path}{name}")


def _leaves_of(annotation: Any, path: str) -> Iterator[tuple[str, Any]]:
    nested = [part for part in _parts(annotation) if _is_model(part) or get_origin(part) is tuple]
    for part in nested:
        if _is_model(part):
            yield from _leaves(part, f"{path}.")
        else:
            yield from _leaves_of(get_args(part)[0], f"{path}[]")
    if not nested:
        yield path, annotation


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """A model's fields by their names in JSON, each with all that narrows it."""
    found: dict[str, Any] = {}
    for name, one in model.model_fields.items():
        annotation: Any = one.annotation
        for more in one.metadata:
            annotation = Annotated[annotation, more]
        found[one.alias or name] = annotation
    return found


def _parts(annotation: Any) -> Iterator[Any]:
    """What a field may hold: each member of a union by itself, stripped of what narrows it."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in {Union, UnionType}:
        for member in get_args(annotation):
            yield from _parts(member)
    else:
        yield annotation


def _is_model(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, BaseModel)
