"""What edits of all tables share: a changed text is read again and compared with what was to be there. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from unclouded.app.configuration.edits.table_edits import Table, edited, table_text
from unclouded.app.configuration.edits.text_blocks import TablePath, TextBlock, text_of
from unclouded.core.errors import CommandError
from unclouded.core.text.toml_text import read_toml

EDITOR = "the configuration"  # in errors about a text that has no name


def read_tables(text: str) -> dict[str, Any]:  # Any: TOML
    """The tables of a configuration's text. Raises ConfigError where it is no TOML."""
    return read_toml(text, EDITOR)


def with_element_changed(
    blocks: Sequence[TextBlock], path: TablePath, places: Sequence[int], old: Table, new: Table
) -> list[TextBlock]:
    """The blocks with another table in these places, whose blocks then stand together."""
    own = edited([blocks[place] for place in places], path, old, new)
    first, others = places[0], set(places)
    before = [block for place, block in enumerate(blocks) if place < first]
    after = [block for place, block in enumerate(blocks) if place > first and place not in others]
    return [*before, *own, *after]


def with_element_added(blocks: Sequence[TextBlock], place: int, path: TablePath, table: Table) -> str:
    """The text with one more element of an array of tables, in front of the block of that place."""
    before, after = text_of(blocks[:place]), text_of(blocks[place:])
    return f"{before}{gap(before)}{table_text(path, table)}" + ("\n" if after else "") + after


def without_blocks(blocks: Sequence[TextBlock], gone: set[int]) -> str:
    """The text without the blocks of these places, but with their comments that belong to no header."""
    return text_of([_detached(block) if place in gone else block for place, block in enumerate(blocks)])


def gap(before: str) -> str:
    """What makes a blank line between a text and what is added to it."""
    if not before.strip():
        return ""
    lines = before.replace("\r", "")
    return "\n" * (2 - (len(lines) - len(lines.rstrip("\n"))))


def without_key(file: Table, key: str) -> dict[str, Any]:  # Any: TOML
    """A table without one of its keys; the table itself is not changed."""
    return {name: value for name, value in file.items() if name != key}


def confirmed(old: str, new: str, expected: Mapping[str, Any]) -> str:  # Any: TOML
    """The new text, with the line ends of the old one. Raises CommandError where it is not what was expected."""
    if "\r\n" in old:
        new = new.replace("\r\n", "\n").replace("\n", "\r\n")
    if read_tables(new) != expected:
        raise CommandError(
            "This change cannot be written into the file as it is. Change it by hand, then run: unclouded config reload"
        )
    return new


def _detached(block: TextBlock) -> TextBlock:
    """What stays of a block that is removed: comments that belong to no header."""
    stays = block.tail if block.tail.strip() else ""
    return replace(block, lead="", body="", tail=stays)
