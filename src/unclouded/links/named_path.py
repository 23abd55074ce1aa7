"""A byte stream with a name for its path, so that it can stand beside other paths of a device in a MultiPathLink."""

from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import Failure, LinkPath, Out

_NAMELESS = LinkPath()


class NamedPathLink(Inlet):
    """``link`` with its path under ``name``. ``links``: itself, for those who look for its address."""

    def __init__(self, link: Link, name: str) -> None:
        self.links = (link,)
        self._link = link
        self._name = name
        self._inlet: Inlet | None = None

    def start(self, inlet: Inlet) -> None:
        """Raises LinkRefused where the link does."""
        self._inlet = inlet
        self._link.start(self)

    def send(self, out: Out) -> None:
        self._link.send(Out(out.data, out.id))

    async def close(self) -> None:
        await self._link.close()
        self._inlet = None

    # --- what the link reports -------------------------------------------------------------------

    def up(self, path: LinkPath) -> None:
        if self._inlet is not None:
            self._inlet.up(LinkPath(name=self._name) if path == _NAMELESS else path)

    def down(self, path: str, reason: str) -> None:
        if self._inlet is not None:
            self._inlet.down(path or self._name, reason)

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        if self._inlet is not None:
            self._inlet.received(data, path or self._name, re)

    def failed(self, id: int, why: Failure) -> None:
        if self._inlet is not None:
            self._inlet.failed(id, why)
