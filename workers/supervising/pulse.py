"""Does a process answer that it is at its work? It is asked over HTTP on this machine."""

import http.client
import socket

_ANSWER_SECONDS = 2.0


def is_well(port: int, host: str = "127.0.0.1", within: float = _ANSWER_SECONDS) -> bool:
    """Whether ``/healthz`` on this port says so; silence says no."""
    connection = http.client.HTTPConnection(host, port, timeout=within)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port(host: str = "127.0.0.1") -> int:
    """Give a port that nobody listens on now."""
    with socket.create_server((host, 0)) as found:
        return int(found.getsockname()[1])
