"""A product to simulate: its profile, the counts that its wire allows, and where its settings begin. Pure."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

import msgspec

from unclouded.core.model import Value
from unclouded.core.profile import Profile, WirePoint
from unclouded.sim.measure import Spans

COMFORT_C, ECO_C, AWAY_C, WARMEST_C, COLDEST_C = 21, 17, 15, 30, 5
CURRENT_A = 10
BRIGHT = Fraction(4, 5)  # of the highest brightness
COLOUR = "000003e803e8"  # hue, saturation and value as Tuya's lights write them, four hexadecimal digits each
ALARMS = {"alarm_1": "0101000003010014", "alarm_2": "0101003c030100f5040100b4"}  # docs/protocols/tuya_wifi.md §2.8.4

# Words of a key, and its unit ("" = any) -> where the setting begins; the first that fits.
STARTS: tuple[tuple[frozenset[str], str, Value], ...] = (
    (frozenset({"correction", "hysteresis", "sensitivity", "difference", "step"}), "", 0),
    (frozenset({"calibration", "coefficient"}), "°C", 0),
    (frozenset({"calibration", "coefficient"}), "", 1),
    (frozenset({"min", "frost", "lowest"}), "°C", COLDEST_C),
    (frozenset({"max", "limit", "protection", "highest"}), "°C", WARMEST_C),
    (frozenset({"eco", "night", "sleep", "economy"}), "°C", ECO_C),
    (frozenset({"holiday", "away", "vacation"}), "°C", AWAY_C),
    (frozenset({"alarm"}), "°C", WARMEST_C),
    (frozenset(), "°C", COMFORT_C),
    (frozenset(), "°F", COMFORT_C * 9 / 5 + 32),
    (frozenset({"charge", "rated"}), "A", CURRENT_A),
    (frozenset({"humidity"}), "%", 50),
)


class SimulatedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """``id``: the product id that it reports. ``kind``: what it is, as the catalogue names it; "" = not known.

    ``spans``: see ``Gauge``.
    """

    id: str
    profile: Profile
    kind: str = ""
    spans: Spans = {}

    @property
    def increments(self) -> frozenset[str]:
        """The wire keys of counters that report what was added."""
        return frozenset(row.wire for row in self.profile.points if row.counter == "increment")

    @property
    def directions(self) -> frozenset[str]:
        """The wire keys that are the direction of a magnitude."""
        return frozenset(row.negative_when.wire for row in self.profile.points if row.negative_when is not None)

    def settings(self) -> Mapping[str, Value]:
        """Where each point begins that can be read and set, by wire key."""
        picks = picked_values(self.profile.points)
        return {row.wire: picks.get(row.wire, _start(row)) for row in self.profile.points if row.point.access == "rw"}


def picked_values(rows: Iterable[WirePoint]) -> dict[str, int]:
    """The values that pick a row, by wire key: of several rows with one key the first one is used."""
    picks: dict[str, int] = {}
    for row in rows:
        if row.used_when is not None:
            values = [int(text) for text in row.used_when.values if text.isdecimal()]
            picks.setdefault(row.used_when.wire, min(values, default=0))
    return picks


def _start(row: WirePoint) -> Value:
    point = row.point
    match point.kind:
        case "switch":
            return False
        case "enum":
            return point.options[0] if point.options else 0
        case "text":
            return _text(point.key)
        case "raw":
            return ALARMS.get(row.decode, "")
        case "bitmap" | "counter":
            return 0
    return _on_wire(row, _number(row))


def _text(key: str) -> str:
    if key.startswith("name"):
        return key.replace("_", " ").capitalize()
    return COLOUR if key.startswith("colour") else ""


def _number(row: WirePoint) -> Fraction:
    point = row.point
    words = set(point.key.split("_"))
    if words & {"brightness", "bright"} and point.maximum is not None:
        return Fraction(point.maximum) * BRIGHT
    start = next((start for need, unit, start in STARTS if need <= words | need and _fits(need, words, unit, row)), 0)
    return Fraction(start)


def _fits(need: frozenset[str], words: set[str], unit: str, row: WirePoint) -> bool:
    return (not need or bool(need & words)) and unit in ("", row.point.unit)


def _on_wire(row: WirePoint, value: Fraction) -> Value:
    """The nearest that a count of the wire makes, within the limits."""
    point = row.point
    value = value if point.minimum is None else max(value, Fraction(str(point.minimum)))
    value = value if point.maximum is None else min(value, Fraction(str(point.maximum)))
    exact = round(value / row.scale) * row.scale
    return int(exact) if exact.denominator == 1 else float(exact)
