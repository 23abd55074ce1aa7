"""The rules of retention: how long readings, minutes, quarters and hours of a device's points are kept. Pure.

[[retention]]                              all devices and points
[[retention]] device = "meter"             one device; goes before the rule of all
[[retention]] point = "voltage_V"          one point of every device; goes before that of a device
[[retention]] device = … point = …         goes before all others
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import msgspec

from unclouded.core.model import unit_of
from unclouded.store.retention.expired import SPANS, Gone

FOREVER = "forever"
NAMES: Mapping[int, str] = dict(zip(SPANS, Gone._fields, strict=True))  # of the samples, and the rows of rollups
KEPT_OF_ENERGY = (900, 3600)  # s, rows that no rule deletes
LEAST_S = 2 * 86_400.0  # what today's energy and the outages of yesterday are computed from
UNITS = {"day": 1, "week": 7, "month": 31, "year": 366}  # in days
SPAN = re.compile(r"([1-9]\d{0,4}) ?(day|week|month|year)s?")


class RetentionRule(msgspec.Struct, frozen=True, kw_only=True):
    """``device``: its id, "" = all; ``point``: "" = all. The rest: how long, in seconds; inf = for ever."""

    device: str = ""
    point: str = ""
    raw: float = math.inf
    minutes: float = math.inf
    quarters: float = math.inf
    hours: float = math.inf

    def keeps(self, span: int, point: str) -> float:
        """How long the samples (span 0) or rows of a point are kept; quarters and hours of energy are for ever."""
        if span in KEPT_OF_ENERGY and is_energy(point):
            return math.inf
        return float(getattr(self, NAMES[span]))

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.name}: {', '.join(f'{name} {span_text(getattr(self, name))}' for name in Gone._fields)}"

    @property
    def name(self) -> str:
        return f"{self.point or 'all points'} of {self.device or 'all devices'}"


def is_energy(point: str) -> bool:
    """Whether it counts energy: its daily sums never change."""
    return unit_of(point) in ("Wh", "varh")


def rule_of(rules: Sequence[RetentionRule], names: Collection[str], point: str) -> RetentionRule | None:
    """The rule that counts for a point of the device with these names."""
    found = [one for one in rules if one.device in ("", *names) and one.point in ("", point)]
    return max(found, key=lambda one: (one.point != "", one.device != ""), default=None)


def cut_of(rule: RetentionRule, point: str, now: float) -> Gone:
    """Until when samples and rows of a point are to be deleted; 0 = not at all."""
    return Gone(*(_whole_hour(now - rule.keeps(span, point)) for span in SPANS))


def span_of(text: str) -> float:
    """Seconds of "1 year", "90 days" or "forever". Raises ValueError."""
    words = text.strip().lower()
    if words == FOREVER:
        return math.inf
    found = SPAN.fullmatch(words)
    if found is None:
        raise ValueError(f"{text[:40]!r} is not a time to keep; write 90 days, 6 months, 1 year or forever")
    return int(found[1]) * UNITS[found[2]] * 86_400.0


def span_text(seconds: float) -> str:
    """A span in seconds in its largest whole unit: ``2 years``, ``10 days``; infinity is FOREVER."""
    if seconds == math.inf:
        return FOREVER
    days = round(seconds / 86_400)
    unit = next(unit for unit in ("year", "month", "week", "day") if days % UNITS[unit] == 0)
    count = days // UNITS[unit]
    return f"{count} {unit}{'s' if count != 1 else ''}"


def wrong_order(rule: RetentionRule) -> str:
    """What is wrong with how long a rule keeps, "" = nothing. Longer rows are kept at least as long as shorter ones."""
    if rule.raw < LEAST_S:
        return f"raw readings are kept for {span_text(LEAST_S)} at least"
    for finer, longer in pairwise(Gone._fields):
        if getattr(rule, longer) < getattr(rule, finer):
            return f"{longer} are to be kept at least as long as {finer}"
    return ""


def _whole_hour(moment: float) -> int:
    return max(0, int(moment // 3600 * 3600)) if moment > -math.inf else 0
