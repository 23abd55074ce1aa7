"""Keys as they are typed. Pure.

name="Kitchen lamp" produces=true scale.power_W=40    of a device
hub.name="Casa Olivos"  webhook.2.url=…               of the hub: TABLE.KEY, or TABLE.ITEM.KEY of a list
"""

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from unclouded.app.configuration.edits.hub_tables import HubTableType, hub_table
from unclouded.app.configuration.places import did_you_mean
from unclouded.app.configuration.tables.file import DeviceTable
from unclouded.core.errors import CommandError
from unclouded.core.views.configuration import HubEdit

TEXTS = frozenset(field.encode_name for field in msgspec.structs.fields(DeviceTable) if field.type is str)
TABLES = ("scale", "session", "alert_above", "alert_below", "finished")  # their keys are written behind a dot
KNOWN = tuple(field.encode_name for field in msgspec.structs.fields(DeviceTable))


def typed_keys(words: Sequence[str]) -> dict[str, Any]:  # Any: TOML
    """The keys and their values; None where nothing is behind the =, which removes a key. Raises CommandError."""
    found: dict[str, Any] = {}
    for word in words:
        path, equals, text = word.partition("=")
        if not equals or not path:
            raise CommandError(f"{word[:80]!r} is not a key with a value. Write KEY=VALUE, as in room=Kitchen.")
        key, dot, inner = path.partition(".")
        if key not in KNOWN:
            raise CommandError(
                f"A device has no key {key[:80]!r}.{did_you_mean(key, KNOWN)} It has: {', '.join(KNOWN)}."
            )
        if dot and key in TABLES and found.get(key, {}) is not None:
            found.setdefault(key, {})[inner] = _value(text, is_text=False)
        elif dot:
            raise CommandError(f"{path[:80]!r} is not a key: only {', '.join(TABLES)} have keys behind a dot.")
        else:
            found[key] = _value(text, is_text=key in TEXTS)
    return found


def typed_edit(words: Sequence[str]) -> HubEdit:
    """The change of a table of the hub, or of one item of a list. Raises CommandError."""
    parts = [_parted(word) for word in words]
    table = hub_table(parts[0][0][0])
    depth = 2 if table.is_list else 1
    place = parts[0][0][:depth]
    if any(path[:depth] != place for path, _ in parts):
        raise CommandError(f"Change one table at a time: all keys begin with {'.'.join(place)}.")
    if any(len(path) <= depth for path, _ in parts):
        raise CommandError(f"Write {table.name}.{'ITEM.' if table.is_list else ''}KEY=VALUE.")
    keys = _typed(table, [(path[depth:], text) for path, text in parts])
    return HubEdit(table=table.name, item=place[1] if table.is_list else None, keys=keys)


def typed_item(name: str, words: Sequence[str]) -> HubEdit:
    """One more item of a list of the hub. Raises CommandError."""
    table = hub_table(name, is_list=True)
    return HubEdit(table=table.name, item="", keys=_typed(table, [_parted(word) for word in words]))


def typed_place(place: str) -> HubEdit:
    """What is to be removed: TABLE, or TABLE.ITEM of a list. Raises CommandError."""
    name, dot, item = place.partition(".")
    return HubEdit(table=hub_table(name, is_list=True if dot else None).name, item=item if dot else None)


def _parted(word: str) -> tuple[list[str], str]:
    path, equals, text = word.partition("=")
    if not equals or not path:
        raise CommandError(f"{word[:80]!r} is not a key with a value. Write TABLE.KEY=VALUE, as in hub.name=Home.")
    return path.split("."), text


def _typed(table: HubTableType, parts: Sequence[tuple[list[str], str]]) -> dict[str, Any]:  # Any: TOML
    found: dict[str, Any] = {}
    for (key, *inner), text in parts:
        field = table.field(key)
        if inner and field.kind == "map":
            found.setdefault(key, {})[".".join(inner)] = _value(text, is_text=False)
        elif inner:
            raise CommandError(f"{table.name}.{key} has no keys behind a dot.")
        else:
            value = _value(text, is_text=field.kind in ("text", "secret", "choice"))
            found[key] = [value] if field.kind == "list" and isinstance(value, str) else value
    return found


def _value(text: str, *, is_text: bool) -> Any:  # Any: TOML
    """A value of TOML, else the text itself."""
    if not text:
        return None
    if is_text:
        return text
    try:
        return tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except (tomllib.TOMLDecodeError, KeyError, RecursionError, ValueError):
        return text
