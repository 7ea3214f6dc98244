"""Does an address name one attempt of ours, and can nobody else make one up?"""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from tests.building import ROOT
from workers.return_path import ReturnPaths

PATHS = ReturnPaths("bounces.onward.example", lambda named: ROOT.index("return_path", named))
DELIVERY = UUID("01a214ed-4fba-7000-b9d7-e2a6bdd6ac73")


def test_an_address_names_its_attempt_again() -> None:
    """Mail servers change case, and some strip nothing."""
    address = PATHS.address(DELIVERY, 12)

    local, _, domain = address.partition("@")
    assert len(local) <= 64
    assert domain == "bounces.onward.example"
    assert PATHS.here(address.upper())
    assert PATHS.attempt_of(local) == (DELIVERY, 12)
    assert PATHS.attempt_of(local.upper()) == (DELIVERY, 12)


@pytest.mark.parametrize(
    "change",
    [
        lambda local: local.replace(".1.", ".2.", 1),
        lambda local: local.replace(DELIVERY.hex, uuid4().hex),
        lambda local: local[:-1] + ("0" if local[-1] != "0" else "1"),
        lambda local: local[:-1],
        lambda local: f"x{local}",
        lambda local: local.rpartition(".")[0],
        lambda _: "",
        lambda _: "postmaster",
    ],
)
def test_an_address_that_we_did_not_make_names_nothing(
    change: Callable[[str], str],
) -> None:
    """Whoever could would make any delivery undelivered."""
    local = PATHS.address(DELIVERY, 1).partition("@")[0]

    assert PATHS.attempt_of(change(local)) is None


def test_another_installations_address_names_nothing() -> None:
    """Each has a key of its own."""
    other = ReturnPaths("bounces.onward.example", lambda named: named.encode().ljust(16, b"x"))

    assert PATHS.attempt_of(other.address(DELIVERY, 1).partition("@")[0]) is None
