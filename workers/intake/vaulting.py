"""What of identity data stays outside the vault? Whose check it was, and what came of it."""

from dataclasses import replace

from contracts.events import Event
from contracts.events.customers import IdentityChecked
from contracts.vocabulary import Checked
from store import blobs
from store.encryption import vault
from store.engine import Transaction
from workers.intake.submission import Incoming

_FOR_THE_VAULT = ("date_of_birth", "document_number", "evidence")  # nothing of it stays here


def put_away(
    tx: Transaction, public: bytes, event: Event, incoming: Incoming, data: IdentityChecked
) -> tuple[Event, Incoming]:
    """Put what is personal into the vault; give the event without it, to be taken in.

    Before it is known whether the event waits: nothing of it may wait outside the vault.
    """
    file = data.evidence
    plain = {
        "individual_id": data.individual_id,
        "result": Checked(data.result),
        "evidence": None if file is None else file.sha256,
    }
    told = data.model_dump(mode="json", include={"check", *_FOR_THE_VAULT}, exclude_none=True)
    vault.put(tx, public, incoming.id, incoming.subject or "", plain, told)
    if file is not None and file.uri.startswith("blob:"):
        blobs.use(tx, [(file.sha256, incoming.id)])
    left = data.model_copy(update=dict.fromkeys(_FOR_THE_VAULT))
    return replace(event, data=left), replace(incoming, data=left)
