"""The journal of the fleet's commands: an id is on the disk before the hub acts, so it acts at most once.

    new id ─► accepted, on the disk ─► act ─► outcome, on the disk ─► reported ─► known at the fleet
                  └─ the hub ends here: after its restart the outcome is "timeout", and it never acts on the id again

One JSON line for each change of an entry; the last one of an id counts. Ids are kept for 30 days.
Source: docs/protocols/fleet.md §8
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from unclouded.app.files.new_file import new_file
from unclouded.core.errors import StoreError
from unclouded.core.system.durable import sync_to_disk
from unclouded.uplink.messages import CommandReport, CommandState

KEPT_S = 30 * 86_400
MOST = 20_000  # ids; while there are so many of 30 days, no command is taken
SPARE_LINES = 1_000  # beside two for each entry, before the file is written again
ENDED = "The hub ended while it carried this out, so it is not known whether the device did it."


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """``at``: when it came (Unix s). ``command``: what it was, for people. ``known``: the fleet has the outcome."""

    id: str
    at: float
    command: str
    state: CommandState = "accepted"
    reason: str = ""
    ended: float = 0.0
    known: bool = False

    @property
    def report(self) -> CommandReport:
        return CommandReport(self.id, self.state, self.reason, self.ended or self.at)


class JournalDisk(Protocol):
    """Lines on a disk. Every call raises OSError."""

    def lines(self) -> list[bytes]:
        """All lines, also one that was not written whole."""

    def append(self, line: bytes) -> None:
        """Add a line; it is on the disk when this returns."""

    def replace(self, lines: Iterable[bytes]) -> None:
        """Put these in the place of all; either the old or the new ones are there after a power cut."""


class JournalFile:
    """The journal on the disk: a line for each entry, appended and synced."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self) -> list[bytes]:
        return self._path.read_bytes().split(b"\n") if self._path.exists() else []

    def append(self, line: bytes) -> None:
        is_new = not self._path.exists()
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            file.write(b"\n" + line)  # what a power cut left of the line before ends here
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_to_disk(self._path.parent)

    def replace(self, lines: Iterable[bytes]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with new_file(self._path, True, 0o600) as partial:
            partial.write_bytes(b"\n".join(lines))
        sync_to_disk(self._path.parent)


class CommandJournal:
    """``wall``: Unix s. In one thread at a time. Calls that write raise StoreError; then nothing has changed."""

    def __init__(self, disk: JournalDisk, wall: Callable[[], float]) -> None:
        self._disk = disk
        self._wall = wall
        self._entries: dict[str, JournalEntry] = {}
        self._lines = 0

    def open(self) -> None:
        """Read it; what was not finished has the outcome "timeout" from now on."""
        now = self._wall()
        try:
            found = _last(self._disk.lines())
            kept = {id: one for id, one in found.items() if now - one.at < KEPT_S or not one.known}
            self._entries = {id: _closed(one, now) for id, one in kept.items()}
            self._write_anew()
        except OSError as error:
            raise _failure(error) from None

    def find(self, id: str) -> JournalEntry | None:
        """The entry of this id; None = it was never received, or is forgotten."""
        return self._entries.get(id)

    def unknown(self) -> list[CommandReport]:
        """Outcomes that the fleet may not have."""
        return [one.report for one in self._entries.values() if one.state != "accepted" and not one.known]

    def accept(self, id: str, command: str) -> JournalEntry:
        """Note that this command is about to be carried out."""
        return self._put(JournalEntry(id=id, at=self._wall(), command=command))

    def refuse(self, id: str, command: str, state: CommandState, reason: str = "") -> JournalEntry:
        """Note that this one is not carried out at all."""
        now = self._wall()
        return self._put(JournalEntry(id=id, at=now, command=command, state=state, reason=reason, ended=now))

    def end(self, id: str, state: CommandState, reason: str) -> JournalEntry:
        """Note the outcome of one that was accepted."""
        entry = self._entries[id]
        return self._put(msgspec.structs.replace(entry, state=state, reason=reason, ended=self._wall()))

    def reported(self, reports: Iterable[CommandReport]) -> None:
        """The fleet has these reports, so their entries need not be reported again."""
        for one in reports:
            entry = self._entries.get(one.id)
            if entry is not None and entry.state == one.state and not entry.known and entry.state != "accepted":
                self._put(msgspec.structs.replace(entry, known=True))

    # --- inside --------------------------------------------------------------------------------

    def _put(self, entry: JournalEntry) -> JournalEntry:
        try:
            if entry.id not in self._entries:
                self._make_room()
            self._disk.append(msgspec.json.encode(entry))
        except OSError as error:
            raise _failure(error) from None
        self._entries[entry.id] = entry
        self._lines += 1
        return entry

    def _make_room(self) -> None:
        now = self._wall()
        if self._lines < 2 * len(self._entries) + SPARE_LINES and len(self._entries) < MOST:
            return
        self._entries = {
            id: one for id, one in self._entries.items() if now - one.at < KEPT_S or one.state == "accepted"
        }
        if len(self._entries) >= MOST:
            raise StoreError(f"This hub keeps {MOST} commands of the last 30 days, and takes no more.")
        self._write_anew()

    def _write_anew(self) -> None:
        self._disk.replace(msgspec.json.encode(one) for one in self._entries.values())
        self._lines = len(self._entries)


# --- inside -------------------------------------------------------------------------------------------


def _last(lines: Iterable[bytes]) -> Mapping[str, JournalEntry]:
    found: dict[str, JournalEntry] = {}
    for line in lines:
        try:
            entry = msgspec.json.decode(line, type=JournalEntry)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            continue  # a power cut left it half written; nothing was done for it
        found[entry.id] = entry
    return found


def _closed(entry: JournalEntry, now: float) -> JournalEntry:
    if entry.state != "accepted":
        return entry
    return msgspec.structs.replace(entry, state="timeout", reason=ENDED, ended=now)


def _failure(error: OSError) -> StoreError:
    return StoreError(f"The journal of commands cannot be written: {error.strerror or error}.")
