"""A GET request to a server of the internet or of the home network, bounded in size and time."""

import functools
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING

from unclouded.core.errors import LinkError
from unclouded.core.security.tls import client_context

if TYPE_CHECKING:
    from aiohttp import StreamReader

TIMEOUT_S = 20.0  # s for the whole answer


class StatusError(LinkError):
    """The server answered with an error."""

    def __init__(self, status: int) -> None:
        super().__init__(f"answered {status}")
        self.status = status


async def http_get(
    url: str, limit: int, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """The body of an answer with status 200; of one longer than ``limit`` bytes the beginning.

    Raises LinkError with what went wrong, as the end of a sentence: "did not answer within 20 s"; StatusError.
    """
    import aiohttp

    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as client,
            client.get(url, params=params, headers=headers, ssl=_tls_context()) as answer,
        ):
            if answer.status != 200:
                raise StatusError(answer.status)
            return await _read(answer.content, limit)
    except TimeoutError:
        raise LinkError(f"did not answer within {TIMEOUT_S:g} s") from None
    except (aiohttp.ClientError, ValueError) as error:  # ValueError: of an address that has another form
        raise LinkError(f"cannot be reached: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """In words, without the address: it may hold a secret."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "its certificate is not accepted, or it speaks no TLS"
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.strerror:
        return error.os_error.strerror.lower()
    return type(error).__name__


@functools.cache
def _tls_context() -> ssl.SSLContext:
    """Made once: it takes 10 ms to read the authorities of the system."""
    return client_context()


async def _read(content: "StreamReader", limit: int) -> bytes:
    pieces, size = list[bytes](), 0
    while size < limit and (piece := await content.read(limit - size)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)
