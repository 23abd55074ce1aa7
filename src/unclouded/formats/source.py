"""The bytes of an input as clean text with its lines, or that they are not text."""

import re
from functools import cached_property

from unclouded.formats.text.cleaning import cleaned

CONTROLS = bytes({*range(0x20)} - {*b"\t\n\r\f\b\x1b"})  # ESPHome writes 7f as it is
UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
BEGIN = 4_096  # bytes that show UTF-16 without a mark
SHORTEST_UTF16 = 4  # characters of such a text
LATIN = 0.8  # share of its characters that are Latin
UTF8_MARK = b"\xef\xbb\xbf"
CHINESE = re.compile("[收发]")
WORDS = re.compile(r"(?<![^\s(\"'*_])[A-Za-z][a-z']{0,16}[,;:]? [A-Za-z]?[a-z']{1,16}(?![^\s.,;:!?)\"'*_])")
DATA = re.compile(r"[0-9A-Fa-f]{2}[ :,-][0-9A-Fa-f]{2}(?![G-Zg-z])|[0-9A-Fa-f]{6}|[\[\]{}<>=|\t\\^]|  ")
CUT_CHARACTER = 3  # bytes of a character that the end of a beginning may cut


class InputSource:
    """An input. ``data``: its bytes. ``text``: what they say, cleaned, line ends as LF; None where they are not text.

    A line keeps its number: cleaning removes no line.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data

    @classmethod
    def of_text(cls, text: str, data: bytes = b"") -> "InputSource":
        """An input whose text is clean already."""
        source = cls(data or text.encode("utf-8", "replace"))
        source.text = text
        return source

    @cached_property
    def text(self) -> str | None:
        """Decoded and cleaned when it is first asked for."""
        found = decoded(self.data)
        return None if found is None else cleaned(found)

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text; none where it is not text."""
        return [] if self.text is None else self.text.removesuffix("\n").split("\n")

    @cached_property
    def filled(self) -> int:
        """How many lines are not blank."""
        return len(self.lines) - self.lines.count("") - sum(map(str.isspace, self.lines))

    @cached_property
    def without_prose(self) -> "InputSource":
        """The same with blank lines in place of sentences."""
        text = "\n".join("" if is_sentence(line) else line for line in self.lines)
        return InputSource.of_text(text, self.data)

    def head(self, limit: int) -> "InputSource":
        """The first ``limit`` characters, to the end of a line where one is near."""
        text = self.text
        if text is None:
            return self if len(self.data) <= limit else InputSource(self.data[:limit])
        if len(text) <= limit:
            return self
        cut = text.rfind("\n", 0, limit)
        return InputSource.of_text(text[: cut + 1 if cut > limit // 2 else limit], self.data[:limit])


def is_sentence(line: str) -> bool:
    """Whether people wrote the line: several words next to each other, and nothing that may be bytes."""
    return WORDS.search(line) is not None and DATA.search(line) is None


def decoded(data: bytes) -> str | None:
    """The text that these bytes are: UTF-8, UTF-16 with a mark, or GB18030 as serial programs write it; None = none."""
    wide = UTF16.get(data[:2]) or _unmarked_utf16(data)
    if wide is not None:
        text = data.decode(wide, "replace").removeprefix("\ufeff")
        return None if "\0" in text or "\ufffd" in text[:-1] or has_controls(text.encode("utf-8", "replace")) else text
    if has_controls(data):
        return None
    try:
        return data.removeprefix(UTF8_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(data) - CUT_CHARACTER:
            return data[: error.start].removeprefix(UTF8_MARK).decode("utf-8")
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return None
    return text if CHINESE.search(text) else None


def _unmarked_utf16(data: bytes) -> str | None:
    """The order of bytes of UTF-16 without a mark: every second byte is zero, and no other one is."""
    even, odd = data[:BEGIN:2], data[1:BEGIN:2]
    if len(odd) < SHORTEST_UTF16 or (even.count(0) and odd.count(0)):
        return None
    if odd.count(0) >= LATIN * len(odd):
        return "utf-16-le"
    return "utf-16-be" if even.count(0) >= LATIN * len(even) else None


def has_controls(data: bytes) -> bool:
    """Whether there are control bytes that text does not have."""
    return len(data.translate(None, CONTROLS)) != len(data)
