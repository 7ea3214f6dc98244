"""Does the operations port answer for its process, and with nothing else?"""

import json
import socket
import urllib.error
import urllib.request

import pytest

from workers.running.ops import Ops, OpsPortError, Page, page_of


def _get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_health_is_200_while_all_is_well_and_503_with_the_reason_when_not() -> None:
    """A health check reads the status, a person the word."""
    found: dict[str, str | None] = {"intake": None}

    with Ops("127.0.0.1", 0, {"/healthz": page_of(lambda: found)}) as ops:
        well = _get(ops.port, "/healthz")
        found["intake"] = "no turn for 61 s, 60 are allowed"
        unwell = _get(ops.port, "/healthz")

    assert well[0] == 200
    assert json.loads(well[1]) == {"status": "ok", "found": {"intake": "ok"}}
    assert unwell[0] == 503
    assert json.loads(unwell[1])["found"] == {"intake": "no turn for 61 s, 60 are allowed"}


def test_a_page_that_fails_says_no_more_than_that() -> None:
    """An exception's text may hold what nobody outside should read."""

    def fail() -> Page:
        raise ValueError("07700 900123")

    with Ops("127.0.0.1", 0, {"/metrics": fail}) as ops:
        assert _get(ops.port, "/metrics") == (500, "this page failed\n")
        assert _get(ops.port, "/anything-else")[0] == 404


def test_a_port_that_is_taken_is_said_with_the_setting_that_mends_it() -> None:
    """Two processes of one machine share their settings file."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(OpsPortError, match="ONWARD_OPS_PORT"):
            Ops("127.0.0.1", port, {})
