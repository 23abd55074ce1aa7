"""Changes to the tables of the hub, text to text: [mqtt], [[webhook]] … Comments, order and all else stay as they are.

    [weather]      with_table_changes, without_table
    [[rule]]       with_item, with_item_changes, without_item: an item is named by its `id` or `name`, or its place

Each change is computed twice, as in ``device_edits``. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from unclouded.app.configuration.edits.device_edits import DEVICES
from unclouded.app.configuration.edits.table_edits import Table, edited, key_text, merged, value_text
from unclouded.app.configuration.edits.text_blocks import TextBlock, blocks_of, elements, text_of
from unclouded.app.configuration.edits.text_edits import (
    confirmed,
    gap,
    read_tables,
    with_element_added,
    with_element_changed,
    without_blocks,
    without_key,
)
from unclouded.app.configuration.places import did_you_mean
from unclouded.core.errors import CommandError


def with_table_changes(text: str, table: str, patch: Table) -> str:
    """The text with other values of a table's keys (RFC 7396: null removes one); a new table is added."""
    file, blocks = read_tables(text), blocks_of(text)
    old = file.get(table)
    new = merged(old or {}, patch)
    if isinstance(old, Mapping):
        first, *rest = blocks
        changed = text_of(edited([first, *rest], (), file, {**file, table: new}))
    else:
        changed = _with_new_table(blocks, table, new)
    return confirmed(text, changed, {**file, table: new})


def without_table(text: str, table: str) -> str:
    """The text without a table, or without all items of a list."""
    file, blocks = read_tables(text), blocks_of(text)
    if table not in file:
        raise CommandError(f"The configuration has no [{table}].")
    gone = {place for place, block in enumerate(blocks) if block.path[:1] == (table,)}
    rest = without_key(file, table)
    changed = without_blocks(blocks, gone) if gone else text_of(edited(blocks, (), file, rest))
    return confirmed(text, changed, rest)


def with_item(text: str, table: str, keys: Table) -> str:
    """The text with one more item of a list, behind the others."""
    file, blocks = read_tables(text), blocks_of(text)
    items = items_of(file, table)
    places = _places(blocks, table, len(items))
    place = places[-1][-1] + 1 if places else _before_devices(blocks)
    return confirmed(text, with_element_added(blocks, place, (table,), keys), {**file, table: [*items, keys]})


def with_item_changes(text: str, table: str, item: str, patch: Table) -> str:
    """The text with other values of an item's keys. Raises CommandError where there is no such item."""
    file, blocks = read_tables(text), blocks_of(text)
    items = list(items_of(file, table))
    number = number_of(items, table, item)
    old, items[number] = items[number], merged(items[number], patch)
    places = _places(blocks, table, len(items))[number]
    changed = with_element_changed(blocks, (table,), places, old, items[number])
    return confirmed(text, text_of(changed), {**file, table: items})


def with_items(text: str, table: str, changed: Sequence[Table]) -> str:
    """The text with other keys of the items of a list, in the same order; as it is where they are the same."""
    file, blocks = read_tables(text), blocks_of(text)
    items = items_of(file, table)
    if list(items) == list(changed):
        return text
    places = _places(blocks, table, len(items))
    for one in reversed(range(len(items))):  # so that the places before it stay as they are
        if changed[one] != items[one]:
            blocks = with_element_changed(blocks, (table,), places[one], items[one], changed[one])
    return confirmed(text, text_of(blocks), {**file, table: list(changed)})


def without_item(text: str, table: str, item: str) -> str:
    """The text without an item. Raises CommandError where there is none."""
    file, blocks = read_tables(text), blocks_of(text)
    items = items_of(file, table)
    number = number_of(items, table, item)
    gone = set(_places(blocks, table, len(items))[number])
    rest = [one for place, one in enumerate(items) if place != number]
    expected = {**file, table: rest} if rest else without_key(file, table)
    return confirmed(text, without_blocks(blocks, gone), expected)


def items_of(file: Table, table: str) -> Sequence[Mapping[str, Any]]:  # Any: TOML
    """The items of a table that is a list, in their order; none where it is no list, or not there."""
    found = file.get(table, [])
    return found if isinstance(found, list) else []


def name_of(item: Table, place: int) -> str:
    """What an item is called by: its `id`, its `name`, or its place, from 1 on."""
    return str(item.get("id") or item.get("name") or place + 1)


def number_of(items: Sequence[Table], table: str, item: str) -> int:
    """The place of an item, from 0 on. Raises CommandError where there is none."""
    names = [name_of(one, place) for place, one in enumerate(items)]
    if item in names:
        return names.index(item)
    if item.isdecimal() and 0 < int(item[:9]) <= len(items):
        return int(item) - 1
    raise CommandError(
        f"There is no {table} {item[:80]!r} in the configuration. There are: {', '.join(names) or 'none'}."
        f"{did_you_mean(item, names)}"
    )


# --- inside -------------------------------------------------------------------------------------------


def _with_new_table(blocks: Sequence[TextBlock], table: str, keys: Table) -> str:
    """The text with a table that was not there, above the devices."""
    place = _before_devices(blocks)
    before, after = text_of(blocks[:place]), text_of(blocks[place:])
    lines = [f"[{key_text(table)}]", *(f"{key_text(key)} = {value_text(keys[key])}" for key in keys)]
    return f"{before}{gap(before)}" + "\n".join(lines) + "\n" + ("\n" if after else "") + after


def _before_devices(blocks: Sequence[TextBlock]) -> int:
    """The place of the first device, else the end."""
    devices = elements(blocks, DEVICES)
    return devices[0][0] if devices else len(blocks)


def _places(blocks: Sequence[TextBlock], table: str, count: int) -> list[list[int]]:
    places = elements(blocks, (table,))
    if len(places) != count:
        raise CommandError(
            f"`{table}` is a list in brackets in this configuration. Write each of it as a [[{table}]] table, so that "
            "it can be changed here; or change it by hand."
        )
    return places
