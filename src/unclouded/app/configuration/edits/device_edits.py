"""Changes to the devices of a configuration, text to text. Comments, order and everything else stay as they are.

Each change is computed twice: in the text, and in the tables that the text stands for. Where the two do not agree, the
change is refused, so that no form of TOML that people may write is ever damaged.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from unclouded.app.configuration.edits.table_edits import Table, merged
from unclouded.app.configuration.edits.text_blocks import TextBlock, blocks_of, elements, text_of
from unclouded.app.configuration.edits.text_edits import (
    confirmed,
    read_tables,
    with_element_added,
    with_element_changed,
    without_blocks,
    without_key,
)
from unclouded.app.configuration.places import did_you_mean
from unclouded.core.errors import CommandError

DEVICES = ("device",)


def with_device(text: str, table: Table) -> str:
    """The text with one more device, behind the others. Raises CommandError where its id is taken."""
    file = read_tables(text)
    if any(one.get("id") == table.get("id") for one in devices_of(file)):
        raise CommandError(f"There is a device {table.get('id')!r} already; choose another id.")
    blocks = blocks_of(text)
    last = max((places[-1] for places in elements(blocks, DEVICES)), default=len(blocks) - 1)
    new = with_element_added(blocks, last + 1, DEVICES, table)
    return confirmed(text, new, {**file, "device": [*devices_of(file), table]})


def with_changes(text: str, id: str, patch: Table) -> str:
    """The text with other values of a device's keys (RFC 7396: null removes one). With another id, parents follow.

    Raises CommandError where there is no such device.
    """
    file = read_tables(text)
    number = _number(file, id)
    devices = list(devices_of(file))
    new = merged(devices[number], patch)
    changed = [_follows(one, id, new.get("id")) for one in devices]
    changed[number] = _follows(new, id, new.get("id"))
    return _with_devices(text, file, devices, changed)


def with_room(text: str, room: str, name: str, others: Sequence[tuple[str, str]] = ()) -> str:
    """The text with another name of a room, in all devices and sub-devices that are in it; "" = in no room.

    ``others``: sub-devices that are in it though the text does not say so, each by its device and its id there.
    Raises CommandError where no device is in it.
    """
    for device, part in others if name else ():
        text = with_changes(text, device, {"parts": {part: {"room": name}}})
    file = read_tables(text)
    devices = devices_of(file)
    rooms = list(dict.fromkeys(one for device in devices for one in _rooms(device)))
    if room not in rooms and not others:
        raise CommandError(f"There is no room {room[:80]!r}. There are: {', '.join(rooms) or 'none'}.")
    changed = [merged(one, _moved(one, room, name or None)) for one in devices]
    return _with_devices(text, file, devices, changed)


def without_device(text: str, id: str) -> str:
    """The text without a device. Raises CommandError where there is none, or others count inside it."""
    file = read_tables(text)
    number = _number(file, id)
    devices = devices_of(file)
    inside = [str(one.get("id")) for one in devices if one.get("parent") == id]
    if inside:
        raise CommandError(f"{', '.join(inside)} counts inside {id}. Remove it first, or give it another parent.")
    blocks = blocks_of(text)
    gone = set(_places(blocks, len(devices))[number])
    rest = [one for place, one in enumerate(devices) if place != number]
    return confirmed(
        text, without_blocks(blocks, gone), {**file, "device": rest} if rest else without_key(file, "device")
    )


def devices_of(file: Table) -> Sequence[Mapping[str, Any]]:  # Any: TOML
    """The [[device]] tables of a file that was read, in their order; none where that is no list."""
    found = file.get("device", [])
    return found if isinstance(found, list) else []


# --- inside -------------------------------------------------------------------------------------------


def _number(file: Table, id: str) -> int:
    ids = [str(one.get("id")) for one in devices_of(file)]
    if id not in ids:
        raise CommandError(
            f"There is no device {id[:80]!r} in the configuration. There are: {', '.join(ids) or 'none'}."
            f"{did_you_mean(id, ids)}"
        )
    return ids.index(id)


def _with_devices(text: str, file: Table, devices: Sequence[Table], changed: Sequence[Table]) -> str:
    """The text with other keys of its devices, in the same order."""
    blocks = blocks_of(text)
    places = _places(blocks, len(devices))
    for one in reversed(range(len(devices))):  # so that the places before it stay as they are
        if changed[one] != devices[one]:
            blocks = with_element_changed(blocks, DEVICES, places[one], devices[one], changed[one])
    return confirmed(text, text_of(blocks), {**file, "device": changed})


def _places(blocks: Sequence[TextBlock], count: int) -> list[list[int]]:
    places = elements(blocks, DEVICES)
    if len(places) != count:
        raise CommandError(
            "The devices of this configuration are a list in brackets. Write each as a [[device]] table, so that they "
            "can be changed here; or change them by hand."
        )
    return places


def _rooms(device: Table) -> Iterator[str]:
    """Where a device is, then its sub-devices."""
    for one in (device, *_parts(device).values()):
        if isinstance(one.get("room"), str) and one["room"]:
            yield one["room"]


def _moved(device: Table, room: str, name: str | None) -> Table:
    """The change of a device that brings what is in one room to another one."""
    parts = {key: {"room": name} for key, one in _parts(device).items() if one.get("room") == room}
    own = {"room": name} if device.get("room") == room else {}
    return {**own, **({"parts": parts} if parts else {})}


def _parts(device: Table) -> Mapping[str, Table]:
    parts = device.get("parts")
    return {key: one for key, one in parts.items() if isinstance(one, Mapping)} if isinstance(parts, Mapping) else {}


def _follows(device: Table, old: str, new: object) -> Table:
    """A device inside another one whose id changes."""
    return {**device, "parent": new} if device.get("parent") == old and new != old else device
