"""The messages of the module's services: tests, weather, pairing, maps, notices, records, files.

    device (MCU)                                              controller (module)
    0e -                       Bare                           0e ok, signal or why not        WifiTest
    0f -                       Bare                           0f bytes free, 4                FreeMemory
    20 L name L name …         WeatherNames                   20 ok, why not                  WeatherAnswer
    21 -                       Bare                           21 01 L name T L value …        WeatherData
    22 points                  Points                         23 1 = done                     Result
    2a/2c JSON                 WifiCredentials (never shown)  2a/2c/2f/28/30 code             Result
    2d -                       Bare                           2d 0 = ok, MAC                  Mac
    28 id 2, offset 4, data    MapBlock                       2e state                        Result
    30 ver, id 2, sub, mode, offset 4, data   MapsBlock
    0a/31, 0b/32 updates: see update/messages.py
    34 01 kind                 Sub                            34 01/03/04/0b result           SubResult
    34 03, 04; 34 02, 05 (ack) Sub                            34 02 kind, time 7              TimeNotice
    34 07 codes                Sub                            34 05 kind                      SubResult
    34 0b 01 kind time 6 points  RecordReport                 34 07 result, JSON              ModuleInfo (never shown)
    e0 03 13 digits points       UnixRecord
    35 01                      Sub                            35 01 result, signal            BluetoothTest
    35 05                      Sub                            35 04/05 state                  SubResult
    37 00 JSON                 Features                       37 00 result                    SubResult
    37 01 code size            FileReady                      37 01 01                        SubResult
    37 03–08 …                 Sub                            37 02 JSON                      FileInfo
    60, 64 -                   Bare                           60, 61, 62, 64 code             Result

A message stands only where it writes its frame again byte for byte; all else is Unknown. 37 03 to 08 have no layout
in any source that we know: their frames stay bytes.
Source: docs/protocols/tuya_wifi.md §2.4, §2.5.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from unclouded.families.tuya.line.datapoint import DataPoint, write_points
from unclouded.families.tuya.line.shapes import OTHER_CAP
from unclouded.families.tuya.messages import json_object
from unclouded.families.tuya.wifi import codes

INTEGER, TEXT = 0, 1  # the types of a weather value


class Sub(msgspec.Struct, frozen=True):
    """A sub-command and what follows it, not read any further."""

    command: int
    sub: int
    data: bytes = b""

    def payload(self) -> bytes:
        return bytes((self.sub,)) + self.data


class SubResult(msgspec.Struct, frozen=True):
    """A sub-command and one byte: a result or a state."""

    command: int
    sub: int
    code: int

    def payload(self) -> bytes:
        return bytes((self.sub, self.code))


class WifiTest(msgspec.Struct, frozen=True):
    """The test network was found with this signal in percent, or not, and why (0 not found, 1 no licence)."""

    command: ClassVar[int] = codes.WIFI_TEST
    ok: bool
    code: int

    def payload(self) -> bytes:
        return bytes((self.ok, self.code))


class FreeMemory(msgspec.Struct, frozen=True):
    """Bytes that the module has free."""

    command: ClassVar[int] = codes.MEMORY
    size: int

    def payload(self) -> bytes:
        return self.size.to_bytes(4)


class Mac(msgspec.Struct, frozen=True):
    """The module's hardware address; not ok = it could not be read."""

    command: ClassVar[int] = codes.MAC
    ok: bool
    address: bytes

    def payload(self) -> bytes:
        return bytes((not self.ok,)) + self.address


class WeatherNames(msgspec.Struct, frozen=True):
    """The weather values that the MCU subscribes to: w.temp, w.humidity …"""

    command: ClassVar[int] = codes.WEATHER_ON
    names: tuple[str, ...]

    def payload(self) -> bytes:
        return b"".join(_counted(name) for name in self.names)


class WeatherAnswer(msgspec.Struct, frozen=True):
    """Whether they will be sent; if not, 1 = the names cannot be read, 2 = another failure."""

    command: ClassVar[int] = codes.WEATHER_ON
    ok: bool
    why: int = 0

    def payload(self) -> bytes:
        return bytes((self.ok, self.why))


class WeatherData(msgspec.Struct, frozen=True):
    """Weather by name; None = none is known."""

    command: ClassVar[int] = codes.WEATHER
    values: tuple[tuple[str, int | str], ...] | None

    def payload(self) -> bytes:
        if self.values is None:
            return b"\0\1"
        return b"\1" + b"".join(_counted(name) + _weather_value(value) for name, value in self.values)


# Members of the JSON of 2a and 2c, and how many characters each has; docs/protocols/tuya_wifi.md §2.4.19.
_CONNECTION_FIELDS = (("ssid", 1, 32), ("password", 0, 64))
_PAIRING_FIELDS = (("s", 1, 32), ("p", 0, 64), ("t", 1, OTHER_CAP))


class WifiCredentials(msgspec.Struct, frozen=True):
    """Wi-Fi name, password and token, as JSON (2a, 2c). Never stored, never shown."""

    command: int
    data: bytes

    def payload(self) -> bytes:
        return self.data

    def __repr__(self) -> str:
        return f"WifiCredentials(command={self.command}, …)"

    def is_whole(self) -> bool:
        """Is it JSON with the required members, of lengths that a Wi-Fi network has? An open one has no password."""
        fields = json_object(self.data) or {}
        wanted = _PAIRING_FIELDS if self.command == codes.PAIRING else _CONNECTION_FIELDS
        values = [(fields.get(name), least, most) for name, least, most in wanted]
        return all(isinstance(value, str) and least <= len(value) <= most for value, least, most in values)


class MapBlock(msgspec.Struct, frozen=True):
    """A part of a vacuum cleaner's map (28)."""

    command: ClassVar[int] = codes.MAP
    id: int
    offset: int
    data: bytes

    def payload(self) -> bytes:
        return self.id.to_bytes(2) + self.offset.to_bytes(4) + self.data


class MapsBlock(msgspec.Struct, frozen=True):
    """A part of one of several maps (30)."""

    command: ClassVar[int] = codes.MAPS
    version: int
    id: int
    sub: int
    mode: int
    offset: int
    data: bytes

    def payload(self) -> bytes:
        head = bytes((self.version,)) + self.id.to_bytes(2) + bytes((self.sub, self.mode))
        return head + self.offset.to_bytes(4) + self.data


class TimeNotice(msgspec.Struct, frozen=True):
    """The time, sent unasked (34 02). ``kind``: 0 GMT, 1 local. ``fields``: year - 2000 … second, weekday."""

    command: ClassVar[int] = codes.EXTENDED
    kind: int
    fields: bytes

    def payload(self) -> bytes:
        return bytes((codes.TIME_NOTICE, self.kind)) + self.fields


class ModuleInfo(msgspec.Struct, frozen=True):
    """What the MCU asked of the module (34 07), JSON. It may hold the Wi-Fi password: never shown."""

    command: ClassVar[int] = codes.EXTENDED
    code: int
    data: bytes = b""

    def payload(self) -> bytes:
        return bytes((codes.MODULE_INFO, self.code)) + self.data

    def __repr__(self) -> str:
        return f"ModuleInfo(code={self.code}, …)"


class RecordReport(msgspec.Struct, frozen=True):
    """Data points of an earlier time (34 0b). ``kind``: 0 = take the module's time, 1 ``time`` is local, 2 GMT."""

    command: ClassVar[int] = codes.EXTENDED
    version: int
    kind: int
    time: bytes
    points: tuple[DataPoint, ...]

    def payload(self) -> bytes:
        return bytes((codes.RECORD, self.version, self.kind)) + self.time + write_points(self.points)


class UnixRecord(msgspec.Struct, frozen=True):
    """Data points of an earlier time (e0), which is in Unix milliseconds, as 13 digits."""

    command: ClassVar[int] = codes.UNIX_RECORD
    kind: ClassVar[int] = 3  # of the time; no other is known
    milliseconds: int
    points: tuple[DataPoint, ...]

    def payload(self) -> bytes:
        return bytes((self.kind,)) + f"{self.milliseconds:013d}".encode() + write_points(self.points)


class BluetoothTest(msgspec.Struct, frozen=True):
    """The Bluetooth test (35 01): whether the beacon was found, and its signal in percent."""

    command: ClassVar[int] = codes.BLUETOOTH
    code: int
    signal: int

    def payload(self) -> bytes:
        return bytes((codes.BLUETOOTH_TEST, self.code, self.signal))


class Features(msgspec.Struct, frozen=True):
    """What the MCU needs of the module (37 00), JSON: mcu_ota, abv (bits), ir, buf, b_nm. No ``fields`` = no JSON."""

    command: ClassVar[int] = codes.FEATURES
    data: bytes
    fields: Mapping[str, Any] | None = None  # Any: JSON values as the MCU wrote them

    def payload(self) -> bytes:
        return bytes((codes.FEATURES_REPORT,)) + self.data


class FileReady(msgspec.Struct, frozen=True):
    """The MCU's answer to the start of the later kind of file transfer (37 01): a result, and a code for the size."""

    command: ClassVar[int] = codes.FEATURES
    code: int
    size: int

    def payload(self) -> bytes:
        return bytes((codes.FILE_DOWNLOAD, self.code, self.size))


class FileInfo(msgspec.Struct, frozen=True):
    """What file it is (37 02), JSON: name, id, no, len, type, file_info, ext_info, act. No ``fields`` = no JSON."""

    command: ClassVar[int] = codes.FEATURES
    data: bytes
    fields: Mapping[str, Any] | None = None  # Any: JSON values as the module wrote them

    def payload(self) -> bytes:
        return bytes((codes.FILE_INFO,)) + self.data


# --- inside -----------------------------------------------------------------------------------------


def _counted(text: str) -> bytes:
    data = text.encode()
    return bytes((len(data),)) + data


def _weather_value(value: int | str) -> bytes:
    if isinstance(value, int):
        return bytes((INTEGER, 4)) + value.to_bytes(4, signed=True)
    return bytes((TEXT,)) + _counted(value)
