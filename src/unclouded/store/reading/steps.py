"""Reads a history in steps: rollup rows where they exist, samples elsewhere; where those are deleted, what is left.

    start    ┌ samples ┬ 60 s ┬ 900 s ┬─────── 3600 s ───────┬ 900 s ┬ 60 s ┬ samples ┐  end
                                                                    upto ─┘

A few thousand steps at a time are read within one transaction: each such window is consistent while the writer is
active, and no long read blocks the checkpoints of the write-ahead log.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from unclouded.core.model import Quality
from unclouded.store.editing.edited_samples import edit_at, text_spans
from unclouded.store.editing.unrolled import UnrolledRange, rolled_parts, unrolled
from unclouded.store.encoding.codec import QUALITIES, VALUE, SeriesScale, from_json
from unclouded.store.encoding.part import SeriesPart, StepRange, accumulate, join, new_accumulators, worst
from unclouded.store.reading.condense import (
    DAY,
    MAX_TIME_S,
    Grid,
    HistoryStep,
    LastValue,
    OffsetRun,
    Text,
    cover,
    milliseconds,
    step_of,
)
from unclouded.store.retention.expired import NOTHING, Gone, first_row, gone_of, grouped, kept_parts, newest_row
from unclouded.store.rollup import MINUTE, SPANS
from unclouded.store.rows import Rows
from unclouded.store.samples import DamagedHours, Samples

STEPS_PER_READ = 2000  # steps read at a time
TEXT_DEPTH = 2000  # text events of a device searched for the last one of a point; 6 ms
DEPTH = 20_000  # device-seconds searched for the last value of a point

VALUES = "SELECT at, json FROM event WHERE device = ? AND kind = ? AND at >= ? AND at < ? ORDER BY at, number"
NEXT_VALUE = "SELECT at FROM event WHERE device = ? AND kind = ? AND at >= ? ORDER BY at LIMIT 1"
LAST_ROW = """SELECT at, last, marks FROM rollup WHERE series = ? AND span = ? AND start >= ? AND start < ?
    ORDER BY start DESC LIMIT 1"""
FIRST_ROW = "SELECT start FROM rollup WHERE series = ? AND span = ? AND start >= ? AND start < ? ORDER BY start LIMIT 1"
# The newest text of each point; the JSON begins {"point":"mode","value":"eco", …
LAST_VALUES = """SELECT max(at), json FROM (SELECT at, json FROM event WHERE device = ? AND kind = ? AND at < ?
    ORDER BY at DESC, number DESC LIMIT ?) GROUP BY substr(json, 1, instr(json, '","value":'))"""
# One row for each step: a row of the table, or (longer steps) the newest one with the aggregates of all.
PLAIN = """SELECT series, (start * 1000 + ?) / ?, size, total, low, high, last, at, marks FROM rollup
    WHERE series IN ({}) AND span = ? AND start >= ? AND start < ?"""
NEWEST = """SELECT series, (start * 1000 + ?) / ? AS number, max(start), sum(size), sum(total), last, at,
    group_concat(DISTINCT nullif(marks, 0)) FROM rollup
    WHERE series IN ({}) AND span = ? AND start >= ? AND start < ? GROUP BY series, number"""
SPREAD = """SELECT series, (start * 1000 + ?) / ? AS number, min(low), max(high) FROM rollup
    WHERE series IN ({}) AND span = ? AND start >= ? AND start < ? GROUP BY series, number"""

Parts = dict[tuple[int, int], SeriesPart]  # by step (its number in a run, or its beginning) and series
SeriesValue = tuple[int, int, Quality]  # time (Unix ms), the number in its series' scale, quality


class Steps:
    """The steps of one device. ``points``: whose texts are read, None = all; ``scales``: the series to read."""

    def __init__(
        self,
        rows: Rows,
        device: int,
        scales: Mapping[int, SeriesScale],
        points: Collection[str] | None = None,
        damaged: DamagedHours | None = None,
    ) -> None:
        self._rows = rows
        self._samples = Samples(rows, damaged)
        self._device = device
        self._points = points
        self._scales = scales
        self._names: Mapping[int, str] = {}

    def read(self, grid: Grid, low: int, high: int) -> Iterator[HistoryStep]:
        """The steps from ``low`` until before ``high`` (Unix ms): by time, then by point."""
        while (first := self._next(low)) is not None and first < high:
            low = min(high, max(grid.begin(first + STEPS_PER_READ * grid.step), first + 1))
            self._rows("BEGIN")
            try:
                steps = self._window(grid, first, low)
            finally:
                self._rows("COMMIT")
            yield from steps

    def size(self, low: int, high: int) -> int:
        """How many numbers there are from ``low`` until before ``high`` (Unix ms)."""
        spans, step = [span * 1000 for span in SPANS], DAY * 1000
        sizes = 0
        for found in self._parts(OffsetRun(low, high, 0), step, self._upto() * 1000, spans):
            sizes += sum(part.size for part in found.values())
        return sizes if self._scales else 0

    def before(self, at: int) -> dict[str, LastValue]:
        """The last number of each point before a time (Unix ms)."""
        return self._by_point(self._last(at))

    def standing(self, at: float, points: Collection[str]) -> dict[str, LastValue]:
        """The last value of each of these points before a time (Unix seconds), be it a number or a text."""
        found = self.before(milliseconds(at))
        for when, json in self._last_texts(at):
            entry = from_json(json)
            point = entry["point"]
            if point in points and (point not in found or when * 1000 >= found[point].at):
                found[point] = LastValue(when * 1000, entry["value"], entry["quality"], False)
        return found

    def first(self, at: int) -> dict[str, LastValue]:
        """The first number of each point from a time (Unix ms) on."""
        found: dict[int, SeriesValue] = {}
        upto, second = self._upto(), at // 1000
        whole = -(-second // MINUTE) * MINUTE
        ranges, gone = self._unrolled(), gone_of(self._rows, self._device)
        for series in self._scales:
            bound = gone.get(series, NOTHING).raw
            if second < bound:
                self._first_of_rows(series, gone[series], at, found)
            for begin, end in self._places_of_first(series, max(second, bound), max(whole, bound), upto, ranges):
                if series not in found:
                    self._first_sample(series, max(begin, second), end, at, found)
        return self._by_point(found, earliest=True)

    # --- inside --------------------------------------------------------------------------------

    def _last_texts(self, at: float) -> list[tuple[float, str]]:
        """The newest text of each point before a time, without those of void ranges."""
        rows = self._rows(LAST_VALUES, self._device, VALUE, at, TEXT_DEPTH)
        if not rows:
            return []
        void = text_spans(self._rows, self._device, 0, milliseconds(at))
        found: list[tuple[float, str]] = []
        for when, json in rows:
            point = from_json(json)["point"]
            before: list[tuple[float, str]] = [(when, json)]
            while before and edit_at(void.get(point, ()), before[0][0] * 1000) is not None:
                older = self._rows(LAST_VALUES, self._device, VALUE, before[0][0], TEXT_DEPTH)
                before = [one for one in older if from_json(one[1])["point"] == point]
            found += before
        return found

    def _places_of_first(
        self, series: int, second: int, whole: int, upto: int, ranges: Sequence[UnrolledRange]
    ) -> Iterator[tuple[int, int]]:
        """Where the first value of a series may be: in order of time, in seconds. ``whole``: the next whole minute."""
        yield second, whole
        for begin, end, is_rolled in rolled_parts(whole, upto, ranges):
            if is_rolled:
                yield from ((start, start + MINUTE) for (start,) in self._rows(FIRST_ROW, series, MINUTE, begin, end))
            else:
                yield begin, end
        yield upto, MAX_TIME_S

    def _unrolled(self) -> list[UnrolledRange]:
        """The ranges, in seconds, in which the rollups of these points do not count."""
        return unrolled(self._rows, self._device, {scale.point for scale in self._scales.values()})

    def _upto(self) -> int:
        found = self._rows("SELECT upto FROM rolled WHERE device = ?", self._device)
        return int(found[0][0]) if found else 0

    def _next(self, low: int) -> int | None:
        """The time of the first value from a time on."""
        next_sample = self._samples.next(self._device, low // 1000) if self._scales else None
        moments = [] if next_sample is None else [next_sample * 1000]
        moments += self._next_rows(low)
        moments += [int(round(at * 1000, 3)) for (at,) in self._rows(NEXT_VALUE, self._device, VALUE, low / 1000)]
        return max(low, min(moments)) if moments else None

    def _window(self, grid: Grid, low: int, high: int) -> list[HistoryStep]:
        parts: Parts = {}
        texts: dict[tuple[int, str], list[Text]] = defaultdict(list)
        self._names = dict(self._rows("SELECT bit, name FROM flag"))
        upto = self._upto() * 1000
        for run in grid.runs(low, high):
            spans = [span * 1000 for span in SPANS if not grid.step % (span * 1000) and not run.shift % (span * 1000)]
            for found in self._parts(run, grid.step, upto, spans):
                self._add(parts, grid, run, found)
            self._add_texts(texts, grid, run)
        return self._steps(parts, texts)

    def _parts(self, run: OffsetRun, step: int, upto: int, spans: Sequence[int]) -> Iterator[Parts]:
        """The parts of a run, of pieces of time: each from the longest rows that fit, or samples."""
        for gone, series in grouped(self._scales, gone_of(self._rows, self._device)).items():
            for span, begin, end in self._pieces(run, upto, spans, gone):
                stretch = OffsetRun(begin, end, run.shift)
                yield self._rolled(step, span, stretch, series) if span else self._raw(step, stretch, series)

    def _pieces(self, run: OffsetRun, upto: int, spans: Sequence[int], gone: Gone) -> Iterator[tuple[int, int, int]]:
        """Span, begin and end of each piece, in ms. Where the samples are gone, the shortest rows take their place."""
        ranges = [UnrolledRange(start * 1000, until * 1000) for start, until in self._unrolled()]
        for begin, end, shortest in kept_parts(run.low, run.high, gone):
            if shortest:
                left = [span for span in spans if span >= shortest * 1000]
                yield from ((span or shortest * 1000, low, high) for span, low, high in cover(begin, end, upto, left))
                continue
            for low, high, is_rolled in rolled_parts(begin, end, ranges):
                yield from cover(low, high, upto, spans if is_rolled else ())

    def _add(self, parts: Parts, grid: Grid, run: OffsetRun, more: Parts) -> None:
        """Add parts by the number of their step in a run to those by its beginning."""
        begins = {number: grid.begin_of(number, run) for number in {number for number, _ in more}}
        for (number, series), part in more.items():
            place = begins[number], series
            parts[place] = join(parts[place], part) if place in parts else part

    def _raw(self, step: int, run: OffsetRun, series: Collection[int]) -> Parts:
        accumulators = new_accumulators()
        cut = StepRange(step, run.shift, run.low, run.high)
        seconds = self._samples.read(self._device, run.low // 1000, -(-run.high // 1000))
        accumulate(seconds, cut, set(series), accumulators)
        return {
            (number, series): one.part(self._scales[series].kind == "number")
            for number, by_series in accumulators.items()
            for series, one in by_series.items()
        }

    def _rolled(self, step: int, span: int, run: OffsetRun, wanted: Collection[int]) -> Parts:
        series = ", ".join(str(one) for one in wanted)
        values = (run.shift + step, step, span // 1000, -(-run.low // 1000), -(-run.high // 1000))
        if step == span:
            rows = self._rows(PLAIN.format(series), *values)
            return {(number - 1, series): SeriesPart(*columns) for series, number, *columns in rows}
        numbers = ", ".join(str(one) for one in wanted if self._scales[one].kind == "number")
        spread = {
            (series, number): (low, high) for series, number, low, high in self._rows(SPREAD.format(numbers), *values)
        }
        return {
            (number - 1, series): SeriesPart(
                size, total, *spread.get((series, number), (None, None)), last, at, _combined_marks(marks)
            )
            for series, number, _, size, total, last, at, marks in self._rows(NEWEST.format(series), *values)
        }

    def _add_texts(self, texts: dict[tuple[int, str], list[Text]], grid: Grid, run: OffsetRun) -> None:
        rows = self._rows(VALUES, self._device, VALUE, run.low / 1000, run.high / 1000)
        void = text_spans(self._rows, self._device, run.low, run.high) if rows else {}
        for at, json in rows:
            entry = from_json(json)
            point, ms = entry["point"], int(round(at * 1000, 3))
            if (self._points is None or point in self._points) and edit_at(void.get(point, ()), ms) is None:
                text = Text(ms, entry["value"], entry["quality"], tuple(entry["flags"]))
                texts[grid.begin(ms), point].append(text)

    def _steps(self, parts: Parts, texts: Mapping[tuple[int, str], Sequence[Text]]) -> list[HistoryStep]:
        of_point: dict[tuple[int, str], list[tuple[SeriesScale, SeriesPart]]] = {place: [] for place in texts}
        for begin, series in sorted(parts):
            scale = self._scales[series]
            of_point.setdefault((begin, scale.point), []).append((scale, parts[begin, series]))
        return [
            step_of(begin / 1000, point, of_point[begin, point], texts.get((begin, point), ()), self._names)
            for begin, point in sorted(of_point)
        ]

    def _last(self, at: int) -> dict[int, SeriesValue]:
        """The last value of each series before a time."""
        minute = min(at // 1000, self._upto()) // MINUTE * MINUTE
        found = self._last_samples(minute, at)
        parts = list(rolled_parts(0, minute, self._unrolled())) if self._scales.keys() - found.keys() else []
        for begin, end, is_rolled in reversed(parts):
            missing = self._scales.keys() - found.keys()
            if not is_rolled and missing:
                exact = self._last_samples(begin, end * 1000)
                found |= {series: exact[series] for series in missing & exact.keys()}
            for series in missing if is_rolled else ():
                for when, last, marks in self._rows(LAST_ROW, series, MINUTE, begin, end):
                    exact = self._last_samples(when // 1000, when + 1) if marks else {}
                    found[series] = exact.get(series, (when, last, worst(marks)))
        gone = gone_of(self._rows, self._device) if self._scales.keys() - found.keys() else {}
        for series in gone.keys() & self._scales.keys() - found.keys():
            if (row := newest_row(self._rows, series, gone[series], at)) is not None:
                found[series] = row.at, row.last, worst(row.marks)
        return found

    def _next_rows(self, low: int) -> list[int]:
        """The times of the first rows from a time on, of series whose samples are gone."""
        gone = gone_of(self._rows, self._device)
        rows = [first_row(self._rows, one, gone[one], low) for one in gone.keys() & self._scales.keys()]
        return [row.start * 1000 for row in rows if row is not None]

    def _first_of_rows(self, series: int, gone: Gone, at: int, found: dict[int, SeriesValue]) -> None:
        """The first value where samples are gone: the anchor of its row, if it has one, else its newest value."""
        row = first_row(self._rows, series, gone, at)
        if row is not None:
            self._first_sample(series, max(row.start, at // 1000), row.start + row.span, at, found)
            found.setdefault(series, (row.at, row.last, worst(row.marks)))

    def _last_samples(self, begin: int, at: int) -> dict[int, SeriesValue]:
        found: dict[int, SeriesValue] = {}
        end = -(-at // 1000)
        for second, entries in self._samples.read_back(self._device, begin, end, DEPTH):
            for ms, series, value, marks in entries:
                when = second * 1000 + ms
                if series in self._scales and when < at and when >= found.get(series, (second * 1000,))[0]:
                    found[series] = when, value, QUALITIES[marks & 3]
            if len(found) == len(self._scales):
                break
        return found

    def _first_sample(self, series: int, begin: int, end: int, at: int, found: dict[int, SeriesValue]) -> None:
        for second, entries in islice(self._samples.read(self._device, begin, end), DEPTH):
            for ms, one, value, marks in entries:
                if one == series and second * 1000 + ms >= at:
                    found[series] = second * 1000 + ms, value, QUALITIES[marks & 3]
                    return

    def _by_point(self, found: Mapping[int, SeriesValue], earliest: bool = False) -> dict[str, LastValue]:
        """The value of each point: the newest of its series, or the earliest."""
        best: dict[str, LastValue] = {}
        for series in sorted(found, key=lambda series: (found[series][0], series), reverse=earliest):
            when, number, quality = found[series]
            scale = self._scales[series]
            best[scale.point] = LastValue(when, scale.value(number), quality, scale.kind == "number")
        return best


def _combined_marks(marks: str | None) -> int:
    """The union of several marks, which group_concat joined with commas."""
    together = 0
    for one in marks.split(",") if marks else ():
        together |= int(one)
    return together
