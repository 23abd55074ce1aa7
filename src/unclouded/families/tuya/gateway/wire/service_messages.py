"""The messages of the services 33, and the time: weather by name, the time with its zone, the pause of heartbeats.

    device (MCU)                                          controller (module)
    33 00 minutes, L name …    WeatherSubscription        33 00 1 = ok, why not      WeatherAccepted
    33 01 -                    BareSub                    33 01 status, L name T L value …   WeatherReport
    33 02 L name …             WeatherRequest             33 02 0 = ok               GatewayResult
    33 03 -                    BareSub                    33 03 zone 2, dst, time 7  ZonedClock
    33 04 0 or 1               HeartbeatPause             33 04 -                    BareSub
    10, 11 -                   Bare                       10, 11 1 = ok, time        Clock

Source: docs/protocols/tuya_gateway.md §2.3.3, §2.6, §2.11.
"""

from typing import ClassVar

import msgspec

from unclouded.core.sessions.session import LocalTime
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import (
    OutOfRange,
    counted,
    counted_part,
    counted_text,
    counted_texts,
    must,
)
from unclouded.families.tuya.gateway.wire.point_messages import date_bytes, date_seconds
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import Clock

INTEGER, TEXT = 0, 1  # the types of a weather value
NO_ERROR, BAD_FORMAT, FAILED = range(3)  # ``error`` of WeatherAccepted
HOURLY, DAILY = 0, 0xFF  # of ``interval``, beside 10 to 240 minutes
SHORTEST_MIN, LONGEST_MIN = 10, 240
NOT_AUTHORISED = b"\1\0\1"
DATE_SIZE = 6
HUNDREDTH_OF_AN_HOUR_S = 36


class WeatherSubscription(msgspec.Struct, frozen=True):
    """Send the weather of these names now and then each ``interval``: minutes, HOURLY or DAILY."""

    command: ClassVar[int] = codes.SERVICES
    sub: ClassVar[int] = codes.WEATHER_ON
    interval: int
    names: tuple[str, ...]

    @property
    def seconds(self) -> int:
        return {HOURLY: 3600, DAILY: 86_400}.get(self.interval, self.interval * 60)

    def payload(self) -> bytes:
        return bytes((self.sub, self.interval)) + b"".join(map(counted, self.names))

    def problem(self) -> str:
        good = self.interval in (HOURLY, DAILY) or SHORTEST_MIN <= self.interval <= LONGEST_MIN
        return "" if good else f"the interval is 10 to 240 minutes, 0 or 255, not {self.interval}"


class WeatherAccepted(msgspec.Struct, frozen=True):
    """Whether the weather will be sent (``result`` 1); if not, why: BAD_FORMAT, FAILED."""

    command: ClassVar[int] = codes.SERVICES
    sub: ClassVar[int] = codes.WEATHER_ON
    result: int
    error: int = NO_ERROR

    @property
    def ok(self) -> bool:
        return self.result == 1

    def payload(self) -> bytes:
        return bytes((self.sub, self.result, self.error))


class WeatherRequest(msgspec.Struct, frozen=True):
    """Send the weather of these names now."""

    command: ClassVar[int] = codes.SERVICES
    sub: ClassVar[int] = codes.WEATHER_NOW
    names: tuple[str, ...]

    def payload(self) -> bytes:
        return bytes((self.sub,)) + b"".join(map(counted, self.names))


class WeatherReport(msgspec.Struct, frozen=True):
    """Weather by name; None = the service is not authorised. ``status``: whether the byte 0 stands before the names."""

    command: ClassVar[int] = codes.SERVICES
    sub: ClassVar[int] = codes.WEATHER
    values: tuple[tuple[str, int | str], ...] | None
    status: bool = True

    def payload(self) -> bytes:
        if self.values is None:
            return NOT_AUTHORISED
        head = bytes((self.sub, 0)) if self.status else bytes((self.sub,))
        return head + b"".join(counted(name) + _value(value) for name, value in self.values)


class ZonedClock(msgspec.Struct, frozen=True):
    """GMT, and the zone. ``zone``: hundredths of an hour. ``date``: year - 2000 to second, all 0 where not known."""

    command: ClassVar[int] = codes.SERVICES
    sub: ClassVar[int] = codes.ZONED_TIME
    zone: int
    dst: bool
    ok: bool
    date: bytes

    def payload(self) -> bytes:
        zone = self.zone.to_bytes(2, signed=True)
        return bytes((self.sub,)) + zone + bytes((self.dst, self.ok)) + self.date


class HeartbeatPause(msgspec.Struct, frozen=True):
    """Ask no sub-device whether it is there (0), or do so again (1)."""

    command: ClassVar[int] = codes.SERVICES
    sub: ClassVar[int] = codes.HEARTBEAT_PAUSE
    heartbeat: int

    def payload(self) -> bytes:
        return bytes((self.sub, self.heartbeat))


def zoned_clock_of(time: LocalTime | None, dst: bool = False, local: bool = False) -> ZonedClock:
    """The time and its zone; None = no time is known. ``local``: send the local time, for MCUs that expect it."""
    zone = 0 if time is None else round(time.offset_s / HUNDREDTH_OF_AN_HOUR_S)
    if time is None or not time.trusted:
        return ZonedClock(zone, dst, False, bytes(DATE_SIZE))
    return ZonedClock(zone, dst, True, date_bytes(time.unix + (time.offset_s if local else 0)))


# --- reading ----------------------------------------------------------------------------------------


def read_gmt(frame: Frame) -> Message:
    return _clock(frame, 7)


def read_local_time(frame: Frame) -> Message:
    return _clock(frame, 8)


def read_zoned_clock(frame: Frame) -> Message:
    data = frame.payload
    must(len(data) == 11)
    zone = int.from_bytes(data[1:3], signed=True)
    message = ZonedClock(zone, data[3] == 1, data[4] == 1, data[5:])
    must(data[3] < 2 and data[4] < 2)
    return _dated(frame, message, message.ok, message.date, codes.ZONED_TIME)


def read_weather_subscription(frame: Frame) -> WeatherSubscription:
    return WeatherSubscription(frame.payload[1], _names(frame.payload[2:]))


def read_weather_accepted(frame: Frame) -> WeatherAccepted:
    must(len(frame.payload) == 3)
    return WeatherAccepted(*frame.payload[1:])


def read_weather_request(frame: Frame) -> WeatherRequest:
    return WeatherRequest(_names(frame.payload[1:]))


def read_weather_report(frame: Frame) -> WeatherReport:
    """The status byte may be absent: a name has at least one character."""
    data = frame.payload
    if data == NOT_AUTHORISED:
        return WeatherReport(None)
    status = data[1] == 0
    at, values = 2 if status else 1, []
    while at < len(data):
        must(data[at] > 0)
        name, at = counted_text(data, at)
        kind, (raw, at) = data[at], counted_part(data, at + 1)
        values.append((name, _read_value(kind, raw)))
    return WeatherReport(tuple(values), status)


def read_heartbeat_pause(frame: Frame) -> HeartbeatPause:
    must(len(frame.payload) == 2)
    return HeartbeatPause(frame.payload[1])


# --- inside -----------------------------------------------------------------------------------------


def _names(data: bytes) -> tuple[str, ...]:
    names = counted_texts(data)
    must(all(names))
    return names


def _value(value: int | str) -> bytes:
    if isinstance(value, int):
        return bytes((INTEGER, 4)) + value.to_bytes(4, signed=True)
    return bytes((TEXT,)) + counted(value)


def _read_value(kind: int, raw: bytes) -> int | str:
    must(kind in (INTEGER, TEXT) and (kind == TEXT or len(raw) > 0))
    return raw.decode() if kind == TEXT else int.from_bytes(raw, signed=True)


def _clock(frame: Frame, size: int) -> Message:
    data = frame.payload
    must(len(data) == size and data[0] < 2)
    message = Clock(frame.command, data[0] == 1, data[1:])
    wrong_day = message.ok and size == 8 and not 1 <= data[-1] <= 7
    if wrong_day:
        return OutOfRange(frame.command, data, f"a weekday is 1 to 7, not {data[-1]}", None, message)
    return _dated(frame, message, message.ok, data[1 : 1 + DATE_SIZE])


def _dated(frame: Frame, message: Message, ok: bool, date: bytes, sub: int | None = None) -> Message:
    """The message; out of range where its date does not exist."""
    try:
        if ok:
            date_seconds(date)
    except ValueError:
        return OutOfRange(frame.command, frame.payload, "there is no such date", sub, message)
    return message
