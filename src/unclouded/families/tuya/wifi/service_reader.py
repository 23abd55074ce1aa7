"""How the payloads of service_messages.py are read; commands.py assigns them to commands.

A reader may raise IndexError or ValueError on what is too short or not text; such a frame is Unknown. So is one that
its message would not write again byte for byte.
"""

from functools import wraps

from unclouded.families.tuya.line.command import Message, Reader
from unclouded.families.tuya.line.datapoint import read_points
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import json_object
from unclouded.families.tuya.wifi.service_messages import (
    INTEGER,
    BluetoothTest,
    Features,
    FileInfo,
    FileReady,
    FreeMemory,
    Mac,
    MapBlock,
    MapsBlock,
    ModuleInfo,
    RecordReport,
    Sub,
    SubResult,
    TimeNotice,
    UnixRecord,
    WeatherAnswer,
    WeatherData,
    WeatherNames,
    WifiCredentials,
    WifiTest,
)

RECORD_HEAD = 9  # bytes before the data points of a record
UNIX_RECORD_HEAD = 14  # bytes before those of one with Unix milliseconds


def exact(read: Reader) -> Reader:
    """Only what the message writes again unchanged."""

    @wraps(read)
    def reader(frame: Frame) -> Message | None:
        message = read(frame)
        return message if message is not None and message.payload() == frame.payload else None

    return reader


@exact
def read_wifi_test(frame: Frame) -> WifiTest | None:
    return WifiTest(frame.payload[0] == 1, frame.payload[1]) if len(frame.payload) == 2 else None


def read_memory(frame: Frame) -> FreeMemory | None:
    return FreeMemory(int.from_bytes(frame.payload)) if len(frame.payload) == 4 else None


@exact
def read_mac(frame: Frame) -> Mac | None:
    return Mac(frame.payload[0] == 0, frame.payload[1:]) if len(frame.payload) == 7 else None


@exact
def read_weather_names(frame: Frame) -> WeatherNames:
    data, at, names = frame.payload, 0, []
    while at < len(data):
        end = at + 1 + data[at]
        names.append(data[at + 1 : end].decode())
        at = end
    return WeatherNames(tuple(names))


@exact
def read_weather_answer(frame: Frame) -> WeatherAnswer | None:
    return WeatherAnswer(frame.payload[0] == 1, frame.payload[1]) if len(frame.payload) == 2 else None


@exact
def read_weather(frame: Frame) -> WeatherData:
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


def read_credentials(frame: Frame) -> WifiCredentials:
    return WifiCredentials(frame.command, frame.payload)


@exact
def read_map(frame: Frame) -> MapBlock:
    data = frame.payload
    return MapBlock(int.from_bytes(data[:2]), int.from_bytes(data[2:6]), data[6:])


@exact
def read_maps(frame: Frame) -> MapsBlock:
    data = frame.payload
    return MapsBlock(data[0], int.from_bytes(data[1:3]), data[3], data[4], int.from_bytes(data[5:9]), data[9:])


# --- sub-commands -----------------------------------------------------------------------------------


def read_sub(frame: Frame) -> Sub:
    """A sub-command and whatever follows."""
    return Sub(frame.command, frame.payload[0], frame.payload[1:])


def read_acknowledgement(frame: Frame) -> Sub | None:
    """A sub-command alone."""
    return Sub(frame.command, frame.payload[0]) if len(frame.payload) == 1 else None


def read_sub_byte(frame: Frame) -> Sub | None:
    """A sub-command and one byte that it carries."""
    return read_sub(frame) if len(frame.payload) == 2 else None


def read_sub_result(frame: Frame) -> SubResult | None:
    return SubResult(frame.command, frame.payload[0], frame.payload[1]) if len(frame.payload) == 2 else None


def read_time_notice(frame: Frame) -> TimeNotice | None:
    return TimeNotice(frame.payload[1], frame.payload[2:]) if len(frame.payload) == 9 else None


def read_module_info(frame: Frame) -> ModuleInfo | None:
    return ModuleInfo(frame.payload[1], frame.payload[2:]) if len(frame.payload) >= 2 else None


def read_module_query(frame: Frame) -> Sub | None:
    """The codes of what is asked for."""
    return read_sub(frame) if len(frame.payload) < 256 else None


@exact
def read_record(frame: Frame) -> RecordReport:
    data = frame.payload
    return RecordReport(data[1], data[2], data[3:RECORD_HEAD], read_points(data[RECORD_HEAD:]))


@exact
def read_unix_record(frame: Frame) -> UnixRecord | None:
    digits, points = frame.payload[1:UNIX_RECORD_HEAD], read_points(frame.payload[UNIX_RECORD_HEAD:])
    known = frame.payload[0] == UnixRecord.kind and digits.isdigit() and points
    return UnixRecord(int(digits), points) if known else None


def read_bluetooth_test(frame: Frame) -> BluetoothTest | None:
    return BluetoothTest(frame.payload[1], frame.payload[2]) if len(frame.payload) == 3 else None


def read_features(frame: Frame) -> Features:
    return Features(frame.payload[1:], json_object(frame.payload[1:]))


def read_file_ready(frame: Frame) -> FileReady | Sub:
    data = frame.payload
    return FileReady(data[1], data[2]) if len(data) == 3 else read_sub(frame)


def read_file_start(frame: Frame) -> SubResult | Sub:
    return read_sub_result(frame) or read_sub(frame)


def read_file_info(frame: Frame) -> FileInfo:
    return FileInfo(frame.payload[1:], json_object(frame.payload[1:]))
