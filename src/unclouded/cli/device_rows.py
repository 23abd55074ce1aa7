"""What a live table of the house shows, in words: a pure model fed with facts. No terminal in here.

    tops in the house's order            meter              1.24 kW
    what is behind a meter below it      ├ kettle           1.02 kW
    what it gives to the house           ├ roof        gives 0.41 kW
    and what nothing measures last       └ everything else   134 W     = meter + what is given − what is taken

The sum always holds: what is left over is taken at the moment of each of the meter's readings.
"""

from collections.abc import Mapping, Sequence
from datetime import tzinfo

import msgspec

from unclouded.cli.minute_summary import Minute
from unclouded.cli.value_text import age_words, number_words, offline_words, quality_mark, since_words, value_words
from unclouded.core.model import Device, Fact, Notice, Point, Reading, State, Status

NOTICE_S = 60.0  # s that a notice stays
POWER = "power_W"
VOLTAGE = "voltage_V"
ENERGIES = ("energy_import_Wh", "energy_today_Wh", "energy_Wh")
REST = "everything else"
GIVES = "gives "  # before the power of what produces


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. ``note`` stands in place of the values where there are none to trust."""

    name: str
    tree: str = ""  # how it hangs on the row above: "├ ", "└ "
    state: State | None = None  # None: no device, what is left over
    switch: bool | None = None
    bars: Sequence[float | None] = ()
    main: str = ""
    second: str = ""  # energy, or what else there is
    voltage: str = ""
    more: str = ""
    age: str = ""
    note: str = ""


class DeviceRows:
    """The newest of everything the house says, as rows. ``zone``: None = this computer's."""

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
        """Take in one fact; kinds that a table does not show are ignored."""
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

    # --- what to show --------------------------------------------------------------------------

    def rows(self, now: float, bars: int) -> list[DeviceRow]:
        """All rows in order, each with so many bars."""
        shown: set[str] = set()
        tops = [*self._tops(), *self._devices.values()]  # the second time for those that are each other's parent
        return [row for top in tops for row in self._branch(top, now, bars, "", "", shown)]

    def headline(self) -> str:
        """``1.24 kW from the grid``; "" without a meter that answers."""
        for device in self._tops():
            reading = self._readings.get(device.id, {}).get(POWER)
            if self._children(device.id) and reading and self._is_online(device.id) and _is_number(reading.value):
                power = float(reading.value)
                words = number_words(abs(power), "W", self._point(device.id, POWER).exponent)
                return f"{quality_mark(reading.quality)}{words} {'to' if power < 0 else 'from'} the grid"
        return ""

    def state_words(self) -> str:
        """``5 devices``, ``5 devices, 1 offline``, by the worst that there is."""
        states = [self._state(device) for device in self._devices]
        words = [f"{len(states)} device{'' if len(states) == 1 else 's'}"]
        for state in ("faulted", "offline", "waiting"):
            count = sum(1 for one in states if one == state)
            words += [f"{count} {state}"] if count else []
        return ", ".join(words)

    def is_well(self) -> bool:
        """Nothing is offline, stuck or faulted."""
        return not any(self._state(device) in ("faulted", "offline", "waiting") for device in self._devices)

    def notice(self, now: float) -> Notice | None:
        """The newest notice while it is news."""
        return self._notice if self._notice and now - self._notice.at < NOTICE_S else None

    def marks(self) -> list[str]:
        """The quality marks that stand somewhere in the table."""
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
        """A device, what is behind it, and what is left over. ``below``: what stands before its children's trees."""
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
        others = [point for point in device.points if point.key not in shown and _tells(point, readings)]
        newest = max(reading.at for reading in readings.values())
        words = [_labelled(point, self._words(readings[point.key])) for point in others]
        second = self._words(readings.get(energy)) + (" today" if "today" in energy else "")
        if words and not any(point.key in ENERGIES for point in device.points):
            second, *words = words
        return DeviceRow(
            name=name,
            tree=tree,
            state=state,
            switch=bool(readings[switch].value) if switch else None,
            bars=history,
            main=(GIVES if device.produces and main == POWER else "") + self._words(readings.get(main)),
            second=second,
            voltage=self._words(readings.get(VOLTAGE)),
            more=" · ".join(words),
            age=age_words(now - newest),
        )

    def _rest_row(self, meter: Device, rest: Minute, now: float, bars: int, tree: str) -> DeviceRow:
        if not self._is_online(meter.id):
            return DeviceRow(name=REST, tree=tree, note="not known while the meter is silent")
        words = number_words(rest.last() or 0.0, "W", self._point(meter.id, POWER).exponent)
        return DeviceRow(name=REST, tree=tree, bars=rest.bars(now, bars), main=words)

    def _note(self, device: Device, now: float) -> str:
        status = self._status.get(device.id)
        if status is None or status.state == "connecting":
            return "connecting…"
        because = f": {status.reason}" if status.reason else ""
        match status.state:
            case "offline":
                last = self._words(self._readings.get(device.id, {}).get(_last_of(device, self._readings)))
                return offline_words(status.since, now, last, self._zone) + because
            case "waiting" | "faulted":
                return f"{status.state} {since_words(status.since, now, self._zone)}{because}"
            case "seen":
                return "seen, not yet admitted"
        return ""

    def _bars(self, device: str, now: float, bars: int) -> list[float | None]:
        minute, status = self._minutes.get(device), self._status.get(device)
        if minute is None:
            return []
        return minute.bars(now, bars, None if status is None or self._is_online(device) else status.since)

    def _words(self, reading: Reading | None) -> str:
        if reading is None:
            return ""
        return quality_mark(reading.quality) + value_words(reading.value, self._point(reading.device, reading.point))

    def _point(self, device: str, key: str) -> Point:
        return self._points.get((device, key)) or Point(key=key, exponent=-3)

    def _state(self, device: str) -> State:
        status = self._status.get(device)
        return status.state if status else "connecting"

    def _is_online(self, device: str) -> bool:
        return self._state(device) in ("online", "asleep")

    # --- what is left over ---------------------------------------------------------------------

    def _measured(self, device: str, at: float, power_W: float) -> None:
        self._minutes.setdefault(device, Minute()).add(at, power_W)
        inside = [child.id for child in self._children(device) if self._counts(child.id)]
        if inside:
            known = sum(self._takes(child, self._minutes[child].at(at) or 0.0) for child in inside)
            self._rests.setdefault(device, Minute()).add(at, self._takes(device, power_W) - known)

    def _takes(self, device: str, power_W: float) -> float:
        """What a device takes of the house: less than nothing where it gives."""
        known = self._devices.get(device)
        return -power_W if known is not None and known.produces else power_W

    def _counts(self, child: str) -> bool:
        return child in self._minutes and self._is_online(child)


def _switch_of(device: Device, readings: Mapping[str, Reading]) -> str:
    """The point that says on or off, "" where none does."""
    switches = [point.key for point in device.points if point.kind == "switch" and point.key in readings]
    if device.main in switches:
        return device.main
    return "on" if "on" in switches else next(iter(switches), "")


def _main_of(device: Device, readings: Mapping[str, Reading]) -> str:
    """The point that says most: power, else what the profile calls main, else the first that is no switch."""
    values = [point.key for point in device.points if point.kind not in ("switch", "counter") and point.key in readings]
    for wanted in (POWER, device.main):
        if wanted in values or (wanted == POWER and wanted in readings):
            return wanted
    return next(iter(values), "")


def _tells(point: Point, readings: Mapping[str, Reading]) -> bool:
    """Whether a point has something to say of now: what people have set has not, nor has a fault that is none."""
    reading = readings.get(point.key)
    return reading is not None and point.access == "r" and not (point.kind == "bitmap" and not reading.value)


def _last_of(device: Device, readings: Mapping[str, Mapping[str, Reading]]) -> str:
    own = readings.get(device.id, {})
    return _main_of(device, own) or _switch_of(device, own)


def _labelled(point: Point, words: str) -> str:
    """Counters and values without a unit need a name: there may be several, or nobody would know what they are."""
    if point.unit and point.kind != "counter":
        return words
    key = point.key.removesuffix(f"_{point.unit}").removeprefix("energy_").replace("_", " ")
    return f"{words} {point.label or key}" if point.unit else f"{point.label or key} {words}"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
