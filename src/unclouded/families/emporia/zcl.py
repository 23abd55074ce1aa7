"""The Zigbee Cluster Library frames that radios with firmware 7 and later hand through unread.

    control | manufacturer (2, only if control bit 2) | sequence | command | body          all little-endian
    01 Read Attributes Response   records of  attribute (2) | status | type | value     (the last two: status 0)
    0A Report Attributes          records of  attribute (2) | type | value
    0B Default Response           answered command | status

The walker reads records of any attribute in any order and stops at what it cannot size; what it did
not read is kept in ``rest``, so ``bytes(parse(data)) == data`` for everything that parses.
Source: docs/protocols/emporia.md §1.5 and §4.
"""

from collections.abc import Mapping

import msgspec

from unclouded.core.errors import WireError

READ_ATTRIBUTES = 0x00
READ_ATTRIBUTES_RESPONSE = 0x01
REPORT_ATTRIBUTES = 0x0A
DEFAULT_RESPONSE = 0x0B

CLUSTER_SPECIFIC = 0x03  # bits of the control byte: 0 = a global command
MANUFACTURER_SPECIFIC = 0x04
FROM_SERVER = 0x08
FROM_METER = 0x18  # global, from the server, no default response wanted

BITMAP8, UINT24, UINT48, INT24 = 0x18, 0x22, 0x25, 0x2A

SUCCESS = 0x00
NOT_AUTHORIZED = 0x7E
UNSUPPORTED_ATTRIBUTE = 0x86
STATUS_WORDS: Mapping[int, str] = {
    0x00: "success",
    0x01: "failure",
    0x7E: "not authorized",
    0x80: "malformed command",
    0x81: "unsupported cluster command",
    0x82: "unsupported general command",
    0x86: "unsupported attribute",
    0x87: "invalid value",
    0x89: "insufficient space",
    0x8B: "not found",
    0x8C: "unreportable attribute",
    0x8D: "invalid data type",
    0x8F: "write only",
    0x94: "timeout",
    0xC3: "unsupported cluster",
}


def type_name(kind: int) -> str:
    """``uint48``; docs/protocols/emporia.md §4.2."""
    for first, name in _TYPE_NAMES:
        if first <= kind < first + 8:
            return f"{name}{8 * (kind - first + 1)}"
    return _OTHER_TYPE_NAMES.get(kind, f"type {kind:02x}")


def status_words(status: int) -> str:
    """``unsupported attribute (status 0x86)``."""
    return f"{STATUS_WORDS.get(status, 'unknown status')} (status 0x{status:02X})"


class ZclHeader(msgspec.Struct, frozen=True, gc=False):
    """What stands before the body. ``manufacturer``: code of a manufacturer-specific command."""

    sequence: int
    command: int
    control: int = FROM_METER
    manufacturer: int | None = None

    def __bytes__(self) -> bytes:
        maker = b"" if self.manufacturer is None else self.manufacturer.to_bytes(2, "little")
        return bytes([self.control]) + maker + bytes([self.sequence, self.command])


class AttributeRecord(msgspec.Struct, frozen=True, gc=False):
    """One attribute as it stands on the wire. ``status`` other than 0: no type and no value."""

    attribute: int
    type: int = 0
    value: bytes = b""
    status: int = SUCCESS

    def number(self) -> int | None:
        """The value of an integer or bitmap type; None where it is the type's "invalid", or no integer."""
        if self.type in _UNSIGNED:
            count = int.from_bytes(self.value, "little")
            return None if self.value.strip(b"\xff") == b"" and self.type not in _BITMAPS else count
        if self.type in _SIGNED:
            count = int.from_bytes(self.value, "little", signed=True)
            return None if count == -1 << (8 * len(self.value) - 1) else count
        return None


class Attributes(msgspec.Struct, frozen=True):
    """A Read Attributes Response or a Report Attributes.

    ``rest``: bytes after the last record that could be read; ``partial``: why they could not.
    """

    header: ZclHeader
    records: tuple[AttributeRecord, ...]
    rest: bytes = b""
    partial: str = ""

    def __bytes__(self) -> bytes:
        encode = _encode_answer if self.header.command == READ_ATTRIBUTES_RESPONSE else _encode_report
        return bytes(self.header) + b"".join(map(encode, self.records)) + self.rest


class DefaultResponse(msgspec.Struct, frozen=True):
    """The meter's yes or no to a command that has no answer of its own."""

    header: ZclHeader
    command: int
    status: int
    rest: bytes = b""

    def __bytes__(self) -> bytes:
        return bytes(self.header) + bytes([self.command, self.status]) + self.rest


class UnknownCommand(msgspec.Struct, frozen=True):
    """A command that we do not know; it encodes unchanged."""

    header: ZclHeader
    body: bytes

    def __bytes__(self) -> bytes:
        return bytes(self.header) + self.body


Message = Attributes | DefaultResponse | UnknownCommand


def parse(data: bytes) -> Message:
    """Read one ZCL frame. Raises WireError where not even its header is whole."""
    header, start = _parse_header(data)
    if header.control & CLUSTER_SPECIFIC:
        return UnknownCommand(header, data[start:])
    match header.command:
        case 0x01:
            return _walk(header, data, start, answered=True)
        case 0x0A:
            return _walk(header, data, start, answered=False)
        case 0x0B if len(data) >= start + 2:
            return DefaultResponse(header, data[start], data[start + 1], data[start + 2 :])
    return UnknownCommand(header, data[start:])


def uint(attribute: int, type: int, count: int) -> AttributeRecord:
    """A record of an integer type, unsigned or signed, from its count."""
    size, signed = _SIZES[type], type in _SIGNED
    return AttributeRecord(attribute, type, count.to_bytes(size, "little", signed=signed))


def unsupported(attribute: int, status: int = UNSUPPORTED_ATTRIBUTE) -> AttributeRecord:
    """The three-byte record of an attribute that the meter does not give."""
    return AttributeRecord(attribute, status=status)


# --- inside ---------------------------------------------------------------------------------------

_BITMAPS = frozenset(range(0x18, 0x20))
_UNSIGNED = frozenset(range(0x20, 0x28)) | _BITMAPS | {0x10, 0x30, 0x31}
_SIGNED = frozenset(range(0x28, 0x30))

# Bytes of each type's value; the text types carry their own length. docs/protocols/emporia.md §4.2.
_SIZES: Mapping[int, int] = {
    0x00: 0,
    **{first + step: step + 1 for first in (0x08, 0x18, 0x20, 0x28) for step in range(8)},
    **{0x10: 1, 0x30: 1, 0x31: 2, 0x38: 2, 0x39: 4, 0x3A: 8},
    **{0xE0: 4, 0xE1: 4, 0xE2: 4, 0xE8: 2, 0xE9: 2, 0xEA: 4, 0xF0: 8, 0xF1: 16},
}
_TYPE_NAMES = ((0x08, "data"), (0x18, "bitmap"), (0x20, "uint"), (0x28, "int"))  # of 1 to 8 bytes, ascending
_OTHER_TYPE_NAMES: Mapping[int, str] = {0x10: "boolean", 0x30: "enum8", 0x31: "enum16", 0x41: "octets", 0x42: "string"}
_LENGTH_BYTES: Mapping[int, int] = {0x41: 1, 0x42: 1, 0x43: 2, 0x44: 2}


def _parse_header(data: bytes) -> tuple[ZclHeader, int]:
    control = data[0] if data else 0
    start = 5 if control & MANUFACTURER_SPECIFIC else 3
    if len(data) < start:
        raise WireError(f"a ZCL header of {len(data)} bytes is cut short")
    maker = int.from_bytes(data[1:3], "little") if start == 5 else None
    return ZclHeader(data[start - 2], data[start - 1], control, maker), start


def _walk(header: ZclHeader, data: bytes, at: int, answered: bool) -> Attributes:
    records: list[AttributeRecord] = []
    while at < len(data):
        found = _record(data, at, answered)
        if isinstance(found, str):
            return Attributes(header, tuple(records), data[at:], found)
        record, at = found
        records.append(record)
    return Attributes(header, tuple(records))


def _record(data: bytes, at: int, answered: bool) -> tuple[AttributeRecord, int] | str:
    """The record at ``at`` and where the next begins, or why there is none. ``answered``: it has a status."""
    value_at = at + 4 if answered else at + 3
    if len(data) < at + 3:
        return "the last record is cut short"
    attribute = data[at] | data[at + 1] << 8
    if answered and data[at + 2] != SUCCESS:
        return AttributeRecord(attribute, status=data[at + 2]), at + 3
    if len(data) < value_at:
        return f"attribute 0x{attribute:04X} is cut short"
    kind = data[value_at - 1]
    size = _SIZES.get(kind)
    if size is None and (size := _own_length(kind, data, value_at)) is None:
        return f"attribute 0x{attribute:04X} has the unknown type 0x{kind:02X}"
    end = value_at + size
    if len(data) < end:
        return f"attribute 0x{attribute:04X} is cut short"
    return AttributeRecord(attribute, kind, data[value_at:end]), end


def _own_length(kind: int, data: bytes, at: int) -> int | None:
    """The size of a text value with its length bytes; all ones there means no text at all."""
    width = _LENGTH_BYTES.get(kind)
    if width is None:
        return None
    length = int.from_bytes(data[at : at + width], "little")
    return width if length == (1 << 8 * width) - 1 else width + length


def _encode_answer(record: AttributeRecord) -> bytes:
    head = record.attribute.to_bytes(2, "little") + bytes([record.status])
    return head if record.status else head + bytes([record.type]) + record.value


def _encode_report(record: AttributeRecord) -> bytes:
    return record.attribute.to_bytes(2, "little") + bytes([record.type]) + record.value
