"""How do scans and documents come in? By their digest, checked against what they are said to be."""

from hashlib import sha256 as digest_of
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydantic import TypeAdapter, ValidationError

from contracts.fields import MediaType
from contracts.vocabulary import Door
from store import blobs
from store.publishers import Publisher
from workers.documents import fits
from workers.intake.door.access import opens
from workers.intake.door.describing import UPLOADING, refusals
from workers.intake.door.parts import DoorParts, Opened
from workers.intake.door.reading import read_body
from workers.intake.door.refusals import Refusal
from workers.intake.door.shapes import BlobShape

router = APIRouter(tags=["files"])

BlobsKey = Annotated[Publisher, Depends(opens(Door.BLOBS))]


@router.put(
    "/blobs/{sha256}",
    status_code=201,
    response_model=BlobShape,
    summary="Hand in a file",
    description=(
        "A scan, invoice or other document, under its own SHA-256. Its content must be what the"
        " `Content-Type` says. The answer is the object that events put where they refer to a"
        " file. Handing it in again is answered 200."
    ),
    openapi_extra=UPLOADING,
    responses={
        200: {"description": "It is here already.", "model": BlobShape},
        **refusals(401, 403, 413, 415, 422, 429, 503),
    },
)
async def put_blob(
    request: Request,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
    publisher: BlobsKey,
    inside: Opened,
) -> Response:
    """Keep one file."""
    media_type = _media_type(request.headers.get("content-type"))
    if inside.uploads.locked():
        text = "so many files are coming in already; send it again in a moment"
        raise Refusal(429, text, headers={"Retry-After": "1"})
    async with inside.uploads:
        content = await read_body(request, inside.parts.blob_limit)
        fresh = await run_in_threadpool(_keep, inside.parts, publisher, sha256, media_type, content)
    shape = BlobShape(
        uri=f"blob:{sha256}", sha256=sha256, media_type=media_type, bytes=len(content)
    )
    return JSONResponse(shape.model_dump(), 201 if fresh else 200)


def _keep(
    parts: DoorParts, publisher: Publisher, sha256: str, media_type: str, content: bytes
) -> bool:
    """Check and keep a file; true where it was not here before.

    The content is kept before it is noted: what is noted can be read.
    """
    if not content:
        raise Refusal(422, "the file is empty")
    if digest_of(content).hexdigest() != sha256:
        raise Refusal(422, "the content's SHA-256 is not the one in the address")
    if not fits(media_type, content):
        raise Refusal(415, f"the content is not what {media_type} says")
    with parts.store.read() as tx:
        known = blobs.find(tx, sha256)
    if known is not None and parts.files.has(sha256):
        return False
    parts.files.put(sha256, content)
    with parts.store.write() as tx:
        blobs.note(tx, sha256, media_type, len(content), publisher.name)
    return known is None


def _media_type(header: str | None) -> str:
    essence = (header or "").partition(";")[0].strip()
    try:
        found: str = TypeAdapter(MediaType).validate_python(essence)
    except ValidationError:
        text = "say in Content-Type what the file is, such as application/pdf"
        raise Refusal(415, text) from None
    return found
