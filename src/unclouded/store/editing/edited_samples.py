"""Samples as edits want them: values of void ranges are left out, those of corrected ranges replaced.

12:00:01  power 673    ┐
12:00:02  power 99999  ┘ corrected to 650  ->  650, estimated, edited
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from unclouded.store.editing.edit import COLUMNS, EDITED, EditSpan, HistoryEdit, edit_of, is_energy_counter, overlay
from unclouded.store.encoding.blob import Entry
from unclouded.store.encoding.chunk import DeviceSecond
from unclouded.store.encoding.codec import QUALITIES, SeriesScale
from unclouded.store.rows import Rows

# Edits of values between two times (Unix ms), by the series that they concern
OF_SERIES = f"""SELECT s.id, s.exponent, s.kind, {", ".join("e." + name for name in COLUMNS.split(", "))}
    FROM edit e JOIN series s ON s.device = e.device AND s.point = e.point
    WHERE e.device = ?1 AND e.start < ?3 AND e.until > ?2 AND e.undone_at IS NULL"""
OF_POINTS = f"SELECT {COLUMNS} FROM edit WHERE device = ?1 AND start < ?3 AND until > ?2 AND undone_at IS NULL"
EDITED_BIT = "SELECT bit FROM flag WHERE name = ?"


class SeriesEdits(NamedTuple):
    """The edits of one series, in order of time."""

    scale: SeriesScale
    spans: Sequence[EditSpan]
    ends: Sequence[int]  # of the spans

    def at(self, ms: int) -> HistoryEdit | None:
        """The edit that counts at a time."""
        place = bisect_right(self.ends, ms)
        found = self.spans[place] if place < len(self.spans) else None
        return found.edit if found is not None and found.start <= ms else None


def with_edits(rows: Rows, device: int, seconds: Sequence[DeviceSecond]) -> Sequence[DeviceSecond]:
    """The seconds of a device, which are in order of time, with the edits of the store."""
    if not seconds:
        return seconds
    low, high = seconds[0][0] * 1000, seconds[-1][0] * 1000 + 1000
    edits = _of_series(rows, device, low, high)
    if not edits:
        return seconds
    bits = rows(EDITED_BIT, EDITED)
    marks = QUALITIES.index("estimated") | (4 << bits[0][0] if bits else 0)
    edited = list(seconds)
    times = [second for second, _ in seconds]
    for first, last in _seconds_of(edits):
        for place in range(bisect_left(times, first), bisect_right(times, last)):
            second, entries = edited[place]
            edited[place] = second, _edited(second * 1000, entries, edits, marks)
    return edited


def text_spans(rows: Rows, device: int, low: int, high: int) -> Mapping[str, Sequence[EditSpan]]:
    """By point, the edits between two times that values which are texts are subject to."""
    by_point: dict[str, list[HistoryEdit]] = {}
    for row in rows(OF_POINTS, device, low, high):
        edit = edit_of(row)
        if not edit.value.energy:
            by_point.setdefault(edit.point, []).append(edit)
    return {point: overlay(edits) for point, edits in by_point.items()}


def edit_at(spans: Sequence[EditSpan], ms: float) -> HistoryEdit | None:
    """The edit of these ranges that counts at a time."""
    place = bisect_right(spans, ms, key=lambda span: span.start) - 1
    return spans[place].edit if place >= 0 and ms < spans[place].until else None


def _of_series(rows: Rows, device: int, low: int, high: int) -> dict[int, SeriesEdits]:
    found: dict[int, tuple[SeriesScale, list[HistoryEdit]]] = {}
    for series, exponent, kind, *columns in rows(OF_SERIES, device, low, high):
        edit = edit_of(tuple(columns))
        if not is_energy_counter(edit.point, kind):
            found.setdefault(series, (SeriesScale(edit.point, exponent, kind), []))[1].append(edit)
    edits = {}
    for series, (scale, of_series) in found.items():
        spans = overlay(of_series)
        edits[series] = SeriesEdits(scale, spans, [span.until for span in spans])
    return edits


def _seconds_of(edits: Mapping[int, SeriesEdits]) -> list[tuple[int, int]]:
    """The first and last second of each range that has an edit of any series; no second is in two of them."""
    found: list[tuple[int, int]] = []
    for start, until in sorted((span.start, span.until) for one in edits.values() for span in one.spans):
        first, last = start // 1000, (until - 1) // 1000
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return found


def _edited(base: int, entries: Sequence[Entry], edits: Mapping[int, SeriesEdits], marks: int) -> list[Entry]:
    found: list[Entry] = []
    for entry in entries:
        ms, series = entry[0], entry[1]
        of_series = edits.get(series)
        edit = of_series.at(base + ms) if of_series is not None else None
        if of_series is None or edit is None:
            found.append(entry)
        elif edit.action == "edit":
            value = edit.value.at(base + ms)
            found.append((ms, series, of_series.scale.number(value if not isinstance(value, str) else 0), marks))
    return found
