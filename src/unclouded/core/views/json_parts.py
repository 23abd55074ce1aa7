"""JSON text as parts: one for each value, with the punctuation and the name before it.

    {"header":{"method":"GET"  ,"sign":"ef57…"  },"payload":{}   }
    header.method  "GET"       header.sign       payload  {}     the end

Reading is lenient, as devices leave quotes out and commas in: what has no braces at all has no parts. No name, however
deep it stands, makes a label long.
"""

import re
from collections.abc import Sequence

import msgspec

from unclouded.core.frame_part import FramePart
from unclouded.core.model import Value

# A string (also one that does not end), a mark, or a number or word; possessive, so that nothing is read twice.
TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}\[\]:,]|[^\s"{}\[\]:,]++', re.DOTALL)
NAMES = 6  # of the places around a value that its label has at most
LONGEST_NAME = 64  # characters of one
LARGEST = 2**53  # that every reader of JSON takes


def json_parts(data: bytes, start: int, end: int) -> Sequence[FramePart]:
    """The parts of the JSON in ``data[start:end]``; () where there is no object in it."""
    reader = JsonPartReader(start)
    for found in TOKEN.finditer(data, start, end):
        reader.token(found[0], found.end())
    return reader.close(end) if reader.parts or reader.is_object else ()


class JsonPartReader:
    """Token after token."""

    def __init__(self, start: int) -> None:
        self.parts: list[FramePart] = []
        self.is_object = False
        self._start = start  # of the next part
        self._places: list[str | int] = []  # names and numbers on the way to the value
        self._pending: tuple[bytes, int] | None = None  # a string or word, and its end: a name, if a colon follows
        self._is_empty = False  # nothing stood behind the last opening bracket

    def token(self, token: bytes, end: int) -> None:
        """The next token, and where it ends."""
        if token == b":":
            self._name()
            return
        self._flush()
        match token:
            case b"{":
                self.is_object = True
                self._open("")
            case b"[":
                self._open(0)
            case b"}" | b"]":
                self._close(token, end)
            case b",":
                self._next()
            case _:
                self._pending = token, end
                self._is_empty = False

    def close(self, end: int) -> Sequence[FramePart]:
        """The text has ended."""
        self._flush()
        if self._start < end:
            self.parts.append(FramePart(start=self._start, end=end, label="end of JSON", kind="json", type="json"))
        return self.parts

    # --- inside --------------------------------------------------------------------------------

    def _name(self) -> None:
        if self._pending is None or not self._places or isinstance(self._places[-1], int):
            return
        name = json_value(self._pending[0])
        self._places[-1] = str(name)[:LONGEST_NAME]
        self._pending = None

    def _open(self, place: str | int) -> None:
        self._places.append(place)
        self._is_empty = True

    def _close(self, token: bytes, end: int) -> None:
        if self._places:
            self._places.pop()
        if self._is_empty:
            self._add("{}" if token == b"}" else "[]", end, "{}" if token == b"}" else "[]")
        self._is_empty = False

    def _next(self) -> None:
        if self._places and isinstance(self._places[-1], int):
            self._places[-1] += 1

    def _flush(self) -> None:
        """What is pending is a value."""
        if self._pending is not None:
            token, end = self._pending
            self._pending = None
            value = json_value(token)
            self._add(value, end, json_text(value))

    def _add(self, value: Value | None, end: int, text: str) -> None:
        label = self._label()
        self.parts.append(
            FramePart(start=self._start, end=end, label=label, kind="json", value=value, text=text, type="json")
        )
        self._start = end

    def _label(self) -> str:
        label = ""
        for place in self._places[-NAMES:]:
            label += f"[{place}]" if isinstance(place, int) else f".{place}" if label else place
        return label if len(self._places) <= NAMES else f"….{label}"


def json_value(token: bytes) -> Value | None:
    """The value of a string, a number or a word; a word that is none in JSON is a text."""
    try:
        value = msgspec.json.decode(token)
    except (msgspec.MsgspecError, ValueError):
        return token.decode("utf-8", "replace").strip('"')
    if isinstance(value, int) and abs(value) > LARGEST:
        return token.decode("ascii", "replace")
    return value if isinstance(value, bool | int | float | str) else None


def json_text(value: Value | None) -> str:
    """The value as JSON."""
    return msgspec.json.encode(value).decode()


def number_json(value: float) -> str:
    """A number as JSON, a whole one without a decimal point."""
    return json_text(int(value) if value == int(value) else value)
