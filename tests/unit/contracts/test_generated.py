"""The generated schemas say what the contracts say."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from contracts.asyncapi import document
from contracts.events import TYPES
from contracts.generate import SCHEMAS, as_yaml, differences, main, write
from contracts.outcomes import OUTCOMES
from contracts.rules import RuleSet
from tests import factories


def schema_of(path: str) -> dict[str, Any]:
    """A generated schema."""
    schema: dict[str, Any] = json.loads((SCHEMAS / path).read_text(encoding="utf-8"))
    return schema


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """A checker of the dialect that we write."""
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def asyncapi() -> dict[str, Any]:
    """The generated document."""
    text = (SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def test_the_files_are_in_step_with_the_contracts() -> None:
    """Publishers build on the files; run `python -m contracts.generate` after a change."""
    assert differences() == []
    assert main(["--check"]) == 0


def test_a_folder_is_put_in_step_and_then_left_alone(tmp_path: Path) -> None:
    """Stale files go, missing ones come, and a second run writes nothing."""
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "gone.v1.json").write_text("{}")

    changed = write(tmp_path)

    assert "events/gone.v1.json" in changed
    assert "asyncapi.yaml" in changed
    assert write(tmp_path) == []


@pytest.mark.parametrize(
    "path",
    [
        "envelope.json",
        "rules.json",
        *(f"events/{name}.v1.json" for name in TYPES),
        *(f"outcomes/{name}.v1.json" for name in OUTCOMES),
    ],
)
def test_every_schema_is_a_schema(path: str) -> None:
    """A tool refuses all of a document for one that is not."""
    schema = schema_of(path)

    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", TYPES)
def test_a_valid_sample_keeps_its_schema(name: str) -> None:
    """What the door takes, the schema must allow."""
    schema = validator(schema_of(f"events/{name}.v1.json"))

    assert list(schema.iter_errors(factories.valid(name))) == []
    assert not schema.is_valid(factories.valid(name) | {"untold": 1})
    assert not schema.is_valid({})


def test_a_rule_set_keeps_its_schema() -> None:
    """Rules are edited by hand, against this."""
    rules = {"version": 3, "rules": [factories.catch_all()], "callers": {"vip": ["01632 960111"]}}

    assert RuleSet.model_validate(rules).version == 3
    assert list(validator(schema_of("rules.json")).iter_errors(rules)) == []


def test_the_yaml_is_the_document() -> None:
    """Our few lines of emitter must mean what they were given."""
    assert asyncapi() == document()


@pytest.mark.parametrize(
    "value",
    [
        {"a": [], "b": {}, "c": None, "d": [1, [2, {"e": True}], {"f": "x: #y\n"}]},
        {"yes": "no", "1.0": 1.5, "": "–", "$ref": "#/a", "on": False},
        [],
        "text",
    ],
)
def test_any_json_value_survives_the_emitter(value: Any) -> None:
    """YAML reads bare words as it likes; ours leave it no choice."""
    assert yaml.safe_load("\n".join(as_yaml(value)) or "[]") == value


def test_the_asyncapi_document_is_whole() -> None:
    """Version 3.0's own rules: what must be there, and that every reference leads somewhere."""
    api = asyncapi()

    assert api["asyncapi"] == "3.0.0"
    assert api["info"]["title"]
    assert api["info"]["version"]
    for server in api["servers"].values():
        assert server["host"]
        assert server["protocol"]
    for channel in api["channels"].values():
        assert channel["address"]
        assert channel["messages"]
    for operation in api["operations"].values():
        assert operation["action"] in {"send", "receive"}
        within = operation["channel"]["$ref"] + "/messages/"
        assert all(message["$ref"].startswith(within) for message in operation["messages"])
    for reference in _references(api):
        path, _, pointer = reference.partition("#")
        assert _resolved(pointer, schema_of(path) if path else api) is not None


def _references(value: Any) -> list[str]:
    match value:
        case {"$ref": str(reference)}:
            return [reference]
        case dict():
            return [found for member in value.values() for found in _references(member)]
        case list():
            return [found for member in value for found in _references(member)]
        case _:
            return []


def _resolved(pointer: str, whole: Any) -> Any:
    here = whole
    for part in pointer.split("/")[1:]:
        here = here[part]
    return here


def test_the_channels_are_bound_to_the_exchanges() -> None:
    """A publisher's generated client takes the exchange's name from here."""
    channels = asyncapi()["channels"]

    for name in ("onward.events", "onward.outcomes"):
        binding = channels[name]["bindings"]["amqp"]
        assert binding["is"] == "routingKey"
        assert binding["exchange"]["name"] == name
        assert binding["exchange"]["type"] == "topic"
    assert channels["onward.events"]["parameters"]["name"]["enum"] == list(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_a_whole_event_keeps_the_documents_payload(name: str) -> None:
    """Envelope and data are described together, down to whether a subject is needed."""
    payload = asyncapi()["components"]["messages"][name]["payload"]
    registry: Registry[Any] = Registry().with_resources(
        (f"file:///{path}", Resource.from_contents(schema_of(path)))
        for path in ("envelope.json", f"events/{name}.v1.json")
    )
    schema = Draft202012Validator({"$id": "file:///asyncapi.yaml", **payload}, registry=registry)

    event = factories.envelope(name)

    assert list(schema.iter_errors(event)) == []
    assert not schema.is_valid(event | {"type": "onward.other.v1"})
    assert not schema.is_valid(event | {"data": {}})
