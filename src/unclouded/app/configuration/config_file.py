"""The file of a configuration on the disk: read with its revision, replaced as a whole, earlier versions kept.

    unclouded.toml            the file, or a symbolic link to it: the file that it leads to is replaced
    unclouded.toml.backups/   beside it, for its owner only: the newest MOST_BACKUPS versions before a change

A change is written to a new file in the same folder, with the owner and mode of the old one, which then takes its name:
whoever reads meanwhile, or after a crash, has all of the old version or all of the new one.
"""

import contextlib
import datetime
import errno
import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from unclouded.core.errors import CommandError, ConfigError, EditConflict, StoreError
from unclouded.core.system.durable import sync_to_disk

MOST_BACKUPS = 20
LARGEST_FILE = 4 * 1024 * 1024  # bytes; thousands of devices
NAME_FORM = "%Y-%m-%dT%H-%M-%S.%fZ.toml"
BACKUP_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{6}Z\.toml")
BY_HAND = "Change it by hand, then run: unclouded config reload"


class ConfigVersion(msgspec.Struct, frozen=True):
    """A text, and the revision that it has."""

    text: str
    revision: str


class ConfigBackup(msgspec.Struct, frozen=True, kw_only=True):
    """A version before a change. ``at``: when it was replaced, Unix seconds."""

    name: str
    at: float
    size: int
    revision: str


def revision_of(data: bytes) -> str:
    """A short digest of a file: the same for the same bytes only."""
    return hashlib.sha256(data).hexdigest()[:16]


class ConfigurationFile:
    """``path``: as it was given. Raises ConfigError where it cannot be read, StoreError where it cannot be written.

    ``start``: the text of a file that is not there yet; the first change makes it. "" = it must be there.
    """

    def __init__(self, path: Path, start: str = "") -> None:
        self.path = path
        self._start = start
        self.backup_folder = path.with_name(f"{path.name}.backups")

    def read(self) -> ConfigVersion:
        """The file as it is now."""
        try:
            data = self._start.encode() if self._is_new() else self._read()
            if len(data) > LARGEST_FILE:
                raise ConfigError(f"{self.path} is not a configuration: it has more than {LARGEST_FILE} bytes.")
            return ConfigVersion(data.decode("utf-8"), revision_of(data))
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{self.path} cannot be read: it is not UTF-8 text.") from None

    def why_not_writable(self) -> str:
        """Why a change could not be written, and what to do; "" = nothing speaks against it."""
        try:
            self._check(self._target())
        except StoreError as error:
            return str(error)
        return ""

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """No other process of this program changes the file while the block lasts."""
        self._check(self._target())
        try:
            self.backup_folder.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(self.backup_folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise StoreError(f"{self.backup_folder} cannot be used: {error.strerror}. {_hint(error)}") from None
        try:
            with contextlib.suppress(OSError):  # a file system without locks: the revision is compared all the same
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def replace(self, before: ConfigVersion, text: str) -> ConfigVersion:
        """Keep the version before as a backup, and put the text in its place; within ``alone``.

        Raises EditConflict where the file is no longer the version before; then it stays as it is.
        """
        target = self._target()
        data = text.encode("utf-8")
        self._begin(target)
        self._keep(before)
        draft = target.with_name(f".{target.name}.new")
        try:
            self._write_draft(draft, data, target.stat())
            if revision_of(target.read_bytes()) != before.revision:
                raise EditConflict(f"{self.path} was changed meanwhile. Nothing was written.", "")
            draft.replace(target)
            sync_to_disk(target.parent)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror}. {_hint(error)}") from None
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()
        return ConfigVersion(text, revision_of(data))

    def backups(self) -> list[ConfigBackup]:
        """The versions that are kept, newest first."""
        try:
            files = [file for file in self.backup_folder.iterdir() if BACKUP_NAME.fullmatch(file.name)]
            return [_backup(file) for file in sorted(files, reverse=True)]
        except OSError:
            return []

    def backup(self, name: str) -> str:
        """The text of a backup. Raises CommandError where there is none of that name."""
        known = [one.name for one in self.backups()]
        if name not in known:
            raise CommandError(f"There is no backup {name[:80]!r}. There are: {', '.join(known) or 'none'}.")
        return ConfigurationFile(self.backup_folder / name).read().text

    # --- inside --------------------------------------------------------------------------------

    def _target(self) -> Path:
        """The file itself, behind symbolic links."""
        return Path(os.path.realpath(self.path))

    def _read(self) -> bytes:
        """Never more than a little above LARGEST_FILE, and never a wait for another program: a pipe is not a file."""
        handle = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ConfigError(f"{self.path} cannot be read: it is not an ordinary file.")
            with os.fdopen(handle, "rb", closefd=False) as file:
                return file.read(LARGEST_FILE + 1)
        finally:
            os.close(handle)

    def _is_new(self) -> bool:
        """Whether the first change is to make the file."""
        return bool(self._start) and not os.path.lexists(self.path)

    def _begin(self, target: Path) -> None:
        """Make a file that is not there yet; one that was made meanwhile stays."""
        if not self._is_new():
            return
        try:
            with (
                contextlib.suppress(FileExistsError),
                os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new,
            ):
                new.write(self._start.encode("utf-8"))
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror}. {_hint(error)}") from None

    def _check(self, target: Path) -> None:
        """Raises StoreError where it is sure that a change cannot be written."""
        if not self._is_new():
            self._check_file(target)
        if not os.access(target.parent, os.W_OK | os.X_OK):
            raise StoreError(f"The folder {target.parent} is read-only for this program. {BY_HAND}")

    def _check_file(self, target: Path) -> None:
        try:
            mode = target.stat().st_mode
        except OSError as error:
            raise StoreError(f"{self.path} cannot be changed: {error.strerror}.") from None
        if not stat.S_ISREG(mode):
            raise StoreError(f"{self.path} cannot be changed: it is not an ordinary file.")
        if not mode & 0o222 or not os.access(target, os.W_OK):
            raise StoreError(f"{target} is read-only. Make it writable for this program (chmod u+w), or: {BY_HAND}")
        if target.is_mount():
            raise StoreError(_hint(OSError(errno.EBUSY, "")))

    def _write_draft(self, draft: Path, data: bytes, like: os.stat_result) -> None:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()  # of a crash; two programs do not come here at once
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
            new.write(data)
            if (os.geteuid(), os.getegid()) != (like.st_uid, like.st_gid):
                self._give(new.fileno(), like)
            os.fchmod(new.fileno(), stat.S_IMODE(like.st_mode))
            new.flush()
            os.fsync(new.fileno())

    def _give(self, handle: int, like: os.stat_result) -> None:
        try:
            os.fchown(handle, like.st_uid, like.st_gid)
        except PermissionError:
            raise StoreError(
                f"{self.path} belongs to another user, and would belong to this program's after a change. Change it "
                "as its owner, or give it to the user of the hub (chown)."
            ) from None

    def _keep(self, version: ConfigVersion) -> None:
        """Keep a version, unless it is the newest one that is kept; the oldest ones are deleted."""
        kept = self.backups()
        if kept and kept[0].revision == version.revision:
            return
        file = self.backup_folder / _backup_name(kept)
        draft = self.backup_folder / ".new"  # a crash or a full disk leaves no part of a version
        try:
            _write_new(draft, version.text.encode("utf-8"))
            draft.replace(file)
            sync_to_disk(self.backup_folder)
            for old in kept[MOST_BACKUPS - 1 :]:
                (self.backup_folder / old.name).unlink()
        except OSError as error:
            raise StoreError(f"The backup {file} cannot be written: {error.strerror}. {_hint(error)}") from None
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()


def _backup_name(kept: Sequence[ConfigBackup]) -> str:
    """By the time, but behind all others: where the clock was set back, the newest one is still the last one made."""
    now = datetime.datetime.now(datetime.UTC)
    newest = _time_of(kept[0].name) + datetime.timedelta(microseconds=1) if kept else now
    return f"{max(now, newest):{NAME_FORM}}"


def _time_of(name: str) -> datetime.datetime:
    return datetime.datetime.strptime(name, NAME_FORM).replace(tzinfo=datetime.UTC)


def _backup(file: Path) -> ConfigBackup:
    at = _time_of(file.name)
    data = file.read_bytes()
    return ConfigBackup(name=file.name, at=at.timestamp(), size=len(data), revision=revision_of(data))


def _write_new(file: Path, data: bytes) -> None:
    """Write a file for its owner only; one that a crash has left is replaced."""
    with contextlib.suppress(FileNotFoundError):
        file.unlink()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
        new.write(data)
        new.flush()
        os.fsync(new.fileno())


def _hint(error: OSError) -> str:
    """What to do about a file that cannot be written."""
    match error.errno:
        case errno.EBUSY | errno.EXDEV:
            return (
                "The configuration is mounted as a single file, which cannot be replaced. Mount the folder that it is "
                f"in instead. {BY_HAND}"
            )
        case errno.EROFS:
            return f"Its file system is read-only. {BY_HAND}"
        case errno.ENOSPC | errno.EDQUOT:
            return "The disk is full. Free some space and try again."
        case errno.EACCES | errno.EPERM:
            return f"Give this program's user write access to the folder. {BY_HAND}"
    return BY_HAND
