"""What a device reported -> Readings, and a Command -> WireCommand, by the profile of the device. Pure.

    Reported({"19": 673}) + profile + wall time -> Reading(heater, power_W, 67.3)

Counters go through the device's energy ledgers (``hub/energy/ledger.py``), which make one lifetime total of them that
never falls. A device that measures power but counts no energy gets an ``energy_import_Wh`` that is integrated from its
power, and an ``energy_export_Wh`` once that is negative. A magnitude whose direction is a wire value of its own waits
for it (``hub/readings/directions.py``): what is due at ``deadline`` comes with ``tick``. Of rows that share a key, the
reported value that their ``used_when`` names picks the one that is the point. Power, voltage and current that cannot
be together are flagged (``hub/readings/physics.py``).
"""

import math
from collections.abc import Callable, Iterable, Mapping, MutableSequence, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from unclouded.core.errors import CommandError, WireError
from unclouded.core.model import Kind, Point, Quality, Reading, Value
from unclouded.core.profile import ENERGY_EXPONENT, Conditions, PointRows, Profile, ScaleVariant, WirePoint, signed
from unclouded.core.sessions.session import Event, Reported, ReportedDay, WireCommand, WireValue
from unclouded.hub.energy.ledger import Counted, DeviceEnergy
from unclouded.hub.readings.directions import DirectionWait, SignedValue
from unclouded.hub.readings.physics import Alternatives, Phase, Physics

Into = MutableSequence[Any]  # Any: a list of Facts or of Readings alike; only Readings are put in
RawDecoder = Callable[[bytes], Mapping[str, WireValue]]
PlainRow = tuple[str, int, int, Phase | None, int]  # key, mul, div; the phase that it belongs to, as which quantity

INTEGRATED = Point(key="energy_import_Wh", kind="counter", exponent=ENERGY_EXPONENT)
INTEGRATED_EXPORT = Point(key="energy_export_Wh", kind="counter", exponent=ENERGY_EXPONENT)
MWH_PER_WH = 1000
MOST = 10**15  # of a count on the wire, and of a value: beyond it, it is none; the store keeps 64 bits of millionths
CLOCK_SLACK_S = 5.0  # s that a device's clock may be ahead without a flag
MOST_UNREADABLE = 1_000  # wire keys of which it is noted that their value cannot be read
OLDEST_S = 3 * 366 * 86_400.0  # s; a record that is older has the time of a clock that was never set; ours


class Interpreter:
    """Interprets the reports and commands of one device or sub-device.

    ``scales``: the owner's factors by point key (the ratio of a current transformer). ``source``: of its readings.
    ``similar``: the scales of similar products, for where those of the profile cannot be right.
    """

    def __init__(
        self,
        device: str,
        profile: Profile,
        energy: DeviceEnergy,
        decoders: Mapping[str, RawDecoder] | None = None,
        scales: Mapping[str, Decimal | int] | None = None,
        source: str = "",
        similar: Callable[[], Sequence[ScaleVariant]] | None = None,
    ) -> None:
        self.device = device
        self.profile = profile
        self.ignored = 0  # values of wire keys that the profile does not list
        self._energy = energy
        self._decoders = decoders or {}
        self._source = source
        self._rows = PointRows(_scaled(row, scales or {}) for row in profile.points)
        has_counter = any(row.counter != "none" for row in self._rows)
        self._integrates = not has_counter and profile.by_key("power_W") is not None
        self._exports = self._integrates and energy.total(INTEGRATED_EXPORT.key) is not None
        self._now = 0.0  # the hub's time of the report that is read
        self._power_W: float | None = None
        self._integrated_at = 0.0  # the time up to which it is integrated
        self._unreadable: set[str] = set()  # wire keys whose last value was
        self._decode_problems: list[tuple[float, str]] = []
        self._mistyped: set[str] = set()  # wire keys that were reported with another type than the profile lists
        self._conditions = Conditions(self._rows)
        self._directions = DirectionWait(self._rows, self._conditions)
        self._picked = [(row, row.used_when) for row in self._rows if row.used_when is not None]
        self._unpicked: dict[str, WireValue] = {}  # the last values of rows that may be picked later, by wire key
        self._picks = 0  # how often another row was picked
        alternatives = Alternatives(profile, similar)
        self._physics = Physics(list(self._rows), INTEGRATED.key if self._integrates else "", alternatives)
        self._plain = {row.wire: self._plain_row(row) for row in self._rows if self._is_plain(row)}

    @property
    def row_count(self) -> int:
        """It grows when a point is reported that the profile does not list, or one shows which the product has."""
        return self._rows.revision + self._exports + self._picks

    @property
    def points(self) -> tuple[Point, ...]:
        """Every point of the device, those that the profile does not list too."""
        listed = tuple(row.point for row in self._rows if not row.decode and self._is_point(row))
        return (*listed, *self._integrated_points)

    @property
    def deadline(self) -> float | None:
        """When ``tick`` has readings of values that waited (Unix seconds); None = none waits."""
        return self._directions.deadline

    @property
    def _integrated_points(self) -> tuple[Point, ...]:
        if not self._integrates:
            return ()
        return (INTEGRATED, INTEGRATED_EXPORT) if self._exports else (INTEGRATED,)

    def scale_problems(self) -> Sequence[tuple[float, str]]:
        """Readings since the last call that do not agree: (Unix seconds, text), each problem once."""
        if not self._physics.problems:
            return ()
        problems, self._physics.problems = self._physics.problems, []
        return problems

    def decode_problems(self) -> Sequence[tuple[float, str]]:
        """Raw values since the last call that could not be decoded: (Unix seconds, text), each wire key once until
        one could.
        """
        if not self._decode_problems:
            return ()
        problems, self._decode_problems = self._decode_problems, []
        return problems

    def readings(self, reported: Reported, at: float) -> list[Reading]:
        """The readings in a report; ``at`` is Unix seconds, used where the device gave no time of its own."""
        result: list[Reading] = []
        self.read([reported], 0, reported.part, at, result)
        return result

    def read(self, events: Sequence[Event], start: int, part: str, at: float, result: Into) -> int:
        """Append the readings in a run of reports to ``result``: from ``events[start]`` on those of ``part``.

        A device's own time counts from OLDEST_S before ``at`` up to it. Any other is of a wrong clock: it is replaced
        by ``at``, and flagged.
        Returns the index of the first event that is no such report.
        """
        index = start
        self._now = at
        oldest = at - OLDEST_S
        device, source, plain_rows, physics = self.device, self._source, self._plain, self._physics
        for event in events[start:] if start else events:
            if type(event) is not Reported or event.part != part:
                break
            index += 1
            when = at if event.at is None or not oldest <= event.at <= at else event.at
            before = len(result)
            if self._unreadable:
                self._unreadable -= {
                    wire for wire, raw in event.values.items() if wire in plain_rows and _is_count(raw)
                }
            if self._conditions.wires:
                self._learn(event, when, result)
            first = len(result)
            for wire, raw in event.values.items():
                if type(raw) is int and wire in plain_rows and not event.odd and -MOST < raw < MOST:
                    # By far the most frequent case, in as few steps as possible: a whole count times an exact factor.
                    key, mul, div, phase, which = plain_rows[wire]
                    value = raw * mul if div == 1 else raw * mul / div
                    result.append(Reading(device, key, value, when, "good", (), source))
                    if phase is not None:
                        phase.put(which, value, when)
                else:
                    self._read_any(wire, raw, when, event, result)
            if physics.due or physics.suspect:
                physics.check(result, before)
            if event.at is not None and not oldest <= event.at <= at + CLOCK_SLACK_S:
                result[first:] = [msgspec.structs.replace(one, flags=(*one.flags, "clock")) for one in result[first:]]
        return index

    def tick(self, at: float) -> list[Reading]:
        """Readings of the values that have waited long enough at ``at`` (Unix seconds)."""
        self._now = at
        return self._waited(self._directions.overdue(at))

    def rest(self, at: float) -> list[Reading]:
        """Readings of all values that wait: nothing more is reported, or what was must be stored now."""
        self._now = at
        return self._waited(self._directions.rest())

    def restored(self, at: float) -> list[Reading]:
        """The totals that an earlier run counted, of counters that show none until they count again."""
        kinds: dict[str, Counted] = {
            row.point.key: Counted(0, "good", ("increment",), row.point.key)
            for row in self._rows
            if row.counter == "increment"
        }
        kinds |= {
            one.key: Counted(0, "estimated", ("estimated",), one.key)
            for one in self._integrated_points
            if not self._energy.has_days(one.key, at)  # another wire of the device counts it
        }
        found = []
        for key, kind in kinds.items():
            total, when = self._energy.total(key), self._energy.newest(key)
            if total is not None and 0 < when <= at:
                found.append(self._reading(msgspec.structs.replace(kind, total_mWh=total), when, ()))
        return found

    def integrated(self, at: float) -> list[Reading]:
        """The energy up to ``at`` of a device that counts none, as if its last power had been reported again."""
        result: list[Reading] = []
        self._now = at
        if self._power_W is not None:
            self._integrate(self._power_W, at, result)
        return result

    def command(self, key: str, value: Value, part: str = "") -> WireCommand:
        """The command in the device's own terms. Raises CommandError with a text for the person who gave it."""
        rows = self._rows.with_key(key)
        if not rows:
            raise CommandError(f"{self.device} has no point {key!r}. It has: {', '.join(self._settable()) or 'none'}.")
        row = next((row for row in rows if self._conditions.is_used(row)), rows[0])
        if "w" not in row.point.access:
            settable = ", ".join(self._settable()) or "nothing"
            raise CommandError(f"{key} of {self.device} can only be read. What can be set: {settable}.")
        if not self._conditions.is_used(row):
            raise CommandError(self._why_unused(row))
        if row.wire in self._mistyped or not self._rows.is_possible(row):
            raise CommandError(
                f"{self.device} reports data point {row.wire} with another type than {row.type}, so it is not {key}: "
                "this profile does not fit the product."
            )
        types = {row.wire: row.type} if row.type else {}
        return WireCommand({row.wire: row.to_wire(value)}, part, types)

    def rounding(self, command: WireCommand, value: Value) -> str:
        """Which number the device gets, as text, where it cannot have the one that was asked for; "" = it can."""
        for wire, raw in command.values.items():
            row = self._rows.get(wire, raw, command.types.get(wire, "value"))
            rounded = row.from_wire(raw) if row is not None and row.point.kind == "number" else None
            if isinstance(rounded, int | float) and not math.isclose(rounded, float(value), abs_tol=1e-9):
                return f"{rounded:g} is the nearest that it can be"
        return ""

    # --- inside --------------------------------------------------------------------------------

    def _is_plain(self, row: WirePoint) -> bool:
        """A number that is neither counted, decoded nor integrated."""
        integrated = self._integrates and row.point.key == "power_W"
        plain = row.point.kind == "number" and row.counter == "none" and row.type in ("", "value")
        special = row.decode or row.negative_when or row.used_when or row.tenth or row.point.confidence == "guessed"
        return plain and not (integrated or special or self._rows.is_shared(row.wire))

    def _is_point(self, row: WirePoint) -> bool:
        """Whether it is a point of the product, by all that was reported."""
        return self._rows.is_possible(row) and self._conditions.is_used(row)

    def _plain_row(self, row: WirePoint) -> PlainRow:
        return row.point.key, row.mul, row.div, *self._physics.slots.get(row.point.key, (None, 0))

    def _read_any(self, wire: str, raw: WireValue, at: float, reported: Reported, result: Into) -> None:
        row = self._rows.get(wire, raw, reported.types.get(wire, "value")) or self._add_row(wire, raw)
        if row is None:
            self.ignored += 1
            return
        if not row.fits(raw):
            self._report_mistyped(row, at)
            return
        flags = ("odd",) if wire in reported.odd else ()
        if row.counter == "dated":
            self._count_day(row, raw, at, flags, reported.day, result)
            return
        if row.used_when is not None:
            self._unpicked[wire] = raw
            if not self._conditions.is_used(row):
                return
        self._read(row, raw, at, flags, result, reported)

    def _learn(self, reported: Reported, at: float, result: Into) -> None:
        """Take over the directions in a report and what picks rows, before its values."""
        values, now = reported.values, self._now
        for one in self._directions.begin(values, now):
            self._read_signed(one, result)
        changed = self._conditions.learn(values)
        for one in self._directions.directed(values, changed, now, at):
            self._read_signed(one, result)
        for row, match in self._picked if changed else ():
            if match.wire not in changed:
                continue
            self._picks += 1
            if row.wire in self._unpicked and row.wire not in values and self._conditions.is_used(row):
                self._read(row, self._unpicked[row.wire], at, (), result, reported)

    def _read(
        self, row: WirePoint, raw: WireValue, at: float, flags: tuple[str, ...], result: Into, reported: Reported
    ) -> None:
        if row.decode:
            self._unpack(row, raw, at, flags, result, reported)
            return
        why = _why_no_number(row, raw)
        if why:
            self._report_unreadable(row.wire, f"data point {row.wire} is not {row.point.key}: {why}", at)
            return
        self._unreadable.discard(row.wire)
        if row.point.confidence == "guessed" and row.point.kind in ("number", "counter"):
            flags = (*flags, "guessed")  # its name is likely, its scale is not sure
        value = SignedValue(row=row, raw=raw, at=at, flags=flags, repeated=reported.repeated, is_negative=False)
        if row.negative_when is not None:
            if self._directions.hold(value, self._now, row.negative_when.wire in reported.values):
                return
            value = self._directions.sign(value)
        self._read_signed(value, result)

    def _read_signed(self, one: SignedValue, result: Into) -> None:
        """A value that waits for nothing any more."""
        row = one.row
        if row.counter != "none":
            self._count(one, result)
            return
        value = row.from_wire(signed(one.raw, one.is_negative))
        quality: Quality = "suspect" if one.flags else "good"
        reading = Reading(self.device, row.point.key, value, one.at, quality, one.flags, self._source)
        result.append(reading)
        self._physics.take(reading)
        if self._integrates and row.point.key == "power_W" and not isinstance(value, str):
            self._integrate(float(value), one.at, result)

    def _waited(self, values: Iterable[SignedValue]) -> list[Reading]:
        result: list[Reading] = []
        for one in values:
            self._read_signed(one, result)
        self._physics.check(result, 0)
        return result

    def _count(self, one: SignedValue, result: Into) -> None:
        row, raw = one.row, one.raw
        if isinstance(raw, (str, bytes)):
            self.ignored += 1
            return
        counted = self._energy.count(row, raw, one.at, one.repeated, falls=one.is_negative is True)
        result.append(self._counted(counted, one.at, one.flags))
        if counted.fell is not None:
            result.append(self._counted(counted.fell, one.at, ()))

    def _count_day(
        self,
        row: WirePoint,
        raw: WireValue,
        at: float,
        flags: tuple[str, ...],
        day: ReportedDay | None,
        result: Into,
    ) -> None:
        if day is None or isinstance(raw, (str, bytes)):
            self.ignored += 1
            return
        for when, counted in self._energy.count_day(row, raw, day, at, self._now):
            result.append(self._reading(counted, when, flags))

    def _integrate(self, power_W: float, at: float, result: Into) -> None:
        """Use, and what is fed in once there is any, each from its own part of the power.

        A power that waited for its direction counts from where the time was counted up to meanwhile.
        """
        if at < self._integrated_at <= self._now:
            at = self._integrated_at
        self._integrated_at = at
        self._power_W = power_W
        self._exports |= power_W < 0
        for point in self._integrated_points:
            counted = self._energy.integrate(point.key, power_W if point is INTEGRATED else -power_W, at)
            if counted is not None:
                result.append(self._counted(counted, at, ()))

    def _counted(self, counted: Counted, at: float, flags: tuple[str, ...]) -> Reading:
        """A lifetime total as a reading; it is filed where totals do not fall in time."""
        return self._reading(counted, self._energy.filed(counted.point, at, self._now), flags)

    def _reading(self, counted: Counted, at: float, flags: tuple[str, ...]) -> Reading:
        quality: Quality = "suspect" if "guessed" in flags and counted.quality == "good" else counted.quality
        return Reading(
            self.device,
            counted.point,
            counted.total_mWh / MWH_PER_WH,
            at,
            quality,
            (*counted.flags, *flags),
            self._source,
        )

    def _unpack(
        self, row: WirePoint, raw: WireValue, at: float, flags: tuple[str, ...], result: Into, reported: Reported
    ) -> None:
        decoder = self._decoders.get(row.decode)
        try:
            if decoder is None or not isinstance(raw, bytes):
                raise WireError("it is not a raw value")
            values = decoder(raw)
        except WireError as error:
            self._report_unreadable(row.wire, f"data point {row.wire} cannot be read as {row.decode}: {error}", at)
            return
        self._unreadable.discard(row.wire)
        for suffix, value in values.items():
            inner = self._rows.get(f"{row.wire}.{suffix}", value)
            if inner is not None:
                self._read(inner, value, at, flags, result, reported)

    def _report_mistyped(self, row: WirePoint, at: float) -> None:
        self.ignored += 1
        if row.wire not in self._mistyped:
            self._mistyped.add(row.wire)
            text = f"data point {row.wire} has another type than {row.type}, so it is not {row.point.key}"
            self._decode_problems.append((at, f"{text}: the profile {self.profile.name} does not fit the product"))

    def _report_unreadable(self, wire: str, text: str, at: float) -> None:
        self.ignored += 1
        if wire not in self._unreadable and len(self._unreadable) < MOST_UNREADABLE:
            self._unreadable.add(wire)
            self._decode_problems.append((at, text))

    def _add_row(self, wire: str, raw: WireValue) -> WirePoint | None:
        """A point of its own for a wire key that the profile does not list, where it has ``unknown = true``."""
        if not self.profile.unknown:
            return None
        point = Point(key=f"dp_{wire}", kind=_kind(raw), access="rw")
        row = WirePoint(point=point, wire=wire)
        self._rows.add(row)
        return row

    def _settable(self) -> Iterable[str]:
        return [row.point.key for row in self._rows if "w" in row.point.access and self._is_point(row)]

    def _why_unused(self, row: WirePoint) -> str:
        """Why none of the rows of a point is used, as a sentence."""
        match = row.used_when
        wire = "" if match is None else match.wire
        picker = next((one.point.key for one in self._rows if one.wire == wire), f"data point {wire}")
        if match is None or self._conditions.holds(match) is None:
            return f"{self.device} has not reported {picker} yet, which decides what {row.point.key} is. Try it later."
        return f"{self.device} has no {row.point.key} with the {picker} that it reports, as far as its profile knows."


def _is_count(raw: WireValue) -> bool:
    return type(raw) is int and -MOST < raw < MOST


def _why_no_number(row: WirePoint, raw: WireValue) -> str:
    """Why a value cannot be that of a number or counter; "" = it can, or the point is something else."""
    if row.point.kind not in ("number", "counter") or row.true_is is not None:
        return ""
    if isinstance(raw, str | bytes):
        return "it is text, not a number" if isinstance(raw, str) else "it is bytes, not a number"
    return "" if -MOST < raw < MOST else "it is not a number, or far too large"  # NaN is in no range


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
