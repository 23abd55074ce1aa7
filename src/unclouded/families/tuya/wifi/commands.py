"""The commands of the ordinary Tuya Wi-Fi line, by name. The controller is the module, the device the MCU.

Source: docs/protocols/tuya_wifi.md §2.4, §2.5. Where only a name is known, the payload says "not known".
"""

from collections.abc import Mapping
from typing import Literal

from unclouded.core.family import CommandRow

Initiator = Literal["controller", "device", "both"]

NOTHING = "nothing"
UNITS = "data points"
NOT_KNOWN = "not known"


def _row(
    code: int,
    name: str,
    initiator: Initiator,
    request: str = NOT_KNOWN,
    response: str = NOT_KNOWN,
    sub: int | None = None,
) -> CommandRow:
    return CommandRow(code=code, sub=sub, name=name, initiator=initiator, request=request, response=response)


COMMANDS: tuple[CommandRow, ...] = (
    _row(0x00, "heartbeat", "controller", NOTHING, "1 byte: 0 = first answer after a restart, 1 = any other"),
    _row(0x01, "product info", "controller", NOTHING, "JSON p, v, m …; old MCUs: 16 characters and x.y.z"),
    _row(0x02, "working mode", "controller", NOTHING, "nothing, or 2 or 3 bytes: LED pin, key pin, BLE LED pin"),
    _row(0x03, "network status", "controller", "1 byte: 0 to 6", NOTHING),
    _row(0x04, "reset Wi-Fi", "device", NOTHING, NOTHING),
    _row(0x05, "reset Wi-Fi, choose pairing", "device", "1 byte: 0 EZ, 1 AP", NOTHING),
    _row(0x06, "set data points", "controller", UNITS, "none of its own: 07 reports"),
    _row(0x07, "report", "device", UNITS, "none"),
    _row(0x08, "query all", "controller", NOTHING, "none of its own: 07 reports"),
    _row(
        0x0A,
        "update start",
        "controller",
        "4 bytes: size; MD5, channel, version",
        "1 byte: 0 = 256, 1 = 512, 2 = 1024 bytes a block",
    ),
    _row(0x0B, "update block", "controller", "4 bytes: offset (a channel before it); data", NOTHING),
    _row(0x0C, "time (GMT)", "device", NOTHING, "7 bytes: ok, year - 2000, month, day, hour, minute, second"),
    _row(0x0D, "factory mode", "both"),
    _row(0x0E, "Wi-Fi test", "device", NOTHING, "2 bytes: 1 and signal in percent, or 0 and why not"),
    _row(0x0F, "free memory", "device", NOTHING, "4 bytes"),
    _row(0x1C, "time (local)", "device", NOTHING, "8 bytes: as 0c, and the weekday, 1 = Monday"),
    _row(0x1E, "file download start (NB-IoT)", "controller"),
    _row(0x1F, "file download block (NB-IoT)", "controller"),
    _row(0x20, "weather on", "device", "names, each with its length", "2 bytes: 1 0, or 0 and why not"),
    _row(0x21, "weather data", "controller", "1 byte: 1; names, types and values", NOTHING),
    _row(0x22, "synchronous report", "device", UNITS, "none of its own: 23 answers"),
    _row(0x23, "synchronous report's answer", "controller", "1 byte: 0 failed, 1 done", "none"),
    _row(0x24, "signal strength", "device", NOTHING, "1 byte: dBm, signed; 0 = failed"),
    _row(0x25, "stop heartbeats", "device", NOTHING, NOTHING),
    _row(0x28, "map stream", "device", "2 bytes: id; 4 bytes: offset; data", "1 byte: 0 = done"),
    _row(0x2A, "pairing over the line", "device", "JSON s, p, t", "1 byte: 0 to 3"),
    _row(0x2B, "network status asked for", "device", NOTHING, "1 byte, as 03"),
    _row(0x2C, "connection test", "device", "JSON ssid, password", "1 byte: 0 bad JSON, 1 accepted"),
    _row(0x2D, "module's MAC", "device", NOTHING, "7 bytes: 0 = ok; MAC"),
    _row(0x2E, "infrared status", "controller", "1 byte: 0 to 3", NOTHING),
    _row(0x2F, "infrared test", "device", NOTHING, "1 byte: 0 done, 1 failed"),
    _row(0x30, "several maps' stream", "device", "version, id, sub-id, mode, offset, data", "1 byte: 0 or 1"),
    _row(0x31, "file download start (old)", "controller", "as 0a", "as 0a"),
    _row(0x32, "file download block (old)", "controller", "as 0b", "as 0b"),
    _row(0x33, "radio remote", "both"),
    _row(0x34, "time notices on", "device", "1 byte: 0 GMT, 1 local", "1 byte: 0 = done", 0x01),
    _row(0x34, "time notice", "controller", "type and time, 8 bytes", NOTHING, 0x02),
    _row(0x34, "weather wanted", "device", NOTHING, "1 byte: 0 = done; then 21", 0x03),
    _row(0x34, "reset notices on", "device", NOTHING, "1 byte: 0 done, 1 failed", 0x04),
    _row(0x34, "reset notice", "controller", "1 byte: 0 local, 1 app, 2 factory", NOTHING, 0x05),
    _row(0x34, "map session id", "device", sub=0x06),
    _row(0x34, "module info", "device", "codes, ff = all", "1 byte: 0 done, 1 failed; JSON", 0x07),
    _row(0x34, "log level", "both", sub=0x08),
    _row(0x34, "update under way", "controller", sub=0x0A),
    _row(0x34, "record report", "device", "1, kind of time, 6 bytes of time, data points", "1 byte: 0, 2 or 3", 0x0B),
    _row(0x34, "serial bus", "both", sub=0x0C),
    _row(0x34, "Wi-Fi remote", "both", sub=0x20),
    _row(0x35, "Bluetooth scan test", "device", NOTHING, "2 bytes: result, signal", 0x01),
    _row(0x35, "Bluetooth state", "controller", "1 byte: 0 to 4", NOT_KNOWN, 0x04),
    _row(0x35, "Bluetooth state asked for", "device", NOTHING, NOT_KNOWN, 0x05),
    _row(0x35, "Bluetooth remote's data", "controller", sub=0x06),
    _row(0x35, "Bluetooth bind or unbind", "both", sub=0x07),
    _row(0x35, "Bluetooth sub-device's data", "controller", sub=0x08),
    _row(0x35, "Bluetooth remote's data points", "both", sub=0xF2),
    _row(0x36, "extended data points start", "both", sub=0x01),
    _row(0x36, "extended data points set", "controller", sub=0x02),
    _row(0x36, "extended data points report", "device", sub=0x03),
    _row(0x37, "new features", "device", "JSON mcu_ota, abv, ir, buf, b_nm", "1 byte: 0 to 2", 0x00),
    _row(0x37, "file download start", "controller", "1 byte: 1", "2 bytes: result, code of size", 0x01),
    _row(0x37, "file info", "controller", "JSON name, id, no, len, type …", NOT_KNOWN, 0x02),
    _row(0x37, "file data", "controller", sub=0x03),
    _row(0x37, "file start or stop", "device", sub=0x04),
    _row(0x37, "file result", "both", sub=0x05),
    _row(0x37, "file upload start", "both", sub=0x06),
    _row(0x37, "file upload data", "device", sub=0x07),
    _row(0x37, "file transfer result", "both", sub=0x08),
    _row(0x38, "infrared thermostat", "both", sub=0x01),
    _row(0x39, "product test state", "both", sub=0x00),
    _row(0x39, "product test key", "both", sub=0x03),
    _row(0x39, "product test LED", "both", sub=0x04),
    _row(0x39, "product test pass-through", "both", sub=0x05),
    _row(0x39, "product test module state", "both", sub=0x06),
    _row(0x39, "product test result", "both", sub=0x07),
    _row(0x3A, "update request (low power)", "both"),
    _row(0x3B, "update state (low power)", "both"),
    _row(0x3C, "map stream, 16-bit", "device"),
    _row(0x60, "voice state", "both", NOT_KNOWN, "1 byte: 0 idle to 6 failed"),
    _row(0x61, "voice microphone", "both"),
    _row(0x62, "voice volume", "both", "1 byte: 0 to 10"),
    _row(0x63, "voice audio test", "both"),
    _row(0x64, "voice wake test", "both"),
    _row(0x65, "voice extensions", "both"),
    _row(0x66, "Matter", "both"),
    _row(0x69, "cloud storage", "both"),
    _row(0x70, "IoT network", "both"),
    _row(0x72, "fan test", "both", sub=0x01),
    _row(0x72, "fan duty", "both", sub=0x02),
    _row(0x80, "access point pass-through test", "both"),
    _row(0x90, "data point cache", "both"),
    _row(0x91, "hibernate notice", "both", sub=0x00),
    _row(0x91, "wake", "both", sub=0x01),
    _row(0x91, "hibernate request", "both", sub=0x02),
    _row(0x95, "offline voice", "both"),
    _row(0xEF, "user's own", "both"),
    _row(0xF4, "factory settings", "both"),
)

_BY_CODE: Mapping[tuple[int, int | None], CommandRow] = {(int(row.code), row.sub): row for row in COMMANDS}
WITH_SUB = frozenset(int(row.code) for row in COMMANDS if row.sub is not None)
_WHOLE = {0x33: "radio remote", 0x34: "extended service", 0x35: "Bluetooth", 0x36: "extended data points"}
NAMES: Mapping[int, str] = {int(row.code): row.name for row in reversed(COMMANDS) if row.sub is None} | _WHOLE


def sub_of(command: int, payload: bytes) -> int | None:
    """The sub-command byte, of commands that have one."""
    return payload[0] if command in WITH_SUB and payload else None


def name_of(command: int, payload: bytes = b"") -> str:
    """What people call a command; "" where nobody knows."""
    row = _BY_CODE.get((command, sub_of(command, payload))) or _BY_CODE.get((command, None))
    return row.name if row else NAMES.get(command, "")
