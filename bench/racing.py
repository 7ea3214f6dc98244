"""Is a customer ever both erased and served? Races the two, a thousand times unless told otherwise.

``python -m bench.racing --pairs 1000`` prints who was first how often, and fails if ever both or
neither was done, or the record says otherwise.
"""

import argparse
import os
import secrets
import tempfile
import time
from pathlib import Path

from store.engine import open_engine
from store.migrating import migrate
from tests.building import open_house
from tests.policy.desk import Office
from tests.policy.racing import enquire, race
from tests.rooms import fresh_database
from tests.service_answers import DATABASE


def main() -> None:
    """Read the command line and race."""
    parser = argparse.ArgumentParser(prog="python -m bench.racing", description=__doc__)
    parser.add_argument("--pairs", type=int, default=1_000)
    refs = [f"C-{number}" for number in range(parser.parse_args().pairs)]
    with (
        tempfile.TemporaryDirectory(prefix="onward-bench-") as folder,
        fresh_database(os.environ[DATABASE], f"onward_bench_{secrets.token_hex(4)}") as url,
    ):
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        with open_house(url) as house:
            for ref in refs:
                enquire(house, ref)
            begun = time.perf_counter()
            found = race(Office(house, Path(folder)), refs)
            seconds = time.perf_counter() - begun
    unfair = [one for one in found if not one.fair]
    erased = sum(one.erased for one in found)
    print(
        f"{len(found):,} pairs in {seconds:.0f} s: erased first {erased:,},"
        f" served first {sum(one.started for one in found):,}, both or neither {len(unfair)}"
    )
    assert not unfair, unfair


if __name__ == "__main__":
    main()
