"""Readings of a window: for each device a chunk of the store (columns, zlib; exact), beginning at the window's start.

Source: docs/protocols/fleet.md §4.2
"""

from collections.abc import Iterable, Iterator, Mapping

from unclouded.store.chunk import DeviceSecond


def encode_raw(start: int, seconds: Mapping[int, Iterable[DeviceSecond]]) -> bytes:
    """By device; seconds in order of time, within 300 s of ``start`` (Unix s)."""
    raise NotImplementedError


def raw_chunks(data: bytes) -> list[tuple[int, bytes]]:
    """The chunk of each device, unopened. Raises ContentError."""
    raise NotImplementedError


def decode_raw(start: int, data: bytes) -> dict[int, list[DeviceSecond]]:
    """The seconds of each device: (second, [(ms, series, value, marks), …]). Raises ContentError."""
    raise NotImplementedError


def check_raw(start: int, data: bytes) -> Iterator[None]:
    """Whether a window can be read. Raises ContentError."""
    raise NotImplementedError
