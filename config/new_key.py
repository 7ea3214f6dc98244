"""Make a master key where there is none yet: ``python -m config.new_key FILE``.

A full installation is given its key before its first start; all its processes share it. A key that
is there stays: what it wrapped would be lost with it.
"""

import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from config.keyfile import KEY_BYTES, make_master_key


def main(arguments: Sequence[str]) -> int:
    """Make the key in the file named; 0 also where one is there already."""
    if len(arguments) != 1:
        print("name the file: python -m config.new_key FILE", file=sys.stderr)
        return 2
    path = Path(arguments[0])
    try:
        make_master_key(path, secrets.token_bytes(KEY_BYTES))
    except OSError as error:
        if path.exists():
            print(f"{path} is there already and stays as it is")
            return 0
        print(f"{path} cannot be made: {error.strerror}", file=sys.stderr)
        return 1
    else:
        print(f"{path} is made; keep a copy apart from all backups: without it nothing opens")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
