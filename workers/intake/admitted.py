"""Which publishers are admitted? Looked up once a second each, for batches that come faster."""

import time
from collections.abc import Callable, Iterable

from store.engine import Store
from store.publishers import Publisher, by_name

_KEPT_SECONDS = 1.0


class Admitted:
    """Publishers by their broker user. For one thread; a revoked one is refused a second later."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._found: dict[str, Publisher] = {}
        self._until = 0.0

    def known(self, names: Iterable[str]) -> dict[str, Publisher]:
        """Give those of ``names`` that are admitted. Raises what the store raises."""
        if self._clock() >= self._until:
            self._found = {}
            self._until = self._clock() + _KEPT_SECONDS
        wanted = sorted(set(names))
        missing = [name for name in wanted if name not in self._found]
        if missing:
            with self._store.read() as tx:
                looked_up = {name: by_name(tx, name) for name in missing}
            self._found |= {name: found for name, found in looked_up.items() if found is not None}
        return {name: self._found[name] for name in wanted if name in self._found}
