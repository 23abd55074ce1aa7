"""A file as a source of bytes: read in pieces at any place, so that it is never in memory as a whole.

Only regular files are read: a pipe or a device could have no end.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from unclouded.core.errors import CommandError

READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe does not block


class FileSource:
    """An open file. ``size``: bytes when it was opened; what is appended later is not read."""

    def __init__(self, number: int, size: int) -> None:
        self._number = number
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, size: int) -> bytes:
        """A piece; shorter at the end of the file. Raises CommandError."""
        least = min(size, self._size - offset)
        if least <= 0:
            return b""
        try:
            data = os.pread(self._number, least, offset)
        except OSError as error:
            raise CommandError(f"The file cannot be read at {offset}: {error.strerror}.") from None
        if len(data) < least:
            raise CommandError("The file was made shorter while it was read. Try again when it is complete.")
        return data


@contextlib.contextmanager
def opened(path: Path) -> Iterator[FileSource]:
    """Raises CommandError for what is not a file, is empty or cannot be read."""
    try:
        number = os.open(path, READING)
    except OSError as error:
        raise CommandError(f"The file {path} cannot be read: {error.strerror}.") from None
    except ValueError:  # a zero byte in the name
        raise CommandError(f"{str(path)!r} is not a valid file name.") from None
    try:
        seen = os.fstat(number)
        if stat.S_ISDIR(seen.st_mode):
            raise CommandError(f"{path} is a folder. Name a file in it.")
        if not stat.S_ISREG(seen.st_mode):
            raise CommandError(f"{path} is not a file but a pipe, socket or device. Copy its content to a file first.")
        if not seen.st_size:
            raise CommandError(f"The file {path} is empty. Get it again.")
        yield FileSource(number, seen.st_size)
    finally:
        os.close(number)
