"""Annotations of sigrok's UART decoder, as sigrok-cli -A prints and PulseView exports them: a byte a line.

    uart-1: 55            209-279 uart-1: 55            uart-1: [AA]            uart-1: rx-data: 55         sigrok-cli
    209-279 UART: TX: 55                                209-279 UART: TX data: 55                            PulseView

Samples are no seconds: nothing says the sample rate. They order the rows. Start, stop and parity bits are no bytes, nor
are the bits of a byte, which stand before it.
"""

import re
from collections.abc import Sequence

import msgspec

from unclouded.formats.analysers.cell_values import radix_of, value_of
from unclouded.formats.analysers.columns import FieldBytes
from unclouded.formats.analysers.decoded_rows import chunks_in_order, with_sides
from unclouded.formats.reading import MOST_UNREAD, FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

FITS = 0.9
SAMPLE = 200  # lines that are looked at
SHORT = 16_384  # characters that are read line by line: numpy takes time to load
RANGE = re.compile(r"\d{1,18}-\d{1,18} ")
PREFIX = re.compile(r"(?P<decoder>[^:]{1,40}):(?: (?P<row>[^:]{1,40}):)?")
LINE = re.compile(r"(?:(?P<range>\d{1,18}-\d{1,18}) |(?=[uU][aA][rR][tT]))[^:\s][^:]{0,40}: (?:[^:]{1,40}: )?.{0,16}")
NO_DATA = re.compile(r"bit|start|stop|parity|warning|break|packet|idle", re.IGNORECASE)
NO_RATE = "the samples are numbered, and nothing says how many a second there are: without times"


class Annotation(msgspec.Struct, frozen=True):
    """What stands before a value: ``lane``; None = it is not a byte of a lane. ``is_mark``: a start or stop bit."""

    lane: str | None
    is_mark: bool = False


def annotation_of(prefix: str) -> Annotation:
    """Of the text before the last blank of a line, without the range of samples."""
    found = PREFIX.fullmatch(prefix.rstrip(" "))
    if found is None:
        return Annotation(None, is_mark=True)  # "Start bit": its value has two words
    row = found["row"]
    if row is None:
        return Annotation(found["decoder"])
    return Annotation(None if NO_DATA.search(row) else f"{found['decoder']}: {row}")


class AnnotationRows(msgspec.Struct):
    """The rows of a text: of each the number of its prefix and of its cell, its first sample and its line."""

    prefixes: dict[str, int] = {}
    cells: dict[str, int] = {}
    prefix: list[int] = []
    cell: list[int] = []
    sample: list[int] = []
    line: list[int] = []
    unread: list[int] = []

    def add_lines(self, text: str, first_line: int) -> None:
        """The lines of a text, one by one."""
        for number, line in enumerate(text.removesuffix("\n").split("\n"), first_line):
            begin = RANGE.match(line)
            prefix, blank, cell = line[begin.end() if begin else 0 :].rpartition(" ")
            if line.isspace():
                continue
            if blank:
                self.prefix.append(self.prefixes.setdefault(prefix, len(self.prefixes)))
                self.cell.append(self.cells.setdefault(cell, len(self.cells)))
                self.sample.append(int(line.partition("-")[0]) if begin else 0)
                self.line.append(number)
            elif line and len(self.unread) < MOST_UNREAD:
                self.unread.append(number)

    def add_block(self, data: FieldBytes, start: int, end: int, first_line: int) -> bool:
        """Whole lines at once; False and nothing where one is not regular."""
        found = data.last_words(start, end)
        if found is None:
            return False
        starts, blanks, ends = found
        begins, samples = data.ranges(starts, blanks)
        prefixes, cells = data.kinds(begins, blanks), data.kinds(blanks + 1, ends)
        if prefixes is None or cells is None:
            return False
        for (texts, which), known, column in ((prefixes, self.prefixes, self.prefix), (cells, self.cells, self.cell)):
            numbers = [known.setdefault(text, len(known)) for text in texts]
            column += [numbers[at] for at in which.tolist()]
        self.sample += samples.tolist()
        self.line += range(first_line, first_line + len(starts))
        return True


def rows_of(text: str) -> AnnotationRows:
    """The annotations in a text, with the lines where they stand; long texts are read in blocks of regular lines."""
    rows = AnnotationRows()
    if len(text) <= SHORT:
        rows.add_lines(text, 1)
        return rows
    data, line = FieldBytes(text.encode("utf-8", "replace")), 1
    for start, end, is_regular in data.blocks(0):
        before = len(rows.line)
        if is_regular and rows.add_block(data, start, end, line):
            line += len(rows.line) - before
            continue
        rows.add_lines(data.data[start:end].decode("utf-8", "replace"), line)
        line += data.data.count(b"\n", start, end)
    return rows


def read(source: InputSource) -> FormatReading:
    rows = rows_of(source.text or "")
    found = [annotation_of(prefix) for prefix in rows.prefixes]
    kept = _bytes_of(rows, found)
    cells = list(rows.cells)
    used = {rows.cell[at] for at in kept}
    radix = radix_of([cells[at] for at in used], is_padded=True)
    values = [value_of(cell, radix) for cell in cells]
    has_samples = any(rows.sample[at] for at in kept)
    if has_samples:
        kept.sort(key=rows.sample.__getitem__)
    kept = [at for at in kept if values[rows.cell[at]] is not None]
    chunks = chunks_in_order(
        [values[rows.cell[at]] or 0 for at in kept],
        [rows.line[at] for at in kept],
        [found[rows.prefix[at]].lane or "" for at in kept],
    )
    return FormatReading(
        chunks=with_sides(chunks),
        lines=len(rows.line) + len(rows.unread),
        explained=len(rows.line),
        data_lines=len(kept),
        unread=rows.unread,
        notes=[NO_RATE] if has_samples else [],
    )


def _bytes_of(rows: AnnotationRows, found: Sequence[Annotation]) -> list[int]:
    """The rows that are bytes: where there are start and stop bits, a byte stands before its parity or stop bit."""
    is_data = [one.lane is not None for one in found]
    is_mark = [one.is_mark for one in found]
    if not any(is_mark):
        return [at for at, prefix in enumerate(rows.prefix) if is_data[prefix]]
    has_bits = [one.lane is not None and ":" not in one.lane for one in found]  # without the name of a row
    following = [*(is_mark[prefix] for prefix in rows.prefix[1:]), True]
    pairs = enumerate(zip(rows.prefix, following, strict=True))
    return [at for at, (prefix, is_last) in pairs if is_data[prefix] and (is_last or not has_bits[prefix])]


def recognise(source: InputSource) -> float:
    """The share of the lines that are annotations, where nearly all are."""
    lines = [line for line in source.lines[:SAMPLE] if line and not line.isspace()]
    fitting = sum(1 for line in lines if LINE.fullmatch(line) is not None)
    return fitting / len(lines) if lines and fitting >= FITS * len(lines) else 0.0


ANNOTATIONS = InputFormat(
    name="annotations",
    group="analyser",
    title="annotations of sigrok's UART decoder",
    specificity=Specificity.PROGRAM,
    recognise=recognise,
    read=read,
)
FORMATS = (ANNOTATIONS,)
