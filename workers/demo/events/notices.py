"""What is told to everyone?"""

from workers.demo.events.writing import EMAIL, INVOICED, LEAVES, Pen
from workers.demo.telling import REGISTRATION, Hour, Told


def notices(pen: Pen) -> Hour:
    """A changed policy to all, an offer to those who want offers."""
    current = [one for ref, one in pen.office.items() if ref != LEAVES]
    invoiced = sum(one.email is not None for one in current)
    written = sum(
        one.email is None and any(p.id == "d-email" for p in one.places) for one in current
    )
    untold = len(current) - invoiced - written
    consenting = 1  # of two, one has taken it back
    told = (
        pen.of(
            "c-20",
            "destination.verified",
            "C-2003",
            {"destination_id": "d-partner", "how": "code read back", "verified_at": pen.at()},
            "The new number is verified: what was held goes",
        ),
        Told(
            "n-01",
            REGISTRATION,
            "policy.changed",
            {
                "version": "2026-01",
                "major": True,
                "published_at": pen.at(),
                "effective_at": pen.at(40 * 24),
                "url": "https://brindle-hart.example/privacy",
                "sha256": "0" * 64,
                "summary": "We say more clearly how long records are kept.",
            },
            shows="A new policy is told to every customer",
            ends=(INVOICED,) * invoiced + (EMAIL,) * written + ("not_sent:no_address",) * untold,
        ),
        Told(
            "n-02",
            REGISTRATION,
            "offer.published",
            {
                "campaign_id": "SPRING",
                "headline": "A month of scanning, free",
                "body": "Try our scanning service for a month.",
                "valid_until": pen.at(14 * 24),
            },
            shows="An offer to those who agreed to offers, and nobody else",
            ends=(INVOICED,) * consenting + ("not_sent:no_consent",) * (len(current) - consenting),
        ),
    )
    return Hour("16:45", "Notices to everyone", told)
