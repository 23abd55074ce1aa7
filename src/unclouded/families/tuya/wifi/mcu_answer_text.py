"""What a module answered its MCU, in words.

    1c 01 1a 09 15 0f 0d 14 01 ─► "2026-09-21 15:13:20"    24 c4 ─► "-60 dBm"    2a 00 ─► "taken"

Source: docs/protocols/tuya_wifi.md §2.4, §2.5.
"""

from collections.abc import Mapping

from unclouded.core.session import Network
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.messages import Clock, NetworkStatus, Result, json_object
from unclouded.families.tuya.wifi.messages import Signal
from unclouded.families.tuya.wifi.service_messages import (
    BluetoothTest,
    FreeMemory,
    Mac,
    ModuleInfo,
    SubResult,
    WeatherAnswer,
    WifiTest,
)


def words_of(message: Message) -> tuple[bool, str]:
    """Was it a yes? And the answer in words, without secrets."""
    match message:
        case Clock(ok=True, fields=fields):
            year, month, day, hour, minute, second = fields[:6]
            return True, f"20{year:02}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        case Clock():
            return False, "the module does not know"
        case Signal(dBm=dBm):
            return bool(dBm), f"{dBm} dBm" if dBm else "the module does not know"
        case NetworkStatus(status=status):
            return True, _NETWORK.get(status, f"status {status}")
        case FreeMemory(size=size):
            return True, f"{size} bytes"
        case Mac(ok=ok, address=address):
            return ok, address.hex(":") if ok else "the module does not know"
        case WifiTest(ok=ok, code=code):
            return ok, f"found, {code} %" if ok else "no licence" if code else "not found"
        case WeatherAnswer(ok=ok, why=why):
            return ok, "it will be told" if ok else f"error {why}"
        case ModuleInfo(code=code, data=data):
            return not code, f"error {code}" if code else f"it tells {', '.join(json_object(data) or ()) or 'nothing'}"
        case BluetoothTest(code=code, signal=signal):
            return code == 1, f"found, {signal} %" if code == 1 else "not found"
        case Result(command=0x60 | 0x61 | 0x62 | 0x64, code=code):
            return True, f"{code}"
        case SubResult(command=0x35, code=code):
            return True, f"state {code}"
        case Result(code=code) | SubResult(code=code):
            words = _TAKEN.get((message.command, code), f"code {code}" if code else "done")
            return code == _YES.get(message.command, 0), words
    return True, ""


_NETWORK: Mapping[int, str] = {status.value: status.name.lower().replace("_", " ") for status in Network}
_YES: Mapping[int, int] = {0x2C: 1}  # by command, where it is not 0
_TAKEN: Mapping[tuple[int, int], str] = {  # by command and code
    (0x2A, 0): "taken",
    (0x2A, 1): "it is not to be paired now",
    (0x2A, 2): "that is not the right JSON",
    (0x2A, 3): "it failed",
    (0x2C, 0): "that is not the right JSON",
    (0x2C, 1): "taken",
    (0x2F, 1): "there is none",
    (0x34, 2): "it failed",
    (0x34, 3): "that cannot be",
    (0x37, 1): "that is not the right JSON",
}
