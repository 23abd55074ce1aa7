"""A hub, a device and its wire, full of what must not be in a bundle."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from unclouded.app.configuration.config import Config, parse_config
from unclouded.app.configuration.tables.file import HiddenText
from unclouded.app.dump.shown_frames import ChannelFrames
from unclouded.app.dump.source import BundleSource, View
from unclouded.core.finding import problem, warning
from unclouded.families.tuya.line.framing import Frame
from unclouded.recording.capture import CaptureLine

NAME, ROOM = "Abuela's Heizlüfter", "Zimmer von Brunhilde"
UUID, MAC = "2104216598765425187648e1e9771234", "48:e1:e9:77:12:34"
IP, IPV6, HOST = "192.168.77.23", "fe80::1c2d:3e4f:5a6b:7c8d", "brunhilde-nas.fritz.box"
MAIL, USER_ID = "brunhilde.mueller@example.org", "98765432"
SSID, WIFI_PASSWORD = "FRITZ!Box 7590 XY", "correct horse 4711 Batterie"
KEY, LOCAL_KEY, TOKEN = "Zq8!kw-meross-key-7", "a1B2c3D4e5F6g7H8", "tok_9f8e7d6c5b4a39281706"
LATITUDE, LONGITUDE = "48.20849", "16.37208"
ALARM_CODE, SERIAL = "Xk7742", "SN-AX8842990017"
TYPED = "Happy Birthday Brunhilde!"
DATA_FOLDER = "/home/brunhilde/unclouded-daten"
PHONE = "004366412345678"

# Not known to the program as private: only patterns and the list of its own words can catch them.
UNKNOWN = (SSID, WIFI_PASSWORD, TOKEN, MAIL, PHONE, SERIAL, USER_ID, LOCAL_KEY, IPV6, "Brunhilde", "brunhilde")
SECRETS = (NAME, ROOM, UUID, MAC, IP, HOST, KEY, LATITUDE, LONGITUDE, ALARM_CODE, TYPED, DATA_FOLDER, *UNKNOWN)

CONFIG = f"""
[hub]
timezone = "Europe/Vienna"
[broker]
host = "{HOST} {IP}"
[web]
host = "{HOST}"
[weather]
source = "open-meteo"
url = "https://{HOST}/v1/forecast"
latitude = {LATITUDE}
longitude = {LONGITUDE}
[[device]]
id = "heizung"
name = "{NAME}"
room = "{ROOM}"
parent = "zaehler"
uuid = "{UUID}"
record = "brunhilde.jsonl"
[[device.channel]]
name = "wlan von brunhilde"
family = "meross"
link = ["http://{IP}", "broker:"]
[[device.channel]]
name = "tuya"
family = "tuya_wifi"
link = "tcp://{HOST}:6638"
session = {{ silence_s = 10.0, alarm_code = "{ALARM_CODE}", codes = ["{ALARM_CODE}"] }}
[[device.channel]]
name = "console"
family = "meross_console"
link = "serial:///dev/serial/by-id/usb-{SERIAL}-if00?baud=115200"
[[device]]
id = "zaehler"
name = "Zähler von Brunhilde"
family = "emporia"
link = "rfc2217://{HOST}:2217"
"""


def config(folder: Path) -> Config:
    found = parse_config(CONFIG, str(folder / "unclouded.toml"), DATA_FOLDER)
    return msgspec.structs.replace(found, meross_key=HiddenText(KEY))


def _point(key: str, kind: str, options: Sequence[str] = ()) -> View:
    limits = {"minimum": None, "maximum": None, "confidence": "", "label": ROOM}
    return {"key": key, "kind": kind, "unit": "", "access": "r", "exponent": 0, "options": list(options), **limits}


DEVICE: View = {
    "id": "heizung",
    "identity": f"meross:{UUID}",
    "family": "meross",
    "state": "online",
    "since": "2026-11-30T12:00:00.000Z",
    "reason": f"{IP} refuses port 80. {TYPED}",
    "link": f"http://{IP} broker: tcp://{HOST}:6638",
    "profile": "meross/mss310",
    "points": [_point("power_W", "number"), _point("message", "text"), _point("mode", "enum", ["eco", NAME])],
    "actions": [{"name": "update"}],
    "name": NAME,
    "room": ROOM,
    "parent": "zaehler",
    "main": "on",
    "produces": False,
    "critical": True,
    "favourite": False,
    "colour": 3,
    "info": {"product": "mss310", "version": "2.1.17", "mac": MAC, "uuid": UUID, "account": USER_ID, "server": HOST},
    "schedule": [{"name": TYPED}],
}

READINGS: Sequence[View] = [
    {
        "at": "2026-11-30T12:00:00.000Z",
        "device": "heizung",
        "point": point,
        "value": value,
        "quality": "good",
        "flags": [],
    }
    for point, value in (("power_W", 67.3), ("message", TYPED), ("mode", NAME), ("serial_number", SERIAL))
]

EVENTS: Sequence[View] = [
    {"at": "2026-11-30T12:00:00.000Z", "device": "heizung", "kind": "state", "words": words, "data": data}
    for words, data in (
        (f"heizung is offline: {HOST} ({IP}, {IPV6}) does not answer.", {"state": "offline", "reason": IP}),
        (f"message confirmed: '{TYPED}'", {"point": "message", "value": TYPED, "ms": 12.5}),
        (f"The plug of {MAIL} joined {SSID} with '{WIFI_PASSWORD}'; call {PHONE}.", {"ssid": SSID, "id": int(USER_ID)}),
    )
]

LOG: Sequence[View] = [
    {"at": "2026-11-30T12:00:00.000Z", "device": "", "level": "warning", "source": "unclouded", "text": text}
    for text in (
        f"Broker: plug {UUID} at {IP}: its token {TOKEN} is of {MAIL}, local key {LOCAL_KEY}.",
        f"{DATA_FOLDER}/store.sqlite cannot be written: {NAME} in {ROOM}, {SERIAL}",
        f"heizung has moved to {LATITUDE}, {LONGITUDE}; its MAC is {MAC.upper()} or {MAC.replace(':', '')}",
    )
]


def _line(t: float, sender: str, data: bytes) -> CaptureLine:
    return CaptureLine(t, "controller" if sender == "controller" else "device", data)


def unit(id: int, type: int, value: bytes) -> bytes:
    return bytes((id, type)) + len(value).to_bytes(2) + value


def meross_message(payload: Mapping[str, object], namespace: str = "Appliance.System.All") -> bytes:
    header = {
        "messageId": "0123456789abcdef0123456789abcdef",
        "namespace": namespace,
        "method": "GETACK",
        "payloadVersion": 1,
        "from": f"/appliance/{UUID}/publish",
        "timestamp": 1795262400,
        "timestampMs": 5,
        "sign": "*" * 32,
    }
    return msgspec.json.encode({"header": header, "payload": payload})


MEROSS = [
    meross_message(
        {
            "all": {
                "system": {
                    "hardware": {"type": "mss310", "version": "2.0.0", "uuid": UUID, "macAddress": MAC},
                    "firmware": {
                        "innerIp": IP,
                        "server": HOST,
                        "port": 8883,
                        "userId": int(USER_ID),
                        "version": "2.1.17",
                    },
                },
                "control": {"name": NAME, "token": TOKEN, "note": TYPED, "wifi": {"ssid": SSID, "bssid": MAC}},
            }
        }
    ),
    meross_message(
        {"position": {"latitude": 48208490, "longitude": 16372080, "email": MAIL, "unknown": {TYPED: SSID}}},
        "Appliance.System.Position",
    ),
    meross_message(
        {"electricity": {"current": 8691, "voltage": 2298, "power": 1997021}}, "Appliance.Control.Electricity"
    ),
    f"HTTP/1.1 403 {NAME} {SSID}".encode(),
]

TUYA = [
    Frame(3, 1, b'{"p":"keyproduct123456","v":"1.0.0","m":0}'),
    Frame(3, 7, unit(19, 2, (673).to_bytes(4)) + unit(101, 3, TYPED.encode()) + unit(1, 1, b"\1")),
    Frame(3, 7, unit(102, 0, WIFI_PASSWORD.encode()) + unit(103, 0, bytes.fromhex(MAC.replace(":", "")))),
    Frame(3, 7, unit(104, 3, LOCAL_KEY.encode()) + unit(105, 4, b"\2")),
    Frame(3, 0x2D, b"\0" + bytes.fromhex(MAC.replace(":", ""))),
    Frame(3, 0x7D, f"{SSID} {SERIAL} {MAIL}".encode()),
]

CONSOLE = [
    f"$ meross net\r\nip: {IP}\r\nrouter: {MAC}\r\n".encode(),
    f"[T: 153 M: wifi C: info F: connect L: 33]: joined {SSID}, {WIFI_PASSWORD} for {MAIL}\r\n".encode(),
    f"user {USER_ID} key {LOCAL_KEY} at {LATITUDE},{LONGITUDE} {NAME}\r\n".encode(),
]


def source(folder: Path) -> BundleSource:
    """All of it. The raw bytes of frames are as a hub shows them: keys that the protocol names are starred already."""
    found = config(folder)
    wires = (
        ("wlan von brunhilde", "meross", MEROSS),
        ("tuya", "tuya_wifi", [bytes(one) for one in TUYA]),
        ("console", "meross_console", CONSOLE),
    )
    channels = [
        ChannelFrames(name, family, 1795262400.0, [_line(n * 0.1, "device", one) for n, one in enumerate(sent)])
        for name, family, sent in wires
    ]
    return BundleSource(
        config=found,
        table=found.devices[0],
        devices=[DEVICE],
        others={"zaehler": "Zähler von Brunhilde"},
        readings=READINGS,
        frames=channels,
        wire={"wlan von brunhilde": {"frames_in": 12.0}, "tuya": {"frames_in": 3.0}},
        events=EVENTS,
        log=LOG,
        hub={"version": "0.1.0", "uptime_s": 60, "data": DATA_FOLDER},
        findings=[
            problem(
                "data folder", f"{DATA_FOLDER} belongs to brunhilde, and you may not write to it", "Run it as she."
            ),
            warning(HOST, f"[broker] host leads to {IP}, which is not an address of this computer", "Correct it."),
        ],
        missing=["No hub runs.", f"The store {DATA_FOLDER}/store.sqlite of {NAME} cannot be read."],
    )
