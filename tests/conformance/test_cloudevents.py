"""The envelope judged by the CloudEvents project's own conformance files."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from contracts.envelope import (
    Envelope,
    parse_amqp,
    parse_batch,
    parse_binary_http,
    parse_http,
    parse_structured,
    to_structured,
)
from contracts.envelope.outgoing import to_binary_body, to_binary_headers
from contracts.generate import SCHEMAS
from contracts.instants import parse_instant
from contracts.problems import Malformed

FILES = Path(__file__).parent / "cloudevents"


def cases_of(name: str) -> list[Any]:
    """The cases of one JSON file, named as it names them."""
    cases = json.loads((FILES / f"conformance-{name}.json").read_text())["tests"]
    return [pytest.param(case, id=case["id"]) for case in cases]


def documents_of(name: str) -> list[Any]:
    """The documents of one YAML file."""
    text = (FILES / f"conformance-{name}.yaml").read_text()
    return [pytest.param(document, id=f"{name}-{n}") for n, document in enumerate(_yaml(text))]


def _yaml(text: str) -> Iterator[Any]:
    # BaseLoader: every scalar is a string, as it is in a header (1.0 is no number there).
    return yaml.load_all(text, Loader=yaml.BaseLoader)


def scenarios() -> Iterator[Any]:
    """The feature file's requests, with what they must be read as."""
    text = (FILES / "http-protocol-binding.feature").read_text()
    for outline in text.split("Scenario Outline:")[1:]:
        request, data = re.findall(r'"""\n(.*?)"""', outline, re.DOTALL)
        rows = re.findall(r"^\s*\|(.*?)\|?\s*$", outline, re.MULTILINE)
        cells = [[cell.strip() for cell in row.split("|")] for row in rows]
        heading = cells.index(["contentType"])
        attributes = dict(cells[1:heading])
        for (content_type,) in cells[heading + 1 :]:
            yield pytest.param(
                _filled(request, content_type),
                {name: _filled(value, content_type) for name, value in attributes.items()},
                json.loads(data),
                id=f"{outline.split('(')[0].strip()}-{content_type}",
            )


def _filled(text: str, content_type: str) -> str:
    return text.replace("<contentType>", content_type)


def attributes_of(event: Envelope) -> dict[str, object]:
    """What an envelope says, as a structured event says it."""
    written: dict[str, object] = json.loads(to_structured(event))
    return {name: value for name, value in written.items() if not name.startswith("data_")}


@pytest.mark.parametrize("case", cases_of("valid-events"))
def test_a_valid_event_is_read_with_every_attribute(case: dict[str, Any]) -> None:
    """A publisher that keeps the specification must never be turned away at the envelope."""
    event = case["event"]

    envelope = parse_structured(json.dumps(event).encode())

    expected = {name: value for name, value in event.items() if value is not None}
    if "time" in expected:
        expected["time"] = parse_instant(expected["time"]).isoformat().replace("+00:00", "Z")
    assert attributes_of(envelope) == expected


@pytest.mark.parametrize("case", cases_of("invalid-events"))
def test_an_invalid_event_is_refused(case: dict[str, Any]) -> None:
    """What breaks the specification is answered, never guessed at."""
    body = json.dumps(case["event"]).encode()

    with pytest.raises(Malformed) as refused:
        parse_structured(body)

    assert refused.value.problems


@pytest.mark.parametrize("case", cases_of("valid-batches"))
def test_a_valid_batch_is_read_in_order(case: dict[str, Any]) -> None:
    """A batch is its events, none lost and none reordered."""
    body = json.dumps(case["batch"]).encode()

    members = parse_batch(body)

    assert [member.id for member in members if isinstance(member, Envelope)] == [
        event["id"] for event in case["batch"]
    ]


@pytest.mark.parametrize("case", cases_of("invalid-batches"))
def test_in_an_invalid_batch_only_the_bad_members_are_refused(case: dict[str, Any]) -> None:
    """One bad member must fail no other, even where the specification calls the batch invalid."""
    body = json.dumps(case["batch"]).encode()

    members = parse_batch(body)

    assert any(isinstance(member, Malformed) for member in members)
    assert [isinstance(member, Envelope) for member in members] == [
        isinstance(event, dict) and event.get("id") is not None and event["specversion"] == "1.0"
        for event in case["batch"]
    ]


@pytest.mark.parametrize(("request_text", "attributes", "data"), list(scenarios()))
def test_the_http_binding_is_read_as_its_feature_file_says(
    request_text: str, attributes: dict[str, str], data: object
) -> None:
    """Requests of other people's clients must be understood in both modes."""
    head, _, body = "\n".join(line[8:] for line in request_text.splitlines()).partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])

    envelope = parse_http(headers, body.encode())

    found = attributes_of(envelope)
    assert {name: found[name] for name in attributes} == attributes
    assert envelope.data == data


@pytest.mark.parametrize("document", documents_of("v1") + documents_of("v1_minimum"))
@pytest.mark.parametrize("prefix", ["http", "ce-", "cloudEvents_", "cloudEvents:"])
def test_a_sample_in_binary_mode_is_read_alike_everywhere(
    document: dict[str, Any], prefix: str
) -> None:
    """Whichever prefix a publisher's library chose, the event is the same."""
    attributes = dict(document["ContextAttributes"])
    attributes |= attributes.pop("Extensions", {})
    content_type = attributes.pop("datacontenttype", "application/json")
    body = document["Data"].encode()
    attributes = {name: value.strip() for name, value in attributes.items()}

    if prefix == "http":
        given = {f"ce-{name}": value for name, value in attributes.items()}
        envelope = parse_binary_http({**given, "Content-Type": content_type}, body)
    else:
        given = {f"{prefix}{name}": value for name, value in attributes.items()}
        envelope = parse_amqp(content_type, given, body)

    found = attributes_of(envelope)
    assert {name: found[name] for name in attributes} == attributes
    if "json" in content_type:
        assert envelope.data == json.loads(body)
    elif content_type.startswith("text/"):
        assert envelope.data == body.decode()
    else:
        assert envelope.data == body


@pytest.mark.parametrize("document", documents_of("v1") + documents_of("v1_minimum"))
def test_a_sample_survives_being_written_and_read_again(document: dict[str, Any]) -> None:
    """What we publish must say the same in every mode."""
    attributes = dict(document["ContextAttributes"])
    extensions = attributes.pop("Extensions", {})
    extensions = {name: value.strip() for name, value in extensions.items()}
    content_type = attributes.get("datacontenttype", "application/json")
    given = {f"ce-{n}": v for n, v in {**attributes, **extensions}.items()}
    original = parse_amqp(content_type, given, document["Data"].encode())

    structured = parse_structured(to_structured(original))
    binary = parse_binary_http(to_binary_headers(original), to_binary_body(original))

    assert structured == original
    assert binary == original


@pytest.mark.parametrize("case", cases_of("valid-events") + cases_of("invalid-events"))
def test_our_envelope_schema_judges_as_the_parser_does(case: dict[str, Any]) -> None:
    """Publishers check against the schema: it must promise no more than the door keeps."""
    ours = Draft202012Validator(
        json.loads((SCHEMAS / "envelope.json").read_text()),
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )

    try:
        parse_structured(json.dumps(case["event"]).encode())
        taken = True
    except Malformed:
        taken = False

    if taken:
        assert ours.is_valid(case["event"])
    elif case["id"] != "invalidNonRfc2046DataContentType":  # the parser alone knows media types
        assert not ours.is_valid(case["event"])


@pytest.mark.parametrize("case", cases_of("valid-events"))
def test_what_we_publish_keeps_the_projects_own_schema(case: dict[str, Any]) -> None:
    """Outcomes are read by other people's libraries."""
    theirs = Draft7Validator(json.loads((FILES / "cloudevents-1.0.schema.json").read_text()))
    envelope = parse_structured(json.dumps(case["event"]).encode())

    written = json.loads(to_structured(envelope))

    assert list(theirs.iter_errors(written)) == []
