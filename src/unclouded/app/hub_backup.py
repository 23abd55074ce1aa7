"""A backup of a hub as one file, made while it runs: configuration, store, and what was set while it ran.

    unclouded-2026-11-30.tar.gz
        README.txt        what is in it, and how it is put back
        unclouded.toml    the configuration, with its secrets
        store.sqlite      the history, as it was at one moment
        state/…           admitted plugs and the key of plugs; not the passwords of the page (web.json)

The store is copied into the data folder first; the archive is made while it is sent, so that it needs no room.
"""

import asyncio
import io
import shutil
import tarfile
import tempfile
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from unclouded.app.configuration.config import Config
from unclouded.core.errors import StoreError
from unclouded.store.backup import copy_store

CHUNK = 256 * 1024  # bytes that are compressed at once
GZIP, LEVEL = 31, 3  # of zlib; a higher level takes twice the time for 4 % less
NOT_COPIED = frozenset({"web.json"})  # passwords, and the key that signs sessions
PREFIX = ".backup-"  # of the folder with the copy
README = """\
A backup of an Unclouded hub, made {at} (UTC) by version {version}.

unclouded.toml is its configuration, store.sqlite its history, state/ what was set while it ran. They contain secrets:
keys of devices and whatever passwords the configuration has. Keep this file where no one else can read it.

To put it back: stop the hub, put store.sqlite and state/ into its data folder and unclouded.toml where it was, and
start it. Passwords of the page are not in here; set them anew: unclouded web password
"""


class HubBackup:
    """``config``: the configuration that counts. One backup at a time."""

    def __init__(self, config: Callable[[], Config], version: str) -> None:
        self._config = config
        self._version = version
        self._is_busy = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """The archive, piece by piece. Raises StoreError before the first piece, or never."""
        if self._is_busy:
            raise StoreError("Another backup is being made. Wait until it has ended.")
        self._is_busy = True
        try:
            folder = await asyncio.to_thread(self._copied)
            try:
                archive = self._archive(folder)
                while piece := await asyncio.to_thread(next, archive, b""):
                    yield piece
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, True)
        finally:
            self._is_busy = False

    # --- inside --------------------------------------------------------------------------------

    def _copied(self) -> Path:
        """A new folder with a copy of the store."""
        config = self._config()
        try:
            for left in config.data.glob(f"{PREFIX}*"):  # of a hub that was killed
                shutil.rmtree(left, True)
            if shutil.disk_usage(config.data).free < config.store.stat().st_size * 1.1:
                raise StoreError(f"There is no room in {config.data} for a copy of the store.")
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=config.data))
        except OSError as error:
            raise StoreError(f"{config.data} cannot be used: {error.strerror}.") from None
        try:
            copy_store(config.store, folder / config.store.name)
        except BaseException:
            shutil.rmtree(folder, True)
            raise
        return folder

    def _archive(self, folder: Path) -> Iterator[bytes]:
        """Never an empty piece, but at the end."""
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        for piece in self._members(folder):
            if packed := packer.compress(piece):
                yield packed
        yield packer.flush()

    def _members(self, folder: Path) -> Iterator[bytes]:
        """The parts of a tar file, uncompressed."""
        config, now = self._config(), int(time.time())
        at = time.strftime("%Y-%m-%d %H:%M", time.gmtime(now))
        yield from _text("README.txt", README.format(at=at, version=self._version).encode(), now)
        if Path(config.where).is_file():
            yield from _file("unclouded.toml", Path(config.where))
        yield from _file(config.store.name, folder / config.store.name)
        for one in sorted(config.state.iterdir()) if config.state.is_dir() else ():
            if one.is_file() and one.name not in NOT_COPIED:
                yield from _file(f"state/{one.name}", one)
        yield bytes(2 * tarfile.BLOCKSIZE)


def _file(name: str, path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        stat = path.stat()
        yield from _member(name, file, stat.st_size, int(stat.st_mtime))


def _text(name: str, data: bytes, at: int) -> Iterator[bytes]:
    return _member(name, io.BytesIO(data), len(data), at)


def _member(name: str, file: BinaryIO, size: int, at: int) -> Iterator[bytes]:
    """A header, exactly so many bytes, and zeros to the end of the block: what becomes shorter meanwhile too."""
    info = tarfile.TarInfo(f"unclouded-backup/{name}")
    info.size, info.mtime, info.mode = size, at, 0o600
    yield info.tobuf(tarfile.PAX_FORMAT)
    left = size
    while left:
        piece = file.read(min(CHUNK, left)) or bytes(min(CHUNK, left))
        left -= len(piece)
        yield piece
    yield bytes(-size % tarfile.BLOCKSIZE)
