"""Can a PDF be read by whoever gets it, and in a time that anybody would wait?

Of one that is made to exhaust its reader, no more is read than tells that: its markers are counted
first, what it unpacks to is bounded, and each read of it looks at the clock.
"""

import time
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_PAGES = 1_000
_NODES_A_PAGE = 4  # a tree of more branches than this has is made for no reader
_SECONDS = 5.0  # a thousand pages take a tenth of one; a lease lasts a minute
# The first two stand once for each time that a PDF was saved anew; the last, some ten times a page.
_MOST_MARKERS = {b"trailer": 1_000, b"startxref": 1_000, b" obj": 200_000}
_MOST_UNPACKED = 8_388_608  # a list of a million objects


class _TooSlow(BaseException):
    """The time is over."""


class _TimedBytes(BytesIO):
    """Gives its content until an instant of the monotonic clock."""

    def __init__(self, content: bytes, until: float) -> None:
        super().__init__(content)
        self._until = until

    def read(self, size: int | None = -1, /) -> bytes:
        if time.monotonic() > self._until:
            raise _TooSlow
        return super().read(size)


def usable_pdf(
    content: bytes, most_pages: int = MOST_PAGES, seconds: float = _SECONDS
) -> str | None:
    """Why a PDF cannot be read by whoever gets it; none where it can.

    The words: pdf_encrypted, pdf_broken, pdf_empty, pdf_too_long, pdf_too_slow (it takes more than
    ``seconds``, or is sure to).
    """
    if any(content.count(marker) > most for marker, most in _MOST_MARKERS.items()):
        return "pdf_too_slow"
    # 12 MiB in every process that sends or serves, most of which never see a PDF
    from pypdf import PdfReader, apply_configuration  # noqa: PLC0415 - see above

    # closed at the end: a reader's objects refer to each other, and it
    stream = _TimedBytes(content, time.monotonic() + seconds)
    try:
        with apply_configuration(
            zlib_maximum_output_length=_MOST_UNPACKED,
            lzw_maximum_output_length=_MOST_UNPACKED,
            run_length_maximum_output_length=_MOST_UNPACKED,
            brotli_maximum_output_length=_MOST_UNPACKED,
            stream_decoding_work_maximum_length=_MOST_UNPACKED * 2,
        ):
            return _trouble(PdfReader(stream), most_pages)
    except _TooSlow:
        return "pdf_too_slow"
    except NotImplementedError:  # encrypted for certificates, not by a password
        return "pdf_encrypted"
    except Exception:  # noqa: BLE001 - whatever else a crafted one makes its reader raise
        return "pdf_broken"
    finally:
        stream.close()


def _trouble(reader: "PdfReader", most_pages: int) -> str | None:
    if reader.is_encrypted:
        return "pdf_encrypted"
    pages = _pages(reader, most_pages)
    if pages > most_pages:
        return "pdf_too_long"
    return None if pages else "pdf_empty"


def _pages(reader: "PdfReader", most: int) -> int:
    """Count a PDF's pages, up to one more than ``most``; what it says of their number is not asked.

    pypdf itself would make a list of them all first.
    """
    tree: Any = reader.root_object["/Pages"]
    waiting, seen, pages, nodes = [tree], set[int](), 0, 0
    while waiting and pages <= most:
        node = waiting.pop().get_object()
        nodes += 1
        if "/Kids" not in node:
            pages += 1
        elif id(node) not in seen:
            seen.add(id(node))
            waiting += node["/Kids"].get_object()
        if nodes > _NODES_A_PAGE * (most + 1):
            return most + 1
    return pages
