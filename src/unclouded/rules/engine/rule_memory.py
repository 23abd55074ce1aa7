"""What the engine must know again after a restart. Times are Unix seconds: monotonic ones end with the process."""

import msgspec

from unclouded.core.model import Value
from unclouded.rules.engine.timers import Timer


class HeldMemory(msgspec.Struct, frozen=True):
    """A tracker: whether it was true, and since when the test had held that would change it."""

    is_true: bool
    since: float | None


class RunMemory(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that kept its values. ``released``: points that were set otherwise: device, point, until when.

    ``kept``: its points and values; ``after``: what is set at its end; ``stays``: what it kept stays then. They end it
    where the rule is another one after the restart, or is gone.
    """

    since: float
    because: str
    ends: float | None = None
    released: tuple[tuple[str, str, float | None], ...] = ()
    kept: tuple[tuple[str, str, Value], ...] = ()
    after: tuple[tuple[str, str, Value], ...] = ()
    stays: bool = False


class RuleMemory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule. ``digest``: of what it was; a changed rule begins again, but for its occurrences."""

    digest: str
    looked: float = 0.0
    handled: tuple[str, ...] = ()
    known: bool | None = None
    spent: bool = False
    paused_until: float | None = 0.0  # None: until it is resumed
    used_day: str = ""
    used_s: float = 0.0
    last_at: float = 0.0
    last_text: str = ""
    run: RunMemory | None = None
    held: tuple[HeldMemory, ...] = ()


class ValueMemory(msgspec.Struct, frozen=True):
    """A value that was handed to the hub. ``until``: up to when it counts, 0 = until the next one."""

    value: Value
    until: float = 0.0


class EngineMemory(msgspec.Struct, frozen=True, kw_only=True):
    """``bases``: what points had been before rules claimed them: device, point, value."""

    rules: dict[str, RuleMemory] = {}
    timers: tuple[Timer, ...] = ()
    values: dict[str, ValueMemory] = {}
    bases: tuple[tuple[str, str, Value], ...] = ()


def memory_of(data: bytes) -> EngineMemory:
    """What was stored; nothing where it is of another version or damaged."""
    try:
        return msgspec.json.decode(data, type=EngineMemory) if data else EngineMemory()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return EngineMemory()
