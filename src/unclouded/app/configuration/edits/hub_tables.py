"""The tables of the hub, as the types of ``tables`` describe them: which there are, what their keys hold. Pure.

A table that ConfigFile gets can be shown and changed without more: its keys are fields of its type. ``Literal`` is a
choice, ``Annotated[int, Meta(ge=…)]`` has limits, a name that ends in ``file``, ``_folder`` or ``_command`` is of the
hub's computer, one that ends in ``_key``, ``_password`` or ``_token`` is a secret.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import inspect

from unclouded.app.configuration.edits.differences import SECRET, SECRET_KEYS, shown
from unclouded.app.configuration.edits.hub_edits import items_of, name_of
from unclouded.app.configuration.places import ConfigPlaces, did_you_mean
from unclouded.app.configuration.tables.file import ConfigFile
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.text.toml_text import read_toml
from unclouded.core.views.configuration import ConfiguredItem, ConfiguredTable, SettingField, SettingKind

DEVICES = "device"  # the table that is none of the hub
LOCAL = re.compile(r"(?<!pro)file$|(^|_)(folder|path|command)$")  # cafile, token_file; a profile is none
LOCAL_KEYS = frozenset({("hub", "data"), ("hub", "profiles")})

# Keys that count at the next start of the hub only, by table; of other tables all keys are applied at once
AT_START: Mapping[str, tuple[str, ...]] = {"hub": ("data",), "broker": (), "web": (), "meross": ()}  # () = all of them


LISTS = (inspect.ListType, inspect.VarTupleType)


class HubTableType(msgspec.Struct, frozen=True, kw_only=True):
    """A table that a configuration may have."""

    name: str
    is_list: bool
    is_optional: bool
    fields: tuple[SettingField, ...]

    def field(self, key: str) -> SettingField:
        """Raises CommandError where it has no such key."""
        found = next((one for one in self.fields if one.key == key), None)
        if found is None:
            known = [one.key for one in self.fields]
            raise CommandError(
                f"[{self.name}] has no key {key[:80]!r}.{did_you_mean(key, known)} It has: {', '.join(known)}."
            )
        return found


def hub_tables() -> dict[str, HubTableType]:
    """All tables that are not devices, by name."""
    info = inspect.type_info(ConfigFile)
    assert isinstance(info, inspect.StructType)
    return {one.encode_name: _table(one) for one in info.fields if one.encode_name != DEVICES}


def hub_table(name: str, *, is_list: bool | None = None) -> HubTableType:
    """The table of that name. Raises CommandError where there is none, or it is a list, or none."""
    tables = hub_tables()
    if name not in tables:
        raise CommandError(
            f"There is no table {name[:80]!r}.{did_you_mean(name, tables)} There are: {', '.join(tables)}; a device is "
            "changed by its id."
        )
    found = tables[name]
    if is_list is not None and found.is_list != is_list:
        raise CommandError(
            f"[[{name}]] is a list: name one of its items."
            if found.is_list
            else f"[{name}] is a table, and has no items."
        )
    return found


def configured_tables(text: str) -> list[ConfiguredTable]:
    """The tables of a text, without secrets; all as if they were not there where it is not TOML."""
    try:
        file = read_toml(text, "")
    except ConfigError:
        file = {}
    places = ConfigPlaces(text)
    return [_configured(one, file, places) for one in hub_tables().values()]


# --- inside -------------------------------------------------------------------------------------------


def _configured(table: HubTableType, file: Mapping[str, Any], places: ConfigPlaces) -> ConfiguredTable:  # Any: TOML
    keys = file.get(table.name)
    items = items_of(file, table.name) if table.is_list else ()
    return ConfiguredTable(
        table=table.name,
        is_list=table.is_list,
        is_optional=table.is_optional,
        is_there=table.name in file,
        keys=shown(keys, table.name) if isinstance(keys, Mapping) else {},
        items=tuple(
            ConfiguredItem(item=name_of(one, place), keys=shown(one, table.name), line=places.line((table.name, place)))
            for place, one in enumerate(items)
        ),
        fields=table.fields,
        line=places.line((table.name,)),
    )


def _table(field: inspect.Field) -> HubTableType:
    kinds = _kinds(field.type)
    is_list = any(isinstance(one, LISTS) for one in kinds)
    inner = next((one.item_type if isinstance(one, LISTS) else one for one in kinds), field.type)
    assert isinstance(inner, inspect.StructType), f"[{field.encode_name}] is not a table"
    return HubTableType(
        name=field.encode_name,
        is_list=is_list,
        is_optional=is_list or any(isinstance(one, inspect.NoneType) for one in _all_kinds(field.type)),
        fields=tuple(_field(field.encode_name, one) for one in inner.fields),
    )


def _field(table: str, field: inspect.Field) -> SettingField:
    key, kinds = field.encode_name, _kinds(field.type)
    first = kinds[0].item_type if isinstance(kinds[0], LISTS) else kinds[0]
    number = first if isinstance(first, inspect.IntType | inspect.FloatType) else None
    count = AT_START.get(table)
    return SettingField(
        key=key,
        kind=_kind(table, key, kinds),
        default=None if field.required else msgspec.to_builtins(_default(field)),
        required=field.required,
        options=tuple(str(one) for one in first.values) if isinstance(first, inspect.LiteralType) else (),
        minimum=number.ge if number else None,
        maximum=number.le if number else None,
        whole=isinstance(first, inspect.IntType) and len(kinds) == 1,
        is_local=(table, key) in LOCAL_KEYS or LOCAL.search(key) is not None,
        at_start=count is not None and (not count or key in count),
    )


def _kind(table: str, key: str, kinds: Sequence[inspect.Type]) -> SettingKind:
    types = {type(one) for one in kinds}
    if inspect.BoolType in types:
        return "flag"
    if inspect.LiteralType in types:
        return "choice"
    if types <= {inspect.IntType, inspect.FloatType, inspect.DecimalType}:
        return "number"
    if any(
        isinstance(one, LISTS) and isinstance(one.item_type, inspect.StrType | inspect.LiteralType) for one in kinds
    ):
        return "list"
    if types <= {inspect.StrType}:
        return "secret" if SECRET.search(key) or (table, key) in SECRET_KEYS else "text"
    return "map"


def _default(field: inspect.Field) -> object:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return field.default_factory()


def _kinds(kind: inspect.Type) -> list[inspect.Type]:
    """The types that a value may have, but None."""
    return [one for one in _all_kinds(kind) if not isinstance(one, inspect.NoneType)]


def _all_kinds(kind: inspect.Type) -> list[inspect.Type]:
    bare = kind.type if isinstance(kind, inspect.Metadata) else kind
    return [one for each in bare.types for one in _all_kinds(each)] if isinstance(bare, inspect.UnionType) else [bare]
