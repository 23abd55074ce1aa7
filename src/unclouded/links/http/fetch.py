"""Downloads one file over plain HTTP, as a plug fetches its firmware.

Bounded in size and time; no redirects, no TLS. Source: docs/protocols/meross.md §1.8.18.
"""

import asyncio
import contextlib

import h11

from unclouded.core.errors import ConfigError, LinkError
from unclouded.links.tcp import DIAL_TIMEOUT_S, why_not_connected
from unclouded.links.url import parse

PIECE = 65_536  # bytes that are read at once
HTTP_PORT = 80


async def fetch(url: str, limit: int, timeout_s: float) -> bytes:
    """The body of a reply with status 200, at most ``limit`` bytes. Raises LinkError for any other end."""
    host, port, path = _place(url)
    try:
        async with asyncio.timeout(DIAL_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        raise LinkError(why_not_connected(host, port, error)) from None
    try:
        async with asyncio.timeout(timeout_s):
            return await _download(reader, writer, host, path, limit)
    except TimeoutError:
        raise LinkError(f"{host}:{port} did not send the file within {timeout_s:g} s.") from None
    except (OSError, h11.RemoteProtocolError) as error:
        raise LinkError(f"The download from {host}:{port} ended early: {error}.") from None
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _download(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, path: str, limit: int
) -> bytes:
    http = h11.Connection(h11.CLIENT)
    request = h11.Request(method="GET", target=path, headers=[("Host", host), ("Connection", "close")])
    writer.write((http.send(request) or b"") + (http.send(h11.EndOfMessage()) or b""))
    body = bytearray()
    while True:
        match http.next_event():
            case h11.NEED_DATA:
                http.receive_data(await reader.read(PIECE))
            case h11.Response(status_code=status) if status != 200:
                raise LinkError(f"{host} answers the download with status {status}.")
            case h11.Data(data=data):
                body += data
                if len(body) > limit:
                    raise LinkError(f"The file at {host} is longer than {limit} bytes.")
            case h11.EndOfMessage():
                return bytes(body)
            case h11.ConnectionClosed():
                raise LinkError(f"{host} closed the connection before the end of the file.")


def _place(url: str) -> tuple[str, int, str]:
    """Host, port and path."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    if scheme.lower() != "http" or not place or not url.isascii() or not url.isprintable() or " " in url:
        raise LinkError("The address of the file is not a plain http:// address.")
    try:
        host, port = parse(f"http://{place if ':' in place.rpartition(']')[2] else f'{place}:{HTTP_PORT}'}").host_port(
            "http://192.168.1.2:8080"
        )
    except ConfigError as error:
        raise LinkError(str(error)) from None
    return host, port, slash + path or "/"
