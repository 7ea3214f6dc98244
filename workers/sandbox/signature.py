"""How does Twilio sign a webhook? Written from Twilio's description, apart from its SDK.

Source: https://www.twilio.com/docs/usage/security#validating-requests
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable


def signature(auth_token: str, url: str, form: Iterable[tuple[str, str]] = ()) -> str:
    """The ``X-Twilio-Signature`` of a form POST to ``url``.

    The URL as requested, then each distinct (name, value) pair in order, run together;
    HMAC-SHA1 under the token, base64. For a JSON body pass no form: the URL carries its digest.
    """
    signed = url + "".join(name + value for name, value in sorted(set(form)))
    digest = hmac.digest(auth_token.encode(), signed.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode("ascii")
