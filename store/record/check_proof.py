"""Check that what was sent on stands in a record that was published, and was not altered since.

Run it with any Python from 3.8 on: `python3 FILE`. It needs nothing installed, and asks nobody. It
holds the proofs, and trusts only what you compare yourself: each checkpoint, with the one that was
published (its number, root and key).
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

PROOFS = "[]"  # the proofs stand here

Point = tuple[int, int, int, int]


def sha256(data: bytes) -> bytes:
    """Hash."""
    return hashlib.sha256(data).digest()


def up(leaf: bytes, steps: list[list[str]]) -> bytes:
    """Hash a leaf with what stands beside it, step by step (RFC 6962, section 2.1)."""
    for side, text in steps:
        other = bytes.fromhex(text)
        leaf = sha256(b"\x01" + (leaf + other if side == "right" else other + leaf))
    return leaf


# Ed25519 (RFC 8032, section 5.1), checking alone.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def decode(data: bytes) -> Point | None:
    """Read a point of the curve; none where it is not on it."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def add(p: Point, q: Point) -> Point:
    """Add two points."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(count: int, point: Point) -> Point:
    """Add a point to itself so often."""
    total = (0, 1, 1, 0)
    while count:
        if count & 1:
            total = add(total, point)
        point, count = add(point, point), count >> 1
    return total


def is_signed(key: bytes, text: bytes, signature: bytes) -> bool:
    """Whether the owner of a key signed a text."""
    base = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    public, r = decode(key), decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if base is None or public is None or r is None or s >= ORDER or len(signature) != 64:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % ORDER
    left, right = times(s, base), add(r, times(h, public))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def fault_of(proof: dict[str, Any]) -> str | None:
    """Say what does not hold; none where all does."""
    entry, seal, checkpoint = proof["entry"], proof["seal"], proof["checkpoint"]
    commitments = bytes.fromhex(entry[-1])
    for shown in proof["shown"]:
        made = sha256(bytes.fromhex(shown["salt"]) + shown["value"].encode())
        if commitments[32 * shown["place"] : 32 * shown["place"] + 32] != made:
            return f"the {shown['name']} is not what the entry commits to"
    text = json.dumps(entry, separators=(",", ":"), ensure_ascii=True)
    batch = up(sha256(b"\x00" + text.encode()), proof["to_seal"])
    body = "|".join(str(seal[name]) for name in ("number", "first_position", "count"))
    made = sha256(b"\x02" + bytes.fromhex(seal["previous"]) + batch + body.encode())
    if up(sha256(b"\x00" + made), proof["to_checkpoint"]).hex() != checkpoint["root"]:
        return "the entry does not lead to the checkpoint's root"
    names = ["number", "previous", "first_seal", "last_seal", "entries", "root", "head", "at"]
    signed = "\n".join(["onward checkpoint", *(str(checkpoint[name]) for name in names)])
    key, signature = bytes.fromhex(checkpoint["key"]), bytes.fromhex(checkpoint["signature"])
    if not is_signed(key, signed.encode(), signature):
        return "the checkpoint is not signed by its key"
    return None


def main() -> int:
    """Print each entry, and whether it holds; 1 where one does not."""
    wrong = 0
    for proof in json.loads(PROOFS):
        entry = dict(zip(proof["columns"], proof["entry"]))
        told = [(name, entry[name]) for name in proof["columns"][:-1] if entry[name] is not None]
        told += [(shown["name"], shown["value"]) for shown in proof["shown"]]
        for name, value in told:
            print(f"{name:>18}  {value}")
        fault, checkpoint = fault_of(proof), proof["checkpoint"]
        if fault is not None:
            wrong += 1
            print(f"DOES NOT HOLD: {fault}\n")
            continue
        print(f"holds by checkpoint {checkpoint['number']} of {checkpoint['at']}:")
        print(f"    root {checkpoint['root']}\n    key  {checkpoint['key']}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
