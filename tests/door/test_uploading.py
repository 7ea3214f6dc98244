from hashlib import sha256

import pytest

from contracts.events import File
from contracts.vocabulary import Door
from store.publishers import Publisher
from tests.door.opened import Office, Opened, Reply, opened
from tests.factories import SCAN
from workers.documents import Documents

MAILROOM = Publisher("mailroom", ("post.*",), ("/mailroom",), (Door.BLOBS,), ())
PDF = {"Content-Type": "application/pdf"}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000a49444154789c6360000002000154a24f5d0000000049454e44ae426082"
)


def put(at_the_door: Opened, content: bytes, media_type: str, digest: str | None = None) -> Reply:
    """Hand in a file under its digest, or under another."""
    name = digest or sha256(content).hexdigest()
    return at_the_door.ask("PUT", f"/blobs/{name}", content, {"Content-Type": media_type})


def test_a_file_is_kept_sealed_and_read_again(office: Office) -> None:
    """A scan is somebody's letter: the object store's keeper must not read it."""
    with opened(office.parts(), office.admit(MAILROOM)) as at_the_door:
        first = put(at_the_door, PNG, "image/png")
        again = put(at_the_door, PNG, "image/png; charset=binary")

    assert (first.status, again.status) == (201, 200)
    assert first.json() == {
        "uri": f"blob:{sha256(PNG).hexdigest()}",
        "sha256": sha256(PNG).hexdigest(),
        "media_type": "image/png",
        "bytes": len(PNG),
    }
    assert Documents(lambda: office.files).usable(File(**first.json())) == PNG
    kept = [path for path in (office.folder / "blobs").rglob("*") if path.is_file()]
    assert len(kept) == 1
    assert PNG[:8] not in kept[0].read_bytes()


@pytest.mark.parametrize(
    ("content", "media_type", "digest", "status"),
    [
        (SCAN, "application/pdf", None, 201),
        (b"Jane's letter\n", "text/plain", None, 201),
        (SCAN, "image/png", None, 415),
        (b"MZ\x90\x00 not a PDF", "application/pdf", None, 415),
        (PNG, "text/plain", None, 415),
        (PNG, "application/octet-stream", None, 415),
        (PNG, "", None, 415),
        (SCAN, "application/pdf", "0" * 64, 422),
        (b"", "application/pdf", None, 422),
        (SCAN, "application/pdf", "no-digest", 400),
        (SCAN + b" " * 65_536, "application/pdf", None, 413),
    ],
)
def test_a_file_must_be_what_it_is_said_to_be(
    small_office: Office, content: bytes, media_type: str, digest: str | None, status: int
) -> None:
    """What is wrong with a scan is said while its sender can still mend it."""
    with opened(small_office.parts(), small_office.admit(MAILROOM)) as at_the_door:
        reply = put(at_the_door, content, media_type, digest)

    assert reply.status == status


def test_a_file_in_pieces_beyond_the_limit_is_refused(small_office: Office) -> None:
    """Its length need not be told beforehand to be kept to."""
    with opened(small_office.parts(), small_office.admit(MAILROOM)) as at_the_door:
        pieces = iter([b"%PDF-" + b" " * 9_000] * 10)
        reply = at_the_door.ask("PUT", f"/blobs/{'0' * 64}", pieces, PDF)

    assert reply.status == 413
    assert not list((small_office.folder / "blobs").rglob("*"))


def test_a_key_without_the_door_hands_in_no_files(small_office: Office) -> None:
    """Files cost room; who needs none is given no way in."""
    mute = Publisher("mute", ("post.*",), ("/mailroom",), (), ())

    with opened(small_office.parts(), small_office.admit(mute)) as at_the_door:
        reply = put(at_the_door, SCAN, "application/pdf")

    assert reply.status == 403
