"""How is the HTTP door put together? One app, given its parts; it reads no settings."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from typing import Protocol

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from store.engine import ping
from workers.intake.door import asking, mailroom, publishing, uploading
from workers.intake.door.access import Keys
from workers.intake.door.counting import Counting
from workers.intake.door.page import page_of
from workers.intake.door.parts import UPLOADS_AT_ONCE, DoorParts, Inside, Opened
from workers.intake.door.refusals import (
    Refusal,
    answer_fault,
    answer_gone,
    answer_http,
    answer_refusal,
    answer_unfit,
    out_of_order,
    unavailable,
)
from workers.intake.door.shapes import Health
from workers.running.alive import beat_on
from workers.running.gathering import Gathering

_ABOUT = """Hand in what happened at the office (calls, post, invoices, customers), and ask what
became of it. Every answer about an event is given after it is on record.

Keys are made with `onward publishers add`; show yours as `Authorization: Bearer <key>`.
Refusals are problem details (RFC 9457)."""


class Mounted(Protocol):
    """Routes of another room that are served at this door, such as the providers' webhooks."""

    router: APIRouter

    async def close(self) -> None:
        """Finish what was taken."""
        ...


def door(parts: DoorParts, beside: Sequence[Mounted] = ()) -> FastAPI:
    """Make the app. What it opens it closes when its lifespan ends, finishing what was taken."""
    app = FastAPI(
        title="Onward",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=_open(parts, beside),
        swagger_ui_oauth2_redirect_url=None,
        dependencies=[Depends(_could_name_something)],
    )
    app.add_middleware(Counting, told=parts.told)
    app.add_exception_handler(Refusal, answer_refusal)
    app.add_exception_handler(HTTPException, answer_http)
    app.add_exception_handler(RequestValidationError, answer_unfit)
    app.add_exception_handler(ClientDisconnect, answer_gone)
    app.add_exception_handler(Exception, answer_fault)
    for room in (publishing, asking, uploading, mailroom):
        app.include_router(room.router)
    for mounted in beside:
        app.include_router(mounted.router)
    app.include_router(_health)

    @cache
    def page() -> str:
        return page_of(app.openapi())

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        return HTMLResponse(page(), headers={"Content-Security-Policy": policy})

    return app


async def _could_name_something(request: Request) -> None:
    """Refuse a NUL, which PostgreSQL keeps in no name; asked for it, it would call that a fault."""
    if "\0" in request.url.path or "%00" in request.url.query:
        raise Refusal(404, "no name holds a NUL character")


def _open(
    parts: DoorParts, beside: Sequence[Mounted]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        beat_on(asyncio.get_running_loop(), parts.beat)
        gathering = Gathering(
            publishing.take_in_and_hint(parts),
            most=parts.gather,
            bound=parts.most_waiting,
            hopeless=out_of_order,
        )
        app.state.inside = Inside(
            parts,
            Keys(parts.store, parts.key_seconds, parts.monotonic),
            gathering,
            asyncio.Semaphore(UPLOADS_AT_ONCE),
        )
        try:
            yield
        finally:
            await gathering.close()
            for mounted in beside:
                await mounted.close()

    return lifespan


_health = APIRouter(tags=["health"])


@_health.get("/healthz", summary="Whether this process lives")
async def healthz() -> Health:
    """Say that this process lives."""
    return Health(status="ok")


@_health.get("/readyz", summary="Whether the store answers")
async def readyz(inside: Opened) -> Health:
    """Say whether events can be taken in."""
    try:
        await run_in_threadpool(ping, inside.parts.store)
    except Exception as error:
        if out_of_order(error):
            raise unavailable() from None
        raise
    return Health(status="ok")
