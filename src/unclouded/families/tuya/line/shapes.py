"""What a frame of a Tuya dialect may look like: what the framer knows of the command tables.

The three dialects share their framing and not their commands: 06 carries data points on the ordinary
Wi-Fi line, asks for the time on a battery device's, and permits joining on a gateway's.

    units      payload = [before] unit unit …      unit = id | type | length 2 | value
    bulk       payload may be anything, a whole frame too (update blocks, maps, infrared codes)
    other      payload may be anything short

Source: docs/protocols/tuya_wifi.md §2.4, §6; docs/protocols/tuya_low_power.md §3; docs/protocols/tuya_gateway.md §2.
"""

from collections.abc import Mapping, Sequence

import msgspec

UNITS_CAP = 1024  # bytes of payload in a frame of data points; docs/protocols/tuya_wifi.md §6 rule 1
BULK_CAP = 1040  # an update block of 1024 bytes and its header
GATEWAY_BULK_CAP = 1088  # a sub-device's update block carries its id as well
OTHER_CAP = 1032

HEADER_SIZE = 6  # 55 AA, version, command, length
OVERHEAD = 7  # the header and the checksum
UNIT_HEADER = 4  # id, type, length
LAST_TYPE = 5  # data point types are 0 to 5
ID = -1  # in ``before``: the length of an id in one byte, and the id


class Shape(msgspec.Struct, frozen=True):
    """How one command's payload may look.

    ``before``: what stands before the units, a number of bytes or ID. ``plain``: a payload of at most
    that many bytes need not be units (answers without data points); -1 = it always must. ``may_be_empty``: there may
    be no units behind what stands before them.
    """

    cap: int
    bulk: bool = False
    units: bool = False
    before: tuple[int, ...] = ()
    plain: int = -1
    may_be_empty: bool = False


class DialectShapes(msgspec.Struct, frozen=True, eq=False):
    """The shapes of one dialect's commands; what is not listed has the shape OTHER. Equal is only the same one."""

    name: str
    shapes: Mapping[int, Shape]


OTHER = Shape(OTHER_CAP)
UNITS = Shape(UNITS_CAP, units=True)

Table = tuple[tuple[Shape, ...], ...]  # by command: the shapes that any enabled dialect allows


def table_of(dialects: Sequence[DialectShapes]) -> Table:
    """The shapes of each command that at least one of the dialects allows."""
    return tuple(
        tuple(dict.fromkeys(dialect.shapes.get(command, OTHER) for dialect in dialects)) for command in range(256)
    )


def fits(shape: Shape, payload: bytes) -> bool:
    """Whether this whole payload has that shape."""
    if len(payload) > shape.cap:
        return False
    if not shape.units or len(payload) <= shape.plain:
        return True
    at = 0
    for part in shape.before:
        if at >= len(payload):
            return False
        at += 1 + payload[at] if part == ID else part
    return tiles(payload, at, len(payload)) or (shape.may_be_empty and at == len(payload))


def tiles(data: bytes, at: int, end: int) -> bool:
    """Whether one or more data point units fill ``data[at:end]`` exactly."""
    if at >= end:
        return False
    while at < end:
        if end - at < UNIT_HEADER or data[at + 1] > LAST_TYPE:
            return False
        at += UNIT_HEADER + (data[at + 2] << 8 | data[at + 3])
    return at == end
