"""Which file belongs to an event, and is it what it was said to be, and fit to be sent on?"""

import re
from collections.abc import Callable
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from structlog import get_logger

from contracts.events import EventData, File
from contracts.events.post import PostScanned
from workers.pdfs import MOST_PAGES, usable_pdf

if TYPE_CHECKING:
    from store.files import Files

log = get_logger(__name__)

PDF = "application/pdf"
_PDF_MARK = b"%PDF-"
_MARK_WITHIN = 1_024  # where readers look for the mark (ISO 32000-1, annex H.3.4.1)
_HEAD = 8_192
_ENDINGS = {
    PDF: "pdf",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "text/plain": "txt",
}
_UNFIT_IN_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_LIMIT = 80
_SAME = {"image/jpg": "image/jpeg", "image/tif": "image/tiff", "audio/x-wav": "audio/wav"}


class Documents:
    """Reads what events refer to. Safe to share between threads.

    ``open_files`` is called when the first is wanted: most processes never see one. A PDF of more
    than ``most_pages`` is not sent on.
    """

    def __init__(self, open_files: "Callable[[], Files]", most_pages: int = MOST_PAGES) -> None:
        self._open = open_files
        self._most_pages = most_pages

    @cached_property
    def _files(self) -> "Files":
        return self._open()

    def usable(self, file: File) -> bytes | str:
        """Give the file's content, or the word for why it cannot be sent.

        The words: missing, unopenable, too_large, foreign, unreachable (the object store did not
        answer), wrong_digest, wrong_type, and those of ``usable_pdf``.
        """
        try:
            content = self._files.read(file.uri, file.bytes)
        except Exception as error:  # noqa: BLE001 - a store that is out of order is a reason
            log.warning("file_unreachable", error_type=type(error).__name__)
            return "unreachable"
        if not isinstance(content, bytes):
            return content.value
        if len(content) != file.bytes or sha256(content).hexdigest() != file.sha256:
            return "wrong_digest"
        if not fits(file.media_type, content):
            return "wrong_type"
        is_pdf = file.media_type.partition(";")[0].strip().lower() == PDF
        trouble = usable_pdf(content, self._most_pages) if is_pdf else None
        return content if trouble is None else trouble


def file_of(event: EventData) -> File | None:
    """Give the document that belongs to an event."""
    for name in ("scan", "document", "credit_note"):
        found = getattr(event, name, None)
        if isinstance(found, File):
            return found
    return None


def name_of(event: EventData, media_type: str) -> str:
    """Give the name that an event's document is sent under."""
    if isinstance(event, PostScanned):
        stem = f"scan-{event.item_id}"
    else:
        stem = str(getattr(event, "invoice_number", "document"))
    plain = _UNFIT_IN_NAME.sub("-", stem).strip("-.")[:_NAME_LIMIT] or "document"
    essence = media_type.partition(";")[0].strip().lower()
    return f"{plain}.{_ENDINGS.get(_SAME.get(essence, essence), 'bin')}"


def fits(media_type: str, content: bytes) -> bool:
    """Whether the content looks like what ``media_type`` says; a type that says nothing fits none.

    Text must be UTF-8 without control characters but white space; anything else is told by its
    first bytes.
    """
    essence = media_type.partition(";")[0].strip().lower()
    essence = _SAME.get(essence, essence)
    if essence == PDF:
        return _PDF_MARK in content[: _MARK_WITHIN + len(_PDF_MARK)]
    if essence.startswith("text/"):
        return _is_text(content)
    return essence in _looks_like(content)


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return not any(sign < " " and sign not in "\t\n\r\f" for sign in set(text))


def _looks_like(content: bytes) -> set[str]:
    import puremagic  # noqa: PLC0415 - its tables are read on import, and few processes need them
    from puremagic import PureError  # noqa: PLC0415

    try:
        found = puremagic.magic_string(content[:_HEAD])
    except (PureError, ValueError):
        return set()
    names = (match.mime_type.lower() for match in found if match.mime_type)
    return {_SAME.get(name, name) for name in names}
