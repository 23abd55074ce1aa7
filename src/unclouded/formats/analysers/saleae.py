"""Tables of Saleae: of Logic 2, of the analyser's own export (Logic 1 and 2), and search results of Logic 1.

name,type,start_time,duration,data                        "Async Serial","data",0.00104166667,0.000989583,0xAA
Time [s],Value,Parity Error,Framing Error                 0.013041666666667,0xAA,,
Time [s], Analyzer Name, Decoded Protocol Result          0.012000000000000,Async Serial,'170' (0xAA)
Time [s],Channel 0,Channel 1                              levels: levels/changes.py
"""

from collections.abc import Callable, Sequence

import msgspec

from unclouded.formats.analysers.byte_table import ByteTable, fields_of
from unclouded.formats.analysers.table_blocks import read_table
from unclouded.formats.reading import FormatReading, InputFormat, Specificity, refusal
from unclouded.formats.source import InputSource

HEADERS = 8  # lines in which the header may stand
SEPARATORS = ",;\t"
COMMON = {"name", "type", "start_time", "duration", "data", "error"}
OTHER = (
    "It is the table of another analyser ({}), not of a UART. Add an Async Serial analyser to each line and export its "
    "table."
)


class TableHeader(msgspec.Struct, frozen=True):
    """The line with the names of the columns. ``line``: from 0; ``offset``: of the next line in the text."""

    names: Sequence[str]
    separator: str
    line: int
    offset: int

    def column(self, name: str) -> int:
        """The index of a column. Raises ValueError where there is none."""
        return self.names.index(name)

    def table(self, time: str, values: Sequence[tuple[int, str]], **columns: object) -> ByteTable:
        """The table behind this header. ``time``: the column of times."""
        return msgspec.structs.replace(
            ByteTable(
                separator=self.separator,
                width=len(self.names),
                first_line=self.line + 2,
                offset=self.offset,
                time=self.column(time),
                values=values,
            ),
            **columns,
        )


def header_of(source: InputSource, fits: Callable[[Sequence[str]], bool]) -> TableHeader | None:
    """The header that fits, among the first lines."""
    offset = 0
    text = source.text or ""
    for number in range(HEADERS):
        end = text.find("\n", offset)
        line = text[offset : end if end >= 0 else len(text)][:4_096]
        for separator in SEPARATORS:
            names = [name.strip(' "') for name in fields_of(line, separator)]
            if len(names) > 1 and fits(names):
                return TableHeader(names, separator, number, end + 1 if end >= 0 else len(text))
        if end < 0:
            break
        offset = end + 1
    return None


# --- which header it is -------------------------------------------------------------------------------


def is_table(names: Sequence[str]) -> bool:
    return {"name", "type", "start_time"} <= set(names)


def is_export(names: Sequence[str]) -> bool:
    return names[0].startswith("Time") and names[1] == "Value"


def is_search(names: Sequence[str]) -> bool:
    return names[0].startswith("Time") and list(names[1:]) == ["Analyzer Name", "Decoded Protocol Result"]


def is_packets(names: Sequence[str]) -> bool:
    return names[0].startswith("Time") and names[1] == "Packet ID"


# --- reading ------------------------------------------------------------------------------------------


def read_logic2(source: InputSource) -> FormatReading:
    header = header_of(source, is_table)
    if header is None:
        return FormatReading()
    names = header.names
    others = [name for name in names if name not in COMMON]
    if "data" not in names:
        return refusal("saleae_other", OTHER.format(", ".join(others) or "without data"))
    table = header.table(
        "start_time",
        [(header.column("data"), "")],
        name=header.column("name"),
        kind=header.column("type"),
        empty=tuple(at for at, name in enumerate(names) if name in others),
        errors=(header.column("error"),) if "error" in names else (),
    )
    reading = read_table(table, source.text or "")
    return refusal("saleae_other", OTHER.format(", ".join(others))) if others and not reading.chunks else reading


def read_export(source: InputSource) -> FormatReading:
    header = header_of(source, is_export)
    if header is None:
        return FormatReading()
    errors = tuple(at for at, name in enumerate(header.names) if name.endswith("Error"))
    return read_table(header.table(header.names[0], [(1, "")], errors=errors), source.text or "")


def read_search(source: InputSource) -> FormatReading:
    header = header_of(source, is_search)
    if header is None:
        return FormatReading()
    return read_table(header.table(header.names[0], [(2, "")], name=1), source.text or "")


def _format(
    name: str, title: str, fits: Callable[[Sequence[str]], bool], read: Callable[[InputSource], FormatReading]
) -> InputFormat:
    return InputFormat(
        name=name,
        group="analyser",
        title=title,
        specificity=Specificity.PROGRAM,
        recognise=lambda source: float(header_of(source, fits) is not None),
        read=read,
    )


FORMATS = (
    _format("saleae_table", "a table of Saleae Logic 2", is_table, read_logic2),
    _format("saleae_export", "the export of a Saleae serial analyser", is_export, read_export),
    _format("saleae_search", "search results of Saleae Logic", is_search, read_search),
    _format(
        "saleae_packets",
        "the export of another Saleae analyser",
        is_packets,
        lambda source: refusal("saleae_other", OTHER.format("SPI or I2C")),
    ),
)
