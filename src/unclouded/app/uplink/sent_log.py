"""Exactly what left the home: the bytes of each message, in DATA/fleet/sent.jsonl.

    {"at": 1795990000.1, "subject": "up.0.HUB", "bytes": "…base64…"}        at 2,000 messages or 8 MB: sent.old.jsonl

Written by the hub in a thread after each message; read back by ``unclouded fleet sent``.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from unclouded.core.errors import StoreError

FILE, OLD = "sent.jsonl", "sent.old.jsonl"
MOST = 2_000  # messages of one file
MOST_BYTES = 8 * 1024 * 1024
POLL_S = 0.5


def sent_folder(data: Path) -> Path:
    """What the uplink keeps beside key and token, in the data folder; it is in no backup."""
    return data / "fleet"


class SentMessage(msgspec.Struct, frozen=True, rename={"data": "bytes"}):
    """``at``: Unix s. ``data``: as it was given to the network."""

    at: float
    subject: str
    data: bytes  # msgspec writes base64


class SentLog:
    """``folder``: of the fleet, in the data folder. In one thread at a time. Raises StoreError."""

    def __init__(self, folder: Path, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most, self._most_bytes = most, most_bytes
        self._count = self._bytes = -1  # not known yet

    def add(self, messages: list[SentMessage]) -> None:
        """Note messages that were sent."""
        lines = b"".join(msgspec.json.encode(one) + b"\n" for one in messages)
        try:
            self._make_room(len(messages), len(lines))
            with os.fdopen(os.open(self._folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
                file.write(lines)
        except OSError as error:
            raise StoreError(f"{self._folder / FILE} cannot be written: {error.strerror}.") from None
        self._count += len(messages)
        self._bytes += len(lines)

    def _make_room(self, count: int, size: int) -> None:
        file = self._folder / FILE
        if self._count < 0:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _end_line(file)
            found = file.read_bytes() if file.exists() else b""
            self._count, self._bytes = found.count(b"\n"), len(found)
        if self._count and (self._count + count > self._most or self._bytes + size > self._most_bytes):
            file.replace(self._folder / OLD)
            self._count = self._bytes = 0


def sent_messages(folder: Path) -> Iterator[SentMessage]:
    """What is in the log, the oldest first. Raises StoreError."""
    for name in (OLD, FILE):
        try:
            with (folder / name).open("rb") as file:
                yield from (one for line in file if (one := _read(line)) is not None)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreError(f"{folder / name} cannot be read: {error.strerror}.") from None


def follow_sent(folder: Path, wait: Callable[[float], None] = time.sleep) -> Iterator[SentMessage]:
    """What is sent from now on, for ever. Raises StoreError."""
    file = folder / FILE
    inode, place = _inode(file), _size(file)
    rest = b""
    while True:
        data = b""
        if (now := _inode(file)) != inode:  # what came before it was set aside is in the old one
            data = _from(folder / OLD, place) if _inode(folder / OLD) == inode else b""
            inode, place = now, 0
        added = _from(file, place)
        place += len(added)
        *lines, rest = (rest + data + added).split(b"\n")
        yield from (one for line in lines if (one := _read(line)) is not None)
        if not data and not added:
            wait(POLL_S)


# --- inside -------------------------------------------------------------------------------------------


def _read(line: bytes) -> SentMessage | None:
    """None for a line that a power cut has left half written."""
    try:
        return msgspec.json.decode(line, type=SentMessage)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _end_line(file: Path) -> None:
    """Where a power cut has left half a line, the next one begins on a line of its own."""
    if not file.exists() or not file.stat().st_size:
        return
    with file.open("rb+") as open_file:
        open_file.seek(-1, os.SEEK_END)
        if open_file.read(1) != b"\n":
            open_file.write(b"\n")


def _from(file: Path, place: int) -> bytes:
    try:
        with file.open("rb") as open_file:
            open_file.seek(place)
            return open_file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StoreError(f"{file} cannot be read: {error.strerror}.") from None


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _inode(file: Path) -> int:
    try:
        return file.stat().st_ino
    except OSError:
        return 0
