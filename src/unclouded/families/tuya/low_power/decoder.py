"""Reading a recorded line of a Tuya battery device: its commands by name, each frame in words.

The same command numbers as on the ordinary line mean other things here, and both ends say version 0: who said
a frame is told by its payload. Source: docs/protocols/tuya_low_power.md §1, §3.
"""

from collections.abc import Mapping
from typing import Any, Literal

from unclouded.core.family import CommandRow, Sender
from unclouded.families.tuya.line.decoder import (
    DialectReading,
    LineDecoder,
    Values,
    named_fields,
    point_fields,
    values_of,
)
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.shapes import LOW_POWER
from unclouded.families.tuya.low_power.messages import (
    CACHE,
    RECORD,
    REPORT,
    SET,
    Cache,
    LowRecordReport,
    read_low,
    seconds_of,
)
from unclouded.families.tuya.wifi.messages import Message, Points, Unknown

SENDERS: tuple[Sender, ...] = ("controller", "device")
WITH_POINTS = frozenset({REPORT, RECORD, SET, CACHE})
NOTHING = "nothing"
STATE = "1 byte: 0 checking, 1 latest, 2 updating, 3 done, 4 failed"
SIGNAL = "2 bytes: 1 and signal in percent, or 0 0"


def _row(code: int, name: str, initiator: Literal["controller", "device"], asks: str, answers: str) -> CommandRow:
    return CommandRow(code=code, name=name, initiator=initiator, request=asks, response=answers)


COMMANDS: tuple[CommandRow, ...] = (
    _row(0x01, "product info", "controller", NOTHING, "JSON p, v"),
    _row(0x02, "network status", "controller", "1 byte: 0 to 4", NOTHING),
    _row(0x03, "reset Wi-Fi", "device", NOTHING, NOTHING),
    _row(0x04, "reset Wi-Fi, choose pairing", "device", "1 byte: 0 EZ, 1 AP", NOTHING),
    _row(0x05, "report", "device", "data points", "1 byte: 0 ok, 1 ok and older records wait, 2 failed"),
    _row(0x06, "time (local)", "device", NOTHING, "8 bytes: ok, year - 2000 … second, weekday"),
    _row(0x07, "Wi-Fi test", "device", NOTHING, SIGNAL),
    _row(0x08, "record report", "device", "7 bytes: valid, year - 2000 … second; data points", "1 byte, as 05"),
    _row(0x09, "set data points", "controller", "data points", NOTHING),
    _row(0x0A, "module update", "device", NOTHING, STATE),
    _row(0x0B, "signal strength", "device", NOTHING, SIGNAL),
    _row(0x0C, "MCU update", "device", NOTHING, STATE),
    _row(0x0D, "MCU update size", "controller", "4 bytes: size", NOTHING),
    _row(0x0E, "MCU update block", "controller", "4 bytes: offset; data", NOTHING),
    _row(0x10, "cached settings", "device", "1 byte: how many; ids, none = all", "result, how many, data points"),
)
_NAMES: Mapping[int, str] = {int(row.code): row.name for row in COMMANDS}


def name_of(command: int, payload: bytes = b"") -> str:
    """What people call a command; "" where nobody knows."""
    return _NAMES.get(command, "")


def sender_of(frame: Frame) -> Sender | None:
    """Who must have said this; None = it may be either."""
    fitting = [sender for sender in SENDERS if not isinstance(read_low(sender, frame), Unknown)]
    return fitting[0] if len(fitting) == 1 else None


def _sub_of(command: int, payload: bytes) -> int | None:
    return None  # no command of this dialect has one


def _odd(sender: Sender | None, frame: Frame) -> str:
    if frame.version:
        return f"version {frame.version} where battery devices and their modules say 0"
    message = read_low(sender, frame) if sender else None
    if isinstance(message, Points | LowRecordReport | Cache):
        return "; ".join(f"data point {point.id}: {point.odd}" for point in message.points if point.odd)
    return ""


def _fields(sender: Sender | None, frame: Frame) -> Mapping[str, Any] | None:  # Any: JSON types
    """The message as named fields; None where it is unknown or where the two readings differ."""
    readings = [_named(read_low(one, frame)) for one in ((sender,) if sender else SENDERS)]
    return readings[0] if all(reading == readings[0] for reading in readings) else None


def _named(message: Message) -> Mapping[str, Any] | None:  # Any: JSON types
    match message:
        case Unknown():
            return None
        case Cache(points=points, result=result):
            return {"result": result, "points": [point_fields(point) for point in points]}
        case LowRecordReport(stamp=stamp, points=points):
            at = list(stamp[1:]) if seconds_of(stamp) is not None else None
            return {"time": at, "points": [point_fields(point) for point in points]}
    return named_fields(message)


def _values(sender: Sender | None, frame: Frame) -> Values:
    """The data points in it."""
    if frame.command not in WITH_POINTS:
        return ()
    readings = [read_low(one, frame) for one in ((sender,) if sender else SENDERS)]
    return next((values_of(one.points) for one in readings if isinstance(one, Points | LowRecordReport | Cache)), ())


LOW_READING = DialectReading(
    dialect=LOW_POWER, sender_of=sender_of, name_of=name_of, sub_of=_sub_of, fields=_fields, odd=_odd, values=_values
)


def low_decoder(sender: Sender | None) -> LineDecoder:
    """Reads the line between a battery device's MCU and its module."""
    return LineDecoder(LOW_READING, sender)
