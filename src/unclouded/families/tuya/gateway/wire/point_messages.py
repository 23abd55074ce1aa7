"""The messages that carry data points: of a sub-device, of a group, of one of its members, and records.

    0c, 0d   length | sub_id | unit unit …                  SubDevicePoints
    14       length | gid | unit unit …                     GroupPoints
    22       length | gid | length | sub_id | unit unit …   MemberPoints
    2c       kind | time 6 | length | sub_id | unit …       TimedPoints

Ids are text; the gateway itself is "0000". A frame without units is legal.
Source: docs/protocols/tuya_gateway.md §1.2 to §1.4, §2.4, §2.5.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec

from unclouded.core.errors import WireError
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import OutOfRange, counted, must
from unclouded.families.tuya.line.command import Message, Reader
from unclouded.families.tuya.line.datapoint import BITMAP, BOOL, ENUM, VALUE, DataPoint, read_points, write_points
from unclouded.families.tuya.line.framing import Frame

NO_TIME, LOCAL, GMT, UNIX = range(4)  # kinds of the time of a record
TIME_SIZE = 6  # bytes behind the kind
LENGTHS: Mapping[int, tuple[int, ...]] = {BOOL: (1,), VALUE: (4,), ENUM: (1, 2, 4), BITMAP: (1, 2, 4)}
DATE = ("year", "month", "day", "hour", "minute", "second")


class SubDevicePoints(msgspec.Struct, frozen=True, gc=False):
    """Data points of a sub-device, or of the gateway itself ("0000"): set (0c) or reported (0d)."""

    command: int
    sub_id: str
    points: tuple[DataPoint, ...]

    def payload(self) -> bytes:
        return counted(self.sub_id) + write_points(self.points)


class GroupPoints(msgspec.Struct, frozen=True):
    """Data points to set at every member of a group."""

    command: ClassVar[int] = codes.GROUP_SET
    grp_id: str
    points: tuple[DataPoint, ...]

    def payload(self) -> bytes:
        return counted(self.grp_id) + write_points(self.points)


class MemberPoints(msgspec.Struct, frozen=True):
    """The same by way of one member."""

    command: ClassVar[int] = codes.MEMBER_SET
    grp_id: str
    sub_id: str
    points: tuple[DataPoint, ...]

    def payload(self) -> bytes:
        return counted(self.grp_id) + counted(self.sub_id) + write_points(self.points)


class RecordTime(msgspec.Struct, frozen=True):
    """When a record was made. ``kind``: NO_TIME, LOCAL, GMT or UNIX. ``seconds``: Unix, or as if local were GMT."""

    kind: int
    seconds: int = 0

    def __bytes__(self) -> bytes:
        if self.kind == UNIX:
            return bytes((UNIX,)) + self.seconds.to_bytes(4) + b"\0\0"
        return bytes((self.kind,)) + (date_bytes(self.seconds) if self.kind else bytes(TIME_SIZE))

    def fields(self) -> Mapping[str, int]:
        """Kind and date, or Unix seconds, by their names on the protocol page."""
        if self.kind in (LOCAL, GMT):
            return {"kind": self.kind, **date_fields(date_bytes(self.seconds))}
        return {"kind": self.kind, "unix": self.seconds} if self.kind == UNIX else {"kind": self.kind}


class TimedPoints(msgspec.Struct, frozen=True):
    """A record: data points of an earlier time."""

    command: ClassVar[int] = codes.RECORD
    time: RecordTime
    sub_id: str
    points: tuple[DataPoint, ...]

    def payload(self) -> bytes:
        return bytes(self.time) + counted(self.sub_id) + write_points(self.points)


# --- dates ------------------------------------------------------------------------------------------


def date_bytes(seconds: float) -> bytes:
    """Year - 2000 to second, of Unix seconds."""
    at = datetime.fromtimestamp(seconds, UTC)
    return bytes((at.year - 2000, at.month, at.day, at.hour, at.minute, at.second))


def date_fields(data: bytes) -> dict[str, Any]:
    """Six bytes as named numbers, also where there is no such date."""
    return {name: number + (2000 if name == "year" else 0) for name, number in zip(DATE, data, strict=True)}


def date_seconds(data: bytes) -> int:
    """Unix seconds of a date, read as GMT. Raises ValueError where there is no such date."""
    year, month, day, hour, minute, second = data
    return int(datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC).timestamp())


# --- reading ----------------------------------------------------------------------------------------


def read_sub_device_points(frame: Frame) -> Message:
    """What a gateway's line carries most: one regular point, at once."""
    payload = frame.payload
    behind = 1 + payload[0]
    points = read_points(payload[behind:])
    message = SubDevicePoints(frame.command, payload[1:behind].decode(), points)
    if len(points) == 1 and behind > 1 and not points[0].odd:
        return message
    must(behind <= len(payload))
    return _checked(frame, message, points, message.sub_id)


def read_group_points(frame: Frame) -> Message:
    """The message of 14: GroupPoints, or OutOfRange. docs/protocols/tuya_gateway.md §2.5."""
    grp_id, behind = _id(frame.payload, 0)
    points = read_points(frame.payload[behind:])
    return _checked(frame, GroupPoints(grp_id, points), points, grp_id)


def read_member_points(frame: Frame) -> Message:
    """The message of 22: MemberPoints, or OutOfRange. docs/protocols/tuya_gateway.md §2.5."""
    grp_id, behind = _id(frame.payload, 0)
    sub_id, behind = _id(frame.payload, behind)
    points = read_points(frame.payload[behind:])
    return _checked(frame, MemberPoints(grp_id, sub_id, points), points, grp_id, sub_id)


def read_record(frame: Frame) -> Message:
    """The message of 2c: TimedPoints; OutOfRange where the time of the record or a value cannot be."""
    payload = frame.payload
    time = _record_time(payload[: 1 + TIME_SIZE])
    sub_id, behind = _id(payload, 1 + TIME_SIZE)
    points = read_points(payload[behind:])
    if isinstance(time, str):
        return OutOfRange(frame.command, payload, time)
    return _checked(frame, TimedPoints(time, sub_id, points), points, sub_id)


POINT_READERS: Mapping[int, Reader] = {
    codes.SET: read_sub_device_points,
    codes.REPORT: read_sub_device_points,
    codes.GROUP_SET: read_group_points,
    codes.MEMBER_SET: read_member_points,
    codes.RECORD: read_record,
}

# --- inside -----------------------------------------------------------------------------------------


def _id(payload: bytes, at: int) -> tuple[str, int]:
    behind = at + 1 + payload[at]
    must(behind <= len(payload))
    return payload[at + 1 : behind].decode(), behind


def _checked(frame: Frame, message: Message, points: tuple[DataPoint, ...], *ids: str) -> Message:
    """The message; out of range without an id, or with a value that its type does not have.

    Raises WireError where a value has a length that its type does not have.
    """
    for point in points:
        _check_length(point)
    reason = "" if all(ids) else "an id is empty"
    reason = reason or next((f"data point {point.id}: {point.odd}" for point in points if not _is_wide(point)), "")
    return OutOfRange(frame.command, frame.payload, reason, None, message) if reason else message


def _check_length(point: DataPoint) -> None:
    lengths = LENGTHS.get(point.type)
    if lengths is not None and point.kept is not None and len(point.kept) not in lengths:
        raise WireError(f"data point {point.id}: {point.odd}")


def _is_wide(point: DataPoint) -> bool:
    """Whether it is as it should be, or an enum of 2 or 4 bytes, as real MCUs send them."""
    return not point.odd or point.type == ENUM


def _record_time(data: bytes) -> RecordTime | str:
    """The time, or what is wrong with it. Raises ValueError where it is too short."""
    must(len(data) == 1 + TIME_SIZE)
    kind, date = data[0], data[1:]
    if kind in (LOCAL, GMT):
        try:
            return RecordTime(kind, date_seconds(date))
        except ValueError:
            return "there is no such date"
    if kind > UNIX:
        return f"the kind of time is 0 to 3, not {kind}"
    return RecordTime(kind, int.from_bytes(date[:4]) if kind == UNIX else 0)
