"""The rows of a live table, as text: a pure model that is fed with facts. No terminal in here.

    devices without a parent             meter              1.24 kW
    those behind a meter below it        ├ kettle           1.02 kW
    feeding in                           ├ roof        gives 0.41 kW
    and the unmeasured rest last         └ everything else   134 W     = meter + power fed in − power consumed

The sum always holds: the rest is computed at the time of each reading of the meter.
"""

from collections.abc import Mapping, Sequence
from datetime import tzinfo

import msgspec

from unclouded.cli.output.terminal.minute_summary import Minute
from unclouded.cli.output.value_text import age_text, number_text, offline_text, quality_mark, since_text, value_text
from unclouded.core.model import Device, Fact, Notice, Point, Reading, State, Status

NOTICE_S = 60.0  # s that a notice stays
SHORT = 12  # characters of what stands beside the value of a device that counts no energy
DURATIONS = ("s", "min", "h")  # units of what is left, which means nothing without its name
POWER = "power_W"
VOLTAGE = "voltage_V"
ENERGIES = ("energy_import_Wh", "energy_today_Wh", "energy_Wh")
REST = "everything else"
GIVES = "gives "  # before the power of a device that produces


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. ``note`` replaces the values where they are not valid."""

    name: str
    tree: str = ""  # its branch of the tree: "├ ", "└ "
    state: State | None = None  # None: no device, the unmeasured rest
    switch: bool | None = None
    bars: Sequence[float | None] = ()
    main: str = ""
    second: str = ""  # energy, or another value
    voltage: str = ""
    more: str = ""
    age: str = ""
    note: str = ""


class DeviceRows:
    """The newest facts, as rows. ``zone``: None = this computer's."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self._devices: dict[str, Device] = {}
        self._points: dict[tuple[str, str], Point] = {}
        self._status: dict[str, Status] = {}
        self._readings: dict[str, dict[str, Reading]] = {}
        self._minutes: dict[str, Minute] = {}
        self._rests: dict[str, Minute] = {}
        self._notice: Notice | None = None

    def feed(self, fact: Fact) -> None:
        """Process one fact; kinds that a table does not show are ignored."""
        match fact:
            case Device():
                self._devices[fact.id] = fact
                self._points.update({(fact.id, point.key): point for point in fact.points})
            case Status():
                self._status[fact.device] = fact
            case Reading():
                self._readings.setdefault(fact.device, {})[fact.point] = fact
                if fact.point == POWER and _is_number(fact.value):
                    self._measured(fact.device, fact.at, float(fact.value))
            case Notice():
                self._notice = fact

    # --- rows ----------------------------------------------------------------------------------

    def rows(self, now: float, bars: int) -> list[DeviceRow]:
        """All rows in order, each with so many bars."""
        shown: set[str] = set()
        tops = [*self._tops(), *self._devices.values()]  # the second time for those that are parents of each other
        return [row for top in tops for row in self._branch(top, now, bars, "", "", shown)]

    def headline(self) -> str:
        """``1.24 kW from the grid``; "" without a meter that is online."""
        for device in self._tops():
            reading = self._readings.get(device.id, {}).get(POWER)
            if self._children(device.id) and reading and self._is_online(device.id) and _is_number(reading.value):
                power = float(reading.value)
                text = number_text(abs(power), "W", self._point(device.id, POWER).exponent)
                return f"{quality_mark(reading.quality)}{text} {'to' if power < 0 else 'from'} the grid"
        return ""

    def state_text(self) -> str:
        """``5 devices``, ``5 devices, 1 offline``, the worst states first."""
        states = [self._state(device) for device in self._devices]
        texts = [f"{len(states)} device{'' if len(states) == 1 else 's'}"]
        for state in ("faulted", "offline", "waiting"):
            count = sum(1 for one in states if one == state)
            texts += [f"{count} {state}"] if count else []
        return ", ".join(texts)

    def is_normal(self) -> bool:
        """No device is offline, waiting or faulted."""
        return not any(self._state(device) in ("faulted", "offline", "waiting") for device in self._devices)

    def notice(self, now: float) -> Notice | None:
        """The newest notice, for NOTICE_S."""
        return self._notice if self._notice and now - self._notice.at < NOTICE_S else None

    def marks(self) -> list[str]:
        """The quality marks in the table."""
        return [
            quality_mark(reading.quality)
            for device in self._devices
            for reading in self._readings.get(device, {}).values()
            if reading.quality != "good"
        ]

    # --- the tree ------------------------------------------------------------------------------

    def _tops(self) -> list[Device]:
        return [device for device in self._devices.values() if device.parent not in self._devices]

    def _children(self, parent: str) -> list[Device]:
        return [device for device in self._devices.values() if device.parent == parent and device.id != parent]

    def _branch(self, device: Device, now: float, bars: int, tree: str, below: str, shown: set[str]) -> list[DeviceRow]:
        """A device, the devices behind it, and the rest. ``below``: the text before its children's trees."""
        if device.id in shown:
            return []
        shown.add(device.id)
        rows = [self._row(device, now, bars, tree)]
        children, rest = self._children(device.id), self._rests.get(device.id)
        for index, child in enumerate(children):
            last = index == len(children) - 1 and rest is None
            inner = below + ("  " if last else "│ ")
            rows += self._branch(child, now, bars, below + ("└ " if last else "├ "), inner, shown)
        if rest is not None and children:
            rows.append(self._rest_row(device, rest, now, bars, below + "└ "))
        return rows

    # --- one row -------------------------------------------------------------------------------

    def _row(self, device: Device, now: float, bars: int, tree: str) -> DeviceRow:
        readings = self._readings.get(device.id, {})
        state, name = self._state(device.id), device.name or device.id
        note = self._note(device, now)
        history = self._bars(device.id, now, bars)
        if note or not readings:
            return DeviceRow(name=name, tree=tree, state=state, bars=history, note=note or "no values yet")
        switch, main = _switch_of(device, readings), _main_of(device, readings)
        energy = next((key for key in ENERGIES if key in readings), "")
        shown = {switch, main, energy, VOLTAGE}
        others = [point for point in device.points if point.key not in shown and _is_measured(point, readings)]
        newest = max(reading.at for reading in readings.values())
        texts = [_labelled(point, self._text(readings[point.key])) for point in others]
        second = self._text(readings.get(energy)) + (" today" if "today" in energy else "")
        if not any(point.key in ENERGIES for point in device.points):
            second = next((text for text in texts if len(text) <= SHORT), "")
            if second:
                texts.remove(second)
        return DeviceRow(
            name=name,
            tree=tree,
            state=state,
            switch=bool(readings[switch].value) if switch else None,
            bars=history,
            main=(GIVES if device.produces and main == POWER else "") + self._text(readings.get(main)),
            second=second,
            voltage=self._text(readings.get(VOLTAGE)),
            more=" · ".join([device.room, *texts] if device.room else texts),
            age=age_text(now - newest),
        )

    def _rest_row(self, meter: Device, rest: Minute, now: float, bars: int, tree: str) -> DeviceRow:
        if not self._is_online(meter.id):
            return DeviceRow(name=REST, tree=tree, note="not known while the meter is offline")
        text = number_text(rest.last() or 0.0, "W", self._point(meter.id, POWER).exponent)
        return DeviceRow(name=REST, tree=tree, bars=rest.bars(now, bars), main=text)

    def _note(self, device: Device, now: float) -> str:
        status = self._status.get(device.id)
        if status is None or status.state == "connecting":
            return "connecting…"
        because = f": {status.reason}" if status.reason else ""
        match status.state:
            case "offline":
                last = self._text(self._readings.get(device.id, {}).get(_last_of(device, self._readings)))
                return offline_text(status.since, now, last, self._zone) + because
            case "waiting" | "faulted":
                return f"{status.state} {since_text(status.since, now, self._zone)}{because}"
            case "seen":
                return "seen, not yet admitted"
        return ""

    def _bars(self, device: str, now: float, bars: int) -> list[float | None]:
        minute, status = self._minutes.get(device), self._status.get(device)
        if minute is None:
            return []
        return minute.bars(now, bars, None if status is None or self._is_online(device) else status.since)

    def _text(self, reading: Reading | None) -> str:
        if reading is None:
            return ""
        return quality_mark(reading.quality) + value_text(reading.value, self._point(reading.device, reading.point))

    def _point(self, device: str, key: str) -> Point:
        return self._points.get((device, key)) or Point(key=key, exponent=-3)

    def _state(self, device: str) -> State:
        status = self._status.get(device)
        return status.state if status else "connecting"

    def _is_online(self, device: str) -> bool:
        return self._state(device) in ("online", "asleep")

    # --- the unmeasured rest -------------------------------------------------------------------

    def _measured(self, device: str, at: float, power_W: float) -> None:
        self._minutes.setdefault(device, Minute()).add(at, power_W)
        inside = [child.id for child in self._children(device) if self._counts(child.id)]
        if inside:
            known = sum(self._consumed(child, self._minutes[child].at(at) or 0.0) for child in inside)
            self._rests.setdefault(device, Minute()).add(at, self._consumed(device, power_W) - known)

    def _consumed(self, device: str, power_W: float) -> float:
        """The power that a device consumes: negative where it feeds in."""
        known = self._devices.get(device)
        return -power_W if known is not None and known.produces else power_W

    def _counts(self, child: str) -> bool:
        return child in self._minutes and self._is_online(child)


def _switch_of(device: Device, readings: Mapping[str, Reading]) -> str:
    """The point by which the device is switched on and off, "" where there is none."""
    switches = [one.key for one in device.points if one.kind == "switch" and "w" in one.access and one.key in readings]
    if device.main in switches:
        return device.main
    return next((key for key in switches if key == "on" or key.startswith("on_")), "")


def _main_of(device: Device, readings: Mapping[str, Reading]) -> str:
    """The point to show: power, else the main point of the profile, else the first that has a unit, but no duration."""
    values = [point for point in device.points if point.kind not in ("switch", "counter") and point.key in readings]
    for wanted in (POWER, device.main):
        if wanted in [point.key for point in values] or (wanted == POWER and wanted in readings):
            return wanted
    return next((point.key for point in values if point.unit and point.unit not in DURATIONS), "")


def _is_measured(point: Point, readings: Mapping[str, Reading]) -> bool:
    """Whether a point shows a measured value; settings do not, nor do fault bits that are 0."""
    reading = readings.get(point.key)
    return reading is not None and point.access == "r" and not (point.kind == "bitmap" and not reading.value)


def _last_of(device: Device, readings: Mapping[str, Mapping[str, Reading]]) -> str:
    own = readings.get(device.id, {})
    return _main_of(device, own) or _switch_of(device, own)


def _labelled(point: Point, text: str) -> str:
    """The value with its name, where it is a counter, a duration or has no unit."""
    if point.unit and point.unit not in DURATIONS and point.kind != "counter":
        return text
    key = point.key.removesuffix(f"_{point.unit}").removeprefix("energy_").replace("_", " ")
    return f"{text} {point.label or key}" if point.unit else f"{point.label or key} {text}"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
