"""What the frames of a battery device's Tuya line mean: the same frame as on the mains, other commands.

    controller (module)   01 -        02 status     09 points                      0d size   0e offset, data
              answers     05/08 result   06 time    07/0b signal  0a/0c state   10 result, count, points
    device (MCU)          03 -   04 mode   05 points   08 time, points   06 07 0a 0b 0c -    10 n, ids
              answers     01 JSON     02 09 0d 0e -

Both ends send version 0. Messages without a class here are in families/tuya/messages.py; which reader belongs to
which command is in commands.py. Source: docs/protocols/tuya_low_power.md §3.
"""

from datetime import UTC, datetime
from typing import ClassVar

import msgspec

from unclouded.core.sessions.session import LocalTime
from unclouded.families.tuya.line.datapoint import DataPoint, read_points, write_points
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.low_power import codes
from unclouded.families.tuya.messages import Clock, clock_of
from unclouded.families.tuya.update.messages import PLAIN, UpdateStart, read_start

TAKEN, OLDER_WAIT, FAILED = 0, 1, 2  # results of a report
LATEST, UPDATING = 1, 2  # states of an update: there is nothing newer, it is under way
STAMP = 7  # bytes of time before a record's points: valid, year - 2000, month, day, hour, minute, second
CACHE_OK = 1  # as the real session has it


class Reset(msgspec.Struct, frozen=True):
    """Reset the network and pair: 0 EZ, 1 access point."""

    command: ClassVar[int] = codes.RESET_MODE
    mode: int

    def payload(self) -> bytes:
        return bytes((self.mode,))


class Strength(msgspec.Struct, frozen=True):
    """The signal in percent (0b, and of the test network 07); not ok = there is none."""

    command: int
    ok: bool
    percent: int

    def payload(self) -> bytes:
        return bytes((self.ok, self.percent))


class LowRecordReport(msgspec.Struct, frozen=True):
    """Points that were kept while there was no network, and when: ``stamp`` is STAMP bytes of local time."""

    command: ClassVar[int] = codes.RECORD
    stamp: bytes
    points: tuple[DataPoint, ...]

    def payload(self) -> bytes:
        return self.stamp + write_points(self.points)


class CacheAsked(msgspec.Struct, frozen=True):
    """Asks which settings wait for the device. No ids = all."""

    command: ClassVar[int] = codes.CACHE
    ids: bytes

    def payload(self) -> bytes:
        return bytes((len(self.ids),)) + self.ids


class Cache(msgspec.Struct, frozen=True):
    """The settings that waited while the device slept."""

    command: ClassVar[int] = codes.CACHE
    points: tuple[DataPoint, ...]
    result: int = CACHE_OK

    def payload(self) -> bytes:
        return bytes((self.result, len(self.points))) + write_points(self.points)


def local_time(time: LocalTime | None) -> Clock:
    """The answer to 06; None = no time is known."""
    return clock_of(codes.TIME, time, local=True)


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


# --- readers ----------------------------------------------------------------------------------------


def read_reset(frame: Frame) -> Reset | None:
    return Reset(frame.payload[0]) if len(frame.payload) == 1 else None


def read_record(frame: Frame) -> LowRecordReport | None:
    if len(frame.payload) <= STAMP:
        return None
    return LowRecordReport(frame.payload[:STAMP], read_points(frame.payload[STAMP:]))


def read_strength(frame: Frame) -> Strength | None:
    known = len(frame.payload) == 2 and frame.payload[0] < 2
    return Strength(frame.command, frame.payload[0] == 1, frame.payload[1]) if known else None


def read_cache_asked(frame: Frame) -> CacheAsked | None:
    known = frame.payload and len(frame.payload) == 1 + frame.payload[0]
    return CacheAsked(frame.payload[1:]) if known else None


def read_cache(frame: Frame) -> Cache | None:
    if len(frame.payload) < 2:
        return None
    points = read_points(frame.payload[2:])
    return Cache(points, frame.payload[0]) if len(points) == frame.payload[1] else None


def read_size(frame: Frame) -> UpdateStart | None:
    return read_start(frame) if len(frame.payload) == PLAIN else None
