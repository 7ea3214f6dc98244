"""Which event loop carries the sandbox? uvloop where it is installed."""

import asyncio


def new_loop() -> asyncio.AbstractEventLoop:
    """A fresh loop."""
    try:
        import uvloop  # noqa: PLC0415 - optional: not made for every platform
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
