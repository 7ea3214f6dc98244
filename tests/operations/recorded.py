"""How does a test get deliveries that were tried, and became something?"""

from typing import Any
from uuid import UUID

from contracts.vocabulary import DeliveryStatus, Reason
from store.audit import By
from store.deliveries.recording import Result, record
from tests.building import House

S = DeliveryStatus
KIM = By("kim", "The relay was down; Ada Quill rang.")


def settled(house: House, to: DeliveryStatus, verdict: str, **result: Any) -> list[UUID]:
    """Have a message whose deliveries were tried once, and became ``to``."""
    ids = house.have_message()
    claimed = house.claim(*ids)
    reason = Reason.REFUSED if to is S.FAILED else Reason.NO_ANSWER
    wanted = {"reason": reason, "provider": "twilio", **result}
    with house.store.write() as tx:
        record(tx, [Result(claimed=one, verdict=verdict, to=to, **wanted) for one in claimed])
    return ids


def failed(house: House) -> list[UUID]:
    """Have a message whose deliveries were refused for good."""
    return settled(house, S.FAILED, "rejected")


def parked(house: House) -> list[UUID]:
    """Have a message whose deliveries may have been sent."""
    return settled(house, S.PARKED, "unknown")
