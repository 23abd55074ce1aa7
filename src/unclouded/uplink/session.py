"""The hub's end of the protocol: a state machine without clock, wire or store. Its driver executes what it outputs.

    driver ── connected, disconnected, answered, not_delivered, dirty, content, sums, … ──► session
           ◄── outputs(): Send, AskDirty, ReadWindow, AskSums, Acknowledge, Refuse, Again, … ── in order

The driver executes outputs in order, each finished before the next one (an Acknowledge is in the store before the
AskDirty that follows it), and calls ``tick`` at ``deadline``. ``now``: seconds of a clock that only goes forward.
One message is in flight; a time-out sends the same bytes again, under the same serial. Other answers are ignored.

Source: docs/protocols/fleet.md §5 to §8
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from unclouded.store.outbox import Window
from unclouded.uplink.messages import CommandReport, DaySum, HubState, LetOut

SendKind = Literal["hello", "renew", "windows", "state", "reports"]


class Send(msgspec.Struct, frozen=True):
    """Send these bytes. ``kind`` hello and renew: to ``hello.HUB``; the others to ``up.SHARD.HUB`` (``shard``).

    ``serial``: the answer is passed with it (``answered``); 0: no answer is expected (``state``).
    """

    kind: SendKind
    serial: int
    data: bytes
    shard: int = 0


class AskDirty(msgspec.Struct, frozen=True):
    """Call ``dirty`` with ``outbox.closed(most)``."""

    most: int


class ReadWindow(msgspec.Struct, frozen=True):
    """Call ``content`` with what the store has of this window. ``as_of``: what was read after a change with this number
    is as good (see WindowReader)."""

    window: Window
    as_of: int


class AskSums(msgspec.Struct, frozen=True):
    """Call ``sums`` with ``outbox.sums(days)``."""

    days: int


class Acknowledge(msgspec.Struct, frozen=True):
    """``outbox.acknowledge``: the fleet has committed this version."""

    level: str
    start: int
    number: int


class Refuse(msgspec.Struct, frozen=True):
    """``outbox.refuse``: the fleet cannot read this version. The owner is told ``reason``."""

    level: str
    start: int
    number: int
    reason: str


class Again(msgspec.Struct, frozen=True):
    """``outbox.again(since, until, levels)``. ``number``: 0, or of a request that is remembered once it is done."""

    since: float
    until: float
    levels: tuple[str, ...]
    number: int = 0


class RaiseNumbers(msgspec.Struct, frozen=True):
    """``outbox.raise_numbers(above)``: the fleet has higher ones of this hub (an older copy of the store is in use)."""

    above: int


class ReportsCommitted(msgspec.Struct, frozen=True):
    """The fleet has committed these reports."""

    reports: tuple[CommandReport, ...]


class TokenRenewed(msgspec.Struct, frozen=True):
    """Another token; ``expires``: Unix s."""

    token: str
    expires: float


class Welcomed(msgspec.Struct, frozen=True):
    """The fleet said these servers (() = no others than before), and this shard."""

    servers: tuple[str, ...]
    shard: int


class UplinkNote(msgspec.Struct, frozen=True):
    """Something for the log."""

    text: str


Output = (
    Send
    | AskDirty
    | ReadWindow
    | AskSums
    | Acknowledge
    | Refuse
    | Again
    | RaiseNumbers
    | ReportsCommitted
    | TokenRenewed
    | Welcomed
    | UplinkNote
)


class UplinkSession:
    """See the module's docstring. ``random``: uniform, 0 to 1. ``again_done``: the newest request that is done.

    Nothing that is passed in from the wire raises. ``outputs`` empties the queue: call it after each call.
    """

    def __init__(self, version: str, let_out: LetOut, random: Callable[[], float], again_done: int = 0) -> None:
        raise NotImplementedError

    @property
    def deadline(self) -> float | None:
        """When ``tick`` is due; None: not before something else happens."""
        raise NotImplementedError

    @property
    def is_welcome(self) -> bool:
        """Whether this connection was greeted: windows are sent."""
        raise NotImplementedError

    def outputs(self) -> list[Output]:
        """What is to be done, in order; once."""
        raise NotImplementedError

    # --- the connection

    def connected(self, now: float) -> None:
        raise NotImplementedError

    def disconnected(self, now: float) -> None:
        """What was in flight is forgotten: it is still dirty."""
        raise NotImplementedError

    def answered(self, serial: int, data: bytes, now: float) -> None:
        """Bytes that came as an answer to this message."""
        raise NotImplementedError

    def not_delivered(self, serial: int, now: float) -> None:
        """No one took the message ("no responders"), or it could not be sent."""
        raise NotImplementedError

    def tick(self, now: float) -> None:
        raise NotImplementedError

    # --- the store

    def dirty(self, windows: Sequence[Window], now: float) -> None:
        """The answer to AskDirty."""
        raise NotImplementedError

    def content(self, window: Window, data: bytes | None, now: float) -> None:
        """The answer to ReadWindow. None: it cannot be read now; other windows are sent meanwhile."""
        raise NotImplementedError

    def sums(self, sums: Mapping[str, Sequence[DaySum]], behind: int, now: float) -> None:
        """The answer to AskSums: by level; ``behind``: dirty windows."""
        raise NotImplementedError

    # --- the hub

    def wake(self, now: float) -> None:
        """Windows may have become dirty that should not wait for the next look (60 s): ask the outbox soon."""
        raise NotImplementedError

    def changed(self, let_out: LetOut, now: float) -> None:
        """The home lets out something else: say hello again."""
        raise NotImplementedError

    def state(self, state: HubState, now: float) -> None:
        """The state as it is now: call it whenever it changes, and each minute."""
        raise NotImplementedError

    def report(self, reports: Iterable[CommandReport], now: float) -> None:
        """Reports that the fleet may not have yet; a newer one of a command replaces the one before."""
        raise NotImplementedError

    def renew(self, public_key: str, now: float) -> None:
        """Ask for another token."""
        raise NotImplementedError
