"""Changes to the tables of the hub as people ask for them: names of files on its computer only. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from unclouded.app.configuration.edits.device_changes import FILE_SETTINGS, DeviceChange, exact
from unclouded.app.configuration.edits.hub_edits import (
    with_item,
    with_item_changes,
    with_table_changes,
    without_item,
    without_table,
)
from unclouded.app.configuration.edits.hub_tables import HubTableType, hub_table
from unclouded.app.configuration.names import clean_name
from unclouded.core.errors import CommandError
from unclouded.core.views.configuration import HubEdit

NAMES = (("hub", "name"),)  # texts that are cleaned as those of devices


def hub_change(edit: HubEdit, is_local: bool = True) -> DeviceChange:
    """The change of the text. ``is_local``: it may name files of the hub's computer. Raises CommandError."""
    table = hub_table(edit.table, is_list=edit.item is not None)
    place = f"{table.name} {edit.item}".strip() if edit.item is not None else table.name
    if edit.keys is None:
        return _removed(table, edit.item, place)
    keys = _cleaned(table, edit.keys, is_local)
    if edit.item is None:
        return _change(lambda text: with_table_changes(text, table.name, keys), f"{place}: {_listed(keys)} changed")
    if not edit.item:
        new = {key: value for key, value in keys.items() if value is not None}
        return _change(lambda text: with_item(text, table.name, new), f"{place} added")
    item = edit.item
    return _change(lambda text: with_item_changes(text, table.name, item, keys), f"{place}: {_listed(keys)} changed")


# --- inside -------------------------------------------------------------------------------------------


def _change(text: Any, done: str) -> DeviceChange:  # Any: a change of the text
    return DeviceChange(text=text, device="", done=done)


def _removed(table: HubTableType, item: str | None, place: str) -> DeviceChange:
    if item:
        return _change(lambda text: without_item(text, table.name, item), f"{place} removed")
    return _change(lambda text: without_table(text, table.name), f"{place} removed")


def _cleaned(table: HubTableType, keys: Mapping[str, Any], is_local: bool) -> dict[str, Any]:  # Any: JSON, TOML
    """The values as TOML has them. Raises CommandError."""
    found: dict[str, Any] = {}
    for key, value in keys.items():
        if table.field(key).is_local and not is_local:
            raise CommandError(
                f"`{key}` in [{table.name}] names a file or a program of the hub's computer, and is set there: "
                f"unclouded config set {table.name}.{key}=…"
            )
        if not is_local and _names_file(value):
            raise CommandError(
                f"An address that names a file is set on the hub's computer: unclouded config set {table.name}.{key}=…"
            )
        is_name = (table.name, key) in NAMES and isinstance(value, str) and value.strip()
        found[key] = exact(clean_name(value, "home") if is_name else value)
    return found


def _names_file(value: object) -> bool:
    match value:
        case str():
            return any(one in value for one in FILE_SETTINGS)
        case Mapping():
            return any(map(_names_file, value.values()))
        case list() | tuple():
            return any(map(_names_file, value))
    return False


def _listed(keys: Sequence[str] | Mapping[str, Any]) -> str:  # Any: TOML
    return ", ".join(keys) or "nothing"
