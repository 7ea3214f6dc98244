"""What is said to a caller, or to who picks up a forwarded call?

<locale>/voice/announcement.txt    who rings, for whom, and which key to press, if one is asked for
<locale>/voice/passed_on.txt       nobody took the call, and the customer hears of it
<locale>/voice/unavailable.txt     nobody can take the call
"""

from dataclasses import dataclass, field
from typing import Final

from contracts.events import EventData
from contracts.vocabulary import Content
from workers.routing.rendering import Reader, Renderer
from workers.routing.template_files import Piece

ANNOUNCEMENT: Final = "announcement"
PASSED_ON: Final = "passed_on"
UNAVAILABLE: Final = "unavailable"
_READER: Final = Reader()


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words to be read out, and the language to read them in."""

    words: str = field(repr=False)
    language: str


class Speaker:
    """Writes what is said, with the templates of ``renderer``."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._pieces: dict[tuple[str, str], Piece] = {}

    def announcement(self, call: EventData, locale: str, *, must_press: bool) -> Spoken:
        """Who rings, and for whom, and which key to press where one must be.

        Raises ``TemplateFailedError`` or ``TemplateMissingError``, as all do that use templates.
        """
        words = self._renderer.words(call, Content.FULL, _READER)
        return self._said(ANNOUNCEMENT, locale, words | {"press": "yes" if must_press else ""})

    def passed_on(self, locale: str) -> Spoken:
        """That nobody took the call, and that the customer hears of it."""
        return self._said(PASSED_ON, locale, {})

    def unavailable(self, locale: str) -> Spoken:
        """That nobody can take the call."""
        return self._said(UNAVAILABLE, locale, {})

    def _said(self, name: str, locale: str, words: dict[str, str]) -> Spoken:
        piece = self._piece(name, locale)
        return Spoken(" ".join(piece.render(words).split()), piece.name.partition("/")[0])

    def _piece(self, name: str, locale: str) -> Piece:
        key = (name, locale)
        found = self._pieces.get(key)
        if found is None:
            files = self._renderer.files
            found = files.piece(files.find(locale, f"voice/{name}.txt"))
            self._pieces[key] = found
        return found
