"""A capture: the bytes of a line or a connection, with time and direction, as JSON lines.

    {"capture": 1, "family": "emporia", "started": "2026-11-20T12:00:00.000Z"}
    {"t": 0.25, "from": "controller", "text": "$f\\r"}
    {"t": 0.262, "from": "device", "hex": "2466…0d", "way": "", "redacted": true}

``t``: seconds since ``started``. ``text`` for readable bytes (UTF-8), else ``hex``. ``way``: the path of the link,
where it has several. Unknown keys are ignored, and so is an incomplete last line, which a killed writer leaves.
``tests/captures`` contains recorded ones.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import FileIO
from pathlib import Path

import msgspec

from unclouded.core.errors import CommandError, WireError
from unclouded.core.family import Sender
from unclouded.core.times import iso

VERSION = 1
HEAD_LIMIT = 4_096  # bytes of a first line; a longer one is not a header
TAIL_CHUNK = 65_536  # bytes per read when searching for the last complete line


class CaptureHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first line. ``started``: ISO 8601."""

    capture: int
    family: str = ""
    started: str = ""

    @property
    def started_at(self) -> float | None:
        """Unix seconds; None where missing or unreadable."""
        try:
            return datetime.fromisoformat(self.started).timestamp()
        except ValueError:
            return None


class CaptureLine(msgspec.Struct, frozen=True):
    """Bytes that one side sent at one time. ``redacted``: secrets in them were blanked before they were written."""

    t: float
    sender: Sender
    data: bytes
    path: str = ""
    redacted: bool = False


class CaptureRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A CaptureLine in its JSON form."""

    t: float
    sender: Sender = msgspec.field(name="from")
    hex: str | None = None
    text: str | None = None
    way: str = ""
    redacted: bool = False


_header = msgspec.json.Decoder(CaptureHeader)
_row = msgspec.json.Decoder(CaptureRecord)
_encode = msgspec.json.Encoder().encode


def sniff(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a capture."""
    return _peek(head) is not None


def _peek(head: bytes) -> CaptureHeader | None:
    line, _, _ = head[:HEAD_LIMIT].lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")
    try:
        return _header.decode(line)
    except ValueError:
        return None


class CaptureReader:
    """The lines of a capture, in order; ``header`` is read at once. Raises WireError with the number of the line."""

    def __init__(self, lines: Iterable[str | bytes]) -> None:
        self._lines = enumerate(lines, 1)
        self.header = self._read_header()

    def __iter__(self) -> Iterator[CaptureLine]:
        for number, text in self._lines:
            if text.strip():
                try:
                    yield _line_of(_row.decode(text))
                except ValueError as error:
                    if not self._is_cut_off(error):
                        raise WireError(f"Line {number} of the capture is broken: {_reason(error)}.") from None

    def _read_header(self) -> CaptureHeader:
        first = next((text for _, text in self._lines if text.strip()), "")
        header = _peek(first.encode() if isinstance(first, str) else first)
        if header is None:
            raise WireError(
                'This is not a capture: its first line is not {"capture": 1, …}. `decode` reads bytes and hex.'
            )
        if header.capture > VERSION:
            raise WireError(f"This capture is of version {header.capture}, newer than this program reads ({VERSION}).")
        return header

    def _is_cut_off(self, error: Exception) -> bool:
        """Whether a line is incomplete because its writer was killed: the last one, and not valid JSON."""
        is_json = isinstance(error, msgspec.ValidationError) or not isinstance(
            error, msgspec.DecodeError | UnicodeDecodeError
        )
        return not is_json and next(self._lines, None) is None


def _reason(error: ValueError) -> str:
    """What is wrong, without the value: it may be a part of another text, and a secret."""
    text = str(error)
    return "`from` is neither controller nor device" if text.startswith("Invalid enum value") else text


def read_lines(lines: Iterable[str | bytes]) -> Iterator[CaptureLine]:
    """The lines of a capture without its header. Raises WireError with the number of the line."""
    yield from CaptureReader(lines)


def header_bytes(family: str, now: float) -> bytes:
    """The first line, without a newline. ``now``: Unix seconds at which the capture's times begin."""
    return _encode(CaptureHeader(capture=VERSION, family=family, started=iso(now)))


def line_bytes(line: CaptureLine, *, as_text: bool = False) -> bytes:
    """A further line, without a newline. ``as_text``: write ASCII as text."""
    text = line.data.decode() if as_text and line.data.isascii() else None
    row = CaptureRecord(
        t=round(line.t, 6),
        sender=line.sender,
        hex=line.data.hex() if text is None else None,
        text=text,
        way=line.path,
        redacted=line.redacted,
    )
    return _encode(row)


class CaptureAppender:
    """Writes a capture, each line at once; appends to an existing one.

    ``now``: Unix seconds. ``as_text``: write ASCII as text. ``began``: Unix seconds at which the capture's times begin.
    Raises CommandError where the file is not such a capture, and OSError.
    """

    def __init__(self, path: Path, family: str, now: float, *, as_text: bool = False) -> None:
        self._as_text = as_text
        self._file = _open(path)
        try:
            self.began = self._begin(path, family, now)
        except BaseException:
            self._file.close()
            raise

    def write(self, at: float, sender: Sender, data: bytes, *, path: str = "", redacted: bool = False) -> None:
        """Append one line, sent at ``at`` (Unix seconds). Raises OSError, for example when the disk is full."""
        line = CaptureLine(max(at - self.began, 0.0), sender, data, path, redacted)
        self._put(line_bytes(line, as_text=self._as_text))

    def close(self) -> None:
        """Closes the file; each line is in it already."""
        self._file.close()

    def _begin(self, path: Path, family: str, now: float) -> float:
        """The Unix time at which the capture began; writes the header of a new one."""
        head = self._file.read(HEAD_LIMIT)
        if not head:
            self._put(header_bytes(family, now))
            return round(now, 3)
        header = _peek(head)
        if header is None or header.started_at is None or header.family != family or header.capture > VERSION:
            raise CommandError(f"{path} is not a capture of {family or 'bare bytes'}. Record to another file.")
        _cut_to_whole_lines(self._file)
        return header.started_at

    def _put(self, line: bytes) -> None:
        if self._file.write(line + b"\n") != len(line) + 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _open(path: Path) -> FileIO:
    """A file for reading and appending, readable by its owner only."""
    number = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise CommandError(f"{path} is not a regular file. Record to another path.")
    return FileIO(number, "r+")


def _cut_to_whole_lines(file: FileIO) -> None:
    """Remove an incomplete last line, which a killed writer leaves."""
    at = file.seek(0, os.SEEK_END)
    while at > 0:
        start = max(at - TAIL_CHUNK, 0)
        file.seek(start)
        newline = file.read(at - start).rfind(b"\n")
        if newline >= 0:
            file.truncate(start + newline + 1)
            return
        at = start
    file.write(b"\n")  # only the header, without its newline


def _line_of(row: CaptureRecord) -> CaptureLine:
    if (row.hex is None) == (row.text is None):
        raise ValueError("it needs one of hex and text")
    data = bytes.fromhex(row.hex) if row.hex is not None else (row.text or "").encode()
    return CaptureLine(row.t, row.sender, data, row.way, row.redacted)
