"""Makes a backup in one pass: read at one moment, hashed, compressed on all cores, encrypted if wanted."""

import hashlib
import json
import tarfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from unclouded import VERSION
from unclouded.app.backup.age import encrypted
from unclouded.app.backup.gzip_blocks import gzipped
from unclouded.app.backup.manifest import (
    CONFIG,
    FOLDER,
    FOLDERS,
    FORMAT,
    LOG,
    LONGEST_SMALL,
    MANIFEST,
    NOT_COPIED,
    README,
    STORE,
    SUMS,
    BackupManifest,
    BackupMember,
    hub_id,
    is_permitted,
)
from unclouded.app.files.new_file import new_file
from unclouded.core.errors import StoreError
from unclouded.store.file.snapshot import StoreSnapshot, snapshot

TEXT = """\
A backup of an Unclouded hub, made {at} (UTC) by version {version}.

unclouded.toml is its configuration, store.sqlite its history, state/, ca/ and publish/ what was set while it ran. They
contain secrets: keys of devices and whatever passwords the configuration has. Keep this file where no one else can read
it. Passwords of the page are not in here.

To put it back: unclouded restore FILE, with the hub stopped. Without Unclouded: tar xzf FILE (after age --decrypt where
its name ends in .age), and sha256sum -c SHA256SUMS in the folder that this makes.
"""


class BackupPlace(msgspec.Struct, frozen=True):
    """What is backed up: the file of a configuration, a data folder; the name of the home and its time zone."""

    config: str
    data: str
    hub: str
    zone: str

    @property
    def state(self) -> Path:
        return Path(self.data) / "state"


class BackupMade(msgspec.Struct, frozen=True):
    """A file that was made, and what is in it."""

    file: str
    size: int
    manifest: BackupManifest


def backup_pieces(
    place: BackupPlace, at: float, passphrase: str = "", made: list[BackupManifest] | None = None
) -> Iterator[bytes]:
    """A backup, piece by piece; its manifest is added to ``made``. ``passphrase``: "" = not encrypted.

    Raises StoreError before the first piece, and where a file cannot be read later.
    """
    id = hub_id(place.state)
    with snapshot(Path(place.data) / STORE) as store:
        small, left_out = _small_files(place, at)
        sizes = {name: len(data) for name, data in small.items() if not _is_late(name)}
        sizes |= {STORE: store.size, **({LOG: store.log_size} if store.log_size else {})}
        sizes |= {name: len(data) for name, data in small.items() if _is_late(name)}
        manifest = BackupManifest(
            format=FORMAT,
            version=VERSION,
            at=int(at),  # as in the name of the file
            timezone=place.zone,
            hub=place.hub,
            id=id,
            store=store.format,
            newest=store.newest,
            devices=store.devices,
            members=tuple(BackupMember(name, size) for name, size in sizes.items()),
            left_out=tuple(left_out),
        )
        if made is not None:
            made.append(manifest)
        pieces = gzipped(_tar(manifest, small, store))
        yield from encrypted(pieces, passphrase) if passphrase else pieces


def write_backup(place: BackupPlace, target: Path, at: float, passphrase: str = "", force: bool = False) -> BackupMade:
    """Make a backup in a new file, which only its owner can read and which appears when it is complete.

    Raises CommandError where there is a file, and StoreError; then there is none.
    """
    made: list[BackupManifest] = []
    with new_file(target, force, 0o600) as partial, partial.open("wb") as out:
        for piece in backup_pieces(place, at, passphrase, made):
            out.write(piece)
    return BackupMade(str(target), target.stat().st_size, made[0])


# --- inside -------------------------------------------------------------------------------------------


def _is_late(name: str) -> bool:
    """Whether a member comes after the store: what is needed first, comes first."""
    return name not in (README, CONFIG)


def _small_files(place: BackupPlace, at: float) -> tuple[dict[str, bytes], list[str]]:
    """All members but the store, by name, and what is left out."""
    moment = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"
    found = {README: TEXT.format(at=moment, version=VERSION).encode()}
    left_out = list[str]()
    data = Path(place.data)
    files = {CONFIG: Path(place.config)} if place.config and Path(place.config).is_file() else {}
    for folder in FOLDERS:
        files |= {one.relative_to(data).as_posix(): one for one in sorted((data / folder).rglob("*"))}
    for name, path in files.items():
        if name in NOT_COPIED or path.is_dir() or (path.is_symlink() and name != CONFIG):
            continue
        try:
            if not is_permitted(name) or path.stat().st_size > LONGEST_SMALL:
                left_out.append(name)
            else:
                found[name] = path.read_bytes()
        except FileNotFoundError:
            continue  # it was replaced just now
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}.") from None
    return found, left_out


def _tar(manifest: BackupManifest, small: Mapping[str, bytes], store: StoreSnapshot) -> Iterator[bytes]:
    sums: dict[str, str] = {}

    def member(name: str, size: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
        digest = hashlib.sha256()
        yield _header(name, size, int(manifest.at))
        for piece in pieces:
            digest.update(piece)
            yield piece
        yield bytes(-size % tarfile.BLOCKSIZE)
        sums[name] = digest.hexdigest()

    text = json.dumps(msgspec.to_builtins(manifest), indent=1).encode()
    yield from member(MANIFEST, len(text), iter([text]))
    for one in manifest.members:
        match one.name:
            case "store.sqlite":
                yield from member(one.name, one.size, store.pieces())
            case "store.sqlite-wal":
                yield from member(one.name, one.size, store.log_pieces())
            case _:
                yield from member(one.name, one.size, iter([small[one.name]]))
    listed = "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()
    yield from member(SUMS, len(listed), iter([listed]))
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(name: str, size: int, at: int) -> bytes:
    """One block. Sizes of 8 GiB and more are written in the way of GNU tar, which all read."""
    info = tarfile.TarInfo(f"{FOLDER}{name}")
    info.size, info.mtime, info.mode = size, at, 0o600
    return info.tobuf(tarfile.GNU_FORMAT)
