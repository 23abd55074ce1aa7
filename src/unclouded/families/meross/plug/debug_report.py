"""System.Debug of a simulated plug: that of the console's ``iot dbg``, and it runs.

    system   version, sysUpTime 1h2m3s, localTimeOffset, localTime "Mon Apr 29 23:52:42 2024", suncalc "6:53;19:0"
    network  linkStatus, ssid, gatewayMac, innerIp, wifiDisconnectCount
    cloud    activeServer, main and second server, userId, sysConnectTime, sysOnlineTime, sysDisconnectCount, pingTrace

Hardware 1 adds compileTime, memory and signal, hardware 8 much more. Source: docs/protocols/meross.md §1.8.7.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from unclouded.families.meross.plug.state.dialects import PlugDialect
from unclouded.families.meross.plug.state.plug_settings import PlugSettings
from unclouded.families.meross.wire.messages import Firmware
from unclouded.families.meross.wire.sun import sun_minutes
from unclouded.families.meross.wire.time_rules import local_offset

NEVER = "N/A"
HOUR_S = 3600
NO_LOSSES: Mapping[str, object] = {"totalCount": 0, "detials": []}  # spelled so by the plugs
NOISE_DBM = -77


class ServerContact:
    """Since when a plug is connected to its server, and how often it was lost."""

    def __init__(self) -> None:
        self.is_online = False
        self.losses = 0
        self.host = ""
        self.connected_at: float | None = None  # its own clock, Unix seconds
        self._since = 0.0

    def connected(self, host: str, unix: float, uptime_s: float) -> None:
        """``unix``: seconds by the plug's clock, which may be wrong; ``uptime_s``: seconds since its start."""
        self.is_online, self.host = True, host
        self.connected_at, self._since = unix, uptime_s

    def lost(self) -> None:
        """Counts a loss where it was connected; may be called again."""
        self.losses += self.is_online
        self.is_online = False

    def online_s(self, uptime_s: float) -> float:
        """Seconds since it connected; 0 where it is not connected. ``uptime_s``: now, since its start."""
        return uptime_s - self._since if self.is_online else 0.0


class PlugFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the report is made of. ``unix``: the plug's clock; ``channel``: of its Wi-Fi."""

    dialect: PlugDialect
    firmware: Firmware
    contact: ServerContact
    settings: PlugSettings
    uptime_s: float
    unix: float
    signal: int
    channel: int

    @property
    def offset_s(self) -> int:
        return local_offset(self.settings.time_rule, self.unix)

    @property
    def is_newest(self) -> bool:
        return "Encrypt.Suite" in self.dialect.abilities


def debug_report(plug: PlugFacts) -> Mapping[str, Mapping[str, object]]:
    """The value of ``debug``."""
    return {"system": _system(plug), "network": _network(plug), "cloud": _cloud(plug)}


def duration(seconds: float) -> str:
    """``1h2m3s``."""
    hours, rest = divmod(int(seconds), HOUR_S)
    return f"{hours}h{rest // 60}m{rest % 60}s"


def local_text(unix: float, offset_s: int) -> str:
    """Local time as C programs write it: ``Thu Jan  1 00:06:59 1970``."""
    return datetime.fromtimestamp(max(unix + offset_s, 0), UTC).ctime()


def sun_text(unix: float, offset_s: int, latitude: int, longitude: int) -> str:
    """Sunrise and sunset in local time: ``6:53;19:0``. Without either: midnight."""
    minutes = sun_minutes(unix, offset_s, latitude, longitude) or (0, 0)
    return ";".join(f"{minute // 60}:{minute % 60}" for minute in minutes)


def _system(plug: PlugFacts) -> Mapping[str, object]:
    settings = plug.settings
    report: dict[str, object] = {
        "version": plug.firmware.version,
        "sysUpTime": duration(plug.uptime_s),
        "localTimeOffset": plug.offset_s,
        "localTime": local_text(plug.unix, plug.offset_s),
        "suncalc": sun_text(plug.unix, plug.offset_s, settings.latitude, settings.longitude),
    }
    if plug.dialect.is_old:
        report |= {"compileTime": plug.firmware.compile_time, "memory": "total 8388608, free 2097152"}
    if plug.is_newest:
        report |= {"UTC": int(plug.unix), "memTotal": 155_936, "memFree": 17_040, "memMini": 5_952}
    return report


def _network(plug: PlugFacts) -> Mapping[str, object]:
    is_joined = plug.settings.is_set_up
    report: dict[str, object] = {
        "linkStatus": 0 if plug.dialect.is_old else "connected" if is_joined else "disconnect",
        "ssid": plug.settings.ssid if is_joined else "",
        "gatewayMac": plug.firmware.wifi_mac,
        "innerIp": plug.firmware.inner_ip,
        "wifiDisconnectCount": 0,
    }
    if plug.dialect.is_old:
        report |= {"signal": plug.signal}
    if plug.is_newest:
        rssi = plug.signal // 2 - 100
        report |= {"snr": rssi - NOISE_DBM, "channel": plug.channel, "signal": plug.signal, "rssi": rssi}
        report |= {"wifiDisconnectDetail": NO_LOSSES}
    return report


def _cloud(plug: PlugFacts) -> Mapping[str, object]:
    firmware, contact, settings = plug.firmware, plug.contact, plug.settings
    connected_at = contact.connected_at
    report: dict[str, object] = {
        "activeServer": contact.host if contact.is_online else "",
        "mainServer": firmware.server,
        "mainPort": firmware.port,
        "secondServer": settings.second_host or firmware.server,
        "secondPort": settings.second_port or firmware.port,
        "userId": firmware.user_id,
        "sysConnectTime": NEVER if connected_at is None else local_text(connected_at, plug.offset_s),
        "sysOnlineTime": duration(contact.online_s(plug.uptime_s)),
        "sysDisconnectCount": contact.losses,
        "pingTrace": [],
    }
    if plug.is_newest:
        del report["pingTrace"]
        link = "connected" if contact.is_online else "disconnect"
        report = {"linkStatus": link, **report, "iotDisconnectDetail": NO_LOSSES}
    return report
