"""How is what pydantic found said to a publisher: by path, in our words, without the value?"""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.fields import CARD_DATA
from contracts.problems import Problem, shown_name
from contracts.vocabulary import ErrorCode

MOST_PROBLEMS = 100
_OPENINGS = ("Input should ", "String should ", "Value should ", "Tuple should ", "List should ")


def problems_of(wrong: ValidationError, raw: object) -> list[Problem]:
    """One problem for each path with an error, in the order found; at most a hundred.

    ``raw`` is what was validated: it tells fields from the names that pydantic gives to variants.
    """
    by_path: dict[str, Problem] = {}
    for error in wrong.errors(include_url=False, include_input=False):
        path = _path(error["loc"], raw)
        problem = Problem(path, _code(error["type"]), _text(error))
        earlier = by_path.get(path)
        if earlier is None:
            by_path[path] = problem
        elif problem.text not in earlier.text:
            by_path[path] = Problem(path, earlier.code, f"{earlier.text}; or {problem.text}")
    problems = list(by_path.values())
    if len(problems) > MOST_PROBLEMS:
        rest = len(problems) - MOST_PROBLEMS
        more = Problem("data", ErrorCode.INVALID, f"and {rest} more problems of these kinds")
        return [*problems[:MOST_PROBLEMS], more]
    return problems


def _code(kind: str) -> ErrorCode:
    match kind:
        case "missing":
            return ErrorCode.MISSING
        case "extra_forbidden":
            return ErrorCode.UNKNOWN_FIELD
        case _ if kind == CARD_DATA:
            return ErrorCode.CARD_DATA
        case _:
            return ErrorCode.INVALID


def _text(error: ErrorDetails) -> str:
    match error["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "is not a field of this type; leave it out or mend its name"
        case "union_tag_invalid" | "union_tag_not_found":
            return "has none of the known forms"
        case _:
            return _in_our_words(error["msg"])


def _in_our_words(said: str) -> str:
    text = said.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    for opening in _OPENINGS:
        if text.startswith(opening):
            return "must " + text.removeprefix(opening)
    return text


def _path(location: Sequence[int | str], raw: object) -> str:
    path = "data"
    here: Any = raw
    for number, part in enumerate(location):
        if isinstance(part, int):
            path += f"[{part}]"
            within = isinstance(here, list) and part < len(here)
            here = here[part] if within else None
        elif isinstance(here, dict) and (part in here or number == len(location) - 1):
            path += f".{shown_name(part)}"
            here = here.get(part)
    return path
