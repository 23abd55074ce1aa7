"""The links on which a role of a suite is played: bytes, or exchanges of whole requests and replies."""

from collections.abc import Callable, Mapping

from unclouded.conformance.check import PlayedRole
from unclouded.core.errors import CommandError
from unclouded.core.family import Family
from unclouded.core.sessions.link import Link
from unclouded.links import open_link
from unclouded.links.http.exchange import HttpExchangeLink, HttpExchangeServer
from unclouded.links.http.link import EXAMPLE, PORT, with_port
from unclouded.links.tls_ends import TlsClientStream, TlsServerStream
from unclouded.links.url import Url, parse

OF_MESSAGES = ("http", "http-listen", "mqtt", "mqtts", "mqtts-listen")  # not of bytes
LINES = "serial:///dev/ttyUSB0, tcp://HOST:PORT or listen://HOST:PORT"


def open_wire(role: PlayedRole, link: str, family: Family) -> Link:
    """Raises CommandError where the role is not played on such a link, and ConfigError where it is wrong."""
    if not role.links:
        if parse(link).scheme in OF_MESSAGES:
            raise CommandError(f"The {role.tests} is tested on a line of bytes, like {LINES}.")
        return open_link(link, baud=family.baud, parity=family.parity)
    url = parse(link)
    if url.scheme not in role.links:
        raise CommandError(f"The {role.tests} is tested on a link like {' or '.join(role.links.values())}.")
    url.only()
    return _OPENERS[url.scheme](url)


def _http(url: Url) -> Link:
    return HttpExchangeLink(*with_port(url, PORT).host_port(EXAMPLE))


def _http_listen(url: Url) -> Link:
    return HttpExchangeServer(*url.host_port("http-listen://0.0.0.0:8080"))


def _mqtts(url: Url) -> Link:
    return TlsClientStream(*url.host_port("mqtts://192.168.1.2:8883"))


def _mqtts_listen(url: Url) -> Link:
    return TlsServerStream(*url.host_port("mqtts-listen://192.168.1.2:8883"))


_OPENERS: Mapping[str, Callable[[Url], Link]] = {
    "http": _http,
    "http-listen": _http_listen,
    "mqtts": _mqtts,
    "mqtts-listen": _mqtts_listen,
}
