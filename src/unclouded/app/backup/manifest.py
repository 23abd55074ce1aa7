"""What a backup is: one tar file, compressed with gzip, encrypted as a whole if wanted.

    unclouded-2026-11-30T023000Z-5f3a91c2.tar.gz          any tar unpacks it
    unclouded-2026-11-30T023000Z-5f3a91c2.tar.gz.age      after age --decrypt (age-encryption.org/v1, a passphrase)
      unclouded-backup/manifest.json     what is in it, with all sizes: always the first
      unclouded-backup/README.txt        the same for people
      unclouded-backup/unclouded.toml    the configuration, with its secrets
      unclouded-backup/store.sqlite      the history at one moment, with its log store.sqlite-wal where it has one
      unclouded-backup/state/…           and ca/…, publish/…: what was set while it ran; not the passwords of the page
      unclouded-backup/SHA256SUMS        of all others, as sha256sum writes them: always the last

The time in a name is UTC; the last part of it is the hub that made it, so that a folder may serve several hubs.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from unclouded.core.errors import CommandError, StoreError

FORMAT = 1
FOLDER = "unclouded-backup/"
MANIFEST, README, CONFIG, SUMS = "manifest.json", "README.txt", "unclouded.toml", "SHA256SUMS"
STORE, LOG = "store.sqlite", "store.sqlite-wal"
NOT_COPIED = frozenset({"state/web.json"})  # passwords of the page, and the key that signs sessions
FOLDERS = ("state", "ca", "publish")  # of the data folder
LONGEST_SMALL = 16 * 1024 * 1024  # bytes of a member that is not a store
LONGEST_NAME = 80  # characters; of a name in a tar header, FOLDER with it
LONGEST_MANIFEST = 4 * 1024 * 1024
NAME = re.compile(r"(?P<folder>(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}/){0,4})[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
FILE_NAME = re.compile(r"unclouded-(\d{4}-\d\d-\d\dT\d{6}Z)-([0-9a-f]{8})\.tar\.gz(\.age)?")
ENCRYPTED = ".age"


class BackupMember(msgspec.Struct, frozen=True):
    """One file of a backup: its name below FOLDER, and its size in bytes."""

    name: str
    size: int


class BackupManifest(msgspec.Struct, frozen=True, kw_only=True):
    """``at``, ``newest``: Unix seconds; ``newest``: of the readings, 0 = there are none. ``store``: its format.

    ``hub``: the name of the home. ``id``: the hub that made it. ``left_out``: files that a backup cannot have.
    """

    format: int
    version: str
    at: float
    timezone: str
    hub: str
    id: str
    store: int
    newest: int
    devices: int
    members: tuple[BackupMember, ...]
    left_out: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The bytes of all members."""
        return sum(one.size for one in self.members)


class NamedBackup(msgspec.Struct, frozen=True):
    """What the name of a file says: when it was made (Unix seconds), by which hub, whether it is encrypted."""

    name: str
    at: float
    hub: str
    encrypted: bool


def file_name(at: float, hub: str, encrypted: bool) -> str:
    """The name of a backup made ``at`` (Unix seconds, named in UTC) by a hub; ``.age`` at its end where encrypted."""
    return f"unclouded-{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H%M%SZ}-{hub}.tar.gz{ENCRYPTED if encrypted else ''}"


def named(name: str) -> NamedBackup | None:
    """None where it is not a name of a backup."""
    found = FILE_NAME.fullmatch(name)
    if found is None:
        return None
    try:
        at = datetime.strptime(found[1], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    return NamedBackup(name, at, found[2], found[3] is not None)


def manifest_of(data: bytes) -> BackupManifest:
    """Decode a manifest and check it. Raises CommandError."""
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.format > FORMAT:
            raise CommandError(
                f"This backup was made by a newer Unclouded ({head.version[:40]!r}, format {head.format}; this one "
                f"reads format {FORMAT}). Install that version."
            )
        manifest = msgspec.json.decode(data, type=BackupManifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CommandError(
            f"This is not a backup of Unclouded: its manifest is invalid ({str(error)[:200]})."
        ) from None
    _check_members(manifest.members)
    return manifest


def hub_id(state: Path) -> str:
    """The id of the hub in the names of its backups, made at the first. Raises StoreError."""
    file = state / "hub_id"
    try:
        if not file.exists():
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = file.with_name(f"hub_id.{secrets.token_hex(4)}")
            made.touch(0o600)
            made.write_text(secrets.token_hex(4))
            made.replace(file)
        text = file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{file} cannot be used: {error}.") from None
    if not re.fullmatch(r"[0-9a-f]{8}", text):
        raise StoreError(f"{file} is damaged. Delete it: the hub then makes a new one, and keeps its older backups.")
    return text


# --- inside -------------------------------------------------------------------------------------------


class _Head(msgspec.Struct):
    format: int
    version: str


def _check_members(members: Sequence[BackupMember]) -> None:
    names = [one.name for one in members]
    if len(set(names)) != len(names) or not {STORE, README} <= set(names):
        raise CommandError("This is not a backup of Unclouded: its manifest lists a file twice, or no store.")
    for one in members:
        if not is_permitted(one.name) or one.size < 0:
            raise CommandError(f"This is not a backup of Unclouded: it contains {one.name[:100]!r}.")
        if one.name not in (STORE, LOG) and one.size > LONGEST_SMALL:
            raise CommandError(f"This is not a backup of Unclouded: {one.name} would be {one.size:,} bytes long.")


def is_permitted(name: str) -> bool:
    """Whether a backup may have a member of this name."""
    if name in (README, CONFIG, STORE, LOG):
        return True
    return (
        len(name) <= LONGEST_NAME
        and NAME.fullmatch(name) is not None
        and name.partition("/")[0] in FOLDERS
        and "/" in name
    )
