"""Another id of a device, text to text: the tables that name it follow in the same edit.

[[rule]]                                          conditions, what is set
[[influx]] [[webhook]] [[notification]] [homekit]   lists of ids
parts of a gateway                                they begin with its id, so rules that name them follow as well
"""

from collections.abc import Mapping, Sequence
from typing import Any

from unclouded.app.configuration.edits.device_edits import devices_of
from unclouded.app.configuration.edits.hub_edits import items_of, with_items, with_table_changes
from unclouded.app.configuration.edits.table_edits import Table
from unclouded.app.configuration.edits.text_edits import read_tables
from unclouded.rules.text.renaming import Rename, with_ids

LISTS = ("influx", "webhook", "notification")
ID_KEYS = ("devices", "hide")


def with_id_followed(text: str, old: str, new: str) -> str:
    """The text, in which a device has the id ``new`` already, with all that named it ``old``. Raises CommandError."""
    file = read_tables(text)
    rename = renaming({old: new}, [str(one.get("id")) for one in devices_of(file)])
    rules = items_of(file, "rule")
    text = with_items(text, "rule", [with_ids(one, rename) for one in rules])
    for table in LISTS:
        text = with_items(text, table, [_with_list(one, rename) for one in items_of(file, table)])
    homekit = file.get("homekit")
    if isinstance(homekit, dict) and (patch := _with_list(homekit, rename)) != homekit:
        text = with_table_changes(text, "homekit", patch)
    return text


def renaming(renamed: Mapping[str, str], configured: Sequence[str]) -> Rename:
    """``renamed``: the ids that devices had -> those that they have. Parts of a device follow it.

    ``configured``: devices of their own, though their ids begin as those of the parts of the device do.
    """

    def new_id(id: str) -> str:
        for old, new in renamed.items():
            is_own = any(id == one or (id.startswith(f"{one}_") and len(one) > len(old)) for one in configured)
            if id == old:
                return new
            if id.startswith(f"{old}_") and not is_own:
                return new + id.removeprefix(old)
        return id

    return new_id


# --- inside -------------------------------------------------------------------------------------------


def _with_list(table: Table, rename: Rename) -> dict[str, Any]:  # Any: TOML
    return {
        key: [rename(one) if isinstance(one, str) else one for one in value]
        if key in ID_KEYS and isinstance(value, list)
        else value
        for key, value in table.items()
    }
