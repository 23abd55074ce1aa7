"""One-shot timers: a value for a time span, then off, or back to what it was. They go before all rules."""

import msgspec

from unclouded.core.model import Value


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """``ends``: monotonic seconds; in memory Unix seconds.

    ``end_value``: what the point is set to then; None: what it was before.
    """

    device: str
    point: str
    value: Value
    ends: float
    end_value: Value | None = None
    origin: str = ""

    @property
    def name(self) -> str:
        return f"timer of {self.device}"
