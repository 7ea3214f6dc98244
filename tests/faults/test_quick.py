import os
from collections.abc import Iterator

import pytest

from tests.conftest import LOUD
from tests.faults.catalogue import FAULTS
from tests.faults.running import Run, run
from tests.faults.scene import Fault
from tests.faults.servers import Ground, ground
from tests.logs import last_words
from tests.service_answers import CannotStartError

QUICK = [fault for fault in FAULTS if fault.quick is not None]


@pytest.fixture(scope="module")
def servers() -> Iterator[Ground]:
    """Give servers that may be killed; where there can be none, say so loudly."""
    try:
        with ground() as made:
            yield made
    except CannotStartError as error:
        said = f"{LOUD} servers that may be killed, the faults: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(said, pytrace=False)
        pytest.skip(said)


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.database
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", QUICK, ids=lambda fault: fault.name)
def test_nothing_is_lost_and_nothing_is_sent_twice(fault: Fault, servers: Ground) -> None:
    """The promise: every confirmed event comes to a known end, once. `make faults` is the whole."""
    found = run(fault, servers, seed=1, events=fault.quick or 0)

    assert found.failed is None, _told(found)
    assert found.judgement is not None
    assert found.judgement.problems == (), _told(found)


def _told(found: Run) -> str:
    logs = [] if found.logs is None else last_words(found.logs)
    ends = [f"--- the end of {name}\n{said}" for name, said in logs]
    return "\n".join([f"{found.failed}; logs in {found.logs}", *ends])


def test_every_fault_has_a_name_of_its_own() -> None:
    """A row is found by its name, and so is `--only`."""
    names = [fault.name for fault in FAULTS]

    assert len(set(names)) == len(names)


def test_every_numbered_fault_is_there() -> None:
    """None of the 21 that the list of faults names may be forgotten."""
    assert {fault.number for fault in FAULTS if fault.number} == set(range(1, 22))
