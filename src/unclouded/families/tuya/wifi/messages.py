"""What the frames of a Tuya Wi-Fi conversation mean, from a known sender.

The same command byte has another payload in each direction, so messages are keyed (sender, command):

    controller (module)   00 -      01 -     02 -      03 status   06 points   08 -   0c/1c time   24 dBm  2b status
    device (MCU)          00 state  01 JSON  02 pins   03 -        07 points          0c/1c -      24 -    2b -

The other commands' messages are in wifi_service_messages. A payload that does not have its message's shape, and
every command of neither table, is Unknown and can be said again unchanged.
Source: docs/protocols/tuya_wifi.md §2.4.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.family import Sender
from unclouded.core.session import LocalTime
from unclouded.families.tuya.line.datapoint import DataPoint, read_points, write_points
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi.service_messages import Message
from unclouded.families.tuya.wifi.service_reader import READERS as SERVICES

__all__ = (
    "MODULE_VERSION",
    "Bare",
    "Clock",
    "Heartbeat",
    "Message",
    "Mode",
    "NetworkStatus",
    "Points",
    "Product",
    "ResetMode",
    "Signal",
    "Unknown",
    "clock",
    "frame_of",
    "read_message",
)

MODULE_VERSION = 0  # what a module says of itself in every frame
OLD_PRODUCT = re.compile(r"([0-9A-Za-z]{16})(\d{1,2}\.\d{1,2}\.\d{1,2})")
LOOSE_FIELD = r'"{}"\s*:\s*"([^"]*)"'


class Unknown(msgspec.Struct, frozen=True):
    """A frame that nobody has typed yet, or that does not have the shape it should."""

    command: int
    data: bytes

    def payload(self) -> bytes:
        return self.data


class Bare(msgspec.Struct, frozen=True):
    """A question or acknowledgement without a payload."""

    command: int

    def payload(self) -> bytes:
        return b""


class Heartbeat(msgspec.Struct, frozen=True):
    """The MCU lives. ``restarted``: its first answer since it started."""

    command: ClassVar[int] = 0x00
    restarted: bool

    def payload(self) -> bytes:
        return bytes((not self.restarted,))


class Product(msgspec.Struct, frozen=True):
    """Which product this is. ``data`` is what the MCU said; old ones speak no JSON."""

    command: ClassVar[int] = 0x01
    data: bytes
    product: str = ""
    version: str = ""
    fields: Mapping[str, Any] = {}  # Any: JSON values as the MCU wrote them

    def payload(self) -> bytes:
        return self.data


class Mode(msgspec.Struct, frozen=True):
    """Who drives LED and key: the MCU (no pins), or the module on these of its pins."""

    command: ClassVar[int] = 0x02
    pins: bytes

    def payload(self) -> bytes:
        return self.pins


class NetworkStatus(msgspec.Struct, frozen=True):
    """How the network is, as session.Network numbers it: told (03) or answered (2b)."""

    status: int
    command: int = 0x03

    def payload(self) -> bytes:
        return bytes((self.status,))


class ResetMode(msgspec.Struct, frozen=True):
    """Reset the network and pair: 0 EZ, 1 access point."""

    command: ClassVar[int] = 0x05
    mode: int

    def payload(self) -> bytes:
        return bytes((self.mode,))


class Points(msgspec.Struct, frozen=True, gc=False):
    """Data points: set by the controller (06), reported by the device (07)."""

    command: int
    points: tuple[DataPoint, ...]

    def payload(self) -> bytes:
        return write_points(self.points)


class Clock(msgspec.Struct, frozen=True):
    """GMT (0c) or local time (1c, with the weekday). ``fields``: year … second, empty = not known."""

    command: int
    ok: bool
    fields: bytes

    def payload(self) -> bytes:
        return bytes((self.ok,)) + self.fields


class Signal(msgspec.Struct, frozen=True):
    """Signal strength in dBm; 0 = it could not be read."""

    command: ClassVar[int] = 0x24
    dBm: int

    def payload(self) -> bytes:
        return self.dBm.to_bytes(1, signed=True)


def clock(command: int, time: LocalTime | None) -> Clock:
    """The answer to 0c (GMT) or 1c (local); None = no time to be had."""
    local = command == 0x1C
    if time is None or not time.trusted:
        return Clock(command, False, bytes(7 if local else 6))
    at = datetime.fromtimestamp(time.unix + (time.offset_s if local else 0), UTC)
    fields = bytes((at.year - 2000, at.month, at.day, at.hour, at.minute, at.second))
    return Clock(command, True, fields + bytes((at.isoweekday(),)) if local else fields)


def frame_of(message: Message, version: int = MODULE_VERSION) -> Frame:
    return Frame(version, message.command, message.payload())


def read_message(sender: Sender, frame: Frame) -> Message:
    """The meaning of a frame. Never fails: what has no known meaning is Unknown."""
    reader = _READERS[sender].get(frame.command)
    try:
        message = reader(frame) if reader else _service(sender, frame)
    except WireError:
        message = None
    return message or Unknown(frame.command, frame.payload)


# --- inside -----------------------------------------------------------------------------------------

Reader = Callable[[Frame], Message | None]


def _service(sender: Sender, frame: Frame) -> Message | None:
    """A message of the other table, if it says the frame again unchanged."""
    reader = SERVICES.get((sender, frame.command))
    try:
        message = reader(frame) if reader else None
        return message if message is not None and message.payload() == frame.payload else None
    except (IndexError, ValueError, OverflowError):  # too short, not UTF-8, a number that is too long
        return None


def _bare(frame: Frame) -> Message | None:
    return None if frame.payload else Bare(frame.command)


def _heartbeat(frame: Frame) -> Message | None:
    return Heartbeat(frame.payload == b"\0") if frame.payload in (b"\0", b"\1") else None


def _product(frame: Frame) -> Message | None:
    """JSON, or JSON with control bytes and other slips in it, or the old sixteen characters and a version."""
    if not frame.payload:
        return None
    text = "".join(filter(str.isprintable, frame.payload.decode(errors="replace")))
    fields = _json_object(text)
    if fields is not None:
        return Product(frame.payload, str(fields.get("p", "")), str(fields.get("v", "")), fields)
    old = OLD_PRODUCT.search(text)
    if old and "{" not in text:
        return Product(frame.payload, old[1], old[2])
    return Product(frame.payload, _loose(text, "p"), _loose(text, "v"))


def _json_object(text: str) -> Mapping[str, Any] | None:  # Any: JSON values
    start, end = text.find("{"), text.rfind("}")
    try:
        value = msgspec.json.decode(text[start : end + 1])  # stricter than json.loads: what it takes can be said again
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _loose(text: str, name: str) -> str:
    found = re.search(LOOSE_FIELD.format(name), text)
    return found[1] if found else ""


def _mode(frame: Frame) -> Message | None:
    return Mode(frame.payload) if len(frame.payload) in (0, 2, 3) else None


def _network(frame: Frame) -> Message | None:
    return NetworkStatus(frame.payload[0], frame.command) if len(frame.payload) == 1 else None


def _reset_mode(frame: Frame) -> Message | None:
    return ResetMode(frame.payload[0]) if frame.payload in (b"\0", b"\1") else None


def _points(frame: Frame) -> Message | None:
    return Points(frame.command, read_points(frame.payload)) if frame.payload else None


def _clock(frame: Frame) -> Message | None:
    size = 8 if frame.command == 0x1C else 7
    known = len(frame.payload) == size and frame.payload[0] < 2
    return Clock(frame.command, frame.payload[0] == 1, frame.payload[1:]) if known else None


def _signal(frame: Frame) -> Message | None:
    return Signal(int.from_bytes(frame.payload, signed=True)) if len(frame.payload) == 1 else None


_READERS: Mapping[Sender, Mapping[int, Reader]] = {
    "controller": {
        **dict.fromkeys((0x00, 0x01, 0x02, 0x04, 0x05, 0x08, 0x25), _bare),
        **dict.fromkeys((0x03, 0x2B), _network),
        0x06: _points,
        **dict.fromkeys((0x0C, 0x1C), _clock),
        0x24: _signal,
    },
    "device": {
        **dict.fromkeys((0x03, 0x04, 0x0B, 0x0C, 0x0E, 0x0F, 0x1C, 0x21, 0x24, 0x25), _bare),
        **dict.fromkeys((0x2B, 0x2D, 0x2E, 0x2F, 0x32, 0x60, 0x64), _bare),
        0x00: _heartbeat,
        0x01: _product,
        0x02: _mode,
        0x05: _reset_mode,
        **dict.fromkeys((0x07, 0x22), _points),
    },
}
