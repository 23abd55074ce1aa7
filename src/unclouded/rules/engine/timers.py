"""One-shot timers: a value for a time span, then off, or back to what it was. They go before all rules."""

import msgspec

from unclouded.core.model import Value
from unclouded.rules.text.spans import LONGEST_S


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """``ends``: monotonic seconds; in memory Unix seconds.

    ``lasts_s``: its whole time: after a restart it goes on for that long at the most, whatever the clock says.
    ``end_value``: what the point is set to then; None: what it was before.
    """

    device: str
    point: str
    value: Value
    ends: float
    lasts_s: float = LONGEST_S
    end_value: Value | None = None
    origin: str = ""

    @property
    def name(self) -> str:
        return f"timer of {self.device}"
