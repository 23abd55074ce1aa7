"""PUBLISH of MQTT 3.1, 3.1.1 and 5 in a stream; a capture may begin or end inside of a packet.

type and flags(1)  length(1-4)  topic length(2) topic  [number(2) where QoS > 0]  [properties (5)]  payload
"""

from collections.abc import Iterator

import msgspec

from unclouded.formats.packets.connections import StreamRun

CONNECT, PUBLISH = 1, 3
NAMES = {b"\x00\x04MQTT": 6, b"\x00\x06MQIsdp": 8}  # of the protocol, in a CONNECT; the level stands behind it
FIXED_FLAGS = {6: 2, 8: 2, 10: 2}  # of types whose flags are not 0
LAST_TYPE = 15
VERSION_5 = 5
BRACE = 0x7B


class PublishedMessage(msgspec.Struct, frozen=True):
    """``begin``: where the payload begins. ``is_cut``: its end is missing."""

    topic: str
    payload: bytes
    begin: int
    is_cut: bool = False


def level_of(data: bytes) -> int:
    """The protocol level that a CONNECT at the beginning names; 0 where there is none."""
    if data[:1] != b"\x10":
        return 0
    _, begin = _length(data, 1)
    for name, size in NAMES.items():
        if begin and data.startswith(name, begin) and len(data) > begin + size:
            return data[begin + size]
    return 0


def published(run: StreamRun, level: int) -> Iterator[PublishedMessage]:
    """The messages of a run; where its begin is not a packet, from the next segment on that is one."""
    data, at = run.data, 0
    while at < len(data):
        size, begin = _length(data, at + 1)
        if not begin or not _is_header(data[at]):
            at = run.next_piece(at)
            continue
        end = begin + size
        if data[at] >> 4 == PUBLISH:
            found = _publish(data, begin, min(end, len(data)), data[at], level)
            if found is None:
                at = run.next_piece(at)
                continue
            yield msgspec.structs.replace(found, is_cut=end > len(data))
        at = end


def _is_header(first: int) -> bool:
    kind, flags = first >> 4, first & 15
    if kind == PUBLISH:
        return flags & 6 != 6
    return 0 < kind <= LAST_TYPE and flags == FIXED_FLAGS.get(kind, 0)


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to four bytes, and where it ends; 0 = it is none."""
    value = 0
    for place, byte in enumerate(data[at : at + 4]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    return 0, 0


def _publish(data: bytes, begin: int, end: int, first: int, level: int) -> PublishedMessage | None:
    size = int.from_bytes(data[begin : begin + 2])
    at = begin + 2 + size
    topic = data[begin + 2 : at]
    if at > end or not size or b"\0" in topic:
        return None
    try:
        text = topic.decode("utf-8")
    except UnicodeDecodeError:
        return None
    at += 2 if first & 6 else 0
    if level == VERSION_5 or (not level and data[at : at + 1] != b"{"):
        properties, behind = _length(data, at)
        if (
            behind
            and behind + properties <= end
            and (level or data[behind + properties : behind + properties + 1] == b"{")
        ):
            at = behind + properties
    return PublishedMessage(text, data[at:end], at)
