"""What the frames of a battery device's Tuya line mean, from a known sender: same frame, other commands.

    controller (module)   01 -        02 status     09 points                      0d size   0e offset, data
              answers     05/08 result   06 time    07/0b signal  0a/0c state   10 result, count, points
    device (MCU)          03 -   04 mode   05 points   08 time, points   06 07 0a 0b 0c -    10 n, ids
              answers     01 JSON     02 09 0d 0e -

Both sides say version 0. A payload that does not have its message's shape is Unknown, and can be said again
unchanged. Source: docs/protocols/tuya_low_power.md §3.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import ClassVar

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.family import Sender
from unclouded.core.session import LocalTime
from unclouded.families.tuya.line.datapoint import DataPoint, read_points, write_points
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.update.messages import PLAIN, read_block, read_start
from unclouded.families.tuya.wifi import messages
from unclouded.families.tuya.wifi.messages import Bare, Clock, Message, NetworkStatus, Points, Unknown, clock

PRODUCT, STATUS, RESET, RESET_MODE, REPORT, TIME, TEST, RECORD, SET = range(1, 10)
MODULE_UPDATE, SIGNAL, UPDATE, UPDATE_SIZE, UPDATE_BLOCK, CACHE = 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x10

TAKEN, OLDER_WAIT, FAILED = 0, 1, 2  # results of a report
LATEST, UPDATING = 1, 2  # states of an update: there is nothing newer, it is under way
STAMP = 7  # bytes of time before a record's points: valid, year - 2000, month, day, hour, minute, second
CACHE_OK = 1  # as the real session has it


class Reset(msgspec.Struct, frozen=True):
    """Reset the network and pair: 0 EZ, 1 access point."""

    command: ClassVar[int] = RESET_MODE
    mode: int

    def payload(self) -> bytes:
        return bytes((self.mode,))


class Code(msgspec.Struct, frozen=True):
    """One byte of an answer: the result of a report (05, 08) or the state of an update (0a, 0c)."""

    command: int
    code: int

    def payload(self) -> bytes:
        return bytes((self.code,))


class Strength(msgspec.Struct, frozen=True):
    """The signal in percent (0b, and of the test network 07); not ok = there is none."""

    command: int
    ok: bool
    percent: int

    def payload(self) -> bytes:
        return bytes((self.ok, self.percent))


class LowRecordReport(msgspec.Struct, frozen=True):
    """Points that were kept while there was no network, and when: ``stamp`` is STAMP bytes of local time."""

    command: ClassVar[int] = RECORD
    stamp: bytes
    points: tuple[DataPoint, ...]

    def payload(self) -> bytes:
        return self.stamp + write_points(self.points)


class CacheAsked(msgspec.Struct, frozen=True):
    """Which settings wait for the device? No ids = all."""

    command: ClassVar[int] = CACHE
    ids: bytes

    def payload(self) -> bytes:
        return bytes((len(self.ids),)) + self.ids


class Cache(msgspec.Struct, frozen=True):
    """The settings that waited while the device slept."""

    command: ClassVar[int] = CACHE
    points: tuple[DataPoint, ...]
    result: int = CACHE_OK

    def payload(self) -> bytes:
        return bytes((self.result, len(self.points))) + write_points(self.points)


def local_time(time: LocalTime | None) -> Clock:
    """The answer to 06, with the fields of the ordinary line's 1c; None = no time to be had."""
    return msgspec.structs.replace(clock(0x1C, time), command=TIME)


def stamp_of(local: float | None) -> bytes:
    """Local seconds (as if they were UTC) in front of a record; None = not known."""
    if local is None:
        return bytes(STAMP)
    at = datetime.fromtimestamp(local, UTC)
    return bytes((1, at.year - 2000, at.month, at.day, at.hour, at.minute, at.second))


def seconds_of(stamp: bytes) -> float | None:
    """The local seconds of a record's stamp; None where it is not valid or there is no such time."""
    if len(stamp) != STAMP or stamp[0] != 1:
        return None
    year, month, day, hour, minute, second = stamp[1:]
    try:
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def read_low(sender: Sender, frame: Frame) -> Message:
    """The meaning of a frame. Never fails: what has no known meaning is Unknown."""
    reader = _READERS.get((sender, frame.command))
    try:
        message = reader(frame) if reader else None
    except WireError:
        message = None
    return message or Unknown(frame.command, frame.payload)


# --- inside -----------------------------------------------------------------------------------------

Reader = Callable[[Frame], Message | None]


def _bare(frame: Frame) -> Message | None:
    return None if frame.payload else Bare(frame.command)


def _product(frame: Frame) -> Message | None:
    return messages.read_message("device", frame) if frame.payload else None


def _status(frame: Frame) -> Message | None:
    return NetworkStatus(frame.payload[0], STATUS) if len(frame.payload) == 1 else None


def _reset(frame: Frame) -> Message | None:
    return Reset(frame.payload[0]) if len(frame.payload) == 1 else None


def _points(frame: Frame) -> Message | None:
    return Points(frame.command, read_points(frame.payload)) if frame.payload else None


def _record(frame: Frame) -> Message | None:
    if len(frame.payload) <= STAMP:
        return None
    return LowRecordReport(frame.payload[:STAMP], read_points(frame.payload[STAMP:]))


def _code(frame: Frame) -> Message | None:
    return Code(frame.command, frame.payload[0]) if len(frame.payload) == 1 else None


def _strength(frame: Frame) -> Message | None:
    known = len(frame.payload) == 2 and frame.payload[0] < 2
    return Strength(frame.command, frame.payload[0] == 1, frame.payload[1]) if known else None


def _clock(frame: Frame) -> Message | None:
    known = len(frame.payload) == 8 and frame.payload[0] < 2
    return Clock(TIME, frame.payload[0] == 1, frame.payload[1:]) if known else None


def _cache_asked(frame: Frame) -> Message | None:
    known = frame.payload and len(frame.payload) == 1 + frame.payload[0]
    return CacheAsked(frame.payload[1:]) if known else None


def _cache(frame: Frame) -> Message | None:
    if len(frame.payload) < 2:
        return None
    points = read_points(frame.payload[2:])
    return Cache(points, frame.payload[0]) if len(points) == frame.payload[1] else None


def _start(frame: Frame) -> Message | None:
    return read_start(frame) if len(frame.payload) == PLAIN else None


_READERS: Mapping[tuple[Sender, int], Reader] = {
    **{("controller", command): _bare for command in (PRODUCT, RESET, RESET_MODE)},
    ("controller", STATUS): _status,
    **{("controller", command): _code for command in (REPORT, RECORD, MODULE_UPDATE, UPDATE)},
    ("controller", TIME): _clock,
    **{("controller", command): _strength for command in (TEST, SIGNAL)},
    ("controller", SET): _points,
    ("controller", UPDATE_SIZE): _start,
    ("controller", UPDATE_BLOCK): read_block,
    ("controller", CACHE): _cache,
    ("device", PRODUCT): _product,
    **{("device", command): _bare for command in (STATUS, RESET, TIME, TEST, SET, MODULE_UPDATE, SIGNAL)},
    **{("device", command): _bare for command in (UPDATE, UPDATE_SIZE, UPDATE_BLOCK)},
    ("device", RESET_MODE): _reset,
    ("device", REPORT): _points,
    ("device", RECORD): _record,
    ("device", CACHE): _cache_asked,
}
