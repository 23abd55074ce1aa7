"""Changes to the devices of a configuration, text to text. Comments, order and everything else stay as they are.

Each change is computed twice: in the text, and in the tables that the text stands for. Where the two do not agree, the
change is refused, so that no form of TOML that people may write is ever damaged.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from unclouded.app.configuration.places import did_you_mean
from unclouded.app.configuration.table_edits import Table, edited, merged, table_text
from unclouded.app.configuration.text_blocks import TextBlock, blocks_of, elements, text_of
from unclouded.core.errors import CommandError
from unclouded.core.toml_text import read_toml

DEVICES = ("device",)
EDITOR = "the configuration"  # in errors about a text that has no name


def with_device(text: str, table: Table) -> str:
    """The text with one more device, behind the others. Raises CommandError where its id is taken."""
    file = _read(text)
    if any(one.get("id") == table.get("id") for one in devices_of(file)):
        raise CommandError(f"There is a device {table.get('id')!r} already; choose another id.")
    blocks = blocks_of(text)
    last = max((places[-1] for places in elements(blocks, DEVICES)), default=len(blocks) - 1)
    before, after = text_of(blocks[: last + 1]), text_of(blocks[last + 1 :])
    new = f"{before}{_gap(before)}{table_text(DEVICES, table)}" + ("\n" if after else "") + after
    return _checked(text, new, {**file, "device": [*devices_of(file), table]})


def with_changes(text: str, id: str, patch: Table) -> str:
    """The text with other values of a device's keys (RFC 7396: null removes one). With another id, parents follow.

    Raises CommandError where there is no such device.
    """
    file = _read(text)
    number = _number(file, id)
    devices = list(devices_of(file))
    new = merged(devices[number], patch)
    changed = [_follows(one, id, new.get("id")) for one in devices]
    changed[number] = _follows(new, id, new.get("id"))
    blocks = blocks_of(text)
    places = _places(blocks, len(devices))
    for one in reversed(range(len(devices))):  # so that the places before it stay as they are
        if changed[one] != devices[one]:
            blocks = _with_element(blocks, places[one], devices[one], changed[one])
    return _checked(text, text_of(blocks), {**file, "device": changed})


def without_device(text: str, id: str) -> str:
    """The text without a device. Raises CommandError where there is none, or others count inside it."""
    file = _read(text)
    number = _number(file, id)
    devices = devices_of(file)
    inside = [str(one.get("id")) for one in devices if one.get("parent") == id]
    if inside:
        raise CommandError(f"{', '.join(inside)} counts inside {id}. Remove it first, or give it another parent.")
    blocks = blocks_of(text)
    gone = set(_places(blocks, len(devices))[number])
    left = [_detached(block) if place in gone else block for place, block in enumerate(blocks)]
    rest = [one for place, one in enumerate(devices) if place != number]
    return _checked(text, text_of(left), {**file, "device": rest} if rest else _without(file, "device"))


def devices_of(file: Table) -> Sequence[Mapping[str, Any]]:  # Any: TOML
    """The tables of the devices."""
    found = file.get("device", [])
    return found if isinstance(found, list) else []


# --- inside -------------------------------------------------------------------------------------------


def _read(text: str) -> dict[str, Any]:  # Any: TOML
    return read_toml(text, EDITOR)


def _number(file: Table, id: str) -> int:
    ids = [str(one.get("id")) for one in devices_of(file)]
    if id not in ids:
        raise CommandError(
            f"There is no device {id[:80]!r} in the configuration. There are: {', '.join(ids) or 'none'}."
            f"{did_you_mean(id, ids)}"
        )
    return ids.index(id)


def _places(blocks: Sequence[TextBlock], count: int) -> list[list[int]]:
    places = elements(blocks, DEVICES)
    if len(places) != count:
        raise CommandError(
            "The devices of this configuration are a list in brackets. Write each as a [[device]] table, so that they "
            "can be changed here; or change them by hand."
        )
    return places


def _with_element(blocks: Sequence[TextBlock], places: Sequence[int], old: Table, new: Table) -> list[TextBlock]:
    """The blocks with another table in these places, whose blocks then stand together."""
    own = edited([blocks[place] for place in places], DEVICES, old, new)
    first, others = places[0], set(places)
    before = [block for place, block in enumerate(blocks) if place < first]
    after = [block for place, block in enumerate(blocks) if place > first and place not in others]
    return [*before, *own, *after]


def _gap(before: str) -> str:
    """What makes a blank line between a text and what is added to it."""
    if not before.strip():
        return ""
    lines = before.replace("\r", "")
    return "\n" * (2 - (len(lines) - len(lines.rstrip("\n"))))


def _follows(device: Table, old: str, new: object) -> Table:
    """A device inside another one whose id changes."""
    return {**device, "parent": new} if device.get("parent") == old and new != old else device


def _detached(block: TextBlock) -> TextBlock:
    """What stays of a block that is removed: comments that belong to no header."""
    stays = block.tail if block.tail.strip() else ""
    return replace(block, lead="", body="", tail=stays)


def _without(file: Table, key: str) -> dict[str, Any]:  # Any: TOML
    return {name: value for name, value in file.items() if name != key}


def _checked(old: str, new: str, expected: Table) -> str:
    """The new text, with the line ends of the old one. Raises CommandError where it is not what was expected."""
    if "\r\n" in old:
        new = new.replace("\r\n", "\n").replace("\n", "\r\n")
    if _read(new) != expected:
        raise CommandError(
            "This change cannot be written into the file as it is. Change it by hand, then run: unclouded config reload"
        )
    return new
