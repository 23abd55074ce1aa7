"""Events: states, commands, joins, warnings. Texts that are values of points are not among them.

Source: docs/protocols/fleet.md §4.5
"""

from collections.abc import Sequence

import msgspec

from unclouded.uplink.contents.packing import MOST_ITEMS, limit, pack, read, unpack, write


class WindowEvent(msgspec.Struct, frozen=True, array_like=True):
    """``at``: Unix ms. ``device``: its number, 0: of the home. ``data``: JSON, an object."""

    at: int
    device: int
    kind: str
    text: str = ""
    data: str = "{}"


_decoder = msgspec.msgpack.Decoder(tuple[WindowEvent, ...])


def encode_events(events: Sequence[WindowEvent]) -> bytes:
    """In order of time."""
    return pack(write(tuple(events)))


def decode_events(data: bytes) -> tuple[WindowEvent, ...]:
    """Raises ContentError."""
    found = read(_decoder, unpack(data))
    limit(len(found), MOST_ITEMS, "events")
    return found
