"""The shape of the lines of a log, learned from one of them: the next ones are read by it, without a search.

12:00:00.012 RX: 55 AA 03 00       where the time is, what stands between it and the bytes, how these are separated
"""

from collections.abc import Callable

from unclouded.formats.text.labels import Label
from unclouded.formats.text.runs import ByteRun
from unclouded.formats.text.stamps import STAMP, Stamp, stamp_of

DIGITS = str.maketrans("123456789", "000000000")
MOST_HEADS = 16
SEPARATORS = " :-"
ShapeRead = tuple[Stamp | None, Label, ByteRun]


class LineShape:
    """Reads lines as the last one that was learned; None where a line is of another shape."""

    def __init__(self) -> None:
        self._stamp_shape = ""
        self._end = 0
        self._clock: Callable[[str], Stamp | None] = stamp_of
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

    def read(self, line: str) -> ShapeRead | None:
        end = self._end
        head = next((head for head in self._heads if line.startswith(head, end)), None)
        if head is None:
            return None
        start = end + len(head)
        data = self._bytes(line[start:])
        stamp = self._clock(line[:end]) if end else None
        if len(data) < 2 or (end and (stamp is None or stamp.end != end)):
            return None
        return stamp, self._heads[head], ByteRun(data, start, len(line), "pairs")

    def _bytes(self, text: str) -> bytes:
        """The bytes of a text that is nothing else; empty where it is."""
        text = text.rstrip()
        separator = self._separator
        try:
            data = bytes.fromhex(text if separator in ("", " ") else text.replace(separator, ""))
        except ValueError:
            return b""
        if not separator:
            return data if len(text) == 2 * len(data) else b""
        return data if len(text) == 3 * len(data) - 1 and text[2::3] == separator * (len(data) - 1) else b""


def _clock_of(text: str, stamp: Stamp | None) -> Callable[[str], Stamp | None]:
    """What reads a time at the same columns; the date before it is read once."""
    found = STAMP.match(text)
    if stamp is None or found is None or found["h"] is None or found["half"] or found["zone"] or len(found["h"]) != 2:
        return stamp_of
    hour, minute, second = found.start("h"), found.start("m"), found.start("s")
    fraction = next((found.span(name) for name in ("f", "fc", "fm") if found[name]), (0, 0))
    minute_sign, second_sign = hour + 2, minute + 2
    power = 10 ** (fraction[1] - fraction[0])
    begin = text[:hour]
    of_day = int(found["h"]) * 3600 + int(found["m"]) * 60 + int(found["s"]) + int(text[slice(*fraction)] or 0) / power
    midnight = round(stamp.at - of_day, 6)
    kind, end = stamp.kind, stamp.end

    def read(text: str) -> Stamp | None:
        if text[:hour] != begin or text[hour + 2] != ":" or text[minute + 2] != ":":
            return stamp_of(text)
        try:
            at = (
                int(text[hour:minute_sign]) * 3600 + int(text[minute:second_sign]) * 60 + int(text[second : second + 2])
            )
            if fraction[1]:
                at += int(text[fraction[0] : fraction[1]]) / power
        except ValueError:
            return None
        return Stamp(midnight + at, kind, end)

    return read
