"""Which webhooks are believed; the samples are Twilio's own."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from workers.providers.twilio_signature import valid

SAMPLES: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "conformance/twilio/signature_vectors.json").read_text()
)
TOKEN: str = SAMPLES["auth_token"]
FORMS: list[dict[str, Any]] = SAMPLES["form_vectors"]
PARAMS: list[tuple[str, str]] = list(FORMS[0]["params"].items())
URL: str = FORMS[0]["url"]
SIGNATURE: str = FORMS[0]["signature"]


@pytest.mark.parametrize("sample", FORMS, ids=lambda sample: sample.get("note", "plain"))
def test_twilios_own_samples_are_judged_as_twilio_judges_them(sample: dict[str, Any]) -> None:
    """A validator that only agrees with its own signer proves nothing."""
    assert valid(TOKEN, sample["url"], PARAMS, sample["signature"]) is sample["valid"]


def test_a_field_that_repeats_is_signed_once_for_each_value() -> None:
    """A form is not a dictionary."""
    sample = SAMPLES["duplicate_params_vector"]
    pairs = parse_qsl(sample["form_body"], keep_blank_values=True)

    assert valid(TOKEN, sample["url"], pairs, sample["signature"])


@pytest.mark.parametrize(
    ("token", "url", "params", "signature"),
    [
        ("54321", URL, PARAMS, SIGNATURE),
        (TOKEN, URL.replace("foo=1", "foo=2"), PARAMS, SIGNATURE),
        (TOKEN, URL.replace("https", "http"), PARAMS, SIGNATURE),
        (TOKEN, URL, PARAMS[:-1], SIGNATURE),
        (TOKEN, URL, [*PARAMS, ("Digits", "9999")], SIGNATURE),
        (TOKEN, URL, [], SIGNATURE),
        (TOKEN, URL, PARAMS, SIGNATURE.lower()),
        (TOKEN, URL, PARAMS, SIGNATURE[:-1]),
        (TOKEN, URL, PARAMS, ""),
        (TOKEN, URL, PARAMS, None),
    ],
)
def test_a_forged_or_altered_webhook_is_refused(
    token: str, url: str, params: list[tuple[str, str]], signature: str | None
) -> None:
    """Anybody can reach the webhook: only the signature says that a receipt is Twilio's."""
    assert not valid(token, url, params, signature)
