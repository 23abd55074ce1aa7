"""How facts look in JSON, and back: the lines of /api/watch and of every verb's --json.

    {"at": "2026-11-20T12:00:00.000Z", "device": "heater", "point": "power_W", "value": 67.3,
     "quality": "good", "flags": []}
    {"status": {"device": "heater", "state": "online", "since": "…", "reason": ""}}
    {"device_info": {"id": "heater", …}}
    {"notice": {"at": "…", "device": "heater", "kind": "scale", "words": "power looks 10× too high …", "data": {}}}
    {"log": {"at": "…", "device": "bench", "level": "info", "source": "mrs_http", "text": "[T: 153 M: mrs_http …"}}

Keys never change their meaning; new ones may be added.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from unclouded.core.model import (
    ActionSpec,
    Alert,
    Device,
    Fact,
    LogEntry,
    Notice,
    Point,
    Reading,
    ScheduleRule,
    Status,
    UpdateFile,
    WireEntry,
    unit_of,
)
from unclouded.core.times import from_iso, iso
from unclouded.core.views.facts import (
    AlertView,
    Change,
    DeviceLine,
    DeviceView,
    EventView,
    LogLine,
    LogView,
    NoticeLine,
    PointView,
    ReadingView,
    StatusLine,
    StatusView,
    UpdateView,
    WireLine,
)


def encode(value: object) -> bytes:
    """A value as compact UTF-8 JSON without a line end. Raises TypeError for a type that JSON cannot hold."""
    return msgspec.json.encode(value)


def reading_json(reading: Reading) -> ReadingView:
    """A reading as every line of JSON shows it."""
    return ReadingView(iso(reading.at), reading.device, reading.point, reading.value, reading.quality, reading.flags)


def status_json(status: Status) -> StatusView:
    """A status as the API has it; its time as ISO text in UTC."""
    return StatusView(status.device, status.state, iso(status.since), status.reason)


def alert_json(alert: Alert) -> AlertView:
    """An alert as the API has it. The unit is that of its point; of an alert about the disk it is percent."""
    return AlertView(
        device=alert.device,
        kind=alert.kind,
        since=iso(alert.since),
        point=alert.point,
        unit="%" if alert.kind == "disk" else unit_of(alert.point),
        value=alert.value,
        limit=alert.limit,
        full_in=alert.full_in,
        text=alert.text,
    )


def device_json(device: Device, status: Status | None) -> DeviceView:
    """A device as `devices` shows it."""
    return DeviceView(
        id=device.id,
        identity=device.identity,
        family=device.family,
        state=status.state if status else "connecting",
        since=iso(status.since) if status else None,
        reason=status.reason if status else "",
        link=device.link,
        profile=device.profile,
        points=tuple(_point_json(point) for point in device.points),
        actions=device.actions,
        name=device.name,
        parent=device.parent,
        main=device.main,
        produces=device.produces,
        critical=device.critical,
        favourite=device.favourite,
        colour=device.colour,
        info=device.info,
        schedule=device.schedule,
        room=device.room,
    )


def change_of(reading: Reading) -> Change:
    """A reading as the live page gets it."""
    return Change(reading.device, reading.point, reading.value, reading.at, reading.quality, reading.flags)


def event_json(notice: Notice) -> EventView:
    """A notice as an entry of the event log; its time as ISO text in UTC."""
    return EventView(at=iso(notice.at), device=notice.device, kind=notice.kind, words=notice.words, data=notice.data)


def update_json(file: UpdateFile, refused: str = "") -> UpdateView:
    """A firmware file of the hub as the API has it, size in bytes. ``refused``: why it is not for a device."""
    return UpdateView(
        name=file.name, size=file.size, md5=file.md5, at=iso(file.at), firmware=file.firmware, refused=refused
    )


def wire_line(entry: WireEntry, *, with_parts: bool = False) -> WireLine:
    """What went over a wire, with its time as text. ``with_parts``: also what its bytes are, which takes 0.1 ms."""
    return WireLine(
        at=iso(entry.at),
        channel=entry.channel,
        way=entry.path,
        sender=entry.sender,
        kind=entry.kind,
        name=entry.name,
        words=entry.words,
        reason=entry.reason,
        length=entry.length,
        hex=entry.hex,
        points=tuple(entry.points),
        parts=tuple(entry.parts()) if with_parts else (),
    )


def fact_line(fact: Fact) -> bytes:
    """A fact as one line, or nothing where it is the hub's own business."""
    match fact:
        case Reading():
            return encode(reading_json(fact)) + b"\n"
        case Status():
            return encode(StatusLine(status_json(fact))) + b"\n"
        case Device():
            return encode(DeviceLine(device_json(fact, None))) + b"\n"
        case Notice():
            return encode(NoticeLine(event_json(fact))) + b"\n"
    return b""


def log_line(entry: LogEntry) -> bytes:
    """A line of a device's log as one line."""
    at = iso(entry.at)
    view = LogView(at=at, device=entry.device, level=entry.level, source=entry.source, text=entry.text)
    return encode(LogLine(view)) + b"\n"


def log_of(line: Mapping[str, Any]) -> LogEntry | None:  # Any: decoded JSON
    """The line of a log in a line; None where it holds something else. The inverse of ``log_line``."""
    entry = line.get("log")
    if entry is None:
        return None
    return LogEntry(entry["device"], from_iso(entry["at"]), entry["text"], entry["level"], entry["source"])


def device_of(fact: Fact) -> str:
    """The device that a fact is about, "" where it is about none, or is not published."""
    match fact:
        case Reading() | Status() | Notice():
            return fact.device
        case Device():
            return fact.id
    return ""


def fact_of(line: Mapping[str, Any]) -> Fact | None:  # Any: decoded JSON
    """The fact in a line, None where it holds something else. The inverse of ``fact_line``."""
    match line:
        case {"status": status}:
            return Status(status["device"], status["state"], from_iso(status["since"]), status["reason"])
        case {"device_info": info}:
            return _device(info)
        case {"notice": said}:
            return Notice(said["device"], from_iso(said["at"]), said["kind"], said["words"], said["data"])
        case {"at": at, "device": device, "point": point, "value": value, "quality": quality, "flags": flags}:
            return Reading(device, point, value, from_iso(at), quality, tuple(flags))
    return None


def _point_json(point: Point) -> PointView:
    return PointView(
        key=point.key,
        kind=point.kind,
        unit=point.unit,
        access=point.access,
        exponent=point.exponent,
        label=point.label,
        options=point.options,
        minimum=point.minimum,
        maximum=point.maximum,
        confidence=point.confidence,
    )


def _device(info: Mapping[str, Any]) -> Device:  # Any: decoded JSON
    points = [{key: value for key, value in point.items() if key != "unit"} for point in info["points"]]
    return Device(
        id=info["id"],
        identity=info["identity"],
        family=info["family"],
        link=info["link"],
        profile=info["profile"],
        points=msgspec.convert(points, tuple[Point, ...]),
        actions=msgspec.convert(info["actions"], tuple[ActionSpec, ...]),
        parent=info["parent"],
        name=info["name"],
        room=info["room"],
        main=info["main"],
        produces=info["produces"],
        critical=info["critical"],
        favourite=info["favourite"],
        colour=info["colour"],
        info=info["info"],
        schedule=msgspec.convert(info["schedule"], tuple[ScheduleRule, ...] | None),
    )
