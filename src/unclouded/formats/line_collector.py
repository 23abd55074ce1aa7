"""Collects what a reader of lines finds in one text: chunks with their times, contents, and lines not understood."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from unclouded.core.family import Sender
from unclouded.formats.chunk import InputChunk, InputContent, Mark
from unclouded.formats.reading import MOST_UNREAD, FormatReading
from unclouded.formats.source import InputSource
from unclouded.formats.text.shaped_lines import LineHead, ShapedLines, ShapedRun
from unclouded.formats.text.stamps import StampClock, StampKind, stamp_of

MOST_SECONDS = 100_000  # whose reading is remembered
SAMPLE = 200  # lines that are looked at to recognise a format


class LineCollector:
    """What was found in a text. ``is_restarted``: the last time began again, so bytes before it are lost.

    ``accepts``: whether the bytes of a line that was not handed on count; None = all do.
    """

    def __init__(self, source: InputSource) -> None:
        self.text = source.text or ""
        self.chunks: list[InputChunk] = []
        self.contents: list[InputContent] = []
        self.notes: list[str] = []
        self.explained = self.data_lines = 0
        self.shaped = ShapedLines(self.text)
        self.accepts: Callable[[LineHead, float | None, bytes], bool] | None = None
        self._source = source
        self._clock = StampClock()
        self._seconds: dict[str, tuple[float, StampKind]] = {}
        self._unread: list[int] = []

    @property
    def is_restarted(self) -> bool:
        return self._clock.restarted

    @property
    def has_times(self) -> bool:
        return self._clock.count > 0

    def matches(self, pattern: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
        """Number of the line and match of each place that the expression fits; it begins at the start of a line.

        Lines that it does not fit are not understood. Lines of a shape that was learned are not handed on.
        """
        text, at, number = self.text, 0, 1  # how far it is read, and the line there
        while at < len(text):
            run = self.shaped.read(number - 1) if at == 0 or text[at - 1] == "\n" else None
            if run is not None:
                self._run(number, run)
                number += len(run.data)
                at = self.shaped.offset(number - 1)
                continue
            found = pattern.search(text, at)
            if found is None:
                break
            start, end = found.span()
            if start > at:
                self._skip(text[at:start], number)
                number += text.count("\n", at, start)
            self.explained += 1
            yield number, found
            at = end + text.startswith("\n", end)
            number += text.count("\n", start, at)
        self._skip(text[at:], number)

    def learn(self, found: re.Match[str], head: LineHead, time: str = "") -> None:
        """The line of a match was read: others with this head are read at once; ``time``: the group of its time."""
        line = found[0]
        if self.shaped.is_used and "\n" not in line:
            begin = found.start(time) - found.start() if time and found[time] else None
            self.shaped.learn(head, line, begin)

    def not_understood(self, number: int) -> None:
        """A line that was counted as explained, and is not."""
        self.explained -= 1
        if len(self._unread) < MOST_UNREAD:
            self._unread.append(number)

    def time(self, text: str | None) -> float | None:
        """Seconds since the first time; None where the text is none."""
        if not text:
            return None
        whole, point, fraction = text.rpartition(".")
        if not point or not fraction.isdecimal() or ":" not in whole:
            whole, fraction = text, ""
        known = self._seconds.get(whole)
        if known is None:
            stamp = stamp_of(whole)
            if stamp is None:
                return None
            known = stamp.at, stamp.kind
            if len(self._seconds) < MOST_SECONDS:
                self._seconds[whole] = known
        at = known[0] + int(fraction) / 10 ** len(fraction) if fraction else known[0]
        return self._clock.time(at, known[1])

    def at(self, at: float, kind: StampKind) -> float:
        """The same of a time that is read already."""
        return self._clock.time(at, kind)

    def add(
        self,
        number: int,
        data: bytes,
        t: float | None,
        lane: str = "",
        *,
        sender: Sender | None = None,
        column: int = 1,
        mark: Mark = "",
        gap: bool = False,
        lines: Sequence[int] | None = None,
    ) -> None:
        """Bytes of a line; ``lines``: of each byte, where they are of several."""
        self.data_lines += 1
        if data:
            self.chunks.append(InputChunk(t, sender, data, lane, number, column, gap, mark, lines=lines))

    def values(
        self,
        number: int,
        t: float | None,
        fields: Mapping[str, Any],  # Any: JSON types
        sender: Sender | None = "device",
    ) -> None:
        """Values of data points, by their numbers."""
        self.data_lines += 1
        self.contents.append(InputContent(kind="values", fields=fields, t=t, sender=sender, line=number))

    def reading(self) -> FormatReading:
        """What was found so far; more may be added and it be asked for again."""
        return FormatReading(
            chunks=self.chunks,
            contents=self.contents,
            lines=self._source.filled,
            explained=max(min(self.explained, self._source.filled), 0),
            data_lines=self.data_lines,
            unread=sorted(self._unread),
            notes=self.notes,
            started=self._clock.started,
            stamps=self._clock.count,
            backwards=self._clock.backwards,
        )

    def _run(self, number: int, run: ShapedRun) -> None:
        """Lines that were read at once, from that number on."""
        count = len(run.data)
        self.explained += count
        gaps = run.of_each(lambda head: head.is_apart)
        times: Sequence[float | None] = [None] * count
        if run.kind is not None:
            times, restarts = self._clock.times(run.at, run.kind)
            for place in restarts:
                gaps[place] = True
        chunks = list(
            map(
                InputChunk,
                times,
                run.of_each(lambda head: head.label.sender),
                run.data,
                run.of_each(lambda head: head.label.lane),
                range(number, number + count),
                run.of_each(lambda head: len(head.text) + 1),
                gaps,
            )
        )
        if self.accepts is not None:
            heads = run.of_each(lambda head: head)
            chunks = [one for one, head in zip(chunks, heads, strict=True) if self.accepts(head, one.t, one.data)]
        self.data_lines += len(chunks)
        self.chunks += chunks

    def _skip(self, text: str, number: int) -> None:
        """Text between two matches: what follows the end of a line, and whole lines, from that number on."""
        if not text or text.isspace():
            return
        for place, line in enumerate(text.split("\n"), number):
            if len(self._unread) >= MOST_UNREAD:
                return
            if line and not line.isspace():
                self._unread.append(place)


def share_of_lines(source: InputSource, pattern: re.Pattern[str], enough: float = 0.0) -> float:
    """The share of the first lines that the expression fits; 0 where that is less than ``enough``."""
    text = "\n".join(source.lines[:SAMPLE])
    lines = sum(1 for line in source.lines[:SAMPLE] if line and not line.isspace())
    found = sum(1 for _ in pattern.finditer(text))
    share = min(found / lines, 1.0) if lines else 0.0
    return share if share >= enough else 0.0


def column_of(found: re.Match[str], group: str) -> int:
    """The column at which a group of a match begins, in its line."""
    start = found.start(group)
    return start - max(found.string.rfind("\n", 0, start), -1)
