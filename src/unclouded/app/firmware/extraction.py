"""The parts of a firmware file as files of a folder, compressed streams unpacked, those inside of them too.

    00002480-lzma.bin            what stands at 0x2480, unpacked
    00002480-lzma_000010a0.dtb   what stands at 0x10a0 of that
    00000040-data.bin            a part that the header of the file names

Names are made of offsets and kinds, never of what a file says. Nothing is overwritten. What is too much is stopped at a
limit while it is unpacked, and deleted again.
"""

import contextlib
import os
from collections import deque
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec

from unclouded.app.firmware.inspection import Inspection, scanned
from unclouded.app.firmware.opening import opened
from unclouded.app.firmware.streams import FoundStream
from unclouded.app.firmware.unpacking import Unpacking
from unclouded.core.errors import CommandError, StoreError
from unclouded.families.meross.firmware.container import ByteSource, FirmwarePart

LARGEST_FILE = 128 * 1024 * 1024  # bytes of one file that is written
MOST_BYTES = 256 * 1024 * 1024  # of all of them
MOST_FILES = 256
MOST_DEPTH = 3  # streams inside of streams
READ_BUDGET = 8  # times the size of the file that is read for its streams, and
READ_LEAST = 64 * 1024 * 1024  # bytes that always may be
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class ExtractedFile(msgspec.Struct, frozen=True, kw_only=True):
    """``name``: of the file in the folder, "" = none was written. ``problem``: what is wrong with it, as text.

    ``depth``: 1 = a part of the file itself. ``offset``: in what it was part of. ``versions``: texts in it.
    """

    name: str
    kind: str
    offset: int
    size: int
    sha256: str
    depth: int
    problem: str = ""
    versions: tuple[str, ...] = ()


class _Item(msgspec.Struct, frozen=True):
    """Something to be written. ``inside``: the path of the file that it is in, None = the inspected one."""

    stream: FoundStream
    label: str
    prefix: str
    depth: int
    inside: Path | None

    @property
    def name(self) -> str:
        return f"{self.prefix}{self.stream.offset:08x}-{self.label}"


class Extraction:
    """``folder``: created when missing, and must be empty. ``notes``: what was left out, as text, after ``files()``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._directory = -1
        self._left = MOST_BYTES
        self._written = 0
        self._reads_left = 0
        self.notes: list[str] = []

    def files(self, inspection: Inspection, source: ByteSource) -> Iterator[ExtractedFile]:
        """Each as soon as it is written. Raises CommandError (not an empty folder) and StoreError (the disk)."""
        self._reads_left = max(READ_BUDGET * source.size, READ_LEAST)
        self._directory = _new_folder(self._folder)
        try:
            yield from self._all(deque(_items_of(inspection)), source)
        finally:
            os.close(self._directory)

    def _all(self, items: deque[_Item], source: ByteSource) -> Iterator[ExtractedFile]:
        ends: dict[Path | None, int] = {}
        while items:
            item = items.popleft()
            if item.stream.method and item.stream.offset < ends.get(item.inside, 0):
                continue  # inside of a stream that was unpacked
            if self._written >= MOST_FILES or self._left <= 0 or self._reads_left <= 0:
                self.notes.append(f"parts left out, since the limit of files or bytes is reached: {len(items) + 1}")
                return
            done, end = self._extracted(item, source)
            ends[item.inside] = max(ends.get(item.inside, 0), end if item.stream.method else 0)
            versions: tuple[str, ...] = ()
            if done.name and item.stream.method:
                versions, nested = self._nested(item, done)
                items.extendleft(reversed(nested))
            yield msgspec.structs.replace(done, versions=versions)

    def _extracted(self, item: _Item, source: ByteSource) -> tuple[ExtractedFile, int]:
        """The file, and where its stream ends in what it is part of."""
        if item.inside is None:
            return self._write(item, source)
        with opened(item.inside) as inside:
            return self._write(item, inside)

    def _write(self, item: _Item, source: ByteSource) -> tuple[ExtractedFile, int]:
        stream, unpacking = item.stream, Unpacking(source, item.stream)
        limit = min(LARGEST_FILE, self._left)
        suffix = "bin" if stream.method else stream.suffix
        name = f"{item.name}.{suffix}"
        digest, size, problem, is_kept = sha256(), 0, "", True
        with _disk(self._folder / name), os.fdopen(os.open(name, NEW_FILE, 0o644, dir_fd=self._directory), "wb") as to:
            for piece in unpacking.pieces():
                if size + len(piece) > limit:
                    problem, is_kept = f"it is longer than {limit} bytes and was not kept", False
                    break
                if unpacking.consumed > self._reads_left:
                    problem = "too much of the file would have to be read for it"
                    break
                size += len(piece)
                digest.update(piece)
                to.write(piece)
        self._reads_left -= unpacking.consumed
        problem = problem or unpacking.problem or _wrong_size(stream, size)
        is_kept = is_kept and size > 0
        if is_kept:
            self._left -= size
            self._written += 1
        else:
            os.unlink(name, dir_fd=self._directory)
        done = ExtractedFile(
            name=name if is_kept else "",
            kind=stream.kind,
            offset=stream.offset,
            size=size,
            sha256=digest.hexdigest() if is_kept else "",
            depth=item.depth,
            problem=problem,
        )
        return done, 0 if problem else unpacking.end

    def _nested(self, item: _Item, done: ExtractedFile) -> tuple[tuple[str, ...], list[_Item]]:
        """The version texts in a file that was written, and what is to be written of it."""
        path = self._folder / done.name
        with opened(path) as source:
            scan = scanned(source)
        if item.depth >= MOST_DEPTH:
            if scan.streams:
                self.notes.append(f"streams in {done.name} are too deep to be unpacked: {len(scan.streams)}")
            return tuple(scan.versions), []
        nested = [_item_of(stream, f"{item.name}_", item.depth + 1, path) for stream in scan.streams]
        return tuple(scan.versions), [one for one in nested if one is not None]


def _items_of(inspection: Inspection) -> list[_Item]:
    """What the header names and what was found, by offset; what is both counts once."""
    container = inspection.file.container
    parts = [part for part in (container.parts if container is not None else ()) if part.size]
    packed = {part.offset for part in parts if part.compressed}
    found = [_Item(_stream_of(part), part.name, "", 1, None) for part in parts]
    for stream in inspection.streams:
        item = _item_of(stream, "", 1, None)
        if item is not None and not (stream.method and stream.offset in packed):
            found.append(item)
    return sorted(found, key=lambda item: item.stream.offset)


def _stream_of(part: FirmwarePart) -> FoundStream:
    method = "lzma" if part.compressed == "lzma" else ""
    return FoundStream(
        offset=part.offset,
        kind="LZMA" if method else part.name,
        text=part.text,
        size=part.size,
        method="lzma" if method else "",
    )


def _item_of(stream: FoundStream, prefix: str, depth: int, inside: Path | None) -> _Item | None:
    """None for what has no known end and is not packed."""
    if not stream.method and stream.size is None:
        return None
    return _Item(stream, stream.kind.lower().replace(" ", "-"), prefix, depth, inside)


def _wrong_size(stream: FoundStream, size: int) -> str:
    if stream.unpacked is None or stream.unpacked == size:
        return ""
    return f"it has {size} bytes, its header says {stream.unpacked}"


def _new_folder(folder: Path) -> int:
    """An empty folder, open. Raises CommandError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileExistsError:
        raise CommandError(f"{folder} is a file. Name a folder that is empty or does not exist yet.") from None
    except (OSError, ValueError) as error:
        text = error.strerror if isinstance(error, OSError) else "the name is not valid"
        raise CommandError(f"The folder {folder} cannot be made or opened: {text}.") from None
    with os.scandir(directory) as entries:
        is_empty = next(entries, None) is None
    if not is_empty:
        os.close(directory)
        raise CommandError(f"The folder {folder} is not empty, and nothing is overwritten. Name another one.")
    return directory


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Disk errors as StoreError; a file that is there already as CommandError."""
    try:
        yield
    except FileExistsError:
        raise CommandError(f"{path} exists already, and nothing is overwritten. Name another folder.") from None
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from None
