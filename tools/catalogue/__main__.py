"""Make the files of the catalogue from raw facts: ``python dev.py catalogue --from DIR``.

DIR has tables.tsv and rows.tsv. What the facts do not settle is decided in ``keys`` (names), ``rows`` (the meaning of
notes, layouts and options) and decisions.tsv (where sources disagree); docs/catalogue.md describes it.
"""

import argparse
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

from tools.catalogue.facts import RawRow, RawTable, read_rows, read_tables
from tools.catalogue.rows import table_rows

from unclouded.profiles.catalogue.table import CatalogueTable, family_of
from unclouded.profiles.catalogue.text import PREFIX, write_table

DATA = Path(__file__).resolve().parent.parent.parent / "src" / "unclouded" / "profiles" / "catalogue" / "data"

TITLE = """\
# The data points of Tuya products, from public sources (NOTICE). The notation is in docs/catalogue.md.
# Written by `python dev.py catalogue`; a correction may be made here too.

"""

SOURCES = (
    ("iobroker.tuya 3.18.2 lib/schema.json", "schema"),
    ("make-all/tuya-local:devices/", "tuya-local "),
    ("make-all/tuya-local", "tuya-local"),
    ("Koenkk/zigbee-herdsman-converters:src/devices/", "zigbee-herdsman-converters "),
)

# Names of files that stand where no maker is known, as words.
_WORDS = {
    "unknow 2way": "unknown maker, 2-way",
    "energymeter": "energy meter",
    "energymonitor": "energy monitor",
    "evcharger": "EV charger",
    "lightbulbv2": "light bulb v2",
    "poolheatpump": "pool heat pump",
    "poolpumpcontroller": "pool pump controller",
    "powerstrip": "power strip",
    "rainsensor": "rain sensor",
    "smartplugv": "smart plug v",
    "smartplug": "smart plug",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py catalogue", description=__doc__)
    parser.add_argument("--from", dest="folder", type=Path, required=True, help="the folder with the raw facts")
    parser.add_argument("--to", type=Path, default=DATA, help="the folder of the catalogue's files")
    args = parser.parse_args()
    if missing := [name for name in ("tables.tsv", "rows.tsv") if not (args.folder / name).is_file()]:
        parser.error(f"{args.folder} has no {' and no '.join(missing)}: docs/catalogue.md describes the raw facts.")
    raw = read_tables(args.folder)
    rows = read_rows(args.folder)
    products = plain_products(raw)
    by_kind: dict[str, list[CatalogueTable]] = defaultdict(list)
    for table in raw:
        by_kind[table.kind].append(made(table, rows[table.table], products[table.table]))
    args.to.mkdir(parents=True, exist_ok=True)
    for kind, tables in sorted(by_kind.items()):
        text = TITLE + "\n".join(map(write_table, tables))
        (args.to / f"{kind}.txt").write_text(text, encoding="utf-8")
    ids = {one for table in raw for one in table.products}
    print(f"{len(raw)} tables, {sum(map(len, rows.values()))} rows, {len(ids)} products")
    return 0


def made(table: RawTable, rows: list[RawRow], products: list[str]) -> CatalogueTable:
    return CatalogueTable(
        name=f"{PREFIX}{table.kind}/{head(table, products)}",
        kind=table.kind,
        family=family_of(products),
        products=tuple(products),
        models=tuple(models(table.maker_model)),
        sources=tuple(sources(table.sources)),
        rows=tuple(table_rows(table, rows)),
    )


def head(table: RawTable, products: list[str]) -> str:
    """The first product id; of products that no id is known of, maker and model."""
    if products:
        return products[0]
    name = table.maker_model.split(":")[0].split("=")[-1]
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def plain_products(raw: list[RawTable]) -> dict[str, list[str]]:
    """The ids of each table. An id with several tables stays with the one that the schema confirms for it, else the
    first; the others list it as the names of its Zigbee manufacturers, which distinguish them."""
    count = Counter(one for table in raw for one in table.products)
    owner: dict[str, str] = {}
    for table in sorted(raw, key=lambda table: "schema.json" not in table.sources):
        for one in table.products:
            if one not in owner or re.search(rf"schema.json {one}\b", table.sources):
                owner.setdefault(one, table.table)
    result: dict[str, list[str]] = {}
    taken: set[str] = set()
    for table in raw:
        words: list[str] = []
        for one in table.products:
            if owner[one] == table.table:
                words.append(one)
            if count[one] > 1:
                words += [
                    name for name in re.findall(r"_T[A-Z0-9]+_\w+", table.maker_model) if name.endswith(f"_{one}")
                ]
        result[table.table] = [word for word in dict.fromkeys(words) if word not in taken]
        taken.update(words)
    return result


def zigbee_names(table: RawTable, product: str) -> list[str]:
    return [name for name in re.findall(r"_T[A-Z0-9]+_\w+", table.maker_model) if name.endswith(f"_{product}")]


def models(text: str) -> list[tuple[str, str]]:
    """Product id ("" where it is not known) and maker with model."""
    first, _, others = text.partition(" | also ")
    result = []
    for one in first.split("; ") if re.match(r"\w+=", first) else [first.split(":")[0]]:
        product, equals, name = one.partition("=")
        result.append((product, name) if equals else ("", one))
    result += [("", one) for one in others.split(", ") if one]
    return [(product, _readable(name)) for product, name in result if name.strip()]


def _readable(name: str) -> str:
    text = " ".join(name.split())
    if text.islower():
        for joined, words in _WORDS.items():
            text = text.replace(joined, words)
    return text


def sources(text: str) -> list[str]:
    result = []
    for one in text.split("; "):
        for long, short in SOURCES:
            one = one.replace(long, short)
        result.append(re.sub(r"\s+", " ", one.replace(".yaml", "")).strip())
    return list(dict.fromkeys(re.sub(r"^schema .*", "schema", one) for one in result))


if __name__ == "__main__":
    sys.exit(main())
