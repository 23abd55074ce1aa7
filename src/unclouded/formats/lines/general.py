"""Lines of any program: ``[time] [direction] bytes [text column]``, and rows of bytes below such a line.

    12:00:00.012 RX: 55 AA 03 00 00 01 01 04            [12:00:00.000] -> 55:AA:00:00:00:00:FF
    2026-11-29 12:00:00.012000:                         WiFi -> MCU: 0x55, 0xAA, 0x00 …
    55 AA 03 00 00 01 01 04    U.......                 it answers 55AA030000010104 after a second

A line that is only a time or a direction holds for the rows below it. Bytes among words are read where they are long
enough; bytes before and behind the words are not joined.
"""

import re
from collections.abc import Callable, Sequence
from itertools import count as counted
from typing import TYPE_CHECKING

import msgspec

from unclouded.formats.chunk import InputChunk, Mark
from unclouded.formats.reading import MOST_UNREAD, FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.digits import HEX_DIGITS
from unclouded.formats.text.labels import NO_LABEL, Label, label_of
from unclouded.formats.text.runs import ByteRun, likely_run, number_run, prose_runs, unpadded_run
from unclouded.formats.text.shaped_lines import DIGITS, BodyKind, LineHead, ShapedLines, ShapedRun, head_text
from unclouded.formats.text.stamps import Stamp, StampClock, StampKind, stamp_of

if TYPE_CHECKING:
    from unclouded.formats.text.stamps import Seconds

LONGEST_LINE = 1 << 22  # characters of a line that are read
LONG = 7  # bytes that are data whatever is written behind them
MOST_PARTS = 16  # runs of bytes in a line, of which some may be parts of another
LONGEST_LABEL = 48  # characters between the time and the bytes
LEAD = re.compile(r"\s{0,4}(?:[<>]|//[RS]|\w{1,8}:?)[ \t]")  # a direction before the time
LEVELS = frozenset("EWIDV")  # of ESP-IDF: I (1234) uart: …, milliseconds since the start
CLOSING = re.compile(r"[\s\"'\]),;}>|□.]{0,12}")
COLUMN = re.compile(r"(?:[ ]{2,}|\t|[ ]?\|[ ]?|[ ]>)")
COMMENT = re.compile(r"[ \t]{0,8}(?://|#|;|/\*|--|<-|->|\(|\[|=)")
OFFSET = re.compile(r"[ \t]{0,4}[0-9A-Fa-f]{4,8}(?::[ ]|[ ]{2,4})(?=[0-9A-Fa-f]{2}[ ])")
HEADING_END = re.compile(r"(?::|>|<<<|\)|\])\s{0,4}$")
SIGNS = re.compile(r"[\s:>\-|=\]<\[(\"']{0,8}")
WORD_END = re.compile(r"[0-9A-Za-z]{0,16}[ ,:;|\-\t]{0,8}")
Payload = Callable[[str, int], ByteRun | None]


class RowState(msgspec.Struct):
    """What holds for the next row: the time and the direction of the last line that had them.

    ``row_t``: of rows without a time of their own. ``wrapped``: the direction of the line before, where its bytes may
    go on in the next one; ``width``: its characters.
    """

    t: float | None = None
    label: Label = NO_LABEL
    row_t: float | None = None
    wrapped: Label = NO_LABEL
    width: int = 0


class GeneralReader:
    """Reads the lines of one input. ``payload``: finds the bytes at or behind a place of a line."""

    def __init__(self, payload: Payload, *, with_prose: bool) -> None:
        self._payload = payload
        self._with_prose = with_prose
        self._clock = StampClock()
        self._state = RowState()
        self._gap = False
        self.reading = FormatReading()
        self._chunks: list[InputChunk] = []
        self._unread: list[int] = []
        self._labelled = 0
        self._shaped = ShapedLines("")

    def read(self, source: InputSource) -> FormatReading:
        """Time, direction and bytes of each line. A reader reads once."""
        lines = source.lines
        self._shaped = ShapedLines(source.text or "")
        index = 0
        while index < len(lines):
            run = self._shaped.read(index)
            if run is not None:
                index += self._run(run, index + 1)
                continue
            line = lines[index]
            index += 1
            if line and not line.isspace():
                self.reading.lines += 1
                self._line(index, line[:LONGEST_LINE])
            else:
                self._state.wrapped = NO_LABEL
        done = self.reading
        done.chunks, done.unread = self._chunks, self._unread
        done.stamps, done.backwards = self._clock.count, self._clock.backwards
        done.started = self._clock.started
        if not done.stamps and not self._labelled:
            done.explained = 0  # nothing but bytes: the grammar of another format
        return done

    # --- inside --------------------------------------------------------------------------------

    def _run(self, run: ShapedRun, number: int) -> int:
        """Lines that were read at once, from that number on; how many they are."""
        count = len(run.data)
        labels = run.of_each(lambda head: head.label)
        self._labelled += count - labels.count(NO_LABEL)
        gaps = [self._gap] + [False] * (count - 1)
        self._gap = False
        times = self._times(run.at, run.kind, gaps) if run.kind is not None else self._times_of_rows(labels)
        self._chunks += map(
            InputChunk,
            times,
            [label.sender for label in labels],
            run.data,
            [label.lane for label in labels],
            counted(number),
            run.of_each(lambda head: len(head.text) + 1),
            gaps,
        )
        self._state.wrapped, self._state.width = labels[-1], LONGEST_LABEL
        self.reading.lines += count
        self.reading.explained += count
        self.reading.data_lines += count
        return count

    def _times(self, at: "Seconds", kind: StampKind, gaps: list[bool]) -> Sequence[float]:
        """Of lines with a time each: no direction holds for the next. Where a clock begins again, bytes are lost."""
        times, restarts = self._clock.times(at, kind)
        for place in restarts:
            gaps[place] = True
        self._state.t = self._state.row_t = times[-1]
        self._state.label = NO_LABEL
        return times

    def _times_of_rows(self, labels: list[Label]) -> Sequence[float | None]:
        """Of lines without times: the direction and the time of a heading hold for those without a direction."""
        state, times = self._state, []
        for place, label in enumerate(labels):
            if label is NO_LABEL:
                labels[place] = state.label
            else:
                state.row_t = None if self._clock.count == 0 else state.t
            times.append(state.row_t)
        return times

    def _line(self, number: int, line: str) -> None:
        stamp, start, lead = _stamp_in(line)
        offset = OFFSET.match(line, start)
        run = self._payload(line, offset.end() if offset else start)
        head = lead + line[start : run.start if run is not None else start + LONGEST_LABEL]
        if run is None or not self._is_data(line, stamp, head, run):
            self._state.wrapped = NO_LABEL
            self._no_data(number, line, stamp, head)
            return
        label = label_of(head)
        state = self._state
        if stamp is None and label is NO_LABEL and len(line) < state.width:
            label = state.wrapped
        self._data(number, stamp, label, run)
        state.wrapped, state.width = label, max(len(line), state.width if label is state.wrapped else 0)
        if self._shaped.is_used and not lead and offset is None and len(run.data) > 1:
            self._learn(line, stamp, run, label)

    def _learn(self, line: str, stamp: Stamp | None, run: ByteRun, label: Label) -> None:
        """A line that was read, so that others of its shape are read at once: nothing stands behind its bytes."""
        body = body_of(line[run.start : run.end], run.kind)
        is_bare = stamp is None and label_of(line[: run.start]) is NO_LABEL
        if body is None or line[run.end :].strip() or (is_bare and (self._labelled or self._clock.count)):
            return
        start = stamp.end if stamp is not None else 0
        head = line[start : run.start]
        is_any = label_of(head.translate(DIGITS)) == label  # no digit of it names the direction
        text = head_text(line, run.start, run.start if is_any else start)
        self._shaped.learn(LineHead(text, *body, label=label), line, None if stamp is None else 0)

    def _data(self, number: int, stamp: Stamp | None, label: Label, run: ByteRun) -> None:
        self._begin(stamp, label)
        self._labelled += label is not NO_LABEL
        self.reading.explained += 1
        self.reading.data_lines += 1
        self._add(number, run, label)

    def _is_data(self, line: str, stamp: Stamp | None, head: str, run: ByteRun) -> bool:
        """Whether the line is bytes behind a time, a direction, or nothing, with at most a text column or a note."""
        has_label = len(head) <= LONGEST_LABEL and label_of(head) is not NO_LABEL
        if not has_label and SIGNS.fullmatch(head) is None:
            return False
        tail = line[run.end :]
        if CLOSING.fullmatch(tail) is not None:
            return len(run.data) > 1 or has_label or not head.strip(" -*")
        if len(run.data) < 2:
            return not head.strip() and (_is_column(tail, run) or COMMENT.match(tail) is not None)
        if _is_column(tail, run) or COMMENT.match(tail) is not None:
            return True
        return len(run.data) >= LONG and not has_label and next(prose_runs(tail), None) is None

    def _no_data(self, number: int, line: str, stamp: Stamp | None, head: str) -> None:
        found = list(prose_runs(line)) if self._with_prose else []
        found = [run for run in found if stamp is None or run.start >= stamp.end]
        found = _without_parts(found)
        if found:
            self._prose(number, line, stamp, found)
        elif (stamp is not None or HEADING_END.search(line)) and len(line) <= LONGEST_LABEL * 2:
            label = label_of(head)
            self._begin(stamp, label)
            self._state.label, self._state.row_t = label, self._state.t
            if label is not NO_LABEL or SIGNS.fullmatch(head) is not None:
                self.reading.explained += 1
            else:
                self._not_understood(number)
        else:
            self._not_understood(number)

    def _prose(self, number: int, line: str, stamp: Stamp | None, found: list[ByteRun]) -> None:
        end = 0
        for run in found:
            label = label_of(line[max(end, run.start - LONGEST_LABEL) : run.start])
            self._begin(stamp, label)
            stamp = None
            self._gap = True
            self._add(number, run, label, "prose")
            end = run.end
        self._gap = True
        self.reading.data_lines += 1
        self._not_understood(number)

    def _begin(self, stamp: Stamp | None, label: Label) -> None:
        state = self._state
        if stamp is not None:
            state.t = self._clock.seconds(stamp)
            self._gap = self._gap or self._clock.restarted
            state.label, state.row_t = NO_LABEL, state.t
        if label is not NO_LABEL and stamp is None:
            state.row_t = None if self._clock.count == 0 else state.t

    def _add(self, number: int, run: ByteRun, label: Label, mark: Mark = "") -> None:
        state = self._state
        label = label if label is not NO_LABEL else state.label
        self._chunks.append(
            InputChunk(state.row_t, label.sender, run.data, label.lane, number, run.start + 1, self._gap, mark)
        )
        self._gap = False

    def _not_understood(self, number: int) -> None:
        if len(self._unread) < MOST_UNREAD:
            self._unread.append(number)


def body_of(text: str, kind: str) -> tuple[BodyKind, str] | None:
    """How bytes are written that can be read at once, and the separator between them; None where they are otherwise."""
    if kind == "packed":
        return None if text[1:2] in ("x", "X") else ("packed", "")
    separator = next((letter for letter in text if not letter.isalnum()), "")
    if kind == "pairs" and separator:
        return "pairs", separator
    is_number = kind == "numbers" and separator and not text.replace(separator, "").strip("0123456789")
    return ("numbers", separator) if is_number else None


def _stamp_in(line: str) -> tuple[Stamp | None, int, str]:
    """The time at the beginning of a line or behind a short direction, where the text goes on, and that direction."""
    stamp = stamp_of(line)
    if stamp is not None:
        return stamp, stamp.end, ""
    lead = LEAD.match(line)
    if lead is not None:
        stamp = stamp_of(line[lead.end() : lead.end() + 40])
        if stamp is not None and (stamp.kind != "run" or lead[0].strip() in LEVELS):
            end = lead.end() + stamp.end
            return Stamp(stamp.at, stamp.kind, end), end, lead[0]
    return None, 0, ""


def _without_parts(found: list[ByteRun]) -> list[ByteRun]:
    """Without runs that only repeat a part of the longest one, as logs print fields behind the frame."""
    if not 1 < len(found) <= MOST_PARTS:
        return found
    longest = max(found, key=lambda run: len(run.data))
    return [run for run in found if run.data not in longest.data or run.data == longest.data]


def _is_column(tail: str, run: ByteRun) -> bool:
    """Whether what stands behind the bytes is their text: no longer than they are."""
    begin = COLUMN.match(tail)
    return begin is not None and len(tail[begin.end() :].rstrip()) <= len(run.data) + 2


def hex_payload(line: str, start: int) -> ByteRun | None:
    """Bytes in hex."""
    return likely_run(line, start)


def decimal_payload(line: str, start: int) -> ByteRun | None:
    """Decimal numbers up to the end of the line."""
    return _tail_payload(line, start, "0123456789", number_run)


def unpadded_payload(line: str, start: int) -> ByteRun | None:
    """Hex numbers of one or two digits up to the end of the line."""
    return _tail_payload(line, start, HEX_DIGITS, unpadded_run)


def _tail_payload(line: str, start: int, digits: str, read: Callable[[str], bytes | None]) -> ByteRun | None:
    """The numbers that the line ends with: what stands before them ends with a letter or with another sign."""
    rest = line[start:].rstrip(" \t\"'])};")
    body = rest.rstrip(f"{digits} ,:;|-\t")
    tail = rest[len(body) :].lstrip(" ,:;|-\t")
    if body and len(tail) + len(body) == len(rest) and body[-1].isalnum():
        tail = tail[len(WORD_END.match(tail)[0]) :]  # type: ignore[index]  # it matches the empty text
    data = read(tail)
    at = start + len(rest) - len(tail)
    return None if data is None else ByteRun(data, at, at + len(tail), "numbers")


# --- the formats --------------------------------------------------------------------------------------

SAMPLE = 200  # lines that are looked at


def _share(source: InputSource, payload: Payload, shortest: int) -> float:
    """The share of lines with bytes in them."""
    lines = [line for line in source.lines[:SAMPLE] if line and not line.isspace()]
    found = sum(1 for line in lines if (run := payload(line[:LONGEST_LINE], 0)) and len(run.data) >= shortest)
    return found / len(lines) if lines else 0.0


def recognise(source: InputSource) -> float:
    """The share of lines with bytes in hex, 0.01 at least: it is tried on any text."""
    return max(_share(source, hex_payload, 3), 0.01) if source.text else 0.0


def read(source: InputSource) -> FormatReading:
    return GeneralReader(hex_payload, with_prose=True).read(source)


LINES = InputFormat(
    name="lines",
    group="log",
    title="lines with bytes in hex",
    specificity=Specificity.GENERAL_LINE,
    recognise=recognise,
    read=read,
)
DECIMAL_LINES = InputFormat(
    name="lines_decimal",
    group="log",
    title="lines with decimal numbers",
    specificity=Specificity.GENERAL_LINE,
    recognise=lambda source: _share(source, decimal_payload, 5),
    read=lambda source: GeneralReader(decimal_payload, with_prose=False).read(source),
    is_doubtful=True,
)
UNPADDED_LINES = InputFormat(
    name="lines_unpadded",
    group="log",
    title="lines with hex numbers of one or two digits",
    specificity=Specificity.GENERAL_LINE,
    recognise=lambda source: _share(source, unpadded_payload, 5),
    read=lambda source: GeneralReader(unpadded_payload, with_prose=False).read(source),
    is_doubtful=True,
)
FORMATS = (LINES, DECIMAL_LINES, UNPADDED_LINES)
