"""The notation of the catalogue's files: read, written, and found by bytes without reading the rest.

    [pq860vo9ib50jhud]
    products pq860vo9ib50jhud 0fHWRe8ULjtmnBNd
    model pq860vo9ib50jhud Positivo 10A CTD
    from schema
    from tuya-local smartplugv2_energy
    1 bool rw on = (switch_1)
    19 value r power_W x0.1 0..50000 = (cur_power)
    38 enum rw after_power_cut off|on|last - (relay_status)

A row: data point, type, access, key; then what applies, in any order; see ``_WORDS``. docs/catalogue.md describes it
for people. An error names the file and the line.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.core.model import Confidence
from unclouded.profiles.catalogue.packed import FORMS
from unclouded.profiles.catalogue.table import CatalogueRow, CatalogueTable, family_of

PREFIX = "catalogue/"
TYPES = ("bool", "value", "enum", "string", "raw", "bitmap")
MARKS: Mapping[str, Confidence] = {"=": "confirmed", "-": "single", "!": "disputed"}
COUNTERS = ("total", "increment", "daily", "none")

_HEAD = re.compile(rb"^\[([^\]\n]+)\]$", re.MULTILINE)
_RANGE = re.compile(r"(-?\d+)?\.\.(-?\d+)?")
_CONDITION = re.compile(r"(\d+)=(-?\d+)")


class Section(msgspec.Struct, frozen=True):
    """The text of one table in a file: where it starts, and its number of lines before."""

    kind: str
    text: bytes
    line: int

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.kind}/{self.text[1 : self.text.index(b']')].decode()}"


def sections(kind: str, data: bytes) -> Iterator[Section]:
    """Every table of a file."""
    heads = [match.start() for match in _HEAD.finditer(data)]
    line = data.count(b"\n", 0, heads[0]) + 1 if heads else 1
    for start, end in zip(heads, [*heads[1:], len(data)], strict=True):
        yield Section(kind, data[start:end], line)
        line += data.count(b"\n", start, end)


def names(kind: str, data: bytes) -> Iterator[str]:
    """The names of the tables in a file."""
    return (f"{PREFIX}{kind}/{head.decode()}" for head in _HEAD.findall(data))


def find_section(kind: str, data: bytes, head: str) -> Section | None:
    """The table with that head."""
    return _section_at(kind, data, (b"\n" + data).find(b"\n[" + head.encode() + b"]\n"))


def find_product(kind: str, data: bytes, product: str) -> Section | None:
    """The table whose ``products`` list the product. The search goes over bytes; nothing else is read."""
    word = b" " + product.encode()
    at = -1
    while (at := data.find(word, at + 1)) >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        if data[at + len(word) : at + len(word) + 1] in (b" ", b"\n", b"") and data.startswith(b"products ", start):
            return _section_at(kind, data, data.rfind(b"\n[", 0, start) + 1)
    return None


def _section_at(kind: str, data: bytes, start: int) -> Section | None:
    if start < 0:
        return None
    end = data.find(b"\n[", start + 1)
    return Section(kind, data[start : end + 1 if end >= 0 else None], data.count(b"\n", 0, start) + 1)


# --- reading --------------------------------------------------------------------------------------


def read_table(section: Section) -> CatalogueTable:
    """Raises ConfigError naming the file and the line."""
    where = f"catalogue/data/{section.kind}.txt"
    lines = section.text.decode().splitlines()
    products: list[str] = []
    models: list[tuple[str, str]] = []
    sources: list[str] = []
    rows: list[CatalogueRow] = []
    for number, line in enumerate(lines[1:], section.line + 1):
        word, _, rest = line.partition(" ")
        match word:
            case "" | "#":
                pass
            case "products":
                products += rest.split()
            case "model":
                product, _, name = rest.partition(" ")
                models.append(("" if product == "-" else product, name))
            case "from":
                sources.append(rest)
            case _:
                rows.append(_read_row(line, f"{where}:{number}"))
    _must_be_unique(rows, f"{where}:{section.line}")
    return CatalogueTable(
        name=section.name,
        kind=section.kind,
        family=family_of(products),
        products=tuple(products),
        models=tuple(models),
        sources=tuple(sources),
        rows=tuple(rows),
        where=f"{where}:{section.line}",
    )


def _must_be_unique(rows: Iterable[CatalogueRow], where: str) -> None:
    keys: set[str] = set()
    for row in rows:
        if row.key in keys and row.used_when is None:
            raise ConfigError(f"{where}: the key {row.key!r} is there twice.")
        keys.add(row.key)


def _read_row(line: str, where: str) -> CatalogueRow:
    words = line.split()
    if len(words) < 5 or not words[0].isdecimal():
        raise ConfigError(f"{where}: a row is `DP TYPE ACCESS KEY … MARK`, not {line!r}.")
    dp, type_, access, key, *rest = words
    if type_ not in TYPES:
        raise ConfigError(f"{where}: there is no type {type_!r}. Types: {', '.join(TYPES)}.")
    if access not in ("r", "rw", "w"):
        raise ConfigError(f"{where}: the access is r, rw or w, not {access!r}.")
    fields: dict[str, Any] = {}  # Any: each word has a field of its own type
    for word in rest:
        _read_word(word, fields, where)
    if fields.get("decode", "phase") not in FORMS:
        raise ConfigError(f"{where}: there is no form {fields['decode']!r}. Forms: {', '.join(FORMS)}.")
    if "confidence" not in fields:
        raise ConfigError(f"{where}: it is not stated how sure the row is: {' '.join(MARKS)}.")
    return CatalogueRow(dp=int(dp), type=type_, access=access, key=key, **fields)  # type: ignore[arg-type]


def _read_word(word: str, fields: dict[str, Any], where: str) -> None:
    name, read = next(((name, read) for starts, name, read in _WORDS if starts(word)), ("", None))
    if read is None:
        raise ConfigError(f"{where}: {word!r} has no meaning in a row.")
    try:
        value = read(word)
    except (ValueError, InvalidOperation):
        raise ConfigError(f"{where}: {word!r} is not written right.") from None
    if name == "range":
        fields["low"], fields["high"] = value
    else:
        fields[name] = value


def _read_range(word: str) -> tuple[int | None, int | None]:
    match = _RANGE.fullmatch(word)
    if match is None:
        raise ValueError
    return (int(match[1]) if match[1] else None, int(match[2]) if match[2] else None)


def _read_condition(word: str) -> tuple[int, int]:
    match = _CONDITION.fullmatch(word.partition(":")[2])
    if match is None:
        raise ValueError
    return int(match[1]), int(match[2])


def _options(word: str) -> tuple[str, ...]:
    return tuple(word.removesuffix("|").split("|"))


def _counter(word: str) -> str:
    if word[1:] not in COUNTERS:
        raise ValueError
    return word[1:]


# How a word of a row is recognised -> its field -> how it is read.
_WORDS: tuple[tuple[Callable[[str], bool], str, Callable[[str], Any]], ...] = (
    (MARKS.__contains__, "confidence", MARKS.__getitem__),
    (lambda word: word.startswith("("), "code", lambda word: word.strip("()")),
    (lambda word: word.startswith("~"), "possible", lambda word: _options(word[1:])),
    (lambda word: "|" in word, "options", _options),
    (lambda word: word.startswith("x") and word[1:2].isdigit(), "scale", lambda word: Decimal(word[1:])),
    (lambda word: word.startswith("+"), "counter", _counter),
    (lambda word: ".." in word, "range", _read_range),
    (lambda word: word.startswith("negative:"), "negative_when", _read_condition),
    (lambda word: word.startswith("used:"), "used_when", _read_condition),
    (lambda word: word.startswith("true:"), "true_is", lambda word: tuple(map(int, word[5:].split(",")))),
    (lambda word: word.startswith("decode:"), "decode", lambda word: word[7:]),
    (lambda word: word == "lags", "direction_lags", lambda word: True),
    (lambda word: word == "tenth", "tenth", lambda word: True),
    (lambda word: word == "inverted", "inverted", lambda word: True),
)


# --- writing --------------------------------------------------------------------------------------


def write_table(table: CatalogueTable) -> str:
    """The inverse of ``read_table``."""
    lines = [f"[{table.name.rpartition('/')[2]}]"]
    if table.products:
        lines.append(f"products {' '.join(table.products)}")
    lines += [f"model {product or '-'} {name}" for product, name in table.models]
    lines += [f"from {source}" for source in table.sources]
    lines += [write_row(row) for row in table.rows]
    return "\n".join(lines) + "\n"


def write_row(row: CatalogueRow) -> str:
    """A row in the notation of the catalogue."""
    mark = next(mark for mark, confidence in MARKS.items() if confidence == row.confidence)
    words = [
        str(row.dp),
        row.type,
        row.access,
        row.key,
        f"x{row.scale.normalize():f}" if row.scale != 1 else "",
        _write_range(row),
        _write_options(row.options),
        f"~{_write_options(row.possible)}" if row.possible else "",
        f"+{row.counter}" if row.counter else "",
        f"negative:{row.negative_when[0]}={row.negative_when[1]}" if row.negative_when else "",
        "lags" if row.direction_lags else "",
        f"used:{row.used_when[0]}={row.used_when[1]}" if row.used_when else "",
        f"true:{','.join(map(str, row.true_is))}" if row.true_is else "",
        f"decode:{row.decode}" if row.decode else "",
        "tenth" if row.tenth else "",
        "inverted" if row.inverted else "",
        mark,
        f"({row.code})" if row.code else "",
    ]
    return " ".join(filter(None, words))


def _write_range(row: CatalogueRow) -> str:
    if row.low is None and row.high is None:
        return ""
    return f"{'' if row.low is None else row.low}..{'' if row.high is None else row.high}"


def _write_options(options: tuple[str, ...]) -> str:
    return "|".join(options) + ("|" if len(options) == 1 else "")
