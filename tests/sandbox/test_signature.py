"""The sandbox's own way of signing, against Twilio's published examples."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from workers.sandbox.signature import signature

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "conformance/twilio/signature_vectors.json").read_bytes()
)
TOKEN = VECTORS["auth_token"]
FORMS = VECTORS["form_vectors"]
PARAMETERS = list(FORMS[0]["params"].items())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (FORMS[0]["url"], FORMS[0]["signature"]),
        (FORMS[2]["url"], FORMS[2]["signature"]),
        (FORMS[3]["url"].replace(".com/", ".com:443/"), FORMS[3]["signature"]),
        (FORMS[4]["url"].replace(".com/", ".com:80/"), FORMS[4]["signature"]),
    ],
    ids=["https", "http with port", "https with :443", "http with :80"],
)
def test_a_form_is_signed_as_twilio_signs_it(url: str, expected: str) -> None:
    """A sandbox that signed its own way would prove nothing about our verifying."""
    assert signature(TOKEN, url, PARAMETERS) == expected


def test_repeated_fields_are_sorted_and_counted_once() -> None:
    """The rule is easy to miss, and real webhooks repeat fields."""
    vector = VECTORS["duplicate_params_vector"]

    signed = signature(TOKEN, vector["url"], parse_qsl(vector["form_body"]))

    assert signed == vector["signature"]


def test_a_json_body_is_signed_by_its_address_alone() -> None:
    """Its digest is in the query, so the body itself is not run into the text."""
    vector = VECTORS["json_body_vector"]

    assert signature(TOKEN, vector["url"]) == vector["signature"]
