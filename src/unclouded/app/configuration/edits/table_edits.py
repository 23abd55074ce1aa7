"""Changes keys of a table in a TOML text, and keeps its comments, its order and all other bytes.

    merged(old, patch) ──► new          what the table is to be (RFC 7396: null removes, tables are merged)
    edited(blocks, path, old, new)      the blocks of the table with it; values are written by tomlkit

A key may stand in the table's own block (``scale = { power_W = 40 }``, ``scale.power_W = 40``) or in blocks of its own
(``[device.scale]``, ``[[device.channel]]``): it is changed where it stands.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from unclouded.app.configuration.edits.text_blocks import TablePath, TextBlock, elements
from unclouded.core.errors import CommandError

Table = Mapping[str, Any]  # Any: TOML
BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
SHORT_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def merged(old: Table, patch: Table) -> dict[str, Any]:  # Any: TOML
    """The table with a merge patch applied."""
    new = {**old}
    for key, value in patch.items():
        if value is None:
            new.pop(key, None)
        elif isinstance(value, Mapping):
            before = old.get(key)
            new[key] = merged(before if isinstance(before, Mapping) else {}, value)
        else:
            new[key] = value
    return new


def edited(blocks: Sequence[TextBlock], path: TablePath, old: Table, new: Table) -> list[TextBlock]:
    """The blocks of one table, the first of them its own, as another table of the same shape."""
    own, rest = blocks[0], list(blocks[1:])
    for key in dict.fromkeys((*old, *new)):
        if key in old and key in new and _equal(old[key], new[key]):
            continue
        inside = (*path, key)
        mine = [block for block in rest if block.path[: len(inside)] == inside]
        if not mine and key not in old and _is_array_of_tables(new[key]):
            rest += _new_elements(inside, new[key], own)
        elif not mine:
            own = _assigned(own, path, key, old.get(key), new.get(key))
        else:
            place = rest.index(mine[0])
            others = [block for block in rest if block not in mine]
            moved = _moved(mine, inside, old[key], new[key]) if key in new else [_dropped(mine, own)]
            rest = [*others[:place], *moved, *others[place:]]
    return [own, *rest]


def table_text(path: TablePath, table: Table, newline: str = "\n") -> str:
    """A new element of an array of tables; its own arrays of tables become blocks below it."""
    own = {key: value for key, value in table.items() if not _is_array_of_tables(value)}
    lines = [f"[[{'.'.join(map(key_text, path))}]]", *(f"{key_text(key)} = {value_text(own[key])}" for key in own)]
    text = "".join(f"{line}{newline}" for line in lines)
    for key, value in table.items():
        if _is_array_of_tables(value):
            text += "".join(newline + table_text((*path, key), one, newline) for one in value)
    return text


def key_text(key: str) -> str:
    """A key as TOML writes it."""
    return key if key and BARE.issuperset(key) else value_text(key)


def value_text(value: object) -> str:
    """A value as TOML writes it; tables in braces. Raises CommandError for what TOML has no form of."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{"".join(map(_escaped, value))}"'
        case float() if math.isfinite(value):
            return repr(value)
        case Decimal() if value.is_finite():
            text = str(value)
            return text if set(text) & set(".eE") else f"{text}.0"
        case int():
            return str(value)
        case date():
            return value.isoformat()
        case Mapping():
            inner = ", ".join(f"{key_text(key)} = {value_text(one)}" for key, one in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case list() | tuple():
            return f"[{', '.join(map(value_text, value))}]"
    raise CommandError(f"A configuration cannot hold {str(value)[:80]}.")


# --- inside -------------------------------------------------------------------------------------------


def _equal(one: object, other: object) -> bool:
    """The same value of the same type: true is not 1, and 1 is not 1.0."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return type(one) is type(other) and one == other


def _moved(blocks: list[TextBlock], path: TablePath, old: Any, new: Any) -> list[TextBlock]:  # Any: TOML
    """The blocks of a key that has blocks of its own, with another value of it."""
    if isinstance(new, Mapping) and isinstance(old, Mapping) and blocks[0].path == path:
        return edited(blocks, path, old, new)
    if isinstance(new, Mapping) and isinstance(old, Mapping):  # only deeper tables have headers
        header = TextBlock(path=path, body=f"[{'.'.join(map(key_text, path))}]\n")
        own, *rest = edited([header, *blocks], path, old, new)
        return rest if own == header and any(block.body for block in rest) else [own, *rest]
    if isinstance(old, list) and _is_array_of_tables(new):
        return _edited_elements(blocks, path, old, new)
    return [_new_block(path, new, blocks[-1].tail)]


def _dropped(blocks: Sequence[TextBlock], own: TextBlock) -> TextBlock:
    """What stays of blocks whose key is removed: comments of no header, and the blank line before what follows."""
    kept = "".join(block.tail for block in blocks if block.tail.strip())
    return TextBlock(path=own.path, tail=kept or ("" if own.tail else blocks[-1].tail))


def _new_block(path: TablePath, new: Any, tail: str) -> TextBlock:  # Any: TOML
    if isinstance(new, Mapping):
        lines = [f"[{'.'.join(map(key_text, path))}]", *(f"{key_text(key)} = {value_text(new[key])}" for key in new)]
        return TextBlock(path=path, body="\n".join(lines) + "\n", tail=tail)
    raise CommandError(f"`{path[-1]}` is a table in the file; change it there by hand.")


def _new_elements(path: TablePath, new: Sequence[Table], own: TextBlock) -> list[TextBlock]:
    lead = "" if own.tail.endswith("\n") else "\n"
    return [TextBlock(path=path, is_array=True, lead=lead, body=table_text(path, one), tail="\n") for one in new]


def _edited_elements(
    blocks: list[TextBlock], path: TablePath, old: Sequence[Table], new: Sequence[Table]
) -> list[TextBlock]:
    """The elements of an array of tables; each is found again by its name."""
    groups = {
        one.get("name", number): ([blocks[place] for place in places], one)
        for number, (places, one) in enumerate(zip(elements(blocks, path), old, strict=True))
    }
    found: list[TextBlock] = []
    for number, one in enumerate(new):
        group, before = groups.get(one.get("name", number), (None, {}))
        if group is None:
            found.append(TextBlock(path=path, is_array=True, body=table_text(path, one), tail="\n"))
        else:
            found += edited(group, path, before, one)
    return found


def _assigned(block: TextBlock, path: TablePath, key: str, old: Any, new: Any) -> TextBlock:  # Any: TOML
    """The block with another value of one of its own keys; None = without it."""
    import tomlkit  # here, because a hub rarely needs it

    document = tomlkit.parse(_ended(block.body))
    table: Any = document  # Any: tomlkit's containers
    for step in path:
        table = table[step]
        table = table[0] if isinstance(table, list) else table
    _assign(table, key, old, new)
    return replace(block, body=tomlkit.dumps(document))


def _assign(table: Any, key: str, old: Any, new: Any) -> None:  # Any: tomlkit's containers, TOML
    if isinstance(old, Mapping) and isinstance(new, Mapping) and new:
        for inner in dict.fromkeys((*old, *new)):
            if not (inner in old and inner in new and _equal(old[inner], new[inner])):
                _assign(table[key], inner, old.get(inner), new.get(inner))
    elif new is None:
        del table[key]
    else:
        table[key] = _item(new)


def _item(value: object) -> Any:  # Any: tomlkit's items
    from tomlkit import value as parsed

    return parsed(value_text(value))


def _is_array_of_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _ended(text: str) -> str:
    """The text with an end of its last line."""
    return text if not text or text.endswith("\n") else f"{text}\n"


def _escaped(char: str) -> str:
    """A character of a basic string; what cannot be seen, or turns the text around, is written as its number."""
    if char in SHORT_ESCAPES:
        return SHORT_ESCAPES[char]
    if 0xD800 <= ord(char) <= 0xDFFF:
        raise CommandError("A text of the configuration has a character that is half of another one.")
    if char.isprintable() or char == "\u200d":  # it joins the parts of an emoji
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
