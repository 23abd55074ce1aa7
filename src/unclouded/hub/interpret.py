"""What a device reported -> Readings, and a Command -> WireCommand, by the device's profile. Pure.

    Reported({"19": 673}) + profile + wall time -> Reading(heater, power_W, 67.3)

Counters go through the energy book, which makes one lifetime total of them that never falls. A device
that measures power but counts no energy gets an ``energy_import_Wh`` integrated from its power. What power,
voltage and current cannot be together is flagged (``hub/physics.py``).
"""

import math
from collections.abc import Callable, Iterable, Mapping, MutableSequence, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from unclouded.core.errors import CommandError, WireError
from unclouded.core.model import Kind, Point, Quality, Reading, Value
from unclouded.core.profile import ENERGY_EXPONENT, Profile, WirePoint
from unclouded.core.session import Reported, WireCommand, WireValue
from unclouded.hub.energy import Counted, DeviceEnergy
from unclouded.hub.physics import Physics

Into = MutableSequence[Any]  # Any: a list of Facts or of Readings alike; only Readings are put in
RawDecoder = Callable[[bytes], Mapping[str, WireValue]]

INTEGRATED = Point(key="energy_import_Wh", kind="counter", exponent=ENERGY_EXPONENT)
MWH_PER_WH = 1000


class Interpreter:
    """Reads what one device (or sub-device) says. ``scales``: the owner's factors by point key (a CT ratio)."""

    def __init__(
        self,
        device: str,
        profile: Profile,
        book: DeviceEnergy,
        decoders: Mapping[str, RawDecoder] | None = None,
        scales: Mapping[str, Decimal | int] | None = None,
        source: str = "",
    ) -> None:
        self.device = device
        self.profile = profile
        self.ignored = 0  # values of wire keys that the profile does not list
        self._book = book
        self._decoders = decoders or {}
        self._source = source
        self._rows = {row.wire: _scaled(row, scales or {}) for row in profile.points}
        self._counts = {row.point.key for row in self._rows.values() if row.counter != "none"}
        self._integrates = not self._counts and profile.by_key("power_W") is not None
        self._power_W: float | None = None
        self._unreadable: set[str] = set()  # wire keys whose last value was
        self._troubles: list[tuple[float, str]] = []
        self._plain = {wire: _plain(row) for wire, row in self._rows.items() if self._is_plain(row)}
        physics = Physics(list(self._rows.values()), INTEGRATED.key if self._integrates else "")
        self._physics = physics if physics.watches else None

    @property
    def met(self) -> int:
        """How many wire keys are known: it grows when a point is met that the profile does not list."""
        return len(self._rows)

    @property
    def points(self) -> tuple[Point, ...]:
        """Every point of the device, those met on the wire too."""
        listed = tuple(row.point for row in self._rows.values() if not row.decode)
        return (*listed, INTEGRATED) if self._integrates else listed

    def doubts(self) -> Sequence[tuple[float, str]]:
        """What cannot be in the readings since the last call: (Unix seconds, words), each fault once."""
        if self._physics is None or not self._physics.news:
            return ()
        news, self._physics.news = self._physics.news, []
        return news

    def troubles(self) -> Sequence[tuple[float, str]]:
        """Values that could not be read since the last call: (Unix seconds, words), each point once until one can."""
        if not self._troubles:
            return ()
        told, self._troubles = self._troubles, []
        return told

    def readings(self, reported: Reported, at: float) -> list[Reading]:
        """The readings in a report; ``at`` is Unix seconds, used where the device gave no time of its own."""
        result: list[Reading] = []
        self.read(reported, at, result)
        return result

    def read(self, reported: Reported, at: float, result: Into) -> None:
        """The same, onto a list that is there."""
        if reported.at is not None:
            at = reported.at
        odd = reported.odd
        start = len(result)
        for wire, raw in reported.values.items():
            plain = self._plain.get(wire)
            if plain is not None and type(raw) is int and wire not in odd:
                # The commonest case by far, without a call: a whole count times an exact factor.
                key, mul, div = plain
                value = raw * mul if div == 1 else raw * mul / div
                result.append(Reading(self.device, key, value, at, "good", (), self._source))
                continue
            row = self._rows.get(wire) or self._meet(wire, raw)
            if row is None:
                self.ignored += 1
                continue
            flags = ("odd",) if wire in odd else ()
            self._read(row, raw, at, flags, result, reported.repeated)
        if self._physics is not None:
            self._physics.look(result, start)

    def integrated(self, at: float) -> list[Reading]:
        """The energy up to ``at`` of a device that counts none, as if its last power had been reported again."""
        result: list[Reading] = []
        if self._power_W is not None:
            self._integrate(self._power_W, at, result)
        return result

    def command(self, key: str, value: Value, part: str = "") -> WireCommand:
        """The wish in the device's own terms. Raises CommandError in words for the person who wished."""
        row = next((row for row in self._rows.values() if row.point.key == key), None)
        if row is None:
            raise CommandError(f"{self.device} has no point {key!r}. It has: {', '.join(self._settable()) or 'none'}.")
        if "w" not in row.point.access:
            settable = ", ".join(self._settable()) or "nothing"
            raise CommandError(f"{key} of {self.device} can only be read. What can be set: {settable}.")
        types = {row.wire: row.type} if row.type else {}
        return WireCommand({row.wire: row.to_wire(value)}, part, types)

    def rounding(self, command: WireCommand, value: Value) -> str:
        """What a wished number came to, in words, where the device has none like it; "" = just that."""
        for wire, raw in command.values.items():
            row = self._rows.get(wire)
            came = row.from_wire(raw) if row is not None and row.point.kind == "number" else None
            if isinstance(came, int | float) and not math.isclose(came, float(value), abs_tol=1e-9):
                return f"{came:g} is the nearest that it can be"
        return ""

    # --- inside --------------------------------------------------------------------------------

    def _is_plain(self, row: WirePoint) -> bool:
        """Just a number: no counter, no words, nothing that is integrated."""
        integrated = self._integrates and row.point.key == "power_W"
        return row.point.kind == "number" and row.counter == "none" and not row.decode and not integrated

    def _read(
        self,
        row: WirePoint,
        raw: WireValue,
        at: float,
        flags: tuple[str, ...],
        result: Into,
        repeated: bool = False,
    ) -> None:
        if row.counter != "none":
            self._count(row, raw, at, flags, result, repeated)
        elif row.decode:
            self._unpack(row, raw, at, flags, result)
        else:
            value = row.from_wire(raw)
            quality: Quality = "suspect" if flags else "good"
            result.append(Reading(self.device, row.point.key, value, at, quality, flags, self._source))
            if self._integrates and row.point.key == "power_W" and not isinstance(value, str):
                self._integrate(float(value), at, result)

    def _count(
        self,
        row: WirePoint,
        raw: WireValue,
        at: float,
        flags: tuple[str, ...],
        result: Into,
        repeated: bool,
    ) -> None:
        if isinstance(raw, (str, bytes)):
            self.ignored += 1
            return
        counted = self._book.count(row, raw, at, repeated)
        result.append(self._counted(counted, at, flags))
        if counted.fell is not None:
            result.append(self._counted(counted.fell, at, ()))

    def _integrate(self, power_W: float, at: float, result: Into) -> None:
        self._power_W = power_W
        counted = self._book.integrate(INTEGRATED.key, power_W, at)
        if counted is not None:
            result.append(self._counted(counted, at, ()))

    def _counted(self, counted: Counted, at: float, flags: tuple[str, ...]) -> Reading:
        return Reading(
            self.device,
            counted.point,
            counted.total_mWh / MWH_PER_WH,
            at,
            counted.quality,
            (*counted.flags, *flags),
            self._source,
        )

    def _unpack(self, row: WirePoint, raw: WireValue, at: float, flags: tuple[str, ...], result: Into) -> None:
        decoder = self._decoders.get(row.decode)
        try:
            if decoder is None or not isinstance(raw, bytes):
                raise WireError("it is no raw value")
            values = decoder(raw)
        except WireError as error:
            self._cannot_read(row, str(error), at)
            return
        self._unreadable.discard(row.wire)
        for suffix, value in values.items():
            inner = self._rows.get(f"{row.wire}.{suffix}")
            if inner is not None:
                self._read(inner, value, at, flags, result)

    def _cannot_read(self, row: WirePoint, why: str, at: float) -> None:
        self.ignored += 1
        if row.wire not in self._unreadable:
            self._unreadable.add(row.wire)
            self._troubles.append((at, f"data point {row.wire} cannot be read as {row.decode}: {why}"))

    def _meet(self, wire: str, raw: WireValue) -> WirePoint | None:
        """A point of its own for a wire key that the profile does not list, where it wants that."""
        if not self.profile.unknown:
            return None
        point = Point(key=f"dp_{wire}", kind=_kind(raw), access="rw")
        row = self._rows[wire] = WirePoint(point=point, wire=wire)
        return row

    def _settable(self) -> Iterable[str]:
        return [row.point.key for row in self._rows.values() if "w" in row.point.access]


def _plain(row: WirePoint) -> tuple[str, int, int]:
    return row.point.key, row.mul, row.div


def _kind(raw: WireValue) -> Kind:
    match raw:
        case bool():
            return "switch"
        case str():
            return "text"
        case bytes():
            return "raw"
    return "number"


def _scaled(row: WirePoint, scales: Mapping[str, Decimal | int]) -> WirePoint:
    factor = scales.get(row.point.key)
    if factor is None:
        return row
    scale = Fraction(row.mul, row.div) * Fraction(factor)
    return msgspec.structs.replace(row, mul=scale.numerator, div=scale.denominator)
