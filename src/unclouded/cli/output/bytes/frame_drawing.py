"""The parts of a frame as they are drawn: bytes, what they are, and what they mean, in columns that fit the width.

0  55 aa   03       07       00 08
   ─────   ──       ──       ─────
   header  version  command  length
           3        report   8 bytes
6  13  02     00 04   00 00 02 a1     cd
   ──  ──     ─────   ───────────     ──
   dp  type   length  value           checksum
   19  value  4       673             right
                      power_W 67.3 W
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import msgspec

from unclouded.cli.output.terminal.palette import Palette
from unclouded.cli.output.terminal.text_width import columns, in_lines, padded
from unclouded.core.frame_part import FramePart, leaves
from unclouded.core.model import NamedValue
from unclouded.core.text.printable import printable

GAP = "  "
OFFSET = 6  # columns of the place of the first byte of a row
INDENT = OFFSET + len(GAP)
ROW_BYTES = 16  # of one part on a line
MOST_BYTES = 48  # of one part; of more the first ones are drawn
TEXT_WIDTH = 36  # columns of a value that is longer than its bytes
LONGEST_LABEL = 40  # columns of the name of a member of JSON
MOST_MEMBERS = 200  # of JSON
Cell = tuple[str, str]  # a text, and what it is, for the palette
TEXTS = ("json", "text")  # types of parts that are text themselves


class DrawnPart(msgspec.Struct, frozen=True):
    """A part as a column: its bytes, its label, and its value in lines of text, of which the last ones are readings."""

    part: FramePart
    bytes: Sequence[str]
    text: Sequence[str]
    readings: Sequence[str]
    width: int


class FrameDrawing:
    """Draws the parts of a frame. ``hex``: its bytes in hex, two dots for each that is secret."""

    def __init__(self, width: int, palette: Palette, reading_text: Callable[[NamedValue], str]) -> None:
        self._width = max(width - INDENT, 24)
        self._palette = palette
        self._reading_text = reading_text

    def lines(self, parts: Sequence[FramePart], hex: str) -> Iterator[str]:
        """The drawing."""
        row: list[DrawnPart] = []
        members: list[FramePart] = []
        for part, begins in _rows(parts):
            if part.type in TEXTS:
                yield from self._row(row)
                row = []
                members.append(part)
                continue
            yield from self._members(members, hex)
            members = []
            drawn = self._drawn(part, hex)
            if begins or sum(one.width + len(GAP) for one in row) + drawn.width > self._width:
                yield from self._row(row)
                row = []
            row.append(drawn)
        yield from self._row(row)
        yield from self._members(members, hex)

    # --- inside --------------------------------------------------------------------------------

    def _drawn(self, part: FramePart, hex: str) -> DrawnPart:
        digits = [hex[2 * at : 2 * at + 2] for at in range(part.start, part.end)]
        wide = max(min(ROW_BYTES, (self._width + 1) // 3), 1)
        shown = digits if len(digits) <= MOST_BYTES + 1 else digits[:MOST_BYTES]
        lines = [" ".join(shown[at : at + wide]) for at in range(0, len(shown), wide)]
        if len(shown) < len(digits):
            lines.append(f"… {len(digits) - len(shown):,} more bytes")
        room = min(max(TEXT_WIDTH, *map(len, lines)), self._width)
        text = [*in_lines(printable(part.text), room)] if part.text else []
        named = [printable(found) for point in part.points if (found := self._reading_text(point))]
        readings = [line for found in named for line in in_lines(found, room)]
        width = max(columns(line) for line in (*lines, part.label, *text, *readings))
        return DrawnPart(part, lines, text, readings, width)

    def _row(self, row: Sequence[DrawnPart]) -> Iterator[str]:
        """Parts side by side."""
        if not row:
            return
        depth = max(len(one.bytes) for one in row)
        for line in range(depth):
            offset = str(row[0].part.start).rjust(OFFSET) if line == 0 else " " * OFFSET
            yield self._line(self._paint(offset, "label"), row, partial(_bytes, line))
        blank = " " * OFFSET
        yield self._line(blank, row, _rule)
        yield self._line(blank, row, _label)
        for line in range(max(len(one.text) + len(one.readings) for one in row)):
            yield self._line(blank, row, partial(_text, line))

    def _line(self, start: str, row: Iterable[DrawnPart], cell: Callable[[DrawnPart], Cell]) -> str:
        found = [(cell(one), one.width) for one in row]
        return (start + "".join(GAP + self._paint(padded(text, width), what) for (text, what), width in found)).rstrip()

    def _members(self, members: Sequence[FramePart], hex: str) -> Iterator[str]:
        """Members of JSON, one below the other, or text."""
        members = [one for one in members if not _is_punctuation(one, hex)]
        shown = members[:MOST_MEMBERS]
        width = min(max((columns(one.label) for one in shown), default=0), LONGEST_LABEL)
        for one in shown:
            label = printable(one.label) if one.type == "json" else ""
            column = min(width, self._width // 2)
            room = max(self._width - (column + len(GAP) if label else 0), 12)
            text = [*in_lines(printable(one.text or _raw(one, hex)), room)]
            lead = f"{one.start:{OFFSET}}{GAP}"
            if label and columns(label) > column:
                yield f"{self._paint(lead, 'label')}{label}"
                label, lead = " ", " " * INDENT
            for number, line in enumerate(text):
                start = lead if number == 0 else " " * INDENT
                name = self._paint(padded(label if number == 0 else "", column), "label") + GAP if label else ""
                yield f"{self._paint(start, 'label')}{name}{self._paint(line, 'odd' if one.odd else one.kind)}".rstrip()
        if len(members) > len(shown):
            yield f"{'':{INDENT}}… {len(members) - len(shown):,} more members"

    def _paint(self, text: str, what: str) -> str:
        return self._palette.paint(text, what)


def _bytes(line: int, one: DrawnPart) -> Cell:
    return (one.bytes[line] if line < len(one.bytes) else ""), one.part.kind


def _rule(one: DrawnPart) -> Cell:
    return "─" * max(map(len, one.bytes)), "odd" if one.part.odd else one.part.kind


def _label(one: DrawnPart) -> Cell:
    return printable(one.part.label), "label"


def _text(line: int, one: DrawnPart) -> Cell:
    """The lines of the value, then its readings."""
    if line < len(one.text):
        return one.text[line], "odd" if one.part.odd else "title"
    line -= len(one.text)
    return (one.readings[line] if line < len(one.readings) else ""), "value"


def _rows(parts: Iterable[FramePart]) -> Iterator[tuple[FramePart, bool]]:
    """The fields of a frame, and whether each begins a row: as a group of fields does."""
    for part in parts:
        for number, leaf in enumerate(leaves((part,))):
            yield leaf, bool(part.parts) and number == 0


def _is_punctuation(part: FramePart, hex: str) -> bool:
    """The brackets behind the last member."""
    digits = hex[2 * part.start : 2 * part.end]
    return not part.text and "·" not in digits and not bytes.fromhex(digits).strip(b"]} \t\r\n\0")


def _raw(part: FramePart, hex: str) -> str:
    """The text that a part is, where its bytes are not a secret."""
    digits = hex[2 * part.start : 2 * part.end]
    return digits if "·" in digits else bytes.fromhex(digits).decode("utf-8", "replace").strip()
