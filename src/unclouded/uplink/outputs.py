"""What the hub's session outputs: values that its driver executes in order.

Source: docs/protocols/fleet.md §5 to §8
"""

from typing import Literal

import msgspec

from unclouded.store.outbox import Window
from unclouded.uplink.messages import CommandReport

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
    """``outbox.refuse``: the fleet cannot read this version. ``reason`` is for the owner."""

    level: str
    start: int
    number: int
    reason: str


class TryRefused(msgspec.Struct, frozen=True):
    """``outbox.try_refused()``: the fleet may read now what it has refused."""


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


class RenewalRefused(msgspec.Struct, frozen=True):
    """The fleet gave no other token; ``revoked``: nor will it, as this hub was revoked."""

    revoked: bool


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
    | TryRefused
    | Again
    | RaiseNumbers
    | ReportsCommitted
    | TokenRenewed
    | RenewalRefused
    | Welcomed
    | UplinkNote
)
