"""Changes to the devices of a configuration as people ask for them: names are cleaned, ids derived, values checked.

A plug that was admitted is not in the file: a change puts it there, and its admission ends. Pure, but for ``settle``.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from unclouded.app.configuration.checks.values import DEVICE_ID, PART_KEYS
from unclouded.app.configuration.edits.device_edits import (
    devices_of,
    with_changes,
    with_device,
    with_room,
    without_device,
)
from unclouded.app.configuration.edits.id_changes import with_id_followed
from unclouded.app.configuration.edits.table_edits import merged
from unclouded.app.configuration.names import clean_name, id_for
from unclouded.app.configuration.tables.file import DeviceTable
from unclouded.core.errors import CommandError
from unclouded.core.text.toml_text import read_toml
from unclouded.core.views.configuration import HIDDEN

if TYPE_CHECKING:
    from unclouded.app.admissions import Admissions

History = Literal["keep", "delete"]

ORDER = tuple(field.encode_name for field in msgspec.structs.fields(DeviceTable))
FILE_LINKS = ("replay:", "pty:")  # links of files that may be anywhere on the hub's computer
FILE_SETTINGS = ("file=", "file%3D")  # settings of links: password_file, cafile
SET_THERE = "unclouded config set DEVICE"
DEEPEST = 10
FIRST = ("id", "name", "room")


class DeviceChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the text. ``device``: the id that it has afterwards. ``done``: what it is, in a few words.

    ``uuid``: of a plug whose admission ends. ``renamed``: its old id and its new one.
    """

    text: Callable[[str], str]
    device: str
    done: str
    uuid: str = ""
    renamed: tuple[str, str] | None = None

    def settle(self, admissions: "Admissions") -> None:
        """The change is written: what follows for the plugs that were admitted."""
        if self.uuid:
            admissions.remove_plug(self.uuid)
        if self.renamed is not None:
            admissions.follow(*self.renamed)


class DeviceChanges:
    """``taken``: the ids of all devices and sub-devices. ``admitted``: the plugs that are not in the file.

    ``configured``: the ids of the devices of the file.
    """

    def __init__(
        self, taken: Sequence[str], admitted: Sequence[DeviceTable] = (), configured: Sequence[str] = ()
    ) -> None:
        self._taken = taken
        self._configured = configured
        self.admitted_tables = admitted

    def admitted(self, device: str) -> DeviceTable | None:
        """The plug of this id that was admitted."""
        return next((one for one in self.admitted_tables if one.id == device), None)

    def added(self, keys: Mapping[str, Any], is_local: bool = True) -> DeviceChange:  # Any: JSON
        """A new device; without an id it is derived from the name. Raises CommandError."""
        _check_files(keys, is_local)
        table = {key: value for key, value in _cleaned(keys).items() if value is not None}
        if not table.get("id") and not table.get("name"):
            raise CommandError("Name the device: its id follows from the name, unless one is given.")
        id = table.get("id") or id_for(table["name"], self._taken)
        self._check_id(id)
        new = dict(sorted({**table, "id": id}.items(), key=lambda item: _place(item[0])))
        uuid = str(table.get("uuid", ""))
        return DeviceChange(text=lambda text: with_device(text, new), device=id, done=f"{id} added", uuid=uuid.lower())

    def changed(self, device: str, patch: Mapping[str, Any], is_local: bool = True) -> DeviceChange:  # Any: JSON
        """Other values of a device's keys; None removes one. Raises CommandError."""
        _check_files(patch, is_local)
        patch = _cleaned(patch)
        id = patch.get("id", device)
        if id != device:
            self._check_id(id)
        if (part := self._part(device)) is not None:
            return _part_changed(device, *part, patch)
        plug = self.admitted(device)
        keys = ", ".join(patch) or "nothing"
        done = f"{device}: {keys} changed"
        renamed = (device, id) if id != device else None
        if plug is None:
            return DeviceChange(
                text=lambda text: _followed(with_changes(text, device, patch), device, id),
                device=id,
                done=done,
                renamed=renamed,
            )
        table = merged(table_keys(plug), patch)
        return DeviceChange(
            text=lambda text: _followed(with_device(text, table), device, id),
            device=id,
            done=done,
            uuid=plug.uuid.lower(),
            renamed=renamed,
        )

    def removed(self, device: str, uuid: str = "") -> DeviceChange:
        """``uuid``: of the device, which may have been admitted before it was configured."""
        return DeviceChange(
            text=lambda text: without_device(text, device), device=device, done=f"{device} removed", uuid=uuid.lower()
        )

    def room_renamed(self, room: str, name: str, inside: Sequence[str] = ()) -> DeviceChange:
        """Another name of a room, for all devices in it; "" = they are in no room. Raises CommandError.

        ``inside``: the devices that are in it now; a gateway may say where a sub-device is, and the file does not.
        """
        new = clean_name(name, "room") if name.strip() else ""
        done = f"room {room!r} renamed to {new!r}" if new else f"room {room!r} removed"
        parts = [part for id in inside if (part := self._part(id)) is not None]
        return DeviceChange(text=lambda text: with_room(text, room, new, parts), device="", done=done)

    def _part(self, device: str) -> tuple[str, str] | None:
        """The device that a sub-device is behind, and its key there; None for others."""
        found = [one for one in self._configured if device in self._taken and device.startswith(f"{one}_")]
        owner = max(found, key=len, default="")
        return (owner, device.removeprefix(f"{owner}_")) if owner and device not in self._configured else None

    def _check_id(self, id: object) -> None:
        if not isinstance(id, str) or not DEVICE_ID.fullmatch(id):
            raise CommandError(f"{str(id)[:80]!r} cannot be an id: it may have only a to z, 0 to 9 and _.")
        if id in self._taken:
            raise CommandError(f"There is a device {id!r} already; choose another id.")


def table_keys(table: DeviceTable) -> dict[str, Any]:  # Any: TOML
    """The keys of a device that are not as they would be without it."""
    usual = msgspec.to_builtins(DeviceTable(id=""))
    return {key: value for key, value in msgspec.to_builtins(table).items() if key == "id" or value != usual[key]}


def exact(value: object, depth: int = 0) -> object:
    """Numbers as they were written, and no text with a hidden part. Raises CommandError."""
    if depth > DEEPEST:
        raise CommandError(f"A key has tables within tables {DEEPEST} times at most.")
    match value:
        case Mapping():
            return {str(key): exact(one, depth + 1) for key, one in value.items()}
        case list() | tuple():
            return [exact(one, depth + 1) for one in value]
        case float():
            return Decimal(repr(value))
        case str() if HIDDEN in value:
            raise CommandError(f"{value[:80]!r} has a part that was hidden when it was shown. Write it in full.")
    return value


# --- inside -------------------------------------------------------------------------------------------


def _cleaned(keys: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON, TOML
    """The values as TOML has them. Raises CommandError."""
    found = {key: exact(value) for key, value in keys.items()}
    for key in ("name", "room"):
        name = found.get(key)
        if isinstance(name, str):
            found[key] = clean_name(name, "device" if key == "name" else "room")
    return found


def _check_files(keys: Mapping[str, Any], is_local: bool) -> None:  # Any: JSON
    """Who is not at the hub's computer cannot name a file of it to be read or written. Raises CommandError."""
    channels = keys.get("channel")
    tables = [keys, *(one for one in (channels if isinstance(channels, list) else []) if isinstance(one, Mapping))]
    for table in () if is_local else tables:
        links = table.get("link")
        for link in links if isinstance(links, list) else [links]:
            if isinstance(link, str) and (link.startswith(FILE_LINKS) or any(key in link for key in FILE_SETTINGS)):
                raise CommandError(f"A link that names a file is set on the hub's computer: {SET_THERE} link=…")
        if table.get("record"):
            raise CommandError(f"A recording is set up on the hub's computer: {SET_THERE} record=FILE")


def _part_changed(device: str, owner: str, key: str, patch: Mapping[str, Any]) -> DeviceChange:  # Any: JSON, TOML
    """Raises CommandError for what only a device of its own has."""
    other = next((one for one in patch if one not in PART_KEYS), None)
    if other is not None:
        raise CommandError(f"{device} is behind {owner}: only its name and room can be set, not {other[:80]!r}.")
    return DeviceChange(
        text=lambda text: with_changes(text, owner, {"parts": {key: dict(patch)}}),
        device=device,
        done=f"{device}: {', '.join(patch) or 'nothing'} changed",
    )


def _place(key: str) -> tuple[int, str]:
    """Where a key stands in a new table."""
    known = (*FIRST, *(one for one in ORDER if one not in FIRST))
    return (known.index(key), "") if key in known else (len(known), key)


def _followed(text: str, old: str, new: str) -> str:
    """All that names a device which has another id now: devices inside it, rules, lists of publishers."""
    if old == new:
        return text
    for id in [one["id"] for one in devices_of(read_toml(text, "")) if one.get("parent") == old]:
        text = with_changes(text, id, {"parent": new})
    return with_id_followed(text, old, new)
