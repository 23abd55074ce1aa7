"""Names and services in the local network by multicast DNS: what is announced, and what answers (RFC 6762, RFC 6763).

    announce ── unclouded.local = 192.168.1.2, Unclouded._http._tcp port 8099 ──► all computers of the network
    browse   ── which services of these types are there? ──► ◄── name, address, port, texts

zeroconf speaks the protocol; it is imported when one of the two is used. Nothing is authenticated.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from unclouded.core.errors import LinkError

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

LOCAL = "local."
HTTP_SERVICE = "_http._tcp"
LOOKUP_S = 1.0  # s in which another computer claims a name that it has
DETAILS_S = 2.0  # s in which a service says where it is
MOST_SERVICES = 256
LONGEST_TEXT = 200  # characters of a service's text that are kept
IPV4_BYTES = 4


class FoundService(msgspec.Struct, frozen=True, kw_only=True):
    """A service in the network. ``name``: its own, ``host``: of its computer. ``texts``: what it says of itself."""

    type: str
    name: str
    host: str
    address: str
    port: int
    texts: Mapping[str, str] = {}


@contextlib.asynccontextmanager
async def announced(
    title: str,
    hosts: Sequence[str],
    port: int,
    addresses: Sequence[str],
    texts: Mapping[str, str],
    interfaces: Sequence[str],
) -> AsyncIterator[str]:
    """The host name that a page on ``port`` is announced under: the first of ``hosts`` that no other computer has.

    ``title``: of the service, which gets a number where another has it. ``interfaces``: the addresses of this computer
    at which it is announced. Raises LinkError.
    """
    async with _mdns(interfaces) as mdns:
        from zeroconf import ServiceInfo

        host = await _free_host(mdns, hosts, addresses)
        info = ServiceInfo(
            f"{HTTP_SERVICE}.{LOCAL}",
            f"{title}.{HTTP_SERVICE}.{LOCAL}",
            addresses=[socket.inet_aton(one) for one in addresses],
            port=port,
            properties=dict(texts),
            server=f"{host}.{LOCAL}",
        )
        with _explained():
            await (await mdns.async_register_service(info, allow_name_change=True))
        try:
            yield f"{host}.local"
        finally:
            with contextlib.suppress(OSError):
                await (await mdns.async_unregister_service(info))


async def browse(types: Sequence[str], seconds: float, interfaces: Sequence[str]) -> list[FoundService]:
    """The services of these types (``_http._tcp``) that answer in this time, each once. Raises LinkError."""
    async with _mdns(interfaces) as mdns:
        from zeroconf import ServiceStateChange, Zeroconf
        from zeroconf.asyncio import AsyncServiceBrowser

        names: dict[str, str] = {}  # of a service -> its type

        def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
            if state_change is not ServiceStateChange.Removed and len(names) < MOST_SERVICES:
                names[name] = service_type

        browser = AsyncServiceBrowser(mdns.zeroconf, [f"{one}.{LOCAL}" for one in types], handlers=[changed])
        try:
            await asyncio.sleep(seconds)
        finally:
            await browser.async_cancel()
        found = await asyncio.gather(*(_details(mdns, type, name) for name, type in names.items()))
    return sorted((one for one in found if one is not None), key=lambda one: (one.type, one.name))


# --- inside -------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _mdns(interfaces: Sequence[str]) -> "AsyncIterator[AsyncZeroconf]":
    await asyncio.to_thread(_load)
    from zeroconf.asyncio import AsyncZeroconf

    with _explained():
        for address in interfaces:
            _try_interface(address)
        mdns = AsyncZeroconf(interfaces=list(interfaces))
    try:
        yield mdns
    finally:
        await mdns.async_close()


def _try_interface(address: str) -> None:
    """Raises OSError for one that this computer has not; zeroconf would leave sockets open then."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, 0))


def _load() -> None:
    """The import takes a quarter of a second, for which no wire is to wait."""
    import zeroconf.asyncio  # noqa: F401


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    from zeroconf import Error

    try:
        yield
    except (OSError, Error) as error:
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise LinkError(f"This network takes no multicast DNS from this computer: {text}.") from error


async def _free_host(mdns: "AsyncZeroconf", hosts: Sequence[str], own: Sequence[str]) -> str:
    """The first name that leads nowhere, or to this computer. Raises LinkError."""
    from zeroconf import AddressResolverIPv4, IPVersion  # type: ignore[attr-defined]  # not in its __all__

    for host in hosts:
        asked = AddressResolverIPv4(f"{host}.{LOCAL}")
        if not await asked.async_request(mdns.zeroconf, LOOKUP_S * 1000):
            return host
        if {str(one) for one in asked.ip_addresses_by_version(IPVersion.V4Only)} <= set(own):
            return host
    raise LinkError(f"Other computers in this network have all of these names: {', '.join(hosts)}.")


async def _details(mdns: "AsyncZeroconf", type: str, name: str) -> FoundService | None:
    from zeroconf.asyncio import AsyncServiceInfo

    info = AsyncServiceInfo(type, name)
    if not await info.async_request(mdns.zeroconf, DETAILS_S * 1000):
        return None
    return _found(info)


def _found(info: "AsyncServiceInfo") -> FoundService | None:
    addresses = [one for one in info.addresses if len(one) == IPV4_BYTES]
    if not addresses or not info.port:
        return None
    texts = {_text(key): _text(value or b"") for key, value in info.properties.items()}
    return FoundService(
        type=info.type.removesuffix(f".{LOCAL}"),
        name=info.name.removesuffix(f".{info.type}")[:LONGEST_TEXT],
        host=(info.server or "").removesuffix(".")[:LONGEST_TEXT],
        address=socket.inet_ntoa(addresses[0]),
        port=info.port,
        texts=texts,
    )


def _text(value: bytes | str) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return text[:LONGEST_TEXT]
