"""Reads a backup in one pass and trusts nothing in it: what is not as its manifest and its sums say, is refused.

Only regular files are read, by names that a backup may have, of exactly the sizes that the manifest lists: no links, no
devices, no paths out of the folder, and nothing larger than was said at the beginning. Whatever a piece expands to is
passed on in pieces of a bounded size.
"""

import hashlib
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from unclouded.app.backup.age import MAGIC, EncryptedSource, decrypted
from unclouded.app.backup.manifest import (
    CONFIG,
    FOLDER,
    LONGEST_MANIFEST,
    MANIFEST,
    STORE,
    SUMS,
    BackupManifest,
    BackupMember,
    manifest_of,
)
from unclouded.core.errors import CommandError, StoreError

PIECE = 256 * 1024  # bytes at once
GZIP = b"\x1f\x8b"
SUM = re.compile(rb"([0-9a-f]{64})  ([\x21-\x7e]{1,100})\n")
FOREIGN = "This is not a backup of Unclouded."
TRUNCATED = "The backup is damaged: it ends too early."
NEEDS_PASSPHRASE = "The backup is encrypted. Give its passphrase: --passphrase-file FILE."


class BackupReader:
    """Reads a backup once, from the beginning. ``passphrase`` "": it is not encrypted, or cannot be read.

    Raises CommandError for what is not a backup, is damaged, or has another passphrase.
    """

    def __init__(self, source: BinaryIO, passphrase: str = "") -> None:
        self._tar = _Pieces(_gunzipped(_plain(source, passphrase)))
        self._sums: dict[str, str] = {}
        size = self._header(MANIFEST)
        if size > LONGEST_MANIFEST:
            raise CommandError(FOREIGN)
        data = b"".join(self._content(BackupMember(MANIFEST, size)))
        self.manifest: BackupManifest = manifest_of(data)

    def members(self) -> Iterator[tuple[BackupMember, Iterator[bytes]]]:
        """Each member with its content, which must be read to its end before the next.

        What it all is worth is known at the end: the sums come last.
        """
        for member in self.manifest.members:
            if self._header(member.name) != member.size:
                raise CommandError(f"The backup is damaged: {member.name} has another size than its manifest says.")
            yield member, self._content(member)
        self._check_sums()

    def config(self) -> bytes | None:
        """The configuration; None where there is none in it. The reader is of no further use."""
        for member, content in self.members():
            if member.name == STORE:
                return None
            data = b"".join(content)
            if member.name == CONFIG:
                return data
        return None

    def check(self) -> None:
        """Read all of it."""
        for _, content in self.members():
            for _ in content:
                pass

    def extract(self, folder: Path) -> None:
        """Write all members into an empty folder, readable by its owner only. Raises StoreError too."""
        try:
            for member, content in self.members():
                path = folder / member.name
                for parent in reversed(path.relative_to(folder).parents[:-1]):
                    (folder / parent).mkdir(mode=0o700, exist_ok=True)
                path.touch(0o600, exist_ok=False)
                with path.open("wb") as file:
                    for piece in content:
                        file.write(piece)
        except OSError as error:
            raise StoreError(f"{folder} cannot be written: {error.strerror}.") from None

    # --- inside --------------------------------------------------------------------------------

    def _header(self, name: str) -> int:
        """The size of the next member, which must have this name."""
        block = self._tar.read(tarfile.BLOCKSIZE)
        if len(block) < tarfile.BLOCKSIZE:
            raise CommandError(TRUNCATED)
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeDecodeError, ValueError):
            raise CommandError(FOREIGN if name == MANIFEST else f"The backup is damaged before {name}.") from None
        if info.name != f"{FOLDER}{name}" or info.type != tarfile.REGTYPE or info.size < 0:
            if name == MANIFEST:
                raise CommandError(FOREIGN)
            raise CommandError(f"The backup is damaged or was changed: {info.name[:100]!r} is in the place of {name}.")
        return info.size

    def _content(self, member: BackupMember) -> Iterator[bytes]:
        digest, left = hashlib.sha256(), member.size
        while left:
            piece = self._tar.read(min(PIECE, left))
            if not piece:
                raise CommandError(TRUNCATED)
            left -= len(piece)
            digest.update(piece)
            yield piece
        padding = -member.size % tarfile.BLOCKSIZE
        if self._tar.read(padding) != bytes(padding):
            raise CommandError(TRUNCATED)
        self._sums[member.name] = digest.hexdigest()

    def _check_sums(self) -> None:
        size = self._header(SUMS)
        if size > LONGEST_MANIFEST:
            raise CommandError(FOREIGN)
        known = dict(self._sums)
        listed = b"".join(self._content(BackupMember(SUMS, size)))
        sums = {name.decode(): digest.decode() for digest, name in SUM.findall(listed)}
        for name, digest in known.items():
            if sums.get(name) != digest:
                raise CommandError(f"The backup is damaged: {name} is not what was stored (SHA-256).")
        if self._tar.read(2 * tarfile.BLOCKSIZE) != bytes(2 * tarfile.BLOCKSIZE) or self._tar.read(1):
            raise CommandError(TRUNCATED)


@contextmanager
def opened_backup(file: Path) -> Iterator[BinaryIO]:
    """Raises CommandError where there is no such file, and StoreError."""
    try:
        with file.open("rb") as source:
            yield source
    except (FileNotFoundError, IsADirectoryError):
        raise CommandError(f"There is no backup {file}.") from None
    except PermissionError as error:
        raise StoreError(f"{file} cannot be read: {error.strerror}.") from None


def is_encrypted(file: Path) -> bool:
    """Whether reading it needs a passphrase. Raises CommandError, StoreError."""
    with opened_backup(file) as source:
        return source.read(len(MAGIC)) == MAGIC


def _plain(source: BinaryIO, passphrase: str) -> Iterator[bytes]:
    """The gzip stream in a file."""
    head = source.read(len(MAGIC))
    whole = _Pieces(_chained(head, source))
    if head == MAGIC:
        if not passphrase:
            raise CommandError(NEEDS_PASSPHRASE)
        return decrypted(whole, passphrase)
    if not head.startswith(GZIP):
        raise CommandError(FOREIGN)
    return iter(lambda: whole.read(PIECE), b"")


def _chained(head: bytes, source: BinaryIO) -> Iterator[bytes]:
    yield head
    try:
        while piece := source.read(PIECE):
            yield piece
    except OSError as error:
        raise StoreError(f"The backup cannot be read: {error.strerror}.") from None


def _gunzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What a gzip stream contains, at most PIECE bytes at a time."""
    worker = zlib.decompressobj(31)
    try:
        for piece in pieces:
            if worker.eof:
                raise CommandError("The backup is damaged: something follows its end.")
            yield worker.decompress(piece, PIECE)
            while worker.unconsumed_tail:
                yield worker.decompress(worker.unconsumed_tail, PIECE)
    except zlib.error as error:
        raise CommandError(f"The backup is damaged: {error}.") from None
    if not worker.eof:
        raise CommandError(TRUNCATED)
    if worker.unused_data:
        raise CommandError("The backup is damaged: something follows its end.")


class _Pieces(EncryptedSource):
    """Pieces as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""
        self._at = 0

    def read(self, size: int, /) -> bytes:
        """So many bytes; fewer at the end only."""
        parts, left = list[bytes](), size
        while left:
            if self._at == len(self._held):
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._held, self._at = piece, 0
                continue
            part = self._held[self._at : self._at + left]
            self._at += len(part)
            left -= len(part)
            parts.append(part)
        return b"".join(parts)
