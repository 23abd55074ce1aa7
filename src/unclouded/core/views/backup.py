"""Backups as clients of the API see them."""

import msgspec


class BackupView(msgspec.Struct, frozen=True, kw_only=True):
    """A file in the folder of backups. ``ours``: made by this hub, which deletes it in time. ``at``: ISO 8601, UTC."""

    name: str
    at: str
    size: int
    ours: bool
    encrypted: bool


class StagedView(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that takes the place of the stored data at the next start. ``aside``: where what is there is kept."""

    name: str
    at: str
    aside: str


class BackupsView(msgspec.Struct, frozen=True, kw_only=True):
    """``folder``: of [backup], "" = there is no such table, and backups can only be downloaded.

    ``problem``: why the folder cannot be used, or the last backup failed. ``next``: when the next one is made.
    ``busy``: what is done now: make, verify, stage, send; "" = nothing.
    """

    folder: str
    problem: str = ""
    next: str | None = None
    busy: str = ""
    encrypted: bool = False
    files: tuple[BackupView, ...] = ()
    staged: StagedView | None = None


class VerifiedView(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a backup that was read and checked as a whole. ``newest``: of its readings."""

    name: str
    version: str
    hub: str
    at: str
    newest: str | None
    devices: int
    size: int
