"""Update files as the hub uses them: sent block by block (UpdateFiles), or fetched by the device over HTTP.

A file is offered while an action that names it runs, and only to the devices that were sent its address.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from unclouded.app.files.update_files import UpdateFiles
from unclouded.core.errors import CommandError, LinkRefused
from unclouded.core.sessions.session import WireValue
from unclouded.links.http.file_server import FileServer, OfferedFile


class Downloads:
    """``server``: what devices fetch them from."""

    def __init__(self, files: UpdateFiles, server: FileServer) -> None:
        self._files = files
        self._server = server
        self._offers: dict[tuple[str, str], OfferedFile] = {}  # by name and peer

    @contextlib.contextmanager
    def holding(self, names: Sequence[str]) -> Iterator[None]:
        """Keep these files unchanged while the block lasts, then end their downloads, unless others still use them.

        Raises CommandError, StoreError.
        """
        try:
            with self._files.holding(names):
                yield
        finally:
            for name, peer in list(self._offers):
                if not self._files.is_held(name):
                    self._server.withdraw(self._offers.pop((name, peer)))

    def facts(self, name: str) -> Mapping[str, WireValue]:
        return self._files.facts(name)

    def block(self, name: str, offset: int, size: int) -> bytes:
        return self._files.block(name, offset, size)

    def download(self, name: str, peer: str) -> Mapping[str, WireValue]:
        """Where the device at ``peer`` fetches a held file, and how far it is. Raises CommandError."""
        facts = self._files.facts(name)
        offer = self._offers.get((name, peer)) or self._offer(name, peer, int(facts["size"]))
        return {**facts, "url": offer.url, "sent": offer.sent, "whole": offer.whole}

    def _offer(self, name: str, peer: str, size: int) -> OfferedFile:
        try:
            offer = self._server.offer(peer, name, self._files.block(name, 0, size))
        except LinkRefused as error:
            raise CommandError(str(error)) from None
        self._offers[name, peer] = offer
        return offer
