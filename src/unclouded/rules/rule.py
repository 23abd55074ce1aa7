"""A rule as the engine carries it out.

at      at times of the day           once each
when    a condition becomes true      once each time
while   as long as a condition holds  then back to what it was
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from unclouded.core.calendar.days import DAILY, DaySet
from unclouded.rules.calendar.calendar import DayMoment
from unclouded.rules.conditions import Comparison, Condition, DeviceState, leaves

Trigger = Literal["at", "when", "while"]
MISSED_TOLERANCE_S = 60.0  # s by which an occurrence may be late without being a missed one


class Setting(msgspec.Struct, frozen=True):
    """A point of a device to a value, which is text until the point is known. ``point`` "": the device's main one."""

    device: str
    point: str
    text: str


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """``rank``: its place in the file; where two rules want one point, the lower rank wins.

    ``condition``: of ``when`` and ``while``. ``guard``: what must hold besides at the moment at which it begins.
    ``lasts_s``: of ``at`` and ``when``: how long its values are kept, 0 = they stay.
    ``end``: what follows then: ``back`` to what it was, ``stay``, or other settings.
    ``at_least_s``, ``at_most_s``: of ``while``: how long its values are kept at the least and at the most;
    ``daily``: the most is that of one day. ``after_manual_s``: how long it leaves a point alone that another user or
    program has set meanwhile; None: until it begins again; 0: not at all. ``fresh_s``: older readings do not count;
    0: all count of a device that is online. ``keys``: the table that it was read from.
    """

    name: str
    trigger: Trigger
    rank: int = 0
    at: tuple[DayMoment, ...] = ()
    days: DaySet = DAILY
    condition: Condition | None = None
    guard: Condition | None = None
    settings: tuple[Setting, ...] = ()
    lasts_s: float = 0.0
    end: Literal["back", "stay"] | tuple[Setting, ...] = "back"
    at_least_s: float = 0.0
    at_most_s: float = 0.0
    daily: bool = False
    notify: str = ""
    after_manual_s: float | None = None
    missed: Literal["skip", "run"] = "skip"
    fresh_s: float = 0.0
    enabled: bool = True
    keys: Mapping[str, Any] = {}  # Any: TOML

    @property
    def holds(self) -> bool:
        """Whether it keeps its values for some time, and then ends."""
        return self.trigger == "while" or self.lasts_s > 0

    @property
    def devices(self) -> Sequence[str]:
        """The ids of all devices that it names, each once."""
        named = [one.device for one in self.all_settings]
        for leaf in (*leaves(self.condition), *leaves(self.guard)):
            if isinstance(leaf, Comparison | DeviceState) and leaf.device:
                named.append(leaf.device)
        return tuple(dict.fromkeys(named))

    @property
    def all_settings(self) -> Sequence[Setting]:
        """Those at its beginning and at its end."""
        return (*self.settings, *(self.end if isinstance(self.end, tuple) else ()))
