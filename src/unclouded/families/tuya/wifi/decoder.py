"""Reading a recorded line between a Wi-Fi module and its MCU: each frame explained.

Source: docs/protocols/tuya_wifi.md §2.1, §2.4.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from unclouded.core.family import Sender
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.line.decoder import LineDecoder
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import (
    MODULE_VERSION,
    NETWORK_STATES,
    Points,
    json_object,
    named_fields,
    point_fields,
)
from unclouded.families.tuya.reading import Meanings, TypedReading
from unclouded.families.tuya.update.messages import (
    SUB_VERSION,
    UpdateBlock,
    UpdateStart,
    update_fields,
)
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.commands import WIFI
from unclouded.families.tuya.wifi.service_messages import (
    FileInfo,
    ModuleInfo,
    RecordReport,
    UnixRecord,
    WifiCredentials,
)


def _is_for_one_of_several(frame: Frame) -> bool:
    """A packet of an update that names its MCU: the module's only frames of another version."""
    return frame.version == SUB_VERSION and frame.command in codes.UPDATE_COMMANDS


def _sender_by_version(frame: Frame) -> Sender | None:
    """Only MCUs send a version above 0."""
    return "device" if frame.version != MODULE_VERSION and not _is_for_one_of_several(frame) else None


def _wrong_version(sender: Sender | None, frame: Frame) -> str:
    if sender == "controller" and _sender_by_version(frame) == "device":
        return f"version {frame.version} where a module sends {MODULE_VERSION}"
    return ""


def _named(message: Message) -> Mapping[str, Any] | None:  # Any: JSON types
    match message:
        case WifiCredentials() | ModuleInfo():  # secrets: which keys there are, and no more
            return {"keys": list(json_object(message.data) or ())}
        case RecordReport(kind=kind, time=time, points=points):
            return {"kind": kind, "time": list(time), "points": [point_fields(point) for point in points]}
        case UnixRecord(milliseconds=milliseconds, points=points):
            at = datetime.fromtimestamp(milliseconds / 1000, UTC)
            return {"time": f"{at:%Y-%m-%dT%H:%M:%SZ}", "points": [point_fields(point) for point in points]}
        case FileInfo(fields=fields) if fields is not None:
            return dict(fields)
        case UpdateStart() | UpdateBlock():
            return update_fields(message)
    return named_fields(message)


def _points(message: Message) -> tuple[DataPoint, ...]:
    return message.points if isinstance(message, Points | RecordReport | UnixRecord) else ()


# What numbers mean; docs/protocols/tuya_wifi.md §2.4.
MEANINGS: Mapping[tuple[int, int | None], Meanings] = {
    (codes.NETWORK, None): {"status": NETWORK_STATES},
    (codes.NETWORK_QUERY, None): {"status": NETWORK_STATES},
    (codes.SYNC_RESULT, None): {"code": {0: "failed", 1: "done"}},
    (codes.UPDATE_START, None): {"code": {0: "256 bytes a block", 1: "512 bytes a block", 2: "1024 bytes a block"}},
    (codes.MAP, None): {"code": {0: "done"}},
    (codes.RESET_MODE, None): {"mode": {0: "EZ", 1: "AP"}},
    (codes.EXTENDED, codes.RECORD): {
        "kind": {0: "the module's time", 1: "local", 2: "GMT"},
        "code": {0: "stored", 2: "failed", 3: "invalid"},
    },
    (codes.EXTENDED, codes.TIME_NOTICES_ON): {"kind": {0: "GMT", 1: "local"}, "code": {0: "done", 1: "failed"}},
    (codes.EXTENDED, codes.TIME_NOTICE): {"kind": {0: "GMT", 1: "local"}},
}

WIFI_READING = TypedReading(WIFI, _named, _points, _wrong_version, _sender_by_version, MEANINGS).reading()


def wifi_decoder(sender: Sender | None) -> LineDecoder:
    """Reads the line between a Wi-Fi module and its MCU."""
    return LineDecoder(WIFI_READING, sender)
