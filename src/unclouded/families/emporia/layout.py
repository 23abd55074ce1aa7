"""The parts of a frame of the radio, and of noise that is a damaged one, down to each attribute of the meter.

    24     01        72       2c      18 … 01     00 00      00      25     c3 5f 01 00 00 00   …  0d
    start  response  command  length  ZCL header  attribute  status  type   value: import          end

Source: docs/protocols/emporia.md §1.1.2, §1.2, §1.4, §1.5, §4.1.
"""

from collections.abc import Mapping, Sequence

from unclouded.core.errors import WireError
from unclouded.core.family import MEANS, Piece
from unclouded.core.frame_part import FramePart, PartReader
from unclouded.core.model import Value
from unclouded.families.emporia import zcl
from unclouded.families.emporia.commands import BY_LETTER, INSTALL_CODE, READING
from unclouded.families.emporia.frame import END, REQUESTS, RESPONSE, RESPONSES, START
from unclouded.families.emporia.reading import (
    DEMAND,
    EXPORT,
    FIELDS,
    IMPORT,
    KEYS,
    V2_LENGTH,
    MeterReading,
    parse_reading,
)

HEAD = 4  # bytes of a response before its payload
UNITS: Mapping[str, str] = {IMPORT: "Wh", EXPORT: "Wh", DEMAND: "W"}
MULTIPLIER, DIVISOR, UPTIME = "multiplier", "divisor", "uptime_ms"
# Firmware before 7; docs/protocols/emporia.md §1.4.
V2_PARTS: Sequence[tuple[str, int]] = (
    ("import, upper half", 4),
    (IMPORT, 4),
    ("registers not used", 36),
    (MULTIPLIER, 4),
    (DIVISOR, 4),
    ("summation formatting", 1),
    ("demand formatting", 1),
    ("historical formatting", 1),
    ("device type", 1),
    ("padding", 1),
    (DEMAND, 3),
    ("zeros", 88),
    (UPTIME, 4),
)
NUMBERS = (MULTIPLIER, DIVISOR)


def layout(piece: Piece) -> Sequence[FramePart]:
    """A core.family.Layout."""
    reader = PartReader(piece.data)
    while reader.left:
        head = reader.peek(3)
        if head[:1] == bytes((START,)) and head[1:2] == bytes((RESPONSE,)):
            _response(reader, piece)
        elif len(head) == 3 and head[0] == START and head[1] in REQUESTS and head[2] == END:
            _request(reader)
        else:
            _no_frame(reader)
    return reader.parts


# --- inside ---------------------------------------------------------------------------------------


def _request(reader: PartReader) -> None:
    reader.take(1, "start", "header")
    _command(reader)
    reader.take(1, "end", "header")


def _command(reader: PartReader) -> None:
    letter = reader.peek(1).decode("latin-1")
    command = BY_LETTER.get(letter)
    reader.take(1, "command", "command", value=letter, text=command.name if command else "not known")


def _response(reader: PartReader, piece: Piece) -> None:
    letter = piece.data[reader.at + 2 : reader.at + 3].decode("latin-1")
    reader.take(1, "start", "header")
    reader.take(1, "response", "header")
    _command(reader)
    size = reader.peek(1)[0] if reader.left else 0
    fixed = RESPONSES.get(ord(letter), ("", -1))[1] if letter else -1
    odd = f"{fixed} is the length of {letter}" if 0 <= fixed != size else ""
    reader.take(1, "length", "length", value=size, text=f"{size} byte{'' if size == 1 else 's'}", odd=odd)
    if size > reader.left:
        reader.rest("payload", f"{size} bytes and 0d should follow, but {reader.left} are there")
        return
    _payload(reader, letter, size, piece)
    if reader.left:
        is_end = reader.peek(1)[0] == END
        reader.take(1, "end", "header", odd="" if is_end else f"should be {END:02x}")


def _no_frame(reader: PartReader) -> None:
    """Text of the console, or stray bytes, up to what may be a frame."""
    following = reader.data.find(START, reader.at + 1)
    size = following - reader.at if following >= 0 else reader.left
    data = reader.peek(size)
    if data.isascii() and data.decode("ascii").replace("\r", "").replace("\n", "").replace("\t", "").isprintable():
        reader.take(size, "text", "json", type="text", text=data.decode("ascii").strip())
    else:
        reader.take(size, "no frame", "rest")


def _payload(reader: PartReader, letter: str, size: int, piece: Piece) -> None:
    inner = PartReader(reader.data, reader.at, reader.at + size)
    payload = inner.peek(size)
    if letter == READING:
        _reading(inner, payload)
    elif letter == INSTALL_CODE:
        inner.take(size - 2, "code")
        inner.take(2, "CRC-16")
    else:
        _fields(inner, letter, payload)
    reader.parts += inner.parts
    reader.at += size


def _fields(inner: PartReader, letter: str, payload: bytes) -> None:
    """The one field that other answers have."""
    command = BY_LETTER.get(letter)
    fields = (command.fields(payload)[0] if command and command.fields and payload else None) or {}
    name = next((name for name in fields if name != MEANS), "data")
    value, means = fields.get(name), fields.get(MEANS)
    text = str(means[name]) if isinstance(means, Mapping) else str(value) if value is not None else ""
    plain: Value | None = value if isinstance(value, bool | int | str) else None
    inner.take(inner.left, name, "value", value=plain, text=text)


# --- readings -------------------------------------------------------------------------------------


def _reading(inner: PartReader, payload: bytes) -> None:
    try:
        reading: MeterReading | None = parse_reading(payload)
    except WireError:
        reading = None
    if len(payload) == V2_LENGTH and not payload[0]:
        _old_reading(inner, reading)
        return
    try:
        message = zcl.parse(payload)
    except WireError as error:
        inner.rest("payload", str(error))
        return
    head = inner.inner()
    _zcl_header(head, message.header)
    inner.group(head, "ZCL header")
    match message:
        case zcl.Attributes():
            for record in message.records:
                _record(inner, record, message.header.command == zcl.READ_ATTRIBUTES_RESPONSE, reading)
            inner.rest("rest", message.partial)
        case zcl.DefaultResponse(status=status):
            inner.number(1, "answered command")
            inner.take(1, "status", value=status, text=zcl.status_words(status))
            inner.rest("rest")
        case _:
            inner.rest("body")


def _zcl_header(inner: PartReader, header: zcl.ZclHeader) -> None:
    sender = "from the meter" if header.control & zcl.FROM_SERVER else "to the meter"
    inner.take(1, "ZCL control", "header", value=header.control, text=sender)
    if header.manufacturer is not None:
        inner.number(2, "manufacturer", byteorder="little")
    inner.number(1, "sequence", "sequence")
    inner.take(1, "ZCL command", "command", value=header.command, text=ZCL_COMMANDS.get(header.command, "not known"))


ZCL_COMMANDS: Mapping[int, str] = {
    zcl.READ_ATTRIBUTES_RESPONSE: "attributes, as asked",
    zcl.REPORT_ATTRIBUTES: "attributes, reported",
    zcl.DEFAULT_RESPONSE: "default response",
}


def _record(inner: PartReader, record: zcl.AttributeRecord, has_status: bool, reading: MeterReading | None) -> None:
    part = inner.inner()
    name = FIELDS.get(record.attribute, "")
    key = KEYS.get(record.attribute, name)
    part.take(2, "attribute", value=record.attribute, text=f"{record.attribute:04x} {key}".rstrip())
    if has_status:
        part.take(1, "status", value=record.status, text=zcl.STATUS_WORDS.get(record.status, "not known"))
    if not record.status:
        type = zcl.type_name(record.type)
        part.take(1, "type", value=record.type, text=type)
        _count(part, key or "value", len(record.value), type, record.number(), reading)
    inner.group(part, key or f"attribute {record.attribute:04x}")


def _count(part: PartReader, key: str, size: int, type: str, count: int | None, reading: MeterReading | None) -> None:
    """A count, and what it is in Wh or W."""
    shown = reading.values.get(key) if reading is not None else None
    missing = reading.missing.get(key, "") if reading is not None else ""
    text = "" if count is None else str(count)
    if shown is not None:
        text = f"{text}: {float(shown):g} {UNITS[key]}" if int(shown) != shown else f"{text}: {int(shown)} {UNITS[key]}"
    wire = key if key in UNITS else ""
    part.take(size, key, "value", type=type, value=count, text=text or missing, odd=missing, wire=wire)


def _old_reading(inner: PartReader, reading: MeterReading | None) -> None:
    """152 bytes, big-endian but for the last field."""
    for name, size in V2_PARTS:
        raw = inner.peek(size)
        if name in UNITS:
            _count(inner, name, size, "count", int.from_bytes(raw, signed=name == DEMAND), reading)
        elif name == UPTIME:
            inner.number(size, name, byteorder="little")
        elif name in NUMBERS:
            inner.number(size, name)
        else:
            inner.take(size, name, value=raw.hex() if size == 1 else None)
