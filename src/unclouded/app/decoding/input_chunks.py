"""The input of a decoding: raw bytes, hex, captures, and two taps of one line, as chunks in the order of time.

one file     raw, hex: no times; a capture: its times and senders; a log of other firmware: mostly both
mixed        one line that carries both sides: the senders are found out
two taps     one file per side; two captures are merged by their clocks, anything else has no order
"""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import chain
from typing import IO, Literal

import msgspec

from unclouded.app.decoding.input_chunk import InputChunk
from unclouded.app.decoding.pasted_text import is_hex, is_log, log_chunks, unhex
from unclouded.core.family import Piece, Sender
from unclouded.recording import capture

Form = Literal["auto", "raw", "hex", "capture", "log"]
Timed = tuple[float | None, Piece]  # seconds since the recording began

CHUNK = 65_536  # bytes read at once


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """``chunks``: in the order of time, where ``ordered``. ``is_long``: more than one read."""

    chunks: Iterator[InputChunk]
    ordered: bool
    is_long: bool = False


def one_file(file: IO[bytes], form: Form, sender: Sender | None = None, mixed: bool = False) -> Input:
    """One recording; ``mixed``: the senders in a capture are ignored. Raises CommandError, WireError."""
    form, pieces, is_long = _opened(file, form)
    if form not in ("capture", "log"):
        return Input(chunks=_plain(form, pieces, sender), ordered=sender is None, is_long=is_long)
    lines = log_chunks(_lines(pieces)) if form == "log" else iter(capture.CaptureReader(_lines(pieces)))
    chunks = (InputChunk(line.t, None if mixed else line.sender, line.data) for line in lines)
    return Input(chunks=chunks, ordered=True, is_long=is_long)


def two_taps(module: IO[bytes], mcu: IO[bytes], form: Form) -> Input:
    """Two recordings of one line, one per side. Raises CommandError, WireError."""
    taps = [_tap(module, form, "controller"), _tap(mcu, form, "device")]
    is_long = any(tap.is_long for tap in taps)
    began = [tap.began for tap in taps if tap.began is not None]
    if len(began) < len(taps):
        return Input(chunks=chain(*(_untimed(tap.chunks) for tap in taps)), ordered=False, is_long=is_long)
    first = min(began)
    moved = [_later(tap.chunks, start - first) for start, tap in zip(began, taps, strict=True)]
    return Input(chunks=merge(*moved, key=lambda chunk: chunk.t or 0.0), ordered=True, is_long=is_long)


# --- inside -----------------------------------------------------------------------------------------


class InputSide(msgspec.Struct, frozen=True, kw_only=True):
    """The recording of one side. ``began``: Unix seconds; None = not known."""

    began: float | None = None
    chunks: Iterator[InputChunk]
    is_long: bool


def _tap(file: IO[bytes], form: Form, sender: Sender) -> InputSide:
    form, pieces, is_long = _opened(file, form)
    if form == "log":
        return InputSide(
            chunks=(InputChunk(None, sender, one.data) for one in log_chunks(_lines(pieces))), is_long=is_long
        )
    if form != "capture":
        return InputSide(chunks=_plain(form, pieces, sender), is_long=is_long)
    reader = capture.CaptureReader(_lines(pieces))
    chunks = (InputChunk(line.t, sender, line.data) for line in reader)
    return InputSide(began=reader.header.started_at, chunks=chunks, is_long=is_long)


def _opened(file: IO[bytes], form: Form) -> tuple[Form, Iterator[bytes], bool]:
    """The form of the input, its bytes (at least one piece), and whether it is longer than one read."""
    head = file.read(CHUNK)
    if form == "auto":
        form = _form_of(head)
    return form, chain([head], iter(lambda: file.read(CHUNK), b"")), len(head) >= CHUNK


def _form_of(head: bytes) -> Form:
    """What the first bytes of an input look like."""
    if capture.sniff(head):
        return "capture"
    return "hex" if is_hex(head) else "log" if is_log(head) else "raw"


def _plain(form: Form, pieces: Iterable[bytes], sender: Sender | None) -> Iterator[InputChunk]:
    if form == "hex":
        pieces = [unhex(b"".join(pieces))]
    return (InputChunk(None, sender, piece) for piece in pieces)


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _later(chunks: Iterable[InputChunk], by: float) -> Iterator[InputChunk]:
    return (InputChunk(round((chunk.t or 0.0) + by, 6), chunk.sender, chunk.data) for chunk in chunks)


def _untimed(chunks: Iterable[InputChunk]) -> Iterator[InputChunk]:
    return (InputChunk(None, chunk.sender, chunk.data) for chunk in chunks)
