"""Finds products by words: kind, maker and model, id, name of a Zigbee manufacturer, keys of points.

    words ──► outlines of all tables, profiles ──► hits, the best `limit` of them ──► their tables are read ──► views

Every word must be in what is known of a product; case does not matter. First come those whose id is one of the words,
then those of which all words are in the name or the id, then the others. Linear in what is known: 50 to 100 ms, so
a hub does it in a thread. Nothing stays in memory but the products of this program's own profiles.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import count

import msgspec

from unclouded.app.products.listing import Rated, kind_title, product_in, products_of, rated_rows
from unclouded.core.errors import ConfigError
from unclouded.core.views.facts import ProductKind, ProductsView, ProductView
from unclouded.profiles import ProfileLibrary
from unclouded.profiles.catalogue import TableOutline, listed_as
from unclouded.profiles.catalogue.table import CatalogueTable
from unclouded.profiles.catalogue.text import Section, read_table

MOST_WORDS = 12  # of one search; more make no result smaller

EXACT, NAMED, OTHER = range(3)  # how good a hit is


class _Hit(msgspec.Struct, frozen=True):
    """``found``: the product, or the table that it is in."""

    grade: int
    number: int  # in the order of the list
    kind: str
    product: str
    found: ProductView | Section


class ProductSearch:
    """Searches the profiles of ``library`` and its catalogue."""

    def __init__(self, library: ProfileLibrary) -> None:
        self._library = library

    def find(self, text: str = "", kind: str = "", limit: int = 50) -> ProductsView:
        """``text``: words, "" = all products. ``kind``: only this one, "" = all."""
        words = [_spellings(word) for word in text.casefold().split()[:MOST_WORDS]]
        counts: Counter[str] = Counter()
        best = heapq.nsmallest(
            limit,
            (hit for hit in _counted(self._hits(words), counts) if kind in ("", hit.kind)),
            key=lambda hit: (hit.grade, hit.number),
        )
        kinds = sorted({*self._library.catalogue.kinds(), *(one.kind for one in self._own)}, key=kind_title)
        return ProductsView(
            total=counts[kind] if kind else counts.total(),
            products=_views(best),
            kinds=[ProductKind(name=name, title=kind_title(name), count=counts[name]) for name in kinds],
        )

    @cached_property
    def _own(self) -> tuple[ProductView, ...]:
        """Of profiles with a file. One that cannot be read is named by `check`, not here."""
        found: list[ProductView] = []
        for name in self._library.names():
            try:
                file = self._library.file(name)
            except ConfigError:
                continue
            if not file.unknown:
                found += products_of(file)
        return tuple(found)

    def _hits(self, words: Sequence[Sequence[str]]) -> Iterator[_Hit]:
        numbers = count()
        for one in self._own:
            name = f"{one.product} {one.title}".casefold()
            rest = " ".join((one.kind, kind_title(one.kind), one.profile, *one.points)).casefold()
            grade = _grade(words, one.product.casefold(), name, rest)
            if grade is not None:
                yield _Hit(grade, next(numbers), one.kind, one.product, one)
        for outline in self._library.catalogue.outlines():
            yield from _table_hits(words, outline, numbers)


def _table_hits(words: Sequence[Sequence[str]], outline: TableOutline, numbers: Iterator[int]) -> Iterator[_Hit]:
    section = outline.section
    rest = " ".join((section.kind, kind_title(section.kind), section.name, *outline.keys)).casefold()
    shared = " ".join(outline.unassigned)
    for product in outline.products or ("",):
        name = f"{product} {outline.models.get(product, '')} {shared}".casefold()
        grade = _grade(words, product.casefold(), name, rest)
        if grade is not None:
            yield _Hit(grade, next(numbers), section.kind, product, section)


def _spellings(word: str) -> tuple[str, ...]:
    """How a word may be written in what is known: the name of a Zigbee manufacturer stands as the id in it."""
    zigbee = word.upper()[: word.find("_", 2) + 1] + word[word.find("_", 2) + 1 :] if word.startswith("_t") else word
    return tuple(one.casefold() for one in listed_as(zigbee))


def _grade(words: Sequence[Sequence[str]], product: str, name: str, rest: str) -> int | None:
    """How well the words fit; None where one of them does not."""
    grade = NAMED if words else OTHER
    for spellings in words:
        if product in spellings:
            grade = EXACT
        elif not any(one in name for one in spellings):
            if not any(one in rest for one in spellings):
                return None
            grade = max(grade, OTHER) if grade != EXACT else EXACT
    return grade


def _counted(hits: Iterable[_Hit], counts: Counter[str]) -> Iterator[_Hit]:
    for hit in hits:
        counts[hit.kind] += 1
        yield hit


def _views(hits: Iterable[_Hit]) -> list[ProductView]:
    """The products as they are shown; each table is read once."""
    tables: dict[str, tuple[CatalogueTable, list[Rated]]] = {}
    found = []
    for hit in hits:
        if isinstance(hit.found, ProductView):
            found.append(hit.found)
            continue
        name = hit.found.name
        if name not in tables:
            table = read_table(hit.found)
            tables[name] = table, rated_rows(table)
        found.append(product_in(tables[name][0], hit.product, tables[name][1]))
    return found
