"""The JSON form of a configuration and of what was changed in it: what the API and ``config --json`` show.

Secrets are never in it: what stands in their place is ``HIDDEN``, which is refused where it is sent back.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

HIDDEN = "…"  # in the place of a secret


class EditOrigin(msgspec.Struct, frozen=True):
    """Who changes a configuration. ``is_local``: as the user of the hub, who may read and write its files anyway."""

    who: str
    is_local: bool = True


class ConfiguredDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device of the configuration. ``keys``: as they stand in the file (docs/unclouded.toml), without secrets.

    ``line``: of the file, None for a plug that was admitted and is not in it; a change puts it there.
    """

    id: str
    keys: Mapping[str, Any]  # Any: TOML values as JSON
    line: int | None
    admitted: bool = False


class ConfigurationView(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration. ``revision``: of the file as it is now; every change names the one that it is based on.

    ``running``: the revision that the hub runs with, "" = no hub runs. ``unwritable``: why it cannot be changed here,
    as a sentence; "" = it can. ``problem``: why the file as it is now is invalid; the hub runs on with what it had.
    ``needs_restart``: changed keys that count from the next start of the hub on.
    """

    file: str
    revision: str
    running: str
    unwritable: str
    problem: str
    needs_restart: tuple[str, ...]
    devices: list[ConfiguredDevice]


class ConfigDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One key that is different. ``device``: "" = of the hub, then ``key`` has its table; ``key`` "": the device.

    None: it was not there, or is not there.
    """

    device: str
    key: str
    before: Any = None  # Any: TOML values as JSON, without secrets
    after: Any = None


class ReloadView(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of the configuration did to the hub. Ids of devices; ``renamed``: old id -> new one.

    ``described``: these go on, with another name, room, parent …; ``kept``: how many go on as they were.
    ``needs_restart``: changed keys that count from the next start of the hub on. ``running``: False = no hub runs, so
    that only the file was changed. ``applied``: changed keys of the hub that count now. ``warnings``: what is at risk.
    ``device``: the id of the one that was added or changed. ``dry_run``: nothing
    was done; it says what would be.
    """

    revision: str
    running: bool
    changed: list[ConfigDifference]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: Mapping[str, str] = {}
    restarted: tuple[str, ...] = ()
    described: tuple[str, ...] = ()
    kept: int = 0
    applied: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    device: str = ""
    dry_run: bool = False


class ConfigBackupView(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the configuration before a change. ``at``: when it was replaced, ISO 8601 in UTC."""

    name: str
    at: str
    size: int
    revision: str
