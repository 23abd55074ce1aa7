"""System.Debug of a simulated plug: that of the console's ``iot dbg``, and it runs.

    system   version, sysUpTime 1h2m3s, localTimeOffset, localTime "Mon Apr 29 23:52:42 2024", suncalc "6:53;19:0"
    network  linkStatus, ssid, gatewayMac, innerIp, wifiDisconnectCount
    cloud    activeServer, main and second server, userId, sysConnectTime, sysOnlineTime, sysDisconnectCount, pingTrace

Hardware 1 adds compileTime, memory and signal. Source: docs/protocols/meross.md §1.8.7.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from unclouded.families.meross.wire.messages import Firmware, Position

NEVER = "N/A"
HOUR_S = 3600
HORIZON_DEG = -0.833  # the sun's centre at sunrise: half its width, and refraction
TILT_DEG = 23.44
WINTER_SOLSTICE = -10  # the day of the year, counted from 1 January


class ServerContact:
    """Since when a plug is connected to its server, and how often it was lost."""

    def __init__(self) -> None:
        self.is_online = False
        self.losses = 0
        self.connected_at: float | None = None  # its own clock, Unix seconds
        self._since = 0.0

    def connected(self, unix: float, uptime_s: float) -> None:
        self.is_online = True
        self.connected_at, self._since = unix, uptime_s

    def lost(self) -> None:
        self.losses += self.is_online
        self.is_online = False

    def online_s(self, uptime_s: float) -> float:
        return uptime_s - self._since if self.is_online else 0.0


class PlugFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the report is made of. ``unix``: the plug's clock; ``offset_s``: of its local time."""

    firmware: Firmware
    contact: ServerContact
    position: Position
    uptime_s: float
    unix: float
    offset_s: int
    signal: int
    is_old: bool


def debug_report(plug: PlugFacts) -> Mapping[str, Mapping[str, object]]:
    """The value of ``debug``."""
    return {"system": _system(plug), "network": _network(plug), "cloud": _cloud(plug)}


def duration(seconds: float) -> str:
    """``1h2m3s``."""
    hours, rest = divmod(int(seconds), HOUR_S)
    return f"{hours}h{rest // 60}m{rest % 60}s"


def local_text(unix: float, offset_s: int) -> str:
    """Local time as C programs write it: ``Thu Jan  1 00:06:59 1970``."""
    return datetime.fromtimestamp(unix + offset_s, UTC).ctime()


def sun_times(unix: float, offset_s: int, position: Position) -> str:
    """Sunrise and sunset in local time, some minutes exact: ``6:53;19:0``. Without either: midnight."""
    latitude, longitude = position.latitude / 1e6, position.longitude / 1e6
    day = datetime.fromtimestamp(unix + offset_s, UTC).timetuple().tm_yday - 1
    declination = math.radians(-TILT_DEG * math.cos(2 * math.pi * (day - WINTER_SOLSTICE) / 365.25))
    phi = math.radians(latitude)
    above = math.sin(math.radians(HORIZON_DEG)) - math.sin(phi) * math.sin(declination)
    cosine = above / max(math.cos(phi) * math.cos(declination), 1e-9)
    if abs(cosine) > 1:
        return "0:0;0:0"
    noon = 12 * 60 - longitude * 4 + offset_s / 60 - _equation_of_time(day)
    half = math.degrees(math.acos(cosine)) * 4
    return ";".join(_clock(minute) for minute in (noon - half, noon + half))


def _equation_of_time(day: int) -> float:
    """Minutes by which the sun is ahead of the clock."""
    angle = 2 * math.pi * (day - 80) / 365.25
    return 9.87 * math.sin(2 * angle) - 7.53 * math.cos(angle) - 1.5 * math.sin(angle)


def _clock(minutes: float) -> str:
    hour, minute = divmod(round(minutes) % 1440, 60)
    return f"{hour}:{minute}"


def _system(plug: PlugFacts) -> Mapping[str, object]:
    report: dict[str, object] = {
        "version": plug.firmware.version,
        "sysUpTime": duration(plug.uptime_s),
        "localTimeOffset": plug.offset_s,
        "localTime": local_text(plug.unix, plug.offset_s),
        "suncalc": sun_times(plug.unix, plug.offset_s, plug.position),
    }
    if plug.is_old:
        report |= {"compileTime": plug.firmware.compile_time, "memory": "total 8388608, free 2097152"}
    return report


def _network(plug: PlugFacts) -> Mapping[str, object]:
    report: dict[str, object] = {
        "linkStatus": 0 if plug.is_old else "connected",
        "ssid": "unclouded",
        "gatewayMac": plug.firmware.wifi_mac,
        "innerIp": plug.firmware.inner_ip,
        "wifiDisconnectCount": 0,
    }
    return report | {"signal": plug.signal} if plug.is_old else report


def _cloud(plug: PlugFacts) -> Mapping[str, object]:
    firmware, contact = plug.firmware, plug.contact
    connected_at = contact.connected_at
    return {
        "activeServer": firmware.server if contact.is_online else "",
        "mainServer": firmware.server,
        "mainPort": firmware.port,
        "secondServer": firmware.server,
        "secondPort": firmware.port,
        "userId": firmware.user_id,
        "sysConnectTime": NEVER if connected_at is None else local_text(connected_at, plug.offset_s),
        "sysOnlineTime": duration(contact.online_s(plug.uptime_s)),
        "sysDisconnectCount": contact.losses,
        "pingTrace": [],
    }
