"""What nothing names, as `decode --unknown` prints it: a block for each kind of frame and each data point.

← report, data point 101 · value · 12 times
    200 (4×), 210 (4×), 220 (4×); 200 to 220
    may be temperature_C, counts of 0.1 °C: …
"""

from collections.abc import Iterator, Sequence

from unclouded.app.explaining.unknown_groups import UnknownGroup
from unclouded.cli.output.bytes.conversation_text import ARROWS
from unclouded.cli.output.terminal.palette import Palette
from unclouded.cli.output.terminal.text_width import in_lines
from unclouded.core.text.printable import printable
from unclouded.core.views.json_parts import json_text, number_json

INDENT = 6
FREQUENT = 4  # values of many that are shown
SHORT = 24  # characters of a value


class UnknownText:
    """Lines of text for what is unknown, in ``width`` columns."""

    def __init__(self, width: int, palette: Palette) -> None:
        self._width = width
        self._palette = palette

    def lines(self, groups: Sequence[UnknownGroup], left_out: int) -> Iterator[str]:
        """Each group with its values, bytes and what it may be; then the counts. ``left_out``: what was not grouped."""
        for one in groups:
            yield self._palette.paint(printable(_title(one)), "title")
            for text in filter(None, (_values(one), _bytes(one))):
                for line in in_lines(printable(text), self._width - INDENT):
                    yield f"{'':{INDENT}}{line}"
            if one.guess:
                for line in in_lines(printable(f"may be {one.guess}"), self._width - INDENT):
                    yield f"{'':{INDENT}}{self._palette.paint(line, 'value')}"
            yield ""
        if not groups:
            yield "Nothing is unknown: every frame has a meaning, and every value a name."
        else:
            frames = sum(not one.wire for one in groups)
            points = len({(one.part, one.wire) for one in groups if one.wire})
            named = f"{points:,} data point{_s(points)} without a name"
            yield f"{named}, {frames:,} kind{_s(frames)} of frames without a meaning"
        if left_out:
            yield f"{left_out:,} frames and values of further kinds were not grouped."


def _title(one: UnknownGroup) -> str:
    part = f" of {one.part}" if one.part else ""
    point = f", data point {one.wire} · {one.type}" if one.wire else ""
    return f"{ARROWS[one.sender]} {one.frame}{part}{point} · {one.frames:,} time{_s(one.frames)}"


def _values(one: UnknownGroup) -> str:
    """The values, or their range and the most frequent ones."""
    low, high = one.lowest, one.highest
    span = "" if low is None or high is None or low == high else f"{number_json(low)} to {number_json(high)}"
    values = one.values
    if span and one.more_values:
        values = sorted(values, key=lambda item: -item[1])[:FREQUENT]
    texts = []
    for value, count in values:
        text = value if isinstance(value, str) else json_text(value)
        texts.append(f"{text if len(text) <= SHORT else f'{text[: SHORT - 1]}…'} ({count:,}×)")
    if span and one.more_values:
        return f"{span}, many values, among them {', '.join(texts)}"
    if one.more_values:
        texts.append(f"others ({one.more_values:,}×)")
    return ", ".join(texts) + (f"; {span}" if span else "")


def _bytes(one: UnknownGroup) -> str:
    if one.wire and one.type not in ("raw", ""):
        return ""
    fewest, most = one.sizes
    size = f"{most} byte{_s(most)}" if fewest == most else f"{fewest} to {most} bytes"
    return f"{size}: {one.hex}"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
