"""Whether a file is what it was said to be, and fit to be sent on."""

from collections.abc import Callable
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING

from structlog import get_logger

from contracts.events import File

if TYPE_CHECKING:
    from store.files import Files

log = get_logger(__name__)

PDF = "application/pdf"
_PDF_MARK = b"%PDF-"
_MARK_WITHIN = 1_024  # where readers look for the mark (ISO 32000-1, annex H.3.4.1)
_HEAD = 8_192
_SAME = {"image/jpg": "image/jpeg", "image/tif": "image/tiff", "audio/x-wav": "audio/wav"}


class Documents:
    """Reads what events refer to. Safe to share between threads.

    ``open_files`` is called when the first is wanted: most processes never see one.
    """

    def __init__(self, open_files: "Callable[[], Files]") -> None:
        self._open = open_files

    @cached_property
    def _files(self) -> "Files":
        return self._open()

    def usable(self, file: File) -> bytes | str:
        """Give the file's content, or the word for why it cannot be sent.

        The words: missing, unopenable, too_large, foreign, unreachable (the object store did not
        answer), wrong_digest, wrong_type, pdf_encrypted, pdf_broken, pdf_empty.
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
        trouble = usable_pdf(content) if file.media_type == PDF else None
        return content if trouble is None else trouble


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


def usable_pdf(content: bytes) -> str | None:
    """Why a PDF cannot be read by whoever gets it; none where it can."""
    # 12 MiB in every process that sends or serves, most of which never see a PDF
    from pypdf import PdfReader  # noqa: PLC0415 - see above
    from pypdf.errors import PyPdfError  # noqa: PLC0415

    try:
        reader = PdfReader(BytesIO(content))
        if reader.is_encrypted:
            return "pdf_encrypted"
        return None if len(reader.pages) else "pdf_empty"
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError):
        return "pdf_broken"
    except RecursionError:  # crafted to exhaust its reader
        return "pdf_broken"


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
