"""What needs attention: devices that do not answer, alarms and faults that they report, values beyond a limit. Pure.

    Device, Status, Reading ──► AlertWatch.update ──► alerts that began, and that ended

Those of the hub itself (its disk) are handed to it. A device that sleeps is not an alert. Where a gateway does not
answer, its sub-devices are not listed too.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from msgspec.structs import replace

from unclouded.core.model import (
    Alert,
    AlertKind,
    Device,
    Notice,
    Point,
    Reading,
    Status,
    Value,
    bits_text,
    value_text,
)
from unclouded.hub.readings.board import Board

SEVERITY: Sequence[AlertKind] = ("alarm", "fault", "disk", "offline", "above", "below", "battery")  # the worst first
LOW_BATTERY_PERCENT = 10
HYSTERESIS = 0.02  # of a limit: how far back a value must be for its alert to end; at least a step of the point

ALARMS = frozenset({
    "alarm", "alarm_reported", "smoke", "gas", "co_alarm", "water", "tampered", "duress", "trip", "tank_full",
    "temperature_alarm", "humidity_alarm",
})  # fmt: skip
BATTERY = frozenset({"battery_percent", "battery_low", "battery_state"})
# What a word says where there is no alarm
CALM = frozenset({"", "0", "normal", "none", "no", "off", "ok", "clear", "cancel", "false", "no_alarm", "idle"})

Key = tuple[str, AlertKind, str]  # device, kind, point


class Watch(msgspec.Struct, frozen=True):
    """One reason for an alert of a device. ``is_on``: whether a value is one; ``was_on``: whether it was before."""

    kind: AlertKind
    point: Point
    is_on: Callable[[Value, bool], bool]
    limit: float | None = None


class AlertWatch:
    """The alerts of all devices."""

    def __init__(self) -> None:
        self._devices: dict[str, Device] = {}
        self._watches: dict[str, tuple[Watch, ...]] = {}
        self._active: dict[Key, Alert] = {}
        self._own: tuple[Alert, ...] = ()  # of the hub

    def describe(self, devices: Iterable[Device]) -> None:
        """These devices are there now, with their points and limits."""
        before, self._devices = self._devices, {one.id: one for one in devices}
        self._watches = {
            id: self._watches[id] if id in before and _is_watched_alike(before[id], one) else watches_of(one)
            for id, one in self._devices.items()
        }

    def set_own(self, alerts: Sequence[Alert]) -> bool:
        """The alerts of the hub itself; whether they are others than before."""
        before, self._own = self._own, tuple(alerts)
        return before != self._own

    def has(self, device: str) -> bool:
        """Whether this device was there at the last ``describe``; the hub itself (no id) always is."""
        return not device or device in self._devices

    def active(self) -> list[Alert]:
        """The alerts of now, the worst first; of the same kind the oldest."""
        return sorted(self._active.values(), key=lambda one: (SEVERITY.index(one.kind), one.since, one.device))

    def shift(self, seconds: float) -> None:
        """The clock was set: move all times with it."""
        self._active = {key: replace(one, since=one.since + seconds) for key, one in self._active.items()}

    def update(self, board: Board) -> list[Alert]:
        """The alerts that began or have another text, and those that ended (not ``active``), since the last call."""
        found: dict[Key, Alert] = {}
        for alert in self._own:
            key = alert.device, alert.kind, alert.point
            known = self._active.get(key)
            found[key] = alert if known is None else replace(alert, since=known.since)
        for device in self._devices.values():
            for alert in self._of_device(device, board):
                found[alert.device, alert.kind, alert.point] = alert
        began = [one for key, one in found.items() if self._active.get(key) != one]
        ended = [replace(one, active=False) for key, one in self._active.items() if key not in found]
        self._active = found
        return [*ended, *began]

    def _of_device(self, device: Device, board: Board) -> Iterable[Alert]:
        status = board.status(device.id)
        is_gone = _is_gone(status)
        if status is not None and is_gone and not self._is_gone_with_its_gateway(device, board):
            yield self._offline(device, status)
        for watch in self._watches[device.id]:
            if is_gone and watch.limit is not None:
                continue  # what it measured last is not what it measures now
            reading = board.reading(device.id, watch.point.key)
            if reading is not None and (alert := self._of_reading(device, watch, reading)) is not None:
                yield alert

    def _is_gone_with_its_gateway(self, device: Device, board: Board) -> bool:
        gateway = self._devices.get(device.parent)
        is_part = gateway is not None and gateway.link == device.link
        return is_part and _is_gone(board.status(device.parent))

    def _offline(self, device: Device, status: Status) -> Alert:
        before = self._active.get((device.id, "offline", ""))
        reason = f": {status.reason}" if status.reason else "."
        text = f"{device.name} is {status.state}{reason}"
        return Alert(device=device.id, kind="offline", since=before.since if before else status.since, text=text)

    def _of_reading(self, device: Device, watch: Watch, reading: Reading) -> Alert | None:
        before = self._active.get((device.id, watch.kind, watch.point.key))
        if reading.quality == "suspect":
            return before
        if not watch.is_on(reading.value, before is not None):
            return None
        if before is not None and (watch.limit is not None or watch.kind == "battery" or before.value == reading.value):
            return replace(before, text=_text(device, watch, before.value))
        return Alert(
            device=device.id,
            kind=watch.kind,
            since=reading.at,
            point=watch.point.key,
            value=reading.value,
            limit=watch.limit,
            text=_text(device, watch, reading.value),
        )


def _is_gone(status: Status | None) -> bool:
    return status is not None and status.state in ("offline", "faulted")


def watches_of(device: Device) -> tuple[Watch, ...]:
    """All that a device may give an alert for."""
    points = {point.key: point for point in device.points}

    def at(key: str) -> Point:
        return points.get(key) or Point(key=key)

    return (
        *(watch for point in device.points for watch in _reported(point)),
        *(_limited("above", at(key), limit) for key, limit in device.alert_above.items()),
        *(_limited("below", at(key), limit) for key, limit in device.alert_below.items()),
    )


def _reported(point: Point) -> Iterable[Watch]:
    """What the device itself reports."""
    name = point.key.rstrip("0123456789").rstrip("_")
    if point.access != "r" and point.kind != "bitmap":
        return  # a setting, such as: alarms are on
    if name in BATTERY:
        yield Watch("battery", point, lambda value, was_on: _is_low(value, was_on, point.unit == "%"))
    elif name == "fault" or name.endswith("_fault"):
        yield Watch("fault", point, lambda value, was_on: _is_reported(value, point))
    elif name in ALARMS:
        yield Watch("alarm", point, lambda value, was_on: _is_reported(value, point))


def _is_reported(value: Value, point: Point) -> bool:
    if isinstance(value, str):
        return value.lower() not in CALM
    if isinstance(value, bool) or point.kind == "bitmap":
        return bool(value)
    return False  # a number whose meaning is not known


def _is_low(value: Value, was_on: bool, is_percent: bool) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.lower() in ("low", "empty")
    return is_percent and value <= LOW_BATTERY_PERCENT * (1.5 if was_on else 1)


def _limited(kind: AlertKind, point: Point, limit: float) -> Watch:
    step = 10.0**point.exponent if point.exponent < 0 else 0.0
    band = max(abs(limit) * HYSTERESIS, step)
    end = limit - band if kind == "above" else limit + band

    def is_on(value: Value, was_on: bool) -> bool:
        bound = end if was_on else limit
        return not isinstance(value, str | bool) and (value > bound if kind == "above" else value < bound)

    return Watch(kind, point, is_on, limit)


def alert_notice(alert: Alert, at: float) -> Notice:
    """What the log keeps of an alert that began, or ended."""
    text = alert.text if alert.active else f"No longer: {alert.text}"
    data = {"alert": alert.kind, "active": alert.active, "point": alert.point, "value": alert.value}
    return Notice(alert.device, at, "alert", text, data)


def _is_watched_alike(one: Device, other: Device) -> bool:
    same_limits = one.alert_above == other.alert_above and one.alert_below == other.alert_below
    return same_limits and one.points == other.points


def _text(device: Device, watch: Watch, value: Value | None) -> str:
    """The alert as a sentence."""
    point, unit = watch.point, f" {watch.point.unit}" if watch.point.unit else ""
    label = point.label or point.key
    if watch.limit is not None:
        return f"{device.name}: {label} is {value}{unit}, {watch.kind} its limit of {watch.limit:.15g}{unit}."
    if watch.kind == "battery":
        return f"{device.name}: the battery is low{f' ({value}{unit})' if unit else ''}."
    if isinstance(value, bool) or value is None:
        return f"{device.name} reports: {label}."
    text = bits_text(value, point.options) if isinstance(value, int) else value_text(value)
    return f"{device.name} reports: {label}: {text}."
