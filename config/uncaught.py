"""What is told of an exception that nobody caught, and of a warning? Where it was, not its text.

Python prints both with their texts, and drivers and validators quote values in theirs.
"""

import sys
import threading
import warnings
from pathlib import Path
from types import TracebackType


def tell_without_texts() -> None:
    """Have what Python would print by itself told in the log of this process, without its text."""
    sys.excepthook = _uncaught
    threading.excepthook = lambda told: _uncaught(told.exc_type, told.exc_value, None)
    sys.unraisablehook = lambda told: _uncaught(told.exc_type, told.exc_value, None)
    warnings.showwarning = _warned


def tell(error: BaseException) -> None:
    """Tell an exception that nobody caught: to the log, or plainly where there is none yet."""
    import structlog  # noqa: PLC0415 - rarely needed, and slow to import

    from config.logs import where_it_failed  # noqa: PLC0415 - the same

    if structlog.is_configured():
        log = structlog.stdlib.get_logger(__name__)
        log.critical("not_caught", error_type=type(error).__name__, exc_info=error)
    else:
        lines = "\n  ".join(where_it_failed(error))
        sys.stderr.write(f"onward: a fault of ours, at\n  {lines}\n")


def _uncaught(
    kind: type[BaseException], error: BaseException | None, _: TracebackType | None
) -> None:
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        tell(error or kind())


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    import structlog  # noqa: PLC0415 - as above

    del message, file, line
    place = f"{Path(filename).name}:{lineno}"
    if structlog.is_configured():
        structlog.stdlib.get_logger(__name__).warning(
            "warned", error_type=category.__name__, file=place
        )
    else:
        sys.stderr.write(f"onward: {category.__name__} at {place}\n")
