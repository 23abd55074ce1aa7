"""The messages of a gateway's line as named fields, for people.

Source: docs/protocols/tuya_gateway.md §1.5, §2.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from unclouded.core.family import MEANS
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.lenient_json import read_object
from unclouded.families.tuya.gateway.wire.message_parts import NOT_ON_THE_WIRE, JsonMessage, OutOfRange
from unclouded.families.tuya.gateway.wire.pairing_messages import PassThrough
from unclouded.families.tuya.gateway.wire.point_messages import TimedPoints, date_fields
from unclouded.families.tuya.gateway.wire.service_messages import WeatherReport, ZonedClock
from unclouded.families.tuya.gateway.wire.start_messages import ModuleMac, WorkingMode
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import Clock, point_fields
from unclouded.families.tuya.update.messages import UpdateBlock, UpdateStart, update_fields
from unclouded.families.tuya.weather import condition_in_english

Fields = Mapping[str, Any]  # Any: JSON types

# Members that are texts in their command and numbers in others, and numbers that may be texts.
TEXTS: Mapping[int, frozenset[str]] = {codes.PAIRING: frozenset({"s"}), codes.SECURITY: frozenset({"data"})}
EITHER: Mapping[tuple[int, int | None], frozenset[str]] = {(codes.SECURITY, codes.SECURITY_STATE): frozenset({"mode"})}
NONE: frozenset[str] = frozenset()


def points_of(message: Message) -> tuple[DataPoint, ...]:
    """The data points of a message that has some."""
    found: tuple[DataPoint, ...] = getattr(message, "points", ())
    return found


def json_of(frame: Frame, sub: int | None) -> tuple[Fields, str]:
    """The members of the object in a frame, and what is irregular in its text. Raises WireError without one."""
    start = max(0, frame.payload.find(b"{"))
    texts, either = TEXTS.get(frame.command, NONE), EITHER.get((frame.command, sub), NONE)
    members = read_object(frame.payload[start:], texts, either)
    result = {"result": frame.payload[1]} if sub is not None and start == 2 else {}
    return {**result, **members}, members.odd


def fields_of(message: Message) -> Fields:
    """A message as named fields, JSON types; what only the encoding needs is left out."""
    match message:
        case OutOfRange(message=inner):
            return fields_of(inner) if inner is not None else {}
        case WorkingMode(mode=mode) if message.is_cooperative:
            return {"mode": mode}
        case Clock(ok=ok, fields=fields):
            return _clock_fields(ok, fields)
        case ZonedClock(zone=zone, dst=dst, ok=ok, date=date):
            return {"zone": zone, "dst": dst, **_clock_fields(ok, date)}
        case ModuleMac(mac=mac):
            return {"result": 1} if mac is None else {"result": 0, "mac": mac.hex(":")}
        case WeatherReport(values=values):
            return _weather_fields(values)
        case TimedPoints(time=time, sub_id=sub_id, points=points):
            return {"time": time.fields(), "sub_id": sub_id, "points": list(map(point_fields, points))}
        case PassThrough(data=data):
            return {"bytes": len(data)}
        case UpdateStart() | UpdateBlock():
            return update_fields(message)
        case JsonMessage():
            return dict(message.members())
        case msgspec.Struct():
            return _struct_fields(message)
    return {}


# --- inside -----------------------------------------------------------------------------------------


def _struct_fields(message: msgspec.Struct) -> Fields:
    fields = msgspec.structs.asdict(message)
    return {name: _plain(value) for name, value in fields.items() if name not in NOT_ON_THE_WIRE}


def _plain(value: Any) -> Any:
    """JSON types."""
    match value:
        case bytes():
            return value.hex()
        case tuple():
            return [point_fields(one) if isinstance(one, DataPoint) else one for one in value]
    return value


def _clock_fields(ok: bool, fields: bytes) -> Fields:
    if not ok:
        return {"ok": False}
    weekday = {"weekday": fields[6]} if len(fields) > 6 else {}
    return {"ok": True, **date_fields(fields[:6]), **weekday}


def _weather_fields(values: tuple[tuple[str, int | str], ...] | None) -> Fields:
    if values is None:
        return {"ok": False, "error": 1}
    return {"ok": True, "data": [_weather_value(name, value) for name, value in values]}


def _weather_value(name: str, value: int | str) -> Fields:
    """A condition is explained in English."""
    english = condition_in_english(value) if isinstance(value, str) else ""
    means = {MEANS: english} if english else {}
    return {"name": name, "type": "string" if isinstance(value, str) else "integer", "value": value, **means}
