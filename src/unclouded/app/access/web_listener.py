"""The page and the API on TCP, with access control.

    browser ── HTTP or HTTPS ──► Auth (who may) ──► /api/*  the API, its answers compressed
                                                ├─► /metrics  the same, for Prometheus
                                                └─► else    the page

The [web] table becomes a socket, an address that a browser can open, a certificate with ``tls``, and sentences for the
user at the start.
"""

import asyncio
import contextlib
import datetime
import logging
import ssl
import time
from collections.abc import Callable, Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unclouded.app.access.network_name import NetworkName
from unclouded.app.configuration.checks.values import place_of_web
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import NOWHERE, WEB_PLACE
from unclouded.core.errors import ConfigError
from unclouded.core.security.tls import server_context
from unclouded.core.system.sockets import Address
from unclouded.links.broker.certificate_kinds import WEB, Certificates
from unclouded.links.broker.certificates import prepare
from unclouded.web.access.auth import Auth
from unclouded.web.access.hosts import Hosts, is_address, is_loopback, own_addresses, own_names
from unclouded.web.access.password import Cost, CredentialStore, hashed, random_password
from unclouded.web.compression import Compression
from unclouded.web.local_names import LOCAL_HOSTS
from unclouded.web.metrics import PATH as METRICS
from unclouded.web.page import Page
from unclouded.web.server import address_text, next_free, serve, tcp_socket

log = logging.getLogger("unclouded.web")

RENEWAL_CHECK_S = 24 * 3600.0  # s between two checks of the certificate
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=2592000")  # 30 days


class WebListener:
    """The listening socket of the page. ``usual``: its address if the configuration names none.

    ``notes``: sentences for the user at the start. Raises LinkRefused and ConfigError.
    """

    def __init__(self, config: Config, usual: Address = WEB_PLACE, cost: Cost = Cost()) -> None:  # noqa: B008  (frozen)
        wanted = place_of_web(config.web)
        self.notes: list[str] = []
        self._config = config
        self._credentials = CredentialStore(config.state)
        self._sock = tcp_socket(wanted) if wanted is not None else next_free(usual)
        self.address: Address = self._sock.getsockname()[:2]
        self._is_loopback = is_loopback(self.address[0])
        is_announced = config.web.mdns and not self._is_loopback
        self.name = NetworkName(self.address[0], self.address[1], config.web.tls) if is_announced else None
        if wanted is None and self.address != usual:
            self.notes.append(f"Port {usual[1]} is in use by another program; the page moved to {self.address[1]}.")
        try:
            self._certificates = self._prepare() if config.web.tls else None
            self._tls = _context(self._certificates) if self._certificates is not None else None
            self._first_password(cost)
        except BaseException:
            self.close()
            raise

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses that a browser can open; the preferred one first."""
        scheme = "https" if self._tls is not None else "http"
        announced = (self.name.host,) if self.name is not None and self.name.host else ()
        return tuple(
            f"{scheme}://{address_text((host, self.address[1]))}/" for host in (*self._reached_by(), *announced)
        )

    async def run(self, api: ASGIApp, open_metrics: Callable[[], bool] = lambda: False) -> None:
        """Serve until cancelled. ``open_metrics``: whether everyone may read the metrics."""
        page = Page(authority=self._certificates.authority if self._certificates is not None else None)
        hosts = Hosts(self._names())
        auth = Auth(
            Site(Compression(api), page),
            self._credentials,
            hosts,
            self._is_loopback,
            time.time,
            time.monotonic,
            open_metrics=open_metrics,
        )
        site: ASGIApp = auth if self._tls is None else TlsOnly(auth)
        renewing = asyncio.create_task(self._renew(), name="web.certificate")
        try:
            await serve(site, self._sock, self._tls)
        finally:
            renewing.cancel()

    def close(self) -> None:
        """Closes the socket, which frees the port."""
        self._sock.close()

    # --- inside ---------------------------------------------------------------------------------

    def _names(self) -> tuple[str, ...]:
        """Of this computer, and those under which the page may be announced."""
        names = own_names(self._config.web.host.split())
        return names if self.name is None else tuple(dict.fromkeys((*names, *LOCAL_HOSTS)))

    def _reached_by(self) -> tuple[str, ...]:
        host = self.address[0]
        if host not in ("0.0.0.0", "::"):
            return (host,)
        return (*self._config.web.host.split(), *own_addresses()) or ("127.0.0.1",)

    def _first_password(self, cost: Cost) -> None:
        """A hub that listens on the network has a password from its first start on."""
        if self._is_loopback or self._credentials.now().passwords:
            return
        text = random_password()
        password, now = hashed(text, cost), int(time.time())
        self._credentials.change(
            lambda known: known if known.passwords else known.with_password("control", password, now)
        )
        self.notes.append(
            f"First start on {address_text(self.address)}: the password for control is {text} (it is not shown again; "
            "change it with: unclouded web password)"
        )

    def _prepare(self) -> Certificates:
        names = self._names()
        known = dict.fromkeys((*names, "localhost", *self._bound(), *own_addresses(), "127.0.0.1", "::1"))
        return prepare(self._config.data / "ca", tuple(known), datetime.datetime.now(datetime.UTC), WEB)

    def _bound(self) -> tuple[str, ...]:
        host = self.address[0].partition("%")[0]
        return (host,) if is_address(host) and host not in ("0.0.0.0", "::") else ()

    async def _renew(self) -> None:
        """Renew the certificate before it ends."""
        while self._tls is not None:
            await asyncio.sleep(RENEWAL_CHECK_S)
            try:
                files = await asyncio.to_thread(self._prepare)
                self._tls.load_cert_chain(files.chain, files.key)
            except (ConfigError, OSError) as error:
                log.error("The page's certificate cannot be renewed: %s", error)


@contextlib.contextmanager
def web_listener_of(config: Config) -> Iterator[WebListener | None]:
    """The listener of the configuration; None where it is off. Raises LinkRefused, ConfigError."""
    if config.web.listen == NOWHERE:
        yield None
        return
    with contextlib.closing(WebListener(config)) as listener:
        yield listener


class Site:
    """The API below /api/, with the metrics beside it; the page elsewhere."""

    def __init__(self, api: ASGIApp, page: ASGIApp) -> None:
        self._api = api
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["path"].startswith("/api/") or scope["path"] == METRICS
        await (self._api if is_api else self._page)(scope, receive, send)


class TlsOnly:
    """Makes browsers open this hub by TLS only (HSTS, RFC 6797).

    The header is without ``includeSubDomains`` and ends after 30 days, because browsers apply it to every port of the
    host name. They ignore it for addresses, and where they do not trust the certificate.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_strict(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message = {**message, "headers": [*message.get("headers", ()), STRICT_TRANSPORT]}
            await send(message)

        await self._app(scope, receive, send_strict)


def _context(files: Certificates) -> ssl.SSLContext:
    context = server_context(files.chain, files.key)
    context.set_alpn_protocols(["http/1.1"])
    return context
