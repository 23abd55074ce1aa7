"""How many columns text takes on a terminal, and text in lines that are not longer."""

import unicodedata
from collections.abc import Iterator


def columns(text: str) -> int:
    """Letters of East Asia take two columns, marks that stand on another letter none."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(letter) for letter in text)


def padded(text: str, width: int) -> str:
    """The text with spaces behind it, so that it takes that many columns."""
    return text + " " * max(width - columns(text), 0)


def in_lines(text: str, width: int) -> Iterator[str]:
    """The text in lines of at most ``width`` columns, between words where that is possible."""
    line = ""
    for word in text.split(" "):
        for piece in _cut(word, width):
            if line and columns(line) + 1 + columns(piece) > width:
                yield line
                line = piece
            else:
                line = f"{line} {piece}" if line else piece
    yield line


def _cut(word: str, width: int) -> Iterator[str]:
    """A word in pieces that are not too long."""
    piece, size = "", 0
    for letter in word:
        wide = _columns_of(letter)
        if size + wide > width and piece:
            yield piece
            piece, size = "", 0
        piece, size = piece + letter, size + wide
    yield piece


def _columns_of(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
