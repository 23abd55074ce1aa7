"""The catalogue: what public sources know of the data points of Tuya products, in a table for each kind of them.

The files are in ``data``, one for each kind of product. A table is read when it is asked for; the search for a product
goes over the bytes of the files, and keeps nothing of them.
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from unclouded.core.errors import ConfigError
from unclouded.profiles.catalogue.outline import TableOutline, read_outline
from unclouded.profiles.catalogue.table import CatalogueRow, CatalogueTable
from unclouded.profiles.catalogue.text import PREFIX, find_product, find_section, names, read_table, sections

__all__ = ["PREFIX", "Catalogue", "CatalogueRow", "CatalogueTable", "TableOutline", "listed_as"]

FAMILIES = ("tuya_wifi", "tuya_gateway")

_ID = re.compile(r"[A-Za-z0-9_]+")
_ZIGBEE = re.compile(r"_T[A-Z][A-Z0-9]+_(.+)")  # a manufacturer's name carries the product id: _TZE204_81yrt3lo


class Catalogue:
    """The tables of all kinds. ``folder``: where their files are."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._folder = files("unclouded.profiles.catalogue") / "data" if folder is None else folder

    def kinds(self) -> list[str]:
        """The kinds of products: plug, thermostat …"""
        return sorted(entry.name.removesuffix(".txt") for entry in self._folder.iterdir() if _is_data(entry))

    def names(self) -> list[str]:
        """The names of all tables, without reading these."""
        return [name for kind in self.kinds() for name in names(kind, self._data(kind))]

    def tables(self, family: str | None = None) -> Iterator[CatalogueTable]:
        """All tables, or those of a family."""
        for kind in self.kinds():
            for section in sections(kind, self._data(kind)):
                table = read_table(section)
                if family is None or table.family == family:
                    yield table

    def outlines(self) -> Iterator[TableOutline]:
        """The outlines of all tables; some 50 ms."""
        for kind in self.kinds():
            yield from map(read_outline, sections(kind, self._data(kind)))

    def get(self, name: str) -> CatalogueTable:
        """The table of that name (``catalogue/plug/pq860vo9ib50jhud``). Raises ConfigError."""
        kind, _, head = name.removeprefix(PREFIX).partition("/")
        section = find_section(kind, self._data(kind), head) if kind in self.kinds() and head else None
        if section is None:
            raise ConfigError(
                f"The catalogue has no table {name!r}; it has {len(self.names())}, such as {self.names()[0]}."
            )
        return read_table(section)

    def find(self, family: str, product: str) -> CatalogueTable | None:
        """The table that lists a product: a product id, or the name of a Zigbee manufacturer that carries one."""
        if family not in FAMILIES or not _ID.fullmatch(product):
            return None
        for one in listed_as(product):
            for kind in self.kinds():
                section = find_product(kind, self._data(kind), one)
                if section is not None:
                    return read_table(section)
        return None

    def _data(self, kind: str) -> bytes:
        return (self._folder / f"{kind}.txt").read_bytes()


def listed_as(product: str) -> tuple[str, ...]:
    """What a table may list a product as: its id, and the one that the name of a Zigbee manufacturer carries."""
    named = _ZIGBEE.fullmatch(product)
    return (product, named[1]) if named else (product,)


def _is_data(entry: Traversable) -> bool:
    return entry.name.endswith(".txt")
