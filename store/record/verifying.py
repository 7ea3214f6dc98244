"""How is a long ledger checked by several processes at once?

Each checks the seals of one part, from a seal that it takes as it is, and that whoever has the part
before checks. Where the parts join, what was taken must be what was found.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from multiprocessing import get_context

from sqlalchemy import select

from store.engine import Store
from store.record.sealing import NOTHING, Trusted, Verified, verify
from store.tables import seals

Opening = Callable[[], AbstractContextManager[Store]]
WORTH_IT = 100_000  # entries, below which a process takes longer to begin than to check them


def processes(count: int) -> Executor:
    """Give so many processes, begun afresh: one that holds connections cannot be forked."""
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))


def verify_together(
    store: Store,
    open_store: Opening,
    most: int,
    trusted: Trusted = NOTHING,
    *,
    least: int = WORTH_IT,
    begin: Callable[[int], Executor] = processes,
) -> Verified:
    """Check the same as ``sealing.verify``, by as many as ``most`` at once, ``least`` entries each.

    ``open_store`` opens the same store in another process; it is pickled.
    """
    starts = _starts(store, trusted, most, least)
    if len(starts) == 1:
        return verify(store, trusted)
    ends = [*(start.seal for start in starts[1:]), None]
    with begin(len(starts)) as pool:
        found = list(pool.map(partial(_verify, open_store), starts, ends))
    # Seals that were tampered with may have been divided in a way that proves nothing.
    return _joined(starts, found) or verify(store, trusted)


def _verify(open_store: Opening, trusted: Trusted, last: int | None) -> Verified:
    with open_store() as store:
        return verify(store, trusted, last)


def _starts(store: Store, trusted: Trusted, most: int, least: int) -> list[Trusted]:
    """Give the seals that the parts begin after; of about as many entries each."""
    s = seals.c
    newest = select(seals).order_by(s.number.desc()).limit(1)
    starts = [trusted]
    with store.snapshot() as tx:
        last = tx.connection.execute(newest).first()
        entries = last.first_position + last.count - 1 - trusted.entries if last else 0
        parts = max(1, min(most, entries // least))
        for part in range(1, parts):
            upto = trusted.entries + entries * part // parts
            seal = tx.connection.execute(newest.where(s.first_position <= upto)).first()
            if seal is not None and seal.number > starts[-1].seal:
                ended = seal.first_position + seal.count - 1
                starts.append(Trusted(seal.number, seal.seal, ended))
    return starts


def _joined(starts: Sequence[Trusted], found: Sequence[Verified]) -> Verified | None:
    """Put what was found together, up to the first that is broken; none where parts do not join."""
    checked, entries = 0, 0
    for number, one in enumerate(found):
        checked, entries = checked + one.seals, entries + one.entries
        if one.broken is not None or number + 1 == len(starts):
            return Verified(checked, entries, one.unsealed, one.head, one.broken)
        before, then = starts[number], starts[number + 1]
        ended = Trusted(
            before.seal + one.seals, bytes.fromhex(one.head), before.entries + one.entries
        )
        if ended != then:
            return None
    return None
