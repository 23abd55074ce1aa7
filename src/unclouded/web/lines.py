"""How facts look in JSON, and back: the lines of /api/watch and of every verb's --json.

    {"at": "2026-11-20T12:00:00.000Z", "device": "heater", "point": "power_W", "value": 67.3,
     "quality": "good", "flags": []}
    {"status": {"device": "heater", "state": "online", "since": "…", "reason": ""}}
    {"device_info": {"id": "heater", …}}

Keys never change their meaning; new ones may be added.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from unclouded.model import ActionSpec, Device, Fact, Point, Reading, Status
from unclouded.times import from_iso, iso


def encode(value: object) -> bytes:
    return msgspec.json.encode(value)


def reading_json(reading: Reading) -> dict[str, object]:
    """A reading as every line of JSON shows it."""
    return {
        "at": iso(reading.at),
        "device": reading.device,
        "point": reading.point,
        "value": reading.value,
        "quality": reading.quality,
        "flags": list(reading.flags),
    }


def status_json(status: Status) -> dict[str, object]:
    return {"device": status.device, "state": status.state, "since": iso(status.since), "reason": status.reason}


def device_json(device: Device, status: Status | None) -> dict[str, object]:
    """A device as `devices` shows it."""
    return {
        "id": device.id,
        "identity": device.identity,
        "family": device.family,
        "state": status.state if status else "connecting",
        "since": iso(status.since) if status else None,
        "reason": status.reason if status else "",
        "link": device.link,
        "profile": device.profile,
        "points": [_point_json(point) for point in device.points],
        "actions": [msgspec.to_builtins(action) for action in device.actions],
        "name": device.name,
        "parent": device.parent,
        "main": device.main,
        "info": device.info,
    }


def fact_line(fact: Fact) -> bytes:
    """A fact as one line, or nothing where it is the hub's own business."""
    match fact:
        case Reading():
            return encode(reading_json(fact)) + b"\n"
        case Status():
            return encode({"status": status_json(fact)}) + b"\n"
        case Device():
            return encode({"device_info": device_json(fact, None)}) + b"\n"
    return b""


def device_of(fact: Fact) -> str:
    """The device that a fact is about, "" where it is about none that people see."""
    match fact:
        case Reading() | Status():
            return fact.device
        case Device():
            return fact.id
    return ""


def fact_of(line: Mapping[str, Any]) -> Fact | None:  # Any: decoded JSON
    """The fact that a line tells, None where it tells of something else. The inverse of ``fact_line``."""
    match line:
        case {"status": status}:
            return Status(status["device"], status["state"], from_iso(status["since"]), status["reason"])
        case {"device_info": info}:
            return _device(info)
        case {"at": at, "device": device, "point": point, "value": value, "quality": quality, "flags": flags}:
            return Reading(device, point, value, from_iso(at), quality, tuple(flags))
    return None


def _point_json(point: Point) -> dict[str, object]:
    return {
        "key": point.key,
        "kind": point.kind,
        "unit": point.unit,
        "access": point.access,
        "exponent": point.exponent,
        "label": point.label,
        "options": list(point.options),
    }


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
        main=info["main"],
        info=info["info"],
    )
