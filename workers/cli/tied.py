"""``python -m workers.cli.tied GRACE COMMAND…``: a command that ends with its supervisor.

What ``onward up`` starts its processes by. GRACE is how many seconds it may take to stop.
"""

import sys

from workers.cli import main
from workers.supervising.lifeline import hold_on

if __name__ == "__main__":
    hold_on(float(sys.argv.pop(1)))
    main()
