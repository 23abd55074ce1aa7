"""The files that appliances are updated from: the folder DATA/updates.

    pump-1.0.2.bin          letters, digits, . _ and -, no dot in front; at most 16 MiB
    1f0c77ab-pump.bin       another file of that name, beside the first: prefixed with its MD5
    .new-k3v9w1             being written; remains of an earlier hub are deleted

A file that an update names is read once, as a whole, and kept until the update is over: the MD5 that is reported is
that of the bytes that are sent, whatever happens to the file meanwhile. (An MCU's firmware has some hundred kB, read in
a millisecond; 16 MiB take some 30 ms, so no thread is needed.) An upload goes to the disk piece by piece and is never
in memory as a whole. Only the newest MOST_FILES are kept. What a file is, and whether it is whole, is read from its
header and its checksums (app/firmware).
"""

import contextlib
import errno
import hashlib
import os
import re
import stat
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec

from unclouded.app.firmware.opening import FileSource, opened
from unclouded.app.firmware.refusal import why_refused
from unclouded.app.firmware.summary import summary_of
from unclouded.core.errors import CommandError, StoreError
from unclouded.core.model import LARGEST_UPDATE, Device, FirmwareSummary, UpdateFile

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
MOST_FILES = 32
MOST_UPLOADS = 16  # at the same time
PIECE = 256 * 1024  # bytes read at once for a checksum
UNFINISHED = ".new-"
READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a link or a pipe of that name is not read


_Looks = tuple[int, int, int]  # inode, size and time of a file: where they are the same, so is its MD5


class _KnownFile(msgspec.Struct, frozen=True):
    """What was read of a file that looked like this."""

    looks: _Looks
    md5: str
    firmware: FirmwareSummary


class _OpenFile(msgspec.Struct):
    """A file in memory, and how many updates use it."""

    data: bytes
    md5: str
    firmware: FirmwareSummary
    users: int = 0


class UpdateFiles:
    """The files in ``folder``, which is created with the first one. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, _OpenFile] = {}
        self._known: dict[str, _KnownFile] = {}
        self._lock = threading.RLock()
        self._uploads = 0
        self._putting = threading.Lock()  # a lock of its own: the hub need not wait until a file is written
        for left in folder.glob(f"{UNFINISHED}*"):
            with contextlib.suppress(OSError):  # the hub starts all the same
                left.unlink()

    # --- for the API ---------------------------------------------------------------------------

    def files(self) -> list[UpdateFile]:
        """The files, the newest first. Anything else in the folder is not shown."""
        names = [path.name for path in self._folder.glob("*") if NAME.fullmatch(path.name)]
        found = [file for name in names if (file := self._look(name)) is not None]
        return sorted(found, key=lambda file: (-file.at, file.name))

    def why_refused(self, file: UpdateFile, device: Device) -> str:
        """Why the device is not sent this file, as a sentence; "" where nothing speaks against it."""
        return why_refused(file.firmware, device)

    def begin(self, name: str) -> "Upload":
        """A new file, to be written in pieces. Raises CommandError (an invalid name) and StoreError (too many)."""
        _check_name(name)
        with self._lock:
            if self._uploads >= MOST_UPLOADS:
                raise StoreError(
                    f"{MOST_UPLOADS} files are being uploaded now. Try again when one of them is complete."
                )
            self._uploads += 1
        return Upload(self, name)

    def put(self, name: str, data: bytes, *, beside: bool = False) -> UpdateFile:
        """Store a file that is in memory. Raises CommandError and StoreError, as an ``Upload`` does."""
        with self.begin(name) as upload:
            upload.write(data)
            return upload.keep(beside=beside)

    def remove(self, name: str) -> UpdateFile | None:
        """Delete a file; None where there is none. Raises CommandError where it is in use, and StoreError."""
        file = self._look(name)
        if file is not None:
            with self._lock, _disk(name):
                self._check_free(name)
                (self._folder / name).unlink(missing_ok=True)
                self._known.pop(name, None)
        return file

    # --- for updates ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def holding(self, names: Sequence[str]) -> Iterator[None]:
        """Read these files now and keep them unchanged while the block lasts. Raises CommandError, StoreError."""
        with contextlib.ExitStack() as stack:
            for name in names:
                self._hold(name)
                stack.callback(self._release, name)
            yield

    def is_held(self, name: str) -> bool:
        """Whether an update uses this file."""
        return name in self._held

    def facts(self, name: str) -> Mapping[str, int | str]:
        """Of a file that is held: size (bytes), MD5 (hex), what it is for and what is damaged, as text.

        Raises CommandError.
        """
        held = self._held_one(name)
        damage = "; ".join(held.firmware.faults)
        return {"size": len(held.data), "md5": held.md5, "target": held.firmware.target, "damage": damage}

    def block(self, name: str, offset: int, size: int) -> bytes:
        """A part of a file that is held, shorter at its end. Raises CommandError."""
        if offset < 0 or size < 0:
            raise CommandError(f"{name} has no part of {size} bytes at {offset}.")
        return self._held_one(name).data[offset : offset + size]

    # --- inside --------------------------------------------------------------------------------

    def _store(self, name: str, new: Path, md5: str, beside: bool) -> UpdateFile:
        """Move a complete file into its place."""
        with self._putting:  # between the check of a name and its use
            known = self._look(name)
            if known is not None and known.md5 != md5 and beside:
                name = f"{md5[:8]}-{name}"[:100]
                known = self._look(name)
            if known is not None and known.md5 == md5:
                return known
            with opened(new) as source:
                firmware = summary_of(name, source)
            with _disk(name), self._lock:
                self._check_free(name)
                self._known[name] = _KnownFile(_looks_of(new.lstat()), md5, firmware)
                new.replace(self._folder / name)
            file = self._look(name)
            if file is None:
                raise StoreError(f"{name} was stored, but has been deleted.")
            self._delete_the_oldest(file)
            return file

    def _held_one(self, name: str) -> _OpenFile:
        if name not in self._held:
            raise CommandError(f"No running update has named the file {name[:100]!r}.")
        return self._held[name]

    def _hold(self, name: str) -> None:
        with self._lock:
            if name not in self._held:
                _check_name(name)
                data = self._read(name)
                if data is None:
                    known = ", ".join(file.name for file in self.files()) or "none"
                    raise CommandError(f"The hub keeps no file {name!r} for updates. It has: {known}.")
                self._held[name] = _OpenFile(data, _md5_of(data), summary_of(name, data))
            self._held[name].users += 1

    def _release(self, name: str) -> None:
        with self._lock:
            self._held[name].users -= 1
            if not self._held[name].users:
                del self._held[name]

    def _open(self, name: str) -> BinaryIO:
        return open(self._folder / name, "rb", opener=lambda path, _: os.open(path, READING))

    def _read(self, name: str) -> bytes | None:
        """The content of a file, None where there is none. Raises StoreError."""
        try:
            with self._open(name) as file:
                ours = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
                data = file.read(LARGEST_UPDATE + 1) if ours else b""
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
                return None
            raise StoreError(f"The file {name} cannot be read: {error.strerror}.") from None
        return data if 0 < len(data) <= LARGEST_UPDATE else None

    def _read_facts(self, name: str, looks: _Looks) -> _KnownFile | None:
        """MD5 and kind of a file, None where there is none."""
        md5 = hashlib.md5(usedforsecurity=False)
        try:
            with self._open(name) as file:
                while piece := file.read(PIECE):
                    md5.update(piece)
                firmware = summary_of(name, FileSource(file.fileno(), looks[1]))
        except (OSError, CommandError):
            return None
        return _KnownFile(looks, md5.hexdigest(), firmware)

    def _look(self, name: str) -> UpdateFile | None:
        """The facts of a file, None where there is none."""
        try:
            seen = (self._folder / name).lstat() if NAME.fullmatch(name) else None
        except OSError:
            return None
        if seen is None or not stat.S_ISREG(seen.st_mode) or not 0 < seen.st_size <= LARGEST_UPDATE:
            return None
        looks = _looks_of(seen)
        known = self._known.get(name)
        if known is None or known.looks != looks:
            known = self._read_facts(name, looks)
            if known is None or not self._is_still(name, looks):  # deleted or changed meanwhile, or not readable
                return None
            self._known[name] = known
        return UpdateFile(name, seen.st_size, known.md5, seen.st_mtime, known.firmware)

    def _is_still(self, name: str, looks: _Looks) -> bool:
        try:
            return _looks_of((self._folder / name).lstat()) == looks
        except OSError:
            return False

    def _new_file(self) -> tuple[int, str]:
        """An open file and its path. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return tempfile.mkstemp(prefix=UNFINISHED, dir=self._folder)

    def _end_upload(self) -> None:
        with self._lock:
            self._uploads -= 1

    def _check_free(self, name: str) -> None:
        """Raises CommandError for a file that is being sent to a device."""
        if name in self._held:
            raise CommandError(f"{name} is being sent to a device now. Wait for its end, or use another name.")

    def _delete_the_oldest(self, newest: UpdateFile) -> None:
        for file in self.files()[MOST_FILES:]:
            if file.name != newest.name:
                with contextlib.suppress(CommandError, StoreError):  # in use, or a disk error: another time
                    self.remove(file.name)


class Upload:
    """A file on its way to the disk: all of it is stored or nothing. A context manager: its end discards what was not
    kept. All methods raise CommandError (empty, too long, in use) and StoreError (disk errors).
    """

    def __init__(self, files: UpdateFiles, name: str) -> None:
        self._files = files
        self._name = name
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)  # the checksum that Tuya's MCUs verify; it is not protection
        self._ended = False

    def __enter__(self) -> "Upload":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.discard()

    def write(self, data: bytes) -> None:
        """The next piece."""
        self._size += len(data)
        if self._size > LARGEST_UPDATE:
            raise CommandError(f"{self._name} is too long; the limit is {LARGEST_UPDATE} bytes.")
        if not data:
            return
        with _disk(self._name):
            self._md5.update(data)
            (self._file or self._create()).write(data)

    def keep(self, *, beside: bool = False) -> UpdateFile:
        """The file is complete. ``beside``: where another file has that name, both are kept."""
        if self._file is None or self._path is None:
            raise CommandError(f"{self._name} is empty: there is nothing to send to a device.")
        with _disk(self._name):
            self._file.flush()
            os.fsync(self._file.fileno())
        return self._files._store(self._name, self._path, self._md5.hexdigest(), beside)

    def discard(self) -> None:
        """End the upload; what was kept stays. May be called again."""
        if self._ended:
            return
        self._ended = True
        with contextlib.suppress(OSError):
            if self._file is not None:
                self._file.close()
            if self._path is not None:
                self._path.unlink(missing_ok=True)
        self._files._end_upload()

    def _create(self) -> BinaryIO:
        number, place = self._files._new_file()
        self._path = Path(place)
        self._file = os.fdopen(number, "wb")
        return self._file


def _looks_of(seen: os.stat_result) -> _Looks:
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise CommandError(
            f"{name[:100]!r} is not a valid file name: at most 100 of a to z, A to Z, 0 to 9, "
            "dot, _ and -, without a leading dot."
        )


def _md5_of(data: bytes) -> str:
    """The checksum that Tuya's MCUs verify; it is not protection."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@contextlib.contextmanager
def _disk(name: str) -> Iterator[None]:
    """Disk errors as StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{name} cannot be stored: {error.strerror}.") from None
