"""One console, however it is reached: what a terminal needs of it.

direct_console.py   its session runs in this process, on a link
hub_console.py      a hub holds the link; commands and lines go over its API
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from unclouded.core.model import Outcome, State, Value
from unclouded.core.sessions.session import Logged, WireAction
from unclouded.families.meross.console.controller.command_lists import OfferedCommand
from unclouded.families.meross.console.controller.last_start import AT, PREFIX

ConnectionState = State | Literal["no hub"]


class ConsoleListener:
    """Gets what happens on a console; each method does nothing unless it is replaced."""

    def logged(self, line: Logged) -> None:
        """The board printed a line by itself."""

    def noticed(self, text: str) -> None:
        """What a person should know."""

    def state_changed(self, status: "ConsoleStatus") -> None:
        """The state of the console, or the reason of it, is another one."""

    def started(self, facts: Mapping[str, str]) -> None:
        """The board has started: what the log of the start reports."""


class ConsoleStatus(msgspec.Struct, kw_only=True):
    """What is known of a console now. ``values``: the newest, by point; ``read_at``: Unix seconds, by point.

    ``info``: the description of the plug, with the facts of its last start.
    """

    name: str
    state: ConnectionState = "connecting"
    reason: str = ""
    info: Mapping[str, str] = {}
    values: dict[str, Value] = msgspec.field(default_factory=dict)
    read_at: dict[str, float] = msgspec.field(default_factory=dict)

    @property
    def start(self) -> dict[str, str]:
        """What the last start reported; {} where none was received."""
        return {name.removeprefix(PREFIX): text for name, text in self.info.items() if name.startswith(PREFIX) and text}

    def enter(self, state: ConnectionState, reason: str, listener: ConsoleListener) -> None:
        """Another state; the listener gets each once."""
        if (state, reason) != (self.state, self.reason):
            self.state, self.reason = state, reason
            listener.state_changed(self)

    def describe(self, info: Mapping[str, str], listener: ConsoleListener) -> None:
        """Another description; the listener gets each start once."""
        before = self.start.get(AT)
        self.info = info
        if self.start.get(AT, before) != before:
            listener.started(self.start)

    def read(self, point: str, value: Value, at: float) -> None:
        """A value of a point, read at that time (Unix seconds)."""
        self.values[point], self.read_at[point] = value, at


class ConsoleConnection(Protocol):
    """Commands to a console; what happens on it goes to its listener."""

    status: ConsoleStatus

    def offered(self) -> Sequence[OfferedCommand]:
        """The commands that are known now, for completion."""

    async def run(self, action: WireAction) -> Outcome:
        """Run an action to its end. Raises CommandError and LinkError."""

    async def ended(self) -> None:
        """Wait until the console cannot be used any more. Raises LinkError with the reason."""
