"""What all contents share: one error, limits, zlib that cannot expand without bound, and MessagePack of a known type.

Source: docs/protocols/fleet.md §4
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from unclouded.core.errors import DamagedStore

MOST_UNPACKED = 8 * 1024 * 1024  # bytes of one window, unpacked
MOST_VALUES = 1_000_000  # readings of one window: 3,300 a second
MOST_ROWS = 100_000  # rolled-up rows of one window
MOST_ITEMS = 100_000  # devices, series, events, hours of one window
PACKING = 6  # of zlib

Content = TypeVar("Content")


class ContentError(ValueError):
    """The content of a window cannot be read; the text says why."""


def pack(data: bytes) -> bytes:
    """The content of a window, compressed with zlib."""
    return zlib.compress(data, PACKING)


def unpack(data: bytes, most: int = MOST_UNPACKED) -> bytes:
    """The bytes in one zlib stream, with nothing after it. Raises ContentError, also where they are too many."""
    worker = zlib.decompressobj()
    try:
        found = worker.decompress(data, most)
    except zlib.error as error:
        raise ContentError(f"it is damaged: {error}") from None
    if worker.unconsumed_tail:
        raise ContentError(f"it is larger than {most} bytes")
    if not worker.eof or worker.unused_data:
        raise ContentError("it is truncated, or has a tail")
    return found


def read(decoder: "msgspec.msgpack.Decoder[Content]", data: bytes) -> Content:
    """A value of MessagePack. Raises ContentError."""
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise ContentError(str(error)) from None


def write(content: Any) -> bytes:  # Any: what msgspec encodes
    """A value as MessagePack."""
    return msgspec.msgpack.encode(content)


def limit(count: int, most: int, what: str) -> None:
    """Raises ContentError where there are more than ``most``."""
    if count > most:
        raise ContentError(f"it has {count} {what}, more than {most}")


@contextmanager
def as_content_error() -> Iterator[None]:
    """What can go wrong in reading columns as ContentError."""
    try:
        yield
    except ContentError:
        raise
    except (DamagedStore, zlib.error, IndexError, StopIteration, ValueError, OverflowError) as error:
        raise ContentError(str(error) or "it is damaged") from None
