"""The shape of the lines of a log, learned from one of them: the next ones are read by it, without a search.

12:00:00.012 RX: 55 AA 03 00       where the time is, what stands between it and the bytes, how these are separated
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

from unclouded.formats.text.labels import Label
from unclouded.formats.text.runs import ByteRun
from unclouded.formats.text.stamps import STAMP, Stamp, StampKind, stamp_of

DIGITS = str.maketrans("123456789", "000000000")
MOST_HEADS = 16
SEPARATORS = " :-"
MOST_SECONDS = 100_000  # that are remembered
Clock = Callable[[str], tuple[float, StampKind] | None]
ShapeRead = tuple[float, StampKind | None, Label, bytes, int]  # time and its kind, direction, bytes, their column


class LineShape:
    """Reads lines as the last one that was learned, up to one of another shape."""

    def __init__(self) -> None:
        self._stamp_shape = ""
        self._end = 0
        self._clock: Clock = partial(_any_time, 0)
        self._heads: dict[str, Label] = {}
        self._separator = ""

    def learn(self, line: str, stamp: Stamp | None, run: ByteRun, label: Label) -> None:
        """A line that was read: nothing stands behind its bytes, and these are pairs or packed."""
        separator = line[run.start + 2 : run.start + 3] if run.kind == "pairs" else ""
        if run.kind not in ("pairs", "packed") or line[run.end :].strip() or separator not in SEPARATORS:
            return
        end = stamp.end if stamp is not None else 0
        shape = line[:end].translate(DIGITS)
        if shape != self._stamp_shape or separator != self._separator:
            self._stamp_shape, self._end, self._separator, self._heads = shape, end, separator, {}
            self._clock = _clock_of(line[:end], stamp)
        if len(self._heads) < MOST_HEADS:
            self._heads[line[end : run.start]] = label

    def read(self, lines: Sequence[str], index: int) -> Iterator[ShapeRead]:
        """The lines from ``index`` on, up to one of another shape."""
        end, clock, separator, heads = self._end, self._clock, self._separator, list(self._heads.items())
        if not heads:
            return
        removed = separator if separator.strip() else ""
        count = 3 if separator else 2
        at, kind = 0.0, None
        for line in islice(lines, index, None):
            for head, label in heads:  # noqa: B007  # the label is yielded below
                if line.startswith(head, end):
                    break
            else:
                return
            start = end + len(head)
            text = line[start:].rstrip()
            try:
                data = bytes.fromhex(text.replace(removed, "") if removed else text)
            except ValueError:
                return
            size = len(data)
            if size < 2 or len(text) != size * count - (count == 3):
                return
            if separator and text[2::3] != separator * (size - 1):
                return
            if end:
                stamp = clock(line[:end])
                if stamp is None:
                    return
                at, kind = stamp
            yield at, kind, label, data, start + 1


def _clock_of(text: str, stamp: Stamp | None) -> Clock:
    """What reads a time at the same columns; the date before it and the whole seconds are read once."""
    found = STAMP.match(text)
    if stamp is None or found is None or found["h"] is None or found["half"] or found["zone"] or len(found["h"]) != 2:
        return partial(_any_time, len(text))
    span = next((found.span(name) for name in ("f", "fc", "fm") if found[name]), None)
    whole = found.end("s")
    kind = stamp.kind
    seconds: dict[str, float] = {}

    def read(text: str) -> tuple[float, StampKind] | None:
        begin = text[:whole]
        at = seconds.get(begin)
        if at is None:
            full = stamp_of(text)
            if full is None or full.end != len(text) or full.kind != kind or len(seconds) >= MOST_SECONDS:
                return None if full is None or full.end != len(text) else (full.at, full.kind)
            at = seconds[begin] = round(full.at - _fraction(text, span), 6)
        try:
            return at + _fraction(text, span), kind
        except ValueError:
            return None

    return read


def _fraction(text: str, span: tuple[int, int] | None) -> float:
    return 0.0 if span is None else int(text[span[0] : span[1]]) / 10 ** (span[1] - span[0])


def _any_time(end: int, text: str) -> tuple[float, StampKind] | None:
    stamp = stamp_of(text)
    return None if stamp is None or stamp.end != end else (stamp.at, stamp.kind)
