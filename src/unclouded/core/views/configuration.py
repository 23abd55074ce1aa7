"""The JSON form of a configuration and of what was changed in it: what the API and ``config --json`` show.

Secrets are never in it: what stands in their place is ``HIDDEN``, which is refused where it is sent back.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

HIDDEN = "…"  # in the place of a secret


class EditOrigin(msgspec.Struct, frozen=True):
    """Who changes a configuration. ``is_local``: as the user of the hub, who may read and write its files anyway."""

    who: str
    is_local: bool = True


class HubEdit(msgspec.Struct, frozen=True, kw_only=True):
    """A change to a table of the hub. ``item``: of a list, "" = one more; None = the table itself.

    ``keys``: its new values, None removes one; without it, what is named is removed.
    """

    table: str
    item: str | None = None
    keys: Mapping[str, Any] | None = None  # Any: TOML values as JSON


class ConfiguredDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device of the configuration. ``keys``: as they stand in the file (docs/unclouded.toml), without secrets.

    ``line``: of the file, None for a plug that was admitted and is not in it; a change puts it there.
    """

    id: str
    keys: Mapping[str, Any]  # Any: TOML values as JSON
    line: int | None
    admitted: bool = False


SettingKind = Literal["flag", "number", "text", "secret", "choice", "list", "map"]


class SettingField(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a table of the hub. ``kind``: list = of texts (of its ``options``, if it has some), map =
    keys of its own, which are set by hand.

    ``name``, ``help``, ``option_names``: for people, in the language of the request; "" = the key says it. ``whole``:
    a number without decimals. ``required``: it has no default. ``is_local``: it names a file or a program of the hub's
    computer, and can be set there only. ``at_start``: it counts from the next start of the hub on.
    """

    key: str
    kind: SettingKind
    default: Any = None  # Any: TOML values as JSON
    required: bool = False
    options: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    is_local: bool = False
    at_start: bool = False
    name: str = ""
    help: str = ""
    option_names: tuple[str, ...] = ()


class ConfiguredItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a list of the hub. ``item``: what it is changed by. ``keys``: as in the file, without secrets."""

    item: str
    keys: Mapping[str, Any]  # Any: TOML values as JSON
    line: int | None


class ConfiguredTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the hub. ``keys``: as they stand in the file, without secrets; of a list, its ``items`` instead.

    ``is_optional``: what it is about is off without it. ``is_there``: the file has it. ``name``, ``help``: for people.
    """

    table: str
    is_list: bool
    is_optional: bool
    is_there: bool
    keys: Mapping[str, Any]  # Any: TOML values as JSON
    items: tuple[ConfiguredItem, ...]
    fields: tuple[SettingField, ...]
    line: int | None
    name: str = ""
    help: str = ""


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
    tables: list[ConfiguredTable] = []


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
