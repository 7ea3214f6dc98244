"""How are jobs handed to a peer? One after another, at a pace, by ``enqueue`` as an office would.

``python -m bench.peers.producer MODULE JOBS PACE LEAST`` prints the id of every job whose
``enqueue`` returned, until there are so many. One that raised is not tried again: whether it was
taken, its producer cannot know, and what such a job comes to is not held against the peer.
"""

import importlib
import json
import sys
import time
from pathlib import Path


def main() -> None:
    """Hand in what the file says."""
    module = importlib.import_module(f"bench.peers.{sys.argv[1]}")
    jobs = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    pace = float(sys.argv[3])
    least = int(sys.argv[4])
    taken = 0
    begun = time.monotonic()
    for number, job in enumerate(jobs):
        time.sleep(max(0.0, begun + number / pace - time.monotonic()))
        try:
            module.enqueue(job)
        except Exception:  # noqa: BLE001, S112 - whatever its library raises, it was not taken
            continue
        print(job["id"], flush=True)
        taken += 1
        if taken >= least:
            return


if __name__ == "__main__":
    main()
