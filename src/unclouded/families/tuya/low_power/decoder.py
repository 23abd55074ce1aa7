"""Reading a recorded line of a Tuya battery device: each frame explained.

The same command numbers as on the ordinary line mean other things here, and both ends send version 0: the sender
follows from the payload. Source: docs/protocols/tuya_low_power.md §1, §3.
"""

from collections.abc import Mapping
from typing import Any

from unclouded.core.family import Sender
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.line.decoder import LineDecoder
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.low_power.messages import Cache, LowRecordReport, seconds_of
from unclouded.families.tuya.messages import Points, named_fields, point_fields
from unclouded.families.tuya.reading import TypedReading
from unclouded.families.tuya.update.messages import UpdateBlock, UpdateStart, update_fields


def _wrong_version(sender: Sender | None, frame: Frame) -> str:
    return f"version {frame.version} where battery devices and their modules send 0" if frame.version else ""


def _named(message: Message) -> Mapping[str, Any] | None:  # Any: JSON types
    match message:
        case Cache(points=points, result=result):
            return {"result": result, "points": [point_fields(point) for point in points]}
        case LowRecordReport(stamp=stamp, points=points):
            at = list(stamp[1:]) if seconds_of(stamp) is not None else None
            return {"time": at, "points": [point_fields(point) for point in points]}
        case UpdateStart() | UpdateBlock():
            return update_fields(message)
    return named_fields(message)


def _points(message: Message) -> tuple[DataPoint, ...]:
    return message.points if isinstance(message, Points | LowRecordReport | Cache) else ()


LOW_READING = TypedReading(LOW_POWER, _named, _points, _wrong_version).reading()


def low_decoder(sender: Sender | None) -> LineDecoder:
    """Reads the line between a battery device's MCU and its module."""
    return LineDecoder(LOW_READING, sender)
