"""How do several events read as one text message or one email?

<locale>/digest/heading.txt        how many of what
<locale>/digest/<event>.txt        one event, in a line
<locale>/digest/enclosed.txt       what became of one event's document
<locale>/sms/digest.txt            the text around them
<locale>/email/digest/             the email around them
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from contracts.vocabulary import Content, Purpose
from workers.routing.digest_writing import Item, Together, Told, fitting
from workers.routing.display import megabytes
from workers.routing.enclosing import Enclosure
from workers.routing.rendering import (
    MOST_SEGMENTS,
    Reader,
    RenderedEmail,
    RenderedText,
    Renderer,
    tidy,
)
from workers.routing.sms_length import segments
from workers.routing.template_files import Piece

DIGEST: Final = "digest"


class TogetherRenderer:
    """Writes of several events at once, with the templates of ``renderer``.

    It raises what that raises.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._files = renderer.files
        self._pieces: dict[tuple[str, str], Piece] = {}

    def text(
        self,
        together: Sequence[Together],
        content: Content,
        purpose: Purpose,
        reader: Reader,
        most: int = MOST_SEGMENTS,
        code: str | None = None,
    ) -> RenderedText:
        """One text message about several events, of ``most`` segments at most.

        ``code`` is what its reader is asked to send back, if anything.
        """
        around = self._piece(f"sms/{DIGEST}.txt", reader.locale)
        heading, items, used = self._told(together, content, purpose, reader)
        asking = self._renderer.asking(code, reader.locale)

        def written(told: Told) -> str:
            words = {"heading": heading, "items": told.items, "more": told.more}
            rest = told.rest or content is not Content.FULL
            return tidy(around.render(words | {"rest": rest})) + asking.below

        whole = fitting(written, items, most)
        names = [around.name, *used, *asking.names]
        return RenderedText(whole, segments(whole), self._files.version(names))

    def email(
        self,
        together: Sequence[Together],
        content: Content,
        purpose: Purpose,
        reader: Reader,
        enclosures: Sequence[Enclosure],
    ) -> RenderedEmail:
        """One email about several events; ``enclosures`` are their documents', in their order."""
        heading, items, used = self._told(together, content, purpose, reader)
        fates = self._piece(f"{DIGEST}/enclosed.txt", reader.locale)
        if items:
            items = [
                replace(item, enclosed=_enclosed(fates, enclosure))
                for item, enclosure in zip(items, enclosures, strict=True)
            ]
        words = {
            "heading": heading,
            "items": items,
            "rest": content is not Content.FULL,
            "greeting": reader.greeting or "",
        }
        found = self._renderer.email_of(DIGEST, words, reader.locale)
        own = self._files.version([*used, fates.name])
        return replace(found, template_version=f"{found.template_version}+{own}")

    def _told(
        self,
        together: Sequence[Together],
        content: Content,
        purpose: Purpose,
        reader: Reader,
    ) -> tuple[str, list[Item], list[str]]:
        """The heading, what is told of each event, and the names of what wrote it.

        A notice tells only how many there are.
        """
        heading = self._piece(f"{DIGEST}/heading.txt", reader.locale)
        says = heading.render({"purpose": purpose.value, "count": len(together)}).strip()
        used, items = {heading.name: None}, []
        for one in together if content is not Content.NOTICE else ():
            line = self._piece(f"{DIGEST}/{one.event_type}.txt", reader.locale)
            words = self._renderer.words(one.event, content, reader)
            items.append(Item(" ".join(line.render(words).split()), words.get("text", "")))
            used[line.name] = None
        return says, items, list(used)

    def _piece(self, path: str, locale: str) -> Piece:
        key = (path, locale)
        found = self._pieces.get(key)
        if found is None:
            found = self._files.piece(self._files.find(locale, path))
            self._pieces[key] = found
        return found


def _enclosed(fates: Piece, enclosure: Enclosure) -> str:
    words = {
        "enclosed": enclosure.enclosed.value,
        "enclosed_size": megabytes(enclosure.size),
    }
    return fates.render(words).strip()
