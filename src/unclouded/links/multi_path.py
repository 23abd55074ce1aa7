"""Several links to one device as one link, each with its own path names: HTTP and the broker, for example.

    driver ── MultiPathLink ─┬─ HttpLink ── path "http"
                             └─ PlugSlot ── path "broker"

The events of each link pass through unchanged, so their path names must differ. ``Out.path`` chooses; an Out without
a path takes the first path that is up, in the order of the links.
"""

import logging
from collections.abc import Sequence

from unclouded.core.errors import LinkRefused
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.links.dial import fail_soon

log = logging.getLogger("unclouded.links")


class MultiPathLink:
    """Starts, uses and closes all of ``links``. ``needs_all``: one that cannot start is an error."""

    def __init__(self, links: Sequence[Link], needs_all: bool = False) -> None:
        self.links = tuple(links)
        self._needs_all = needs_all
        self._inlet: Inlet | None = None
        self._branches: list[Branch] = []

    def start(self, inlet: Inlet) -> None:
        """A link that cannot start is logged and left out, as long as another one starts.

        Raises the first LinkRefused where none can start, or where all are needed.
        """
        self._inlet = inlet
        self._branches = [Branch(self, link) for link in self.links]
        refusals = [refusal for branch in self._branches if (refusal := branch.start()) is not None]
        if refusals and (self._needs_all or len(refusals) == len(self.links)):
            raise refusals[0]
        for refusal in refusals:
            log.error("%s The device uses its other links.", refusal)

    def send(self, out: Out) -> None:
        branch = self._branch_for(out.path)
        if branch is None:
            fail_soon(lambda: self._inlet, out.id, Failure.GONE)
        else:
            branch.link.send(out)

    async def close(self) -> None:
        """Links report the results of pending datagrams while they close; afterwards nothing is reported."""
        for link in self.links:
            await link.close()
        self._inlet = None

    # --- inside --------------------------------------------------------------------------------

    def _branch_for(self, path: str) -> "Branch | None":
        """The branch of a path, also while the path is down: its link then reports why a datagram failed."""
        if path:
            return next((branch for branch in self._branches if path in branch.paths), None)
        return next((branch for branch in self._branches if branch.is_up), None)

    def _inlet_for(self, path: str, branch: "Branch") -> Inlet | None:
        """The inlet for events of a path; None where another link used the path's name first."""
        owner = self._branch_for(path) if path else branch
        if owner is branch or owner is None:
            return self._inlet
        if path not in branch.clashes:
            branch.clashes.add(path)
            log.error("Two links of one device have a path %r. The second one is ignored: remove one.", path)
        return None


class Branch(Inlet):
    """One of the links, and the paths it has reported."""

    def __init__(self, whole: MultiPathLink, link: Link) -> None:
        self.link = link
        self.paths: dict[str, bool] = {}  # name -> up
        self.clashes: set[str] = set()
        self._whole = whole

    @property
    def is_up(self) -> bool:
        return any(self.paths.values())

    def start(self) -> LinkRefused | None:
        """Start the link of this path; the refusal where it cannot be started."""
        try:
            self.link.start(self)
        except LinkRefused as refusal:
            return refusal
        return None

    def up(self, path: LinkPath) -> None:
        inlet = self._whole._inlet_for(path.name, self)
        if inlet is not None:
            self.paths[path.name] = True
            inlet.up(path)

    def down(self, path: str, reason: str) -> None:
        inlet = self._whole._inlet_for(path, self)
        if inlet is not None:
            self.paths[path] = False
            inlet.down(path, reason)

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        inlet = self._whole._inlet_for(path, self)
        if inlet is not None:
            inlet.received(data, path, re)

    def failed(self, id: int, why: Failure) -> None:
        if self._whole._inlet is not None:
            self._whole._inlet.failed(id, why)
