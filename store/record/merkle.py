"""How ledger entries are hashed into one root: the Merkle tree hash of RFC 6962, section 2.1."""

from collections.abc import Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
GENESIS = bytes(32)


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry."""
    return sha256(b"\x00" + entry).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Give the tree hash over leaf hashes, in their order."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    # A last one without a pair moves up as it is: for every length the same tree as the RFC's
    # split at the largest power of two.
    while len(level) > 1:
        paired = [
            sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


def path(leaves: Sequence[bytes], place: int) -> list[tuple[str, bytes]]:
    """Give what a leaf is to be hashed with, step by step, to come to the root.

    Each step says on which side the other hash stands: ``left`` or ``right``.
    """
    steps: list[tuple[str, bytes]] = []
    level = list(leaves)
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            steps.append(("left" if beside < place else "right", level[beside]))
        level = [root(level[i : i + 2]) for i in range(0, len(level), 2)]
        place //= 2
    return steps


def seal_hash(previous: bytes, number: int, batch_root: bytes, first: int, count: int) -> bytes:
    """Chain a batch's root to the seal before it."""
    body = b"|".join(str(n).encode() for n in (number, first, count))
    return sha256(b"\x02" + previous + batch_root + body).digest()
