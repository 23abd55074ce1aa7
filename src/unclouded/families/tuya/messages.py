"""Messages that several dialects of the Tuya line have in common, and how their payloads are read.

The codes differ by dialect, so these messages carry theirs. A reader gives None where a payload does not have its
message's shape; such a frame, and every command without a reader, is Unknown and can be sent again unchanged.
Source: docs/protocols/tuya_wifi.md §2.4; docs/protocols/tuya_low_power.md §3.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec

from unclouded.core.family import MEANS
from unclouded.core.sessions.session import LocalTime, WireValue
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import KEYS, NAMES, DataPoint, read_points, write_points
from unclouded.families.tuya.line.framing import Frame

MODULE_VERSION = 0  # of every frame that a module sends, but those to one of several MCUs
PRODUCT = 0x01  # the same in every dialect
OLD_PRODUCT = re.compile(r"([0-9A-Za-z]{16}|[0-9A-Za-z]{8})(\d{1,2}\.\d{1,2}\.\d{1,2})")
LOOSE_FIELD = r'"{}"\s*:\s*"([^"]*)"'

NETWORK_STATES: Mapping[int, str] = {  # docs/protocols/tuya_wifi.md §2.4.6; docs/protocols/tuya_gateway.md §2.1.3
    0: "SmartConfig pairing",
    1: "AP pairing",
    2: "no router",
    3: "router",
    4: "cloud",
    5: "low power",
    6: "SmartConfig and AP pairing",
}

Values = tuple[tuple[str, WireValue], ...]  # of data points, by wire key


class Unknown(msgspec.Struct, frozen=True):
    """A frame without a known layout, or that does not have the shape it should."""

    command: int
    data: bytes

    def payload(self) -> bytes:
        return self.data


class Bare(msgspec.Struct, frozen=True):
    """A request or acknowledgement without a payload."""

    command: int

    def payload(self) -> bytes:
        return b""


class Product(msgspec.Struct, frozen=True):
    """Which product this is. ``data``: as the MCU sent it; old ones send no JSON."""

    command: ClassVar[int] = PRODUCT
    data: bytes
    product: str = ""
    version: str = ""
    fields: Mapping[str, Any] = {}  # Any: JSON values as the MCU wrote them

    def payload(self) -> bytes:
        return self.data


class NetworkStatus(msgspec.Struct, frozen=True):
    """The state of the network, as session.Network numbers it."""

    status: int
    command: int

    def payload(self) -> bytes:
        return bytes((self.status,))


class Points(msgspec.Struct, frozen=True, gc=False):
    """Data points: set by the controller, or reported by the device."""

    command: int
    points: tuple[DataPoint, ...]

    def payload(self) -> bytes:
        return write_points(self.points)


class Clock(msgspec.Struct, frozen=True):
    """GMT or local time (with the weekday). ``fields``: year - 2000 … second, all 0 where it is not known."""

    command: int
    ok: bool
    fields: bytes

    def payload(self) -> bytes:
        return bytes((self.ok,)) + self.fields


class Result(msgspec.Struct, frozen=True):
    """One byte: a result or a state."""

    command: int
    code: int

    def payload(self) -> bytes:
        return bytes((self.code,))


def clock_of(command: int, time: LocalTime | None, local: bool) -> Clock:
    """GMT, or the local time with the weekday; None = no time is known."""
    if time is None or not time.trusted:
        return Clock(command, False, bytes(7 if local else 6))
    at = datetime.fromtimestamp(time.unix + (time.offset_s if local else 0), UTC)
    fields = bytes((at.year - 2000, at.month, at.day, at.hour, at.minute, at.second))
    return Clock(command, True, fields + bytes((at.isoweekday(),)) if local else fields)


def frame_of(message: Message, version: int = MODULE_VERSION) -> Frame:
    """The frame of a message. ``version``: byte 2 of the frame, that of a module unless given."""
    return Frame(version, message.command, message.payload())


# --- readers ----------------------------------------------------------------------------------------


def read_bare(frame: Frame) -> Bare | None:
    return None if frame.payload else Bare(frame.command)


def read_product(frame: Frame) -> Product | None:
    """JSON, or JSON with control bytes and other slips in it, or the old 16 or 8 characters and a version."""
    if not frame.payload:
        return None
    text = "".join(filter(str.isprintable, frame.payload.decode(errors="replace")))
    fields = json_object(text[text.find("{") : text.rfind("}") + 1].encode())
    if fields is not None:
        return Product(frame.payload, str(fields.get("p", "")), str(fields.get("v", "")), fields)
    old = OLD_PRODUCT.search(text)
    if old and "{" not in text:
        return Product(frame.payload, old[1], old[2])
    return Product(frame.payload, _loose(text, "p"), _loose(text, "v"))


def read_network(frame: Frame) -> NetworkStatus | None:
    return NetworkStatus(frame.payload[0], frame.command) if len(frame.payload) == 1 else None


def read_data_points(frame: Frame) -> Points | None:
    return Points(frame.command, read_points(frame.payload)) if frame.payload else None


def read_gmt(frame: Frame) -> Clock | None:
    return _clock(frame, 7)


def read_local_time(frame: Frame) -> Clock | None:
    return _clock(frame, 8)


def read_result(frame: Frame) -> Result | None:
    return Result(frame.command, frame.payload[0]) if len(frame.payload) == 1 else None


def json_object(data: bytes) -> Mapping[str, Any] | None:  # Any: JSON values
    """The object that JSON bytes are; None where they are none."""
    try:
        value = msgspec.json.decode(data)  # stricter than json.loads: what it takes can be written again
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _clock(frame: Frame, size: int) -> Clock | None:
    known = len(frame.payload) == size and frame.payload[0] < 2
    return Clock(frame.command, frame.payload[0] == 1, frame.payload[1:]) if known else None


def _loose(text: str, name: str) -> str:
    found = re.search(LOOSE_FIELD.format(name), text)
    return found[1] if found else ""


# --- fields for people ------------------------------------------------------------------------------


def named_fields(message: Message) -> Mapping[str, Any] | None:  # Any: JSON types
    """The fields of messages that dialects have in common, and of any other as they stand there."""
    match message:
        case Unknown():
            return None
        case Points(points=points):
            return {"points": [point_fields(point) for point in points]}
        case Product(product=product, version=version, fields=fields):
            return {"product": product, "version": version, "fields": dict(fields)}
        case Clock(ok=ok, fields=time):
            return {"ok": ok, "time": list(time)}
        case msgspec.Struct():
            named = msgspec.structs.asdict(message)
            named.pop("command", None)
            return {key: value.hex() if isinstance(value, bytes) else value for key, value in named.items()}
    return None


def with_meanings(
    named: Mapping[str, Any], meanings: Mapping[str, Mapping[int, str]]
) -> Mapping[str, Any]:  # Any: JSON types
    """The fields, and what their numbers mean, where that is known."""
    numbers = ((key, known, named.get(key)) for key, known in meanings.items())
    means = {key: known[value] for key, known, value in numbers if isinstance(value, int) and value in known}
    return {**named, MEANS: means} if means else named


def point_fields(point: DataPoint) -> Mapping[str, Any]:  # Any: JSON types
    """A data point as JSON types: id, type by name, value (bytes as hex); ``odd`` where something is irregular."""
    value = point.value.hex() if isinstance(point.value, bytes) else point.value
    name = NAMES[point.type] if point.type < len(NAMES) else str(point.type)
    named: dict[str, Any] = {"id": point.id, "type": name, "value": value}
    return {**named, "odd": point.odd} if point.odd else named


def values_of(points: Iterable[DataPoint]) -> Values:
    """By wire key."""
    return tuple((KEYS[point.id], point.value) for point in points)


def oddities(points: Iterable[DataPoint]) -> str:
    """What is not as it should be in data points; "" = nothing."""
    return "; ".join(f"data point {point.id}: {point.odd}" for point in points if point.odd)
