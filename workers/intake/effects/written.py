"""What notes and emails change: each is kept as a record of its own, and nothing is written over.

A note's id is its publisher's own: another's note of that id is another note. Operators, who write
by hand, may amend any.
"""

from contracts.events.office import CorrespondenceRecorded, NoteRecorded
from contracts.vocabulary import Contradiction, Direction, ErrorCode, NoteChannel
from store.office import contradictions, correspondence, notes
from store.office.notes import Note, Said
from workers.intake.effects.scene import NOTHING, Effect, Scene, impossible
from workers.intake.submission import BY_HAND
from workers.intake.whose import Awaited, note_name

_ANOTHERS = "is a note of another customer; look again whose this one is"


def note_recorded(scene: Scene) -> Effect:
    """Keep a note, or the next version of the one that it amends; both stay."""
    data = scene.data(NoteRecorded)
    publisher = scene.event.publisher.name
    said = Said(NoteChannel(data.channel), data.at, data.follow_up_by, data.author, data.text)
    own = notes.named(scene.tx, publisher, data.note_id)
    before = own if data.amends == data.note_id else _amended(scene, data)
    refusal = _refusal(scene, data, own, before)
    if refusal is not None:
        return refusal
    if any(one.note_id == data.note_id and one.said == said for one in own):
        return NOTHING  # told again, by an event of another name
    if own and data.amends != data.note_id:
        return impossible(
            "data.note_id",
            "is here already and says something else; to change a note, send it with amends",
            ErrorCode.CONFLICTING_DUPLICATE,
        )
    if data.amends is not None and not before:
        return Effect(awaits=Awaited("note", note_name(publisher, data.amends)))
    notes.add(scene.tx, scene.event.id, scene.ref, publisher, data.note_id, said, before)
    return Effect(changed=(note_name(publisher, data.note_id),))


def _amended(scene: Scene, data: NoteRecorded) -> list[Note]:
    """The versions of the note that one amends; what is written by hand may amend anybody's."""
    if data.amends is None:
        return []
    publisher = scene.event.publisher.name
    found = notes.named(scene.tx, publisher, data.amends)
    if not found and publisher == BY_HAND.name:
        return notes.named_by_anyone(scene.tx, scene.ref, data.amends)
    return found


def _refusal(
    scene: Scene, data: NoteRecorded, own: list[Note], before: list[Note]
) -> Effect | None:
    """Refuse what would put one customer's note into another's file."""
    if any(one.customer_ref != scene.ref for one in own):
        return impossible("data.note_id", _ANOTHERS)
    if data.amends is not None and any(one.customer_ref != scene.ref for one in before):
        return impossible("data.amends", _ANOTHERS)
    return None


def correspondence_recorded(scene: Scene) -> Effect:
    """Keep an email once; what differs under its Message-ID is kept too, and raised."""
    data = scene.data(CorrespondenceRecorded)
    told = data.model_dump(mode="json", exclude_none=True)
    direction = Direction(data.direction)
    others = correspondence.add(scene.tx, scene.event.id, scene.ref, direction, data.at, told)
    if others:
        found = [(None, Contradiction.OTHER_CONTENT)]
        contradictions.put(scene.tx, scene.ref, scene.event.id, found)
    return NOTHING
