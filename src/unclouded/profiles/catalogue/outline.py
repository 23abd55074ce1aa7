"""The outline of a table: products, names and keys, read about ten times as fast as the whole table.

A search goes over all outlines; only the tables that it shows are read (``text.read_table``).
"""

import re
from collections.abc import Iterator

import msgspec

from unclouded.profiles.catalogue.packed import FORMS
from unclouded.profiles.catalogue.text import Section

_DECODED = re.compile(r" decode:(\w+)")


class TableOutline(msgspec.Struct, frozen=True, kw_only=True):
    """What a search needs of a table. ``models``: product id -> maker and model; ``unassigned``: those without an id.

    ``keys``: of its points; the quantities in a raw one stand without the letter of their phase.
    """

    section: Section
    products: tuple[str, ...]
    models: dict[str, str]
    unassigned: tuple[str, ...]
    keys: tuple[str, ...]


def read_outline(section: Section) -> TableOutline:
    """The outline of a table whose rows are not checked."""
    products: list[str] = []
    models: dict[str, str] = {}
    unassigned: list[str] = []
    keys: list[str] = []
    for line in section.text.decode().splitlines()[1:]:
        word, _, rest = line.partition(" ")
        if word.isdecimal():
            keys += _keys(rest)
        elif word == "products":
            products += rest.split()
        elif word == "model":
            product, _, name = rest.partition(" ")
            if product == "-":
                unassigned.append(name)
            else:
                models.setdefault(product, name)
    return TableOutline(
        section=section, products=tuple(products), models=models, unassigned=tuple(unassigned), keys=tuple(keys)
    )


def _keys(row: str) -> Iterator[str]:
    """The key of a row without its data point, and the keys of what is packed in it."""
    yield row.split(" ", 3)[2]
    decoded = _DECODED.search(row) if " decode:" in row else None
    if decoded is not None and decoded[1] in FORMS:
        yield from (one.key.format("") for one in FORMS[decoded[1]].quantities)
