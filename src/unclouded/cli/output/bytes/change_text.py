"""What changes between frames, as `decode --diff` prints it: kind by kind of frame, field by field.

← report · 26 frames

  data point 2 · value · temp_set_C                          00 00 00 17
                                                                      ^^
      steps of 1, upwards: 20 to 23
      3 changes in 26 frames, 10.0 to 12.5 s apart
      20 → 21 at 10.000 s, 21 → 22 at 20.000 s, 22 → 23 at 32.500 s

  constant: data point 1 true, data point 14 0
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from unclouded.app.explaining.field_changes import KEPT, FieldChange
from unclouded.app.explaining.frame_diff import FieldSummary
from unclouded.cli.output.bytes.conversation_text import ARROWS, counted, span_text
from unclouded.cli.output.terminal.palette import Palette
from unclouded.cli.output.terminal.text_width import columns, in_lines
from unclouded.core.model import Value
from unclouded.core.text.printable import printable
from unclouded.core.views.json_parts import json_text, number_json

FIELD, TEXT = 2, 6  # columns before a field, and before what it does
MOST_BYTES = 16  # of a field that are shown, around those that vary
WHAT = {
    "toggle": "toggles",
    "counter": "only rises, as a counter does",
    "countdown": "only falls",
    "rests": "rests between changes, as a setting does",
    "drift": "drifts, small changes up and down",
    "varies": "varies",
}


class ChangeText:
    """Lines of text for what fields did, in ``width`` columns. ``ends``: names of the controller and the device."""

    def __init__(self, width: int, palette: Palette, ends: tuple[str, str]) -> None:
        self._width = width
        self._palette = palette
        self._ends = {"controller": ends[0], "device": ends[1], None: ""}

    def lines(self, fields: Sequence[FieldSummary], left_out: int) -> Iterator[str]:
        """Fields by frame, those that change first. ``left_out``: how many values were not compared."""
        unchanged = []
        for _, found in groupby(fields, lambda one: (one.sender, one.frame, one.part)):
            group = [*found]
            if not any(one.changes for one in group):
                unchanged.append(f"{_kind(group[0])} ({max(one.frames for one in group):,}×)")
                continue
            by = f" · sent by the {self._ends[group[0].sender]}" if group[0].sender else ""
            title = f"{_kind(group[0])}{by} · {counted(max(one.frames for one in group), 'frame')}"
            yield self._palette.paint(printable(title), "title")
            for one in group:
                if one.changes:
                    yield from self._field(one)
            yield from self._paragraph("constant: ", [_constant(one) for one in group if not one.changes])
            yield ""
        yield from self._paragraph("Nothing changes in ", unchanged)
        if not fields:
            yield "There are no frames with fields to compare."
        if left_out:
            yield f"{left_out:,} values of further fields were not compared."

    # --- inside --------------------------------------------------------------------------------

    def _field(self, one: FieldSummary) -> Iterator[str]:
        names = [one.field, *filter(None, (one.type if one.type != "json" else "", one.key))]
        label = f"{'':{FIELD}}{printable(' · '.join(names))}"
        bytes_, marks = _marked(one) if one.type != "json" else ("", "")
        free = self._width - columns(label) - len(bytes_)
        yield ""
        if bytes_ and free < 2:
            yield label
            label, free = "", self._width - len(bytes_)
        yield f"{label}{' ' * free}{self._painted(one, bytes_, marks)}" if bytes_ else label
        if marks.strip():
            yield f"{'':{self._width - len(marks)}}{self._palette.paint(marks.rstrip(), 'label')}"
        for text in (_behaviour(one), _how_often(one), _changes(one.changed)):
            for line in in_lines(printable(text), self._width - TEXT):
                yield f"{'':{TEXT}}{line}".rstrip()

    def _painted(self, one: FieldSummary, bytes_: str, marks: str) -> str:
        """The bytes, those that vary in another colour."""
        return "".join(
            self._palette.paint(letter, "varying" if mark == "^" else "data")
            for letter, mark in zip(bytes_, marks, strict=True)
        )

    def _paragraph(self, lead: str, texts: Sequence[str]) -> Iterator[str]:
        if not any(texts):
            return
        lines = in_lines(printable(lead + ", ".join(filter(None, texts))), self._width - TEXT)
        if lead[0].islower():
            yield ""
        for number, line in enumerate(lines):
            indent = FIELD if lead[0].islower() else 0
            yield self._palette.paint(f"{'':{indent if number == 0 else indent + FIELD}}{line}", "label")


def _kind(one: FieldSummary) -> str:
    return f"{ARROWS[one.sender]} {one.frame}{f' of {one.part}' if one.part else ''}"


def _constant(one: FieldSummary) -> str:
    """A field with its only value; the version of frames is not news."""
    if one.field == "version":
        return ""
    return f"{one.field} {_value_text(one.values[0][0] if one.values else None, one)}".strip()


def _marked(one: FieldSummary) -> tuple[str, str]:
    """The bytes of the last frame, and marks below those that vary; of many bytes some that vary."""
    digits = [one.hex[at : at + 2] for at in range(0, len(one.hex), 2)]
    varying = frozenset(one.varying)
    begin = max(0, min(min(varying, default=0) - 2, len(digits) - MOST_BYTES)) if len(digits) > MOST_BYTES else 0
    shown = range(begin, min(begin + MOST_BYTES, len(digits)))
    before, after = "… " if begin else "", " …" if shown.stop < len(digits) else ""
    bytes_ = " ".join(digits[at] for at in shown)
    marks = " ".join("^^" if at in varying else "  " for at in shown)
    return f"{before}{bytes_}{after}", f"{' ' * len(before)}{marks}{' ' * len(after)}"


def _behaviour(one: FieldSummary) -> str:
    """In what manner it changes, and between what."""
    what = WHAT.get(one.behaviour, "")
    if one.changes == 1:
        what = "changed once"
    elif one.step is not None:
        what += f", in steps of {number_json(one.step)}{', only upwards' if one.is_rising else ''}"
    if one.lowest is not None and one.highest is not None:
        readings = ""
        if one.lowest_reading and one.highest_reading:
            readings = f" ({one.lowest_reading} to {one.highest_reading})"
        return f"{what}: {number_json(one.lowest)} to {number_json(one.highest)}{readings}"
    values = ", ".join(f"{_value_text(value, one)} ({count:,}×)" for value, count in one.values)
    return f"{what}: {values}{f', and others ({one.more_values:,}×)' if one.more_values else ''}"


def _how_often(one: FieldSummary) -> str:
    apart = ""
    if one.apart_s is not None:
        shortest, longest = map(span_text, one.apart_s)
        apart = f", {shortest} apart" if shortest == longest else f", {shortest} to {longest} apart"
    followed = ""
    if one.followed:
        which = "" if one.changes == 1 else "all " if one.followed == one.changes else f"{one.followed:,} of them "
        followed = f", {which}to a value that was just set"
    return f"{counted(one.changes, 'change')} in {counted(one.frames, 'frame')}{apart}{followed}"


def _changes(changes: Sequence[FieldChange]) -> str:
    """The first changes and the last ones."""
    texts = [_change(one) for one in changes]
    if len(texts) > KEPT:
        texts.insert(KEPT, "…")
    return ", ".join(texts)


def _change(one: FieldChange) -> str:
    at = "" if one.t is None else f" at {one.t:.3f} s"
    return f"{_short(one.before)} → {_short(one.after)}{at}"


def _value_text(value: Value | None, one: FieldSummary) -> str:
    return _short(value) if value is not None else _short(one.hex)


def _short(value: Value | None) -> str:
    text = value if isinstance(value, str) else json_text(value)
    return text if len(text) <= 24 else f"{text[:23]}…"
