"""Serves an ASGI application on a socket that is ours: uvicorn, without its signal handlers and logs."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from unclouded.errors import LinkRefused


class _Server(uvicorn.Server):
    """Leaves the signals to the hub, which has more to close than this server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def unix_socket(path: Path) -> socket.socket:
    """A listening Unix socket that only its owner may open; what an earlier hub left is replaced.

    Raises LinkRefused where the path cannot be a socket.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            sock.bind(str(path))
        finally:
            os.umask(before)
        sock.listen(64)
    except OSError as error:
        sock.close()
        raise LinkRefused(f"{path} cannot be made: {error.strerror}. Choose another data folder with --data.") from None
    return sock


async def serve(app: ASGIApp, sock: socket.socket) -> None:
    """Serve until cancelled."""
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1
    )
    await _Server(config).serve(sockets=[sock])
