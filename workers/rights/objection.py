"""Who objects is not sent offers from that moment on; what else may be objected to is stopped too.

Offers can always be objected to (Article 21(2)), and so they stop when the request comes in, before
anybody has looked at it. What rests on our interests alone can be objected to (Article 21(1)), and
each of it is stopped, or goes on for a reason that outweighs. What rests on a contract or on the
law cannot; who asks is told on which ground it goes on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from contracts.vocabulary import Refusal, RightsKind, RightsStatus, Target, Verb
from store import audit, inbox
from store.audit import By, Concerned
from store.engine import Store, Transaction
from store.personal import REGISTER, Basis
from store.rights import erased, erasing, objections
from store.rights import requests as rights
from workers.rights.remedies import REMEDY

# Of what rests on our interests (``store.personal``): what stops, and what goes on, and why.
STOPPED: Final[Mapping[str, str]] = MappingProxyType(
    {"openings": "keeping which documents were fetched by their link"}
)
GOES_ON: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bounces": "knowing dead addresses: nothing else keeps us from writing there again",
        "texted": "counting texts for an hour: else networks block them, urgent ones too",
        "rejected_events": "keeping what was reported wrongly until it is put right",
        "providers": "who paused a provider: it is about operators alone",
    }
)


@dataclass(frozen=True, slots=True)
class Objected:
    """What came of an objection: how many offers stopped, how many records went, or a refusal."""

    offers: int = 0
    rows: int = 0
    refusal: Refusal | None = None


class Objecting:
    """Carries objections out."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def object(self, ref: str, by: By) -> Objected:
        """Stop what a customer may object to, and answer their requests about it."""
        with self._store.write() as tx:
            _hold(tx, ref)
            refusal = _why_not(tx, ref)
            done = Objected(refusal=refusal)
            if refusal is None:
                done = Objected(objections.stop_offers(tx, ref), objections.stop_interests(tx, ref))
                for one in rights.listed(tx, ref):
                    if one.kind is RightsKind.OBJECTION:
                        rights.close(tx, one, RightsStatus.DONE, letter())
            concerned = Concerned(Target.CUSTOMER, ref, refusal, customer_ref=ref)
            audit.put(tx, Verb.OBJECT, by, [concerned])
        return done


def letter() -> str:
    """Say to whom it concerns what has stopped, what goes on, and on which ground."""
    others = [text for table, text in GOES_ON.items() if table != "providers"]
    return "\n".join(
        [
            "Stopped:",
            *_lines(["offers, for good", *STOPPED.values()]),
            "Goes on, for reasons that outweigh:",
            *_lines(others),
            "Goes on, since the contract needs it, against which there is no objection:",
            *_lines(_purposes(Basis.CONTRACT)),
            "Goes on, since the law obliges us:",
            *_lines(_purposes(Basis.OBLIGATION)),
            REMEDY,
        ]
    )


def _lines(texts: Iterable[str]) -> list[str]:
    return [f"- {text}" for text in texts]


def _purposes(basis: Basis) -> list[str]:
    return list(dict.fromkeys(one.purpose for one in REGISTER.values() if one.basis is basis))


def _hold(tx: Transaction, ref: str) -> None:
    tx.lock([], [inbox.name_digest(tx, inbox.customer_name(ref))])
    tx.ask_the_time()


def _why_not(tx: Transaction, ref: str) -> Refusal | None:
    known, _ = erasing.standing(tx, ref)
    if known:
        return None
    return Refusal.ERASED if erased.among(tx, [ref]) else Refusal.UNKNOWN
