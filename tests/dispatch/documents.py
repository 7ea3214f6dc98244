"""What files do documents' tests send on?"""

from io import BytesIO

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject

from tests.dispatch.sending import Sending
from tests.factories import Sample, file


def pdf(pages: int = 1, size: int = 0, password: str | None = None) -> bytes:
    """A PDF of so many pages, and of so many bytes at the least."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width=200, height=200)
    if size:
        writer.add_attachment("filler.bin", b"\xa5" * size)
    if password is not None:
        writer.encrypt(password)
    return _written(writer)


def pdf_that_says_it_has_one_page(pages: int) -> bytes:
    """A PDF of many pages whose own count of them is a lie."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width=200, height=200)
    _tree(writer)[NameObject("/Count")] = NumberObject(1)
    return _written(writer)


def pdf_without_end() -> bytes:
    """A PDF whose tree of pages leads back to itself."""
    writer = PdfWriter()
    writer.add_blank_page(width=200, height=200)
    itself = writer.root_object.raw_get("/Pages")
    _tree(writer)[NameObject("/Kids")] = ArrayObject([itself, itself])
    return _written(writer)


def _tree(writer: PdfWriter) -> DictionaryObject:
    tree = writer.root_object["/Pages"]
    assert isinstance(tree, DictionaryObject)
    return tree


def _written(writer: PdfWriter) -> bytes:
    written = BytesIO()
    writer.write(written)
    return written.getvalue()


def keep(sending: Sending, content: bytes, media_type: str = "application/pdf") -> Sample:
    """Keep a file; give how events refer to it."""
    kept = file(content, media_type)
    sending.keep_file(kept["sha256"], content)
    return kept
