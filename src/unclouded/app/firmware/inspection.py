"""One pass over a file: what it is, what is in it, and whether it is whole.

    piece ─┬─ worker: SHA-256, the checksums that the header names
           └─ here: magic numbers ─► streams, version texts

The worker has a core of its own where there is one: hashing releases Python's lock. Memory: some pieces of the file.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256

import msgspec

from unclouded.app.firmware.magic_scan import MagicScan
from unclouded.app.firmware.streams import STREAMS, FoundStream
from unclouded.families.meross.firmware.checksums import RunningChecksums
from unclouded.families.meross.firmware.container import ByteSource
from unclouded.families.meross.firmware.image_file import PIECE, FirmwareFile, checked_file, read_container

MOST_STREAMS = 1_000  # that are listed
MOST_TRIES = 1_000  # of one magic number whose header is not plausible
MOST_VERSIONS = 50
VERSION_MARKS = (b"Linux version ", b"U-Boot ", b"SDK_V", b"version=", b"eCos ", b"RELEASE:", b"FreeRTOS V")
VERSION_TEXT = re.compile(rb"[\x20-\x7e]{1,100}")
AHEAD = 2  # pieces that wait for the worker


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """``streams``: in order of their offsets. ``notes``: what was not looked at, as text."""

    file: FirmwareFile
    name: str
    size: int
    sha256: str
    streams: tuple[FoundStream, ...]
    versions: tuple[str, ...]
    notes: tuple[str, ...] = ()


class ContentScan:
    """Streams and version texts of a source that is fed piece by piece, in order.

    ``begin``: where to look from on. A source that is larger than the pieces must be readable at any place.
    """

    _magics = (*(kind.magic for kind in STREAMS), *VERSION_MARKS)

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._scan = MagicScan(self._magics)
        self._tries = [0] * len(STREAMS)
        self._opaque_until = self._text_until = 0
        self._given_up: dict[str, int] = {}
        self.overlap = self._scan.longest - 1
        self.streams: list[FoundStream] = []
        self.versions: dict[str, None] = {}

    def feed(self, offset: int, chunk: bytes, size: int) -> None:
        """``chunk``: ``size`` bytes and the ``overlap`` after them."""
        places, is_all = self._scan.places(chunk, size)
        if not is_all:
            self._give_up("magic numbers", offset)
        for place, index in places:
            if index >= len(STREAMS):
                self._add_version(chunk, place, offset)
            elif offset + place >= self._opaque_until:
                self._try(index, offset + place)

    def notes(self) -> tuple[str, ...]:
        """What was not looked at to the end, and from which offset on, as sentences; () = all was."""
        return tuple(
            f"there are more {what} from 0x{offset:X} on than are looked at one by one"
            for what, offset in self._given_up.items()
        )

    def _try(self, index: int, offset: int) -> None:
        if len(self.streams) >= MOST_STREAMS:
            self._give_up("streams", offset)
            return
        if self._tries[index] >= MOST_TRIES:
            self._give_up(f"places that begin with {STREAMS[index].magic.hex().upper()}", offset)
            return
        found = STREAMS[index].read(self._source, offset)
        if found is None:
            self._tries[index] += 1
            return
        self.streams.append(found)
        if found.is_opaque and found.size is not None:
            self._opaque_until = offset + found.size

    def _add_version(self, chunk: bytes, place: int, offset: int) -> None:
        """The text from a mark on; marks inside of it begin no other."""
        found = VERSION_TEXT.match(chunk, place)
        if found is not None and offset + place >= self._text_until and len(self.versions) < MOST_VERSIONS:
            self.versions.setdefault(found[0].decode("ascii").rstrip())
            self._text_until = offset + found.end()

    def _give_up(self, what: str, offset: int) -> None:
        self._given_up.setdefault(what, offset)


def inspect(name: str, source: ByteSource) -> Inspection:
    """A whole file. Raises CommandError where it cannot be read."""
    container = read_container(source)
    checksums = RunningChecksums(container.checksums if container is not None else ())
    whole, scan = sha256(), ContentScan(source)

    def digest(offset: int, piece: memoryview) -> None:
        whole.update(piece)
        checksums.feed(offset, piece)

    with ThreadPoolExecutor(1, "firmware-checksums") as worker:
        waiting: list[Future[None]] = []
        for offset, chunk, size in chunks(source, scan.overlap):
            waiting.append(worker.submit(digest, offset, memoryview(chunk)[:size]))
            scan.feed(offset, chunk, size)
            if len(waiting) > AHEAD:
                waiting.pop(0).result()
        for one in waiting:
            one.result()
    return Inspection(
        file=checked_file(name, container, checksums.results()),
        name=name,
        size=source.size,
        sha256=whole.hexdigest(),
        streams=_beside_container(scan.streams, has_container=container is not None),
        versions=tuple(scan.versions),
        notes=(*scan.notes(), *(container.notes if container is not None else ())),
    )


def scanned(source: ByteSource) -> ContentScan:
    """Streams and version texts only."""
    scan = ContentScan(source)
    for offset, chunk, size in chunks(source, scan.overlap):
        scan.feed(offset, chunk, size)
    return scan


def chunks(source: ByteSource, overlap: int) -> Iterator[tuple[int, bytes, int]]:
    """(offset, piece with some bytes of the next one, length without them)."""
    for offset in range(0, source.size, PIECE):
        chunk = source.read(offset, PIECE + overlap)
        yield offset, chunk, min(PIECE, len(chunk))


def _beside_container(streams: Sequence[FoundStream], *, has_container: bool) -> tuple[FoundStream, ...]:
    """The header of the file itself is not a stream in it."""
    return tuple(one for one in streams if one.offset or not has_container)
