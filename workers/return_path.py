"""To which address does a bounce of one attempt come, and which attempt does an address name?

Variable envelope return paths (VERP): delivery and attempt stand in the local part, with a keyed
check, so that nobody can make up the bounce of an email that he was not sent. In lower case and
short, for mail servers change case, and 64 octets are the limit (RFC 5321, section 4.5.3.1.1).
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

_LOCAL = re.compile(r"b\.([0-9a-f]{32})\.([0-9]{1,6})\.([0-9a-f]{20})")
_CHECK_BYTES = 10


@dataclass(frozen=True, slots=True)
class ReturnPaths:
    """The addresses at ``domain``; ``check`` is a keyed digest of what it is given."""

    domain: str
    check: Callable[[str], bytes] = field(repr=False)

    def address(self, delivery_id: UUID, attempt: int) -> str:
        """Give the address for one attempt."""
        named = f"b.{delivery_id.hex}.{attempt}"
        return f"{named}.{self._check(named)}@{self.domain}"

    def here(self, address: str) -> bool:
        """Whether an address is at our domain at all."""
        return address.rpartition("@")[2].casefold() == self.domain.casefold()

    def attempt_of(self, local_part: str) -> tuple[UUID, int] | None:
        """Read delivery and attempt from a local part, or an ENVID, of ours; none if forged."""
        found = _LOCAL.fullmatch(local_part.strip().lower())
        if found is None:
            return None
        named = f"b.{found[1]}.{found[2]}"
        if not hmac.compare_digest(found[3], self._check(named)):
            return None
        return UUID(found[1]), int(found[2])

    def _check(self, named: str) -> str:
        return self.check(named)[:_CHECK_BYTES].hex()
