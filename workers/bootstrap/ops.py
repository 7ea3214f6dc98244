"""How does a process show its health and its figures?"""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from workers.bootstrap.parts import Parts


def open_ops(parts: Parts) -> "AbstractContextManager[Ops | None]":
    """Show this process's health on its operations port while it is entered, where one is set.

    Raises ``workers.running.ops.OpsPortError``.
    """
    settings = parts.settings
    if settings.ops_port is None:
        return nullcontext()
    from workers.running.ops import Ops, page_of, text_page

    metrics = parts.metrics
    pages = {
        "/healthz": page_of(parts.beats.found),
        "/readyz": page_of(parts.readiness.found),
        "/metrics": text_page(metrics.content_type, metrics.text),
    }
    return Ops(settings.ops_host, settings.ops_port, pages)


if TYPE_CHECKING:
    from workers.running.ops import Ops
