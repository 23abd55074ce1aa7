"""Readings of a window: for each device a chunk of the store (columns, zlib; exact), beginning at the window's start.

Source: docs/protocols/fleet.md §4.2
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from unclouded.store.encoding import chunk
from unclouded.store.encoding.chunk import ChunkLimits, DeviceSecond, OpenedChunk
from unclouded.uplink.contents.packing import (
    MOST_ITEMS,
    MOST_UNPACKED,
    MOST_VALUES,
    ContentError,
    as_content_error,
    limit,
    read,
    write,
)

SPAN_S = 300  # of a window

_decoder = msgspec.msgpack.Decoder(tuple[tuple[int, bytes], ...])


def encode_raw(start: int, seconds: Mapping[int, Iterable[DeviceSecond]]) -> bytes:
    """By device; seconds in order of time, within 300 s of ``start`` (Unix s)."""
    return join_chunks([(device, chunk.encode(start, found)) for device, found in seconds.items()])


def join_chunks(chunks: Sequence[tuple[int, bytes]]) -> bytes:
    """The content of a window whose chunks are made."""
    return write(chunks)


def raw_chunks(data: bytes) -> list[tuple[int, bytes]]:
    """The chunk of each device, unopened. Raises ContentError."""
    found = read(_decoder, data)
    limit(len(found), MOST_ITEMS, "chunks")
    if len({device for device, _ in found}) < len(found):
        raise ContentError("a device has two chunks")
    return list(found)


def opened_chunks(data: bytes) -> Iterator[tuple[int, OpenedChunk]]:
    """Device and columns of each chunk. Raises ContentError, also where they are too large together."""
    left = MOST_UNPACKED
    for device, packed in raw_chunks(data):
        with as_content_error():
            opened = chunk.opened(packed, left)
        left = max(left - len(opened.columns), 1)
        yield device, opened


def decode_raw(start: int, data: bytes) -> dict[int, list[DeviceSecond]]:
    """The seconds of each device: (second, [(ms, series, value, marks), …]). Raises ContentError."""
    found, left = dict[int, list[DeviceSecond]](), MOST_VALUES
    for device, opened in opened_chunks(data):
        with as_content_error():
            found[device] = chunk.decode_opened(start, opened, ChunkLimits(left, SPAN_S))
        left -= sum(len(entries) for _, entries in found[device])
    return found
