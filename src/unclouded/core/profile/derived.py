"""A profile that begins with the rows of another one.

    name = "tuya/my_plug"
    family = "tuya_wifi"
    title = "My plug"
    base = "tuya/plug_metering"
    drop = [39]                        # before anything is changed or added
    [[point]]
    dp = 19
    scale = 0.01                       # of the row 19 of the base only the scale is another
    [[point]]
    dp = 101                           # a row of its own, after those of the base
    type = "value"
    key = "temperature_C"

``main``, ``unknown`` and, of the same family, ``session`` and ``actions`` are those of the base too, where the file
does not name them; name, title, products and variants are not.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec.structs import asdict, replace

from unclouded.core.errors import ConfigError
from unclouded.core.profile.schema import PointRow, ProfileFile, without_rows

BaseOf = Callable[[str], ProfileFile]
MOST_ROWS = 1_000  # [[point]] of a file; a Tuya product has 255 data points at most
Converted = TypeVar("Converted")


def file_of(table: Mapping[str, Any], where: str, base_of: BaseOf | None = None) -> ProfileFile:
    """The file that a TOML table is, its base applied. ``base_of``: the file of a profile, which may be
    ``unapplied``; raises ConfigError.

    Raises ConfigError naming ``where`` and the key path.
    """
    own = unapplied(table, where)
    if not own.base:
        return own
    if base_of is None:
        raise ConfigError(f"{where}: `$.base`: only the profiles in a folder can have one, not a text by itself.")
    try:
        base = base_of(own.base)
    except ConfigError as error:
        raise ConfigError(f"{where}: `$.base`: {error}") from None
    if base.base:
        raise ConfigError(
            f"{where}: `$.base`: {own.base} has a base itself, and one level is all there is. Name {base.base}, and "
            "what is different from it."
        )
    return _derived(table, own, base, where)


def unapplied(table: Mapping[str, Any], where: str) -> ProfileFile:
    """The file that a TOML table is; without its rows where it has a base. Raises ConfigError."""
    points = table.get("point")
    if isinstance(points, list) and len(points) > MOST_ROWS:
        raise ConfigError(f"{where}: `$.point` has {len(points)} rows, and {MOST_ROWS} are the most.")
    if table.get("base"):
        return converted({**table, "point": []}, ProfileFile, where, "")
    file = converted(table, ProfileFile, where, "")
    if file.drop:
        raise ConfigError(f"{where}: `$.drop` is for a profile with a `base`, whose rows it removes.")
    return file


def _derived(table: Mapping[str, Any], own: ProfileFile, base: ProfileFile, where: str) -> ProfileFile:
    rows = without_rows(base.point, own.drop, f"{where}: `$.drop")
    changes = table.get("point", [])
    if not isinstance(changes, list):
        raise ConfigError(f"{where}: `$.point` must be a list: write [[point]].")
    for number, change in enumerate(changes):
        rows = _changed(rows, change, where, f".point[{number}]", base.name)
    inherited: dict[str, Any] = {"unknown": base.unknown} if "unknown" not in table else {}
    if "main" not in table and any(row.key == base.main for row in rows):
        inherited["main"] = base.main
    if base.family == own.family:
        inherited["session"] = {**base.session, **own.session}
        inherited |= {"actions": base.actions} if "actions" not in table else {}
    return replace(own, point=rows, **inherited)


def _changed(rows: list[PointRow], change: Any, where: str, path: str, base: str) -> list[PointRow]:  # Any: TOML
    """The rows with one [[point]]: in place of the row that it changes, or behind them."""
    if not isinstance(change, dict):
        raise ConfigError(f"{where}: `${path}` must be a table.")
    given = converted({"key": "", **change}, PointRow, where, path)
    beside = [row for row in rows if row.wire_key == given.wire_key]
    found = [row for row in beside if row.type == given.type or "type" not in change]
    if len(found) > 1:
        types = ", ".join(row.type or "none" for row in found)
        raise ConfigError(f"{where}: `${path}`: {base} has {given.wire_key} with the types {types}: name one of them.")
    if found:
        row = converted({**_table(found[0]), **change}, PointRow, where, path)
        return [row if one is found[0] else one for one in rows]
    if "key" not in change:
        is_there = f"has {given.wire_key} as {beside[0].type or 'any type'}" if beside else f"has no {given.wire_key}"
        raise ConfigError(
            f"{where}: `${path}`: {base} {is_there}, so there is nothing to change. A row of its own needs a `key`."
        )
    return [*rows, converted(change, PointRow, where, path)]


def _table(row: PointRow) -> dict[str, Any]:
    """A row as TOML has it."""
    return {
        field.encode_name: _plain(getattr(row, field.name))
        for field in msgspec.structs.fields(PointRow)
        if field.required or getattr(row, field.name) != field.default
    }


def _plain(value: Any) -> Any:  # Any: a field of a row
    if not isinstance(value, msgspec.Struct):
        return value
    names = {field.name: field.encode_name for field in msgspec.structs.fields(type(value))}
    return {names[name]: one for name, one in asdict(value).items() if one is not None}


def converted(table: Mapping[str, Any], to: type[Converted], where: str, path: str) -> Converted:
    """A TOML table as a struct. ``path``: of the table in the file. Raises ConfigError."""
    try:
        return msgspec.convert(table, to)
    except msgspec.ValidationError as error:
        text, _, inside = str(error).partition(" - at `$")
        at = f" - at `${path}{inside.removesuffix('`')}`" if path or inside else ""
        raise ConfigError(f"{where}: {text}{at}.") from None
