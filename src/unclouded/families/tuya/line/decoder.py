"""Reading a recorded Tuya line, ordinary or gateway: each frame and each stretch of noise as a Piece, in words."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from unclouded.core.family import Piece, Sender, Totals
from unclouded.core.session import WireValue
from unclouded.families.tuya.line.datapoint import KEYS, NAMES, DataPoint
from unclouded.families.tuya.line.framing import Frame, Framer, Noise
from unclouded.families.tuya.line.redact import without_secrets
from unclouded.families.tuya.line.shapes import WIFI, DialectShapes
from unclouded.families.tuya.update.messages import (
    SUB_VERSION,
    UPDATE_COMMANDS,
    FileInfo,
    UpdateBlock,
    UpdateStart,
    update_fields,
)
from unclouded.families.tuya.wifi.commands import name_of, sub_of
from unclouded.families.tuya.wifi.messages import MODULE_VERSION, Clock, Message, Points, Product, Unknown, read_message
from unclouded.families.tuya.wifi.service_messages import ModuleInfo, RecordReport, WifiCredentials, json_object

if TYPE_CHECKING:
    from unclouded.families.tuya.line.bulk_scan import Scan

SENDERS: tuple[Sender, ...] = ("controller", "device")
WITH_POINTS = frozenset({0x06, 0x07, 0x22, 0x34})
Values = tuple[tuple[str, WireValue], ...]


class DialectReading(msgspec.Struct, frozen=True, kw_only=True):
    """How one dialect is put into words. Any: JSON types. ``name_of`` needs no more than a payload's first byte."""

    dialect: DialectShapes
    sender_of: Callable[[Frame], Sender | None]
    name_of: Callable[[int, bytes], str]
    sub_of: Callable[[int, bytes], int | None]
    fields: Callable[[Sender | None, Frame], Mapping[str, Any] | None]
    odd: Callable[[Sender | None, Frame], str]
    values: Callable[[Sender | None, Frame], Values] = lambda sender, frame: ()


class LineDecoder:
    """A Decoder. Without a known sender, one is named only where no other could have said it."""

    def __init__(self, tongue: DialectReading, sender: Sender | None) -> None:
        self._tongue = tongue
        self._sender = sender
        self._framer = Framer((tongue.dialect,), gap=None)
        self._offset = 0

    def feed(self, data: bytes) -> Sequence[Piece]:
        return self._pieces(self._framer.feed(data))

    def close(self) -> Sequence[Piece]:
        return self._pieces(self._framer.close())

    def _pieces(self, found: Iterable[Frame | Noise]) -> list[Piece]:
        return [self._frame(one) if isinstance(one, Frame) else self._noise(one) for one in found]

    def _noise(self, noise: Noise) -> Piece:
        data, sender = noise.data, self._sender
        return Piece(offset=self._advance(data), data=data, kind="noise", reason=noise.reason, sender=sender)

    def _frame(self, frame: Frame) -> Piece:
        tongue = self._tongue
        sender = self._sender or tongue.sender_of(frame)
        data = bytes(frame)
        return Piece(
            offset=self._advance(data),
            data=data,
            kind="frame",
            reason=tongue.odd(sender, frame),
            sender=sender,
            command=frame.command,
            sub=tongue.sub_of(frame.command, frame.payload),
            name=tongue.name_of(frame.command, frame.payload),
            message=tongue.fields(sender, frame),
            values=tongue.values(sender, frame),
        )

    def _advance(self, data: bytes) -> int:
        offset = self._offset
        self._offset += len(data)
        return offset


class LineTally:
    """A Tally, by the bulk scan; numpy is imported when the first is made."""

    def __init__(self, tongue: DialectReading) -> None:
        from unclouded.families.tuya.line.bulk_scan import BulkFramer

        self._tongue = tongue
        self._framer = BulkFramer((tongue.dialect,))
        self._with_sub = frozenset(command for command in range(256) if tongue.sub_of(command, b"\0") is not None)
        self._frames: Counter[tuple[int, bytes]] = Counter()
        self._noise: Counter[str] = Counter()

    def feed(self, data: bytes) -> None:
        self._count(self._framer.feed(data))

    def pause(self) -> None:
        self._framer.pause()

    def totals(self) -> Totals:
        self._count(self._framer.close())
        names: Counter[str] = Counter()
        for (command, head), times in self._frames.items():
            names[self._tongue.name_of(command, head) or str(command)] += times
        return Totals(
            frames=names.total(), noise_bytes=self._noise.total(), by_reason=dict(self._noise), by_command=dict(names)
        )

    def _count(self, scans: "Iterable[Scan]") -> None:
        for scan in scans:
            self._frames += scan.count(self._with_sub)
            for stretch in scan.noise:
                self._noise[stretch.reason] += stretch.size


def sender_of(frame: Frame) -> Sender | None:
    """Who must have said this; None = it may be either. Only MCUs speak with a version above 0."""
    if frame.version != MODULE_VERSION and not _is_for_one_of_several(frame):
        return "device"
    fitting = [sender for sender in SENDERS if not isinstance(read_message(sender, frame), Unknown)]
    return fitting[0] if len(fitting) == 1 else None


def _is_for_one_of_several(frame: Frame) -> bool:
    """A packet of an update that names its MCU: the module's only frames of another version."""
    return frame.version == SUB_VERSION and frame.command in UPDATE_COMMANDS


def _odd(sender: Sender | None, frame: Frame) -> str:
    if sender == "controller" and frame.version != MODULE_VERSION and not _is_for_one_of_several(frame):
        return f"version {frame.version} where a module says {MODULE_VERSION}"
    message = read_message(sender, frame) if sender else None
    if isinstance(message, Points | RecordReport):
        return "; ".join(f"data point {point.id}: {point.odd}" for point in message.points if point.odd)
    return ""


def _fields(sender: Sender | None, frame: Frame) -> Mapping[str, Any] | None:  # Any: JSON types
    """The message as named fields; None where it is unknown or where the two readings differ.

    Who is wrong about the sender must not see secrets either: the module's answer 34 07 can be read as the MCU's.
    """
    frame = without_secrets(frame)
    readings = [_named(read_message(one, frame)) for one in ((sender,) if sender else SENDERS)]
    return readings[0] if all(reading == readings[0] for reading in readings) else None


def _named(message: Message) -> Mapping[str, Any] | None:  # Any: JSON types
    match message:
        case Unknown():
            return None
        case WifiCredentials() | ModuleInfo():  # secrets: which keys there are, and no more
            return {"keys": list(json_object(message.data) or ())}
        case RecordReport(kind=kind, time=time, points=points):
            return {"kind": kind, "time": list(time), "points": [point_fields(point) for point in points]}
        case FileInfo(fields=fields) if fields is not None:
            return dict(fields)
    return named_fields(message)


def named_fields(message: Message) -> Mapping[str, Any] | None:  # Any: JSON types
    """The fields of messages that both dialects have, and of any other as they stand there."""
    match message:
        case Points(points=points):
            return {"points": [point_fields(point) for point in points]}
        case Product(product=product, version=version, fields=fields):
            return {"product": product, "version": version, "fields": dict(fields)}
        case Clock(ok=ok, fields=time):
            return {"ok": ok, "time": list(time)}
        case UpdateStart() | UpdateBlock():
            return update_fields(message)
        case msgspec.Struct():
            named = msgspec.structs.asdict(message)
            named.pop("command", None)
            return {key: value.hex() if isinstance(value, bytes) else value for key, value in named.items()}
    return None


def _values(sender: Sender | None, frame: Frame) -> Values:
    """The data points in it; a frame of units has the same ones whoever says it."""
    if frame.command not in WITH_POINTS:
        return ()
    readings = [read_message(one, frame) for one in ((sender,) if sender else SENDERS)]
    return next((values_of(one.points) for one in readings if isinstance(one, Points | RecordReport)), ())


def values_of(points: Iterable[DataPoint]) -> Values:
    """By wire key."""
    return tuple((KEYS[point.id], point.value) for point in points)


def point_fields(point: DataPoint) -> Mapping[str, Any]:  # Any: JSON types
    value = point.value.hex() if isinstance(point.value, bytes) else point.value
    name = NAMES[point.type] if point.type < len(NAMES) else str(point.type)
    named: dict[str, Any] = {"id": point.id, "type": name, "value": value}
    return {**named, "odd": point.odd} if point.odd else named


WIFI_READING = DialectReading(
    dialect=WIFI, sender_of=sender_of, name_of=name_of, sub_of=sub_of, fields=_fields, odd=_odd, values=_values
)


def wifi_decoder(sender: Sender | None) -> LineDecoder:
    """Reads the line between a Wi-Fi module and its MCU."""
    return LineDecoder(WIFI_READING, sender)
