"""The shape of the lines of a log, learned from some of them: the next ones are read by one expression.

12:00:00.012 RX: 55 AA 03 00       where the time is, what stands between it and the bytes, how these are separated
"""

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise

import msgspec

from unclouded.formats.text.digits import numbers
from unclouded.formats.text.labels import Label
from unclouded.formats.text.runs import ByteRun
from unclouded.formats.text.stamps import STAMP, Stamp, StampKind, stamp_of

DIGITS = str.maketrans("123456789", "000000000")
DIGIT = re.compile("0+")
MOST_HEADS = 16
MOST_EXPRESSIONS = 32  # that are made for one text
ENOUGH = 3  # lines of a shape from which on it has an expression
SEPARATORS = " :-"
NUMBER_SEPARATORS = " :-,;"
MOST_SECONDS = 100_000  # that are remembered
LONGEST = 1 << 16  # characters of the bytes of a line
ShapeRead = tuple[float, Label, bytes, re.Match[str]]  # time, direction, bytes, the line with these in group 4


class LineShape:
    """Reads lines as those that were learned, up to one of another shape."""

    def __init__(self) -> None:
        self._key: tuple[str, str, str] = ("", "", "")
        self._time: LineTime | None = None
        self._heads: dict[str, Label] = {}
        self._pattern: re.Pattern[str] | None = None
        self._seen = self._made = 0

    @property
    def kind(self) -> StampKind | None:
        """Of the times of the lines; None where these have none."""
        return self._time.kind if self._time is not None else None

    def learn(self, line: str, stamp: Stamp | None, run: ByteRun, label: Label) -> None:
        """A line that was read: nothing stands behind its bytes, and these are pairs, packed or decimal numbers."""
        separator = _separator(line, run)
        if separator is None or line[run.end :].strip():
            return
        end = stamp.end if stamp is not None else 0
        key = line[:end].translate(DIGITS), separator, run.kind
        if key != self._key:
            self._key, self._heads, self._seen = key, {}, 0
            self._time = LineTime.of(line[:end], stamp) if stamp is not None else None
        head = line[end : run.start]
        self._seen += 1
        if self._heads.get(head) is None and len(self._heads) < MOST_HEADS:
            self._heads[head] = label
            self._pattern = None

    def read(self, text: str, start: int) -> list[ShapeRead]:
        """The lines that begin at ``start``, up to one of another shape."""
        pattern, heads, time = self._expression(), self._heads, self._time
        if pattern is None or pattern.match(text, start) is None:
            return []
        _, separator, kind = self._key
        read = _numbers if kind == "numbers" else _pairs if separator else _packed
        known = time.read if time is not None else _no_time
        lines: list[tuple[float, Label, str, re.Match[str]]] = []
        for found in pattern.finditer(text, start):
            whole, fraction, head, body = found.groups()
            if body is None or (at := known(whole, fraction)) is None:
                break
            lines.append((at, heads[head], body, found))
        every = _all_numbers([body for _, _, body, _ in lines], separator) if kind == "numbers" else None
        done: list[ShapeRead] = []
        for index, (at, label, body, found) in enumerate(lines):
            data = every[index] if every is not None else read(body, separator)
            if data is None:
                break
            done.append((at, label, data, found))
        return done

    def _expression(self) -> re.Pattern[str] | None:
        if self._pattern is None and self._heads and self._seen >= ENOUGH and self._made < MOST_EXPRESSIONS:
            self._made += 1
            self._pattern = self._compiled()
        return self._pattern if self._seen >= ENOUGH else None

    def _compiled(self) -> re.Pattern[str]:
        """One line: the time in two groups, the head, the bytes. Where the text goes on otherwise, it fits nothing."""
        _, separator, kind = self._key
        time = self._time.pattern if self._time is not None else "()()"
        heads = "|".join(map(re.escape, sorted(self._heads, key=len, reverse=True)))
        digits = "0-9" if kind == "numbers" else "0-9A-Fa-f"
        body = f"[{digits}{re.escape(separator)}]{{2,{LONGEST}}}+"
        return re.compile(rf"{time}({heads})({body})[ \t]{{0,16}}(?:\n|\Z)|")


def _separator(line: str, run: ByteRun) -> str | None:
    """What stands between the bytes; None where the run is of another kind."""
    if run.kind == "packed":
        return ""
    if run.kind == "numbers":
        found = next((letter for letter in line[run.start : run.end] if not letter.isdecimal()), "")
        text = line[run.start : run.end]
        return (
            found if found and found in NUMBER_SEPARATORS and not text.replace(found, "").strip("0123456789") else None
        )
    separator = line[run.start + 2 : run.start + 3]
    return separator if run.kind == "pairs" and separator in SEPARATORS else None


def _pairs(text: str, separator: str) -> bytes | None:
    text = text.rstrip()
    try:
        data = bytes.fromhex(text if separator == " " else text.replace(separator, ""))
    except ValueError:
        return None
    return data if len(data) > 1 and len(text) == len(data) * 3 - 1 else None


def _packed(text: str, separator: str) -> bytes | None:
    return bytes.fromhex(text) if len(text) > 2 and not len(text) % 2 else None


def _numbers(text: str, separator: str) -> bytes | None:
    try:
        data = bytes(map(int, text.rstrip().split(separator)))
    except ValueError:
        return None
    return data if len(data) > 1 else None


def _all_numbers(texts: Sequence[str], separator: str) -> list[bytes] | None:
    """The numbers of many lines, read at once; None where one line must be looked at alone."""
    data = numbers(" ".join(texts), 10)
    counts = [text.count(separator) + 1 for text in texts]
    if data is None or sum(counts) != len(data) or min(counts, default=0) < 2:
        return None
    ends = list(accumulate(counts, initial=0))
    return [data[begin:end] for begin, end in pairwise(ends)]


class LineTime(msgspec.Struct):
    """Reads a time at the same columns; the date before it and the whole seconds are read once.

    ``pattern``: two groups, the whole seconds and the fraction, or all of it and nothing. ``scale``: of the fraction.
    """

    pattern: str
    kind: StampKind
    size: int
    scale: float
    rest: str
    seconds: dict[str, float]

    @classmethod
    def of(cls, text: str, stamp: Stamp) -> "LineTime":
        """``text``: up to the end of a time that was read there."""
        found = STAMP.match(text)
        is_clock = found is not None and found["h"] is not None and not found["half"] and not found["zone"]
        span = (
            next((found.span(name) for name in ("f", "fc", "fm") if found[name]), None) if found and is_clock else None
        )
        if span is None:
            return cls(f"({_shape(text)})()", stamp.kind, len(text), 0.0, "", {})
        digits = span[1] - span[0]
        pattern = rf"({_shape(text[: span[0]])})(\d{{{digits}}}){_shape(text[span[1] :])}"
        return cls(pattern, stamp.kind, len(text), 10.0**-digits, "0" * digits + text[span[1] :], {})

    def read(self, whole: str, fraction: str) -> float | None:
        """The time; None where it is another one than it seems."""
        known = self.seconds.get(whole)
        if known is None:
            stamp = stamp_of(whole + self.rest)
            if stamp is None or stamp.end != self.size or stamp.kind != self.kind:
                return None
            known = stamp.at
            if len(self.seconds) < MOST_SECONDS:
                self.seconds[whole] = known
        return known + int(fraction) * self.scale if fraction else known


def _no_time(whole: str, fraction: str) -> float:
    """Of lines without a time."""
    return 0.0


def _shape(text: str) -> str:
    """An expression for texts with digits at the same places."""
    return DIGIT.sub(lambda run: rf"\d{{{len(run[0])}}}", re.escape(text.translate(DIGITS)))
