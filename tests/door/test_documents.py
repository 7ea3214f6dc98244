import io
import time
from pathlib import Path

import pytest
from pypdf import PdfWriter

from contracts.events import File
from store.encryption.keys import RootKey
from store.files import Files, Trouble
from tests.factories import file
from workers.documents import Documents
from workers.pdfs import usable_pdf

KEY = RootKey(b"k" * 32)


def a_pdf(*, pages: int = 1, password: str | None = None) -> bytes:
    """A PDF as a scanner might make it."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    if password is not None:
        writer.encrypt(password)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (a_pdf(), None),
        (a_pdf(password="secret"), "pdf_encrypted"),
        (a_pdf(pages=0), "pdf_empty"),
        (b"%PDF-1.7\nnothing more", "pdf_broken"),
        (a_pdf()[:200], "pdf_broken"),
    ],
    ids=["good", "encrypted", "empty", "broken", "cut"],
)
def test_a_pdf_that_nobody_can_open_is_not_sent(content: bytes, word: str | None) -> None:
    """The customer would have to ask for it again, and the record would say that it was sent."""
    assert usable_pdf(content) == word


MANY = 12 * 1024 * 1024


@pytest.mark.parametrize("line", [b"trailer<<>>\n", b"startxref 0\n", b"1 0 obj\n", b"xref\n0 1\n"])
def test_a_pdf_that_is_made_to_be_slow_is_refused_quickly(line: bytes) -> None:
    """Its delivery's lease must not run out while one publisher's file is being looked at."""
    content = b"%PDF-1.7\n" + line * (MANY // len(line))
    begun = time.process_time()

    word = usable_pdf(content, seconds=1)

    assert word == "pdf_too_slow"
    assert time.process_time() - begun < 2.5


def test_a_pdf_that_takes_too_long_is_given_up() -> None:
    """Whatever else makes its reader slow, the clock is looked at as it reads."""
    assert usable_pdf(a_pdf(pages=50), seconds=0) == "pdf_too_slow"


def test_a_long_scan_takes_no_time_to_speak_of() -> None:
    """What bounds crafted files must not hold back real ones."""
    assert usable_pdf(a_pdf(pages=999)) is None


def test_a_file_is_checked_again_when_it_is_sent(tmp_path: Path) -> None:
    """What lies in an object store for a week may be exchanged there."""
    files = Files(tmp_path.as_uri(), KEY)
    wanted = File(**file(a_pdf()))
    other = a_pdf(pages=2)
    files.put(wanted.sha256, other + b" " * (wanted.bytes - len(other)))

    assert Documents(lambda: files).usable(wanted) == "wrong_digest"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "missing"),
        ({"uri": "https://elsewhere.example/a.pdf"}, "foreign"),
        ({"uri": "s3://bucket/a.pdf"}, "foreign"),
    ],
)
def test_a_file_that_cannot_be_had_says_why(
    tmp_path: Path, change: dict[str, str], word: str
) -> None:
    """An operator acts on the word."""
    documents = Documents(lambda: Files(tmp_path.as_uri(), KEY))

    assert documents.usable(File(**(file(a_pdf()) | change))) == word


def test_a_file_sealed_elsewhere_does_not_open(tmp_path: Path) -> None:
    """After a restore with the wrong key the word is not `missing`."""
    Files(tmp_path.as_uri(), RootKey(b"o" * 32)).put("a" * 64, b"content")

    assert Files(tmp_path.as_uri(), KEY).read(f"blob:{'a' * 64}", 100) is Trouble.UNOPENABLE


def test_a_root_gives_only_what_stands_under_it(tmp_path: Path) -> None:
    """A publisher's reference must not read the server's own files."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "a.pdf").write_bytes(b"scan")
    (tmp_path / "secret").write_bytes(b"key")
    root = (tmp_path / "shared").as_uri()
    files = Files((tmp_path / "own").as_uri(), KEY, [root])

    assert files.read(f"{root}/a.pdf", 100) == b"scan"
    assert files.read(f"{root}/../secret", 100) is Trouble.FOREIGN
    assert files.read(f"{root}/%2e%2e/secret", 100) is Trouble.FOREIGN
    assert files.read(f"{root}/a.pdf", 3) is Trouble.TOO_LARGE


def test_of_a_file_elsewhere_that_is_too_large_nothing_is_read(tmp_path: Path) -> None:
    """A publisher may say any size; what is kept here was held to the limit at the door."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "a.pdf").write_bytes(b"scan")
    root = (tmp_path / "shared").as_uri()
    files = Files((tmp_path / "own").as_uri(), KEY, [root], 3)
    files.put("a" * 64, b"scan")

    assert files.read(f"{root}/a.pdf", 1 << 30) is Trouble.TOO_LARGE
    assert files.read(f"blob:{'a' * 64}", 4) == b"scan"
