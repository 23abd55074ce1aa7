"""A firmware file as its header describes it: fields, parts, checksums.

A ``ByteSource`` hands out pieces of the content, so that a file of any size is read in little memory.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from unclouded.families.meross.firmware.checksums import Checksum, ChecksumResult


class ByteSource(Protocol):
    """The content of a file."""

    @property
    def size(self) -> int:
        """Bytes."""

    def read(self, offset: int, size: int) -> bytes:
        """A piece; shorter at the end of the file, empty after it."""


class BytesSource:
    """The content of a file that is in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    def read(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]


class FirmwarePart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a file that its header names. ``offset``, ``size``: bytes in the file.

    ``compressed``: how, as ``lzma``; "" = it is stored as it is. ``text``: what else is known of it.
    """

    name: str
    offset: int
    size: int
    compressed: str = ""
    text: str = ""


class FirmwareContainer(msgspec.Struct, frozen=True, kw_only=True):
    """``hardware``: the hardware versions of plugs that such files are for. ``text``: the header, for people.

    ``fields``: the header as name -> value. ``results``: checksums of the header itself; ``checksums``: those that
    remain to be computed over the content. ``faults``: what the header alone shows to be damaged, as text. ``notes``:
    what could not be established.
    """

    kind: str
    hardware: tuple[int, ...]
    text: str
    fields: Mapping[str, int | str]
    parts: tuple[FirmwarePart, ...] = ()
    results: tuple[ChecksumResult, ...] = ()
    checksums: tuple[Checksum, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
