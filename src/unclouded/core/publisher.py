"""What each publisher offers: a task, and its status for people.

A publisher brings what the hub knows into another program, and may pass that program's commands on. The hub runs it
as a task of its own; it sees no more of the hub than ``PublicHub``.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

PublisherState = Literal["starting", "running", "waiting", "failed"]


class PublisherStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a publisher. ``text``: a sentence; of a problem it says what to do. ``counts``: since its start.

    ``waiting``: it tries again by itself; ``failed``: it does not run until the configuration is changed.
    """

    state: PublisherState
    text: str = ""
    counts: Mapping[str, int] = {}


class Publisher(Protocol):
    """One way out of the hub."""

    async def run(self) -> None:
        """Publish until cancelled. It is called again after a crash, so it begins with nothing from an earlier run."""

    def status(self) -> PublisherStatus:
        """Its state now. It contains no secret."""
