"""The pages of the docs that list the supported products: an index, and one for each kind.

Products that share a table of the catalogue stand in one row. Rows are on one line, so that the search of a browser or
a repository finds a maker, an id or the key of a point, with all that belongs to it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from unclouded.app.products.listing import kind_title, product_in, products_of, rated_rows
from unclouded.app.protocols import profile_library
from unclouded.core.views.facts import ProductView
from unclouded.profiles import ProfileLibrary

INDEX = "supported.md"
FOLDER = "supported"

HEAD = """# Supported devices

Written by `python3 dev.py docs` from the profiles and the [catalogue](catalogue.md): {products} products that are known
by id or name, in {kinds} kinds. What is not listed may work all the same: an unknown Tuya product gets names for those
of its points on which similar products agree, and [probe](probe.md) proposes a profile.

Search them on the hub's page (*Settings*, *Supported devices*), or on the command line:

```text
unclouded products aubess 20a
unclouded products --kind plug energy_export_Wh
unclouded products _TZE204_81yrt3lo --json
```

**How sure** says where the scales come from: two independent sources that agree, one, or sources that disagree. "–"
stands where a profile was written by hand from protocol pages and recordings. The product id is what the device reports
of itself (`unclouded devices NAME`); a Zigbee device behind a gateway is also found by the name of its manufacturer,
which ends with the id: `_TZE204_81yrt3lo`. Products with the same data points share a row.

A product is missing, or its values are wrong? `unclouded dump DEVICE --profile` writes what is needed for a report,
without anything personal: [reporting a product](contributing_a_profile.md).

| kind | products | rows |
|---|---|---|
"""

KIND_HEAD = """# {title}

Written by `python3 dev.py docs`. What the columns mean: [supported devices](../supported.md). Keys:
[points](../points.md). How to connect them: {families}.

| maker and model | product ids | points | how sure | profile |
|---|---|---|---|---|
"""

# Where each family is described.
FAMILY_PAGES: Mapping[str, tuple[str, str]] = {
    "emporia": ("Emporia", "docs/devices.md#emporia"),
    "hlw8032": ("metering chips", "docs/protocols/hlw8032.md"),
    "meross": ("Meross plugs", "docs/meross.md"),
    "meross_console": ("consoles of Meross plugs", "docs/protocols/meross_console.md"),
    "tuya_wifi": ("Tuya modules", "docs/devices.md#tuya_wifi"),
    "tuya_gateway": ("gateways", "docs/gateway.md"),
}


class _Row(msgspec.Struct, frozen=True):
    """Products with the same points. ``view``: one of them."""

    names: tuple[str, ...]
    ids: tuple[str, ...]
    view: ProductView


def supported_pages() -> Mapping[str, str]:
    """File name below docs/ -> page."""
    by_kind = _rows_by_kind(profile_library())
    pages = {f"{FOLDER}/{kind}.md": _kind_page(kind, rows) for kind, rows in sorted(by_kind.items())}
    return {INDEX: _index(by_kind), **pages}


def _rows_by_kind(library: ProfileLibrary) -> Mapping[str, Sequence[_Row]]:
    found: dict[str, list[_Row]] = defaultdict(list)
    for row in [*_own_rows(library), *_table_rows(library)]:
        found[row.view.kind].append(row)
    return found


def _own_rows(library: ProfileLibrary) -> Iterator[_Row]:
    for name in library.names():
        file = library.file(name)
        by_title: dict[str, list[ProductView]] = defaultdict(list)
        for view in () if file.unknown else products_of(file):
            by_title[view.title].append(view)
        for title, views in by_title.items():
            yield _Row((title,), tuple(view.product for view in views if view.product), views[0])


def _table_rows(library: ProfileLibrary) -> Iterator[_Row]:
    for table in library.catalogue.tables():
        view = product_in(table, "", rated_rows(table))
        yield _Row(table.makers or (view.title,), table.products, view)


def _index(by_kind: Mapping[str, Sequence[_Row]]) -> str:
    lines = [
        f"| [{kind_title(kind)}]({FOLDER}/{kind}.md) | {_count(rows)} | {len(rows)} |\n"
        for kind, rows in sorted(by_kind.items(), key=lambda item: kind_title(item[0]))
    ]
    products = sum(map(_count, by_kind.values()))
    return HEAD.format(products=products, kinds=len(by_kind)) + "".join(lines)


def _count(rows: Iterable[_Row]) -> int:
    return sum(max(len(row.ids), 1) for row in rows)


def _kind_page(kind: str, rows: Sequence[_Row]) -> str:
    families = sorted({row.view.family for row in rows})
    links = ", ".join(
        f"[{FAMILY_PAGES[name][0]}]({FAMILY_PAGES[name][1].replace('docs/', '../')})" for name in families
    )
    ordered = sorted(
        rows, key=lambda row: (row.view.profile.startswith("catalogue/"), row.names[0].casefold(), row.ids)
    )
    return KIND_HEAD.format(title=kind_title(kind), families=links) + "".join(map(_line, ordered))


def _line(row: _Row) -> str:
    view = row.view
    cells = [
        ", ".join(map(_text, row.names)),
        " ".join(f"`{id}`" for id in row.ids) or "–",
        ", ".join(view.points),
        view.sources or "–",
        f"`{view.profile}`",
    ]
    return f"| {' | '.join(cells)} |\n"


def _text(name: str) -> str:
    """A name that a table of Markdown shows as it is."""
    return "".join(f"\\{char}" if char in "|\\`*_[]<>" else char for char in name)
