"""The hub's name in the local network: http://unclouded.local:8099, announced while its page listens on the network.

[web] listen 0.0.0.0:8099, mdns = true ──► unclouded.local ──► this computer; a second hub is unclouded-2.local
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from unclouded import VERSION
from unclouded.core.errors import LinkError
from unclouded.links.mdns import announced
from unclouded.web.access.hosts import own_addresses
from unclouded.web.local_names import LOCAL_HOSTS

log = logging.getLogger("unclouded.web")

TITLE = "Unclouded"
CHECK_S = 60.0  # s between two looks whether this computer has other addresses


class NetworkName:
    """``bound``: the address that the page listens on; ``tls``: whether only by HTTPS.

    ``host``: under which it is announced now, "" = it is not.
    """

    def __init__(
        self,
        bound: str,
        port: int,
        tls: bool,
        addresses: Callable[[], Sequence[str]] = own_addresses,
        check_s: float = CHECK_S,
    ) -> None:
        self.host = ""
        self._bound = bound
        self._port = port
        self._texts = {"path": "/", "product": TITLE, "version": VERSION, "tls": "1" if tls else "0"}
        self._addresses = addresses
        self._check_s = check_s
        self._said = ""

    async def run(self) -> None:
        """Announce it until cancelled, again where the addresses of this computer change."""
        while True:
            addresses = self._reached_at()
            try:
                if addresses:
                    await self._announce(addresses)
                else:
                    await asyncio.sleep(self._check_s)
            except LinkError as error:
                self._report(f"The page has no name in this network. {error}")
                await asyncio.sleep(self._check_s)

    def _reached_at(self) -> tuple[str, ...]:
        return tuple(self._addresses()) if self._bound in ("0.0.0.0", "::") else (self._bound,)

    async def _announce(self, addresses: Sequence[str]) -> None:
        names = [one.removesuffix(".local") for one in LOCAL_HOSTS]
        async with announced(TITLE, names, self._port, addresses, self._texts, addresses) as host:
            self.host = host
            self._report(f"The page is announced in this network as {host}, port {self._port}.")
            try:
                while self._reached_at() == addresses:  # noqa: ASYNC110  (nothing reports another address)
                    await asyncio.sleep(self._check_s)
            finally:
                self.host = ""

    def _report(self, text: str) -> None:
        if text != self._said:
            log.info("%s", text)
        self._said = text
