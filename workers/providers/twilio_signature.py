"""Whether a webhook really comes from Twilio.

Source: twilio.com/docs/usage/security (X-Twilio-Signature). The signature covers the public URL
to the letter, query string included: it must be the URL that Twilio was given, not the one that a
reverse proxy passed on.
"""

from collections.abc import Iterable, Iterator

from twilio.request_validator import RequestValidator


class _Form:
    """A form in the shape in which the SDK reads fields that repeat."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in pairs:
            self._fields.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def getall(self, name: str) -> list[str]:
        return self._fields[name]


def valid(
    auth_token: str, url: str, params: Iterable[tuple[str, str]], signature: str | None
) -> bool:
    """Whether ``signature`` is the one this form at this URL must carry.

    ``params`` are all the fields of the form as sent, empty ones included (``parse_qsl`` needs
    ``keep_blank_values=True``). Every character is compared, whatever the first difference.
    """
    if not signature:
        return False
    validator = RequestValidator(auth_token)  # type: ignore[no-untyped-call] # the SDK has no types
    return bool(validator.validate(url, _Form(params), signature))  # type: ignore[no-untyped-call] # the same
