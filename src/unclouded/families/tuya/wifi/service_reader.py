"""Reads the messages of wifi_service_messages, by sender and command.

A reader may raise IndexError or ValueError on what is too short or not text; such a frame is Unknown.
"""

from collections.abc import Callable, Mapping

from unclouded.core.family import Sender
from unclouded.families.tuya.line.datapoint import read_points
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.update.messages import FileInfo, FileReady, read_block, read_start
from unclouded.families.tuya.wifi.service_messages import (
    INTEGER,
    BluetoothTest,
    Features,
    FreeMemory,
    Mac,
    MapBlock,
    MapsBlock,
    Message,
    ModuleInfo,
    RecordReport,
    Result,
    Sub,
    SubResult,
    TimeNotice,
    WeatherAnswer,
    WeatherData,
    WeatherNames,
    WifiCredentials,
    WifiTest,
    json_object,
)

RECORD_HEAD = 9  # bytes before the data points of a record

Reader = Callable[[Frame], Message | None]


def _result(frame: Frame) -> Result | None:
    return Result(frame.command, frame.payload[0]) if len(frame.payload) == 1 else None


def _two(make: Callable[[bool, int], Message]) -> Reader:
    """A truth and a byte."""
    return lambda frame: make(frame.payload[0] == 1, frame.payload[1]) if len(frame.payload) == 2 else None


def _memory(frame: Frame) -> FreeMemory | None:
    return FreeMemory(int.from_bytes(frame.payload)) if len(frame.payload) == 4 else None


def _mac(frame: Frame) -> Mac | None:
    return Mac(frame.payload[0] == 0, frame.payload[1:]) if len(frame.payload) == 7 else None


def _names(frame: Frame) -> WeatherNames:
    data, at, names = frame.payload, 0, []
    while at < len(data):
        end = at + 1 + data[at]
        names.append(data[at + 1 : end].decode())
        at = end
    return WeatherNames(tuple(names))


def _weather(frame: Frame) -> WeatherData:
    data, at = frame.payload, 1
    if data == b"\0\1":
        return WeatherData(None)
    values: list[tuple[str, int | str]] = []
    while at < len(data):
        end = at + 1 + data[at]
        name, type, size = data[at + 1 : end].decode(), data[end], data[end + 1]
        at = end + 2 + size
        body = data[end + 2 : at]
        values.append((name, int.from_bytes(body, signed=True) if type == INTEGER else body.decode()))
    return WeatherData(tuple(values))


def _credentials(frame: Frame) -> WifiCredentials:
    return WifiCredentials(frame.command, frame.payload)


def _map(frame: Frame) -> MapBlock:
    data = frame.payload
    return MapBlock(int.from_bytes(data[:2]), int.from_bytes(data[2:6]), data[6:])


def _maps(frame: Frame) -> MapsBlock:
    data = frame.payload
    return MapsBlock(data[0], int.from_bytes(data[1:3]), data[3], data[4], int.from_bytes(data[5:9]), data[9:])


def _device_34(frame: Frame) -> Sub | RecordReport | None:
    data = frame.payload
    if data[0] == 0x0B:
        return RecordReport(data[1], data[2], data[3:RECORD_HEAD], read_points(data[RECORD_HEAD:]))
    sizes = {0x01: (2,), 0x02: (1,), 0x03: (1,), 0x04: (1,), 0x05: (1,), 0x07: range(1, 256)}
    return Sub(0x34, data[0], data[1:]) if len(data) in sizes.get(data[0], ()) else None


def _controller_34(frame: Frame) -> TimeNotice | ModuleInfo | SubResult | None:
    data = frame.payload
    if data[0] == 0x02 and len(data) == 9:
        return TimeNotice(data[1], data[2:])
    if data[0] == 0x07 and len(data) >= 2:
        return ModuleInfo(data[1], data[2:])
    known = data[0] in (0x01, 0x03, 0x04, 0x05, 0x0B) and len(data) == 2
    return SubResult(0x34, data[0], data[1]) if known else None


def _device_35(frame: Frame) -> Sub | None:
    return Sub(0x35, frame.payload[0]) if frame.payload in (b"\x01", b"\x04", b"\x05") else None


def _controller_35(frame: Frame) -> BluetoothTest | SubResult | None:
    data = frame.payload
    if data[0] == 0x01 and len(data) == 3:
        return BluetoothTest(data[1], data[2])
    return SubResult(0x35, data[0], data[1]) if data[0] in (0x04, 0x05) and len(data) == 2 else None


def _device_37(frame: Frame) -> Features | FileReady | Sub | None:
    data = frame.payload
    if data[0] == 0:
        return Features(data[1:], json_object(data[1:]))
    if data[0] == 1 and len(data) == 3:
        return FileReady(data[1], data[2])
    return Sub(0x37, data[0], data[1:]) if data[0] <= 0x08 else None


def _controller_37(frame: Frame) -> SubResult | FileInfo | Sub | None:
    data = frame.payload
    if data[0] == 0:
        return SubResult(0x37, 0, data[1]) if len(data) == 2 else None
    if data[0] == 1 and len(data) == 2:
        return SubResult(0x37, 1, data[1])
    if data[0] == 2:
        return FileInfo(data[1:], json_object(data[1:]))
    return Sub(0x37, data[0], data[1:]) if data[0] <= 0x08 else None


READERS: Mapping[tuple[Sender, int], Reader] = {
    **{("controller", command): _result for command in (0x23, 0x28, 0x2A, 0x2C, 0x2E, 0x2F, 0x30, 0x60, 0x61, 0x62)},
    ("controller", 0x64): _result,
    **{("device", command): _result for command in (0x0A, 0x31)},
    **{("device", command): _credentials for command in (0x2A, 0x2C)},
    **{("controller", command): read_start for command in (0x0A, 0x31)},
    **{("controller", command): read_block for command in (0x0B, 0x32)},
    ("controller", 0x0E): _two(WifiTest),
    ("controller", 0x0F): _memory,
    ("controller", 0x2D): _mac,
    ("device", 0x20): _names,
    ("controller", 0x20): _two(WeatherAnswer),
    ("controller", 0x21): _weather,
    ("device", 0x28): _map,
    ("device", 0x30): _maps,
    ("device", 0x34): _device_34,
    ("controller", 0x34): _controller_34,
    ("device", 0x35): _device_35,
    ("controller", 0x35): _controller_35,
    ("device", 0x37): _device_37,
    ("controller", 0x37): _controller_37,
}
