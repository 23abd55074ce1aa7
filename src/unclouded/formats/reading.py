"""What a format is, and what it hands back."""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

import msgspec

from unclouded.formats.chunk import InputChunk, InputContent

if TYPE_CHECKING:
    from unclouded.formats.source import InputSource

MOST_UNREAD = 1_000  # numbers of lines that are kept


class Specificity(IntEnum):
    """Which of two formats of equal score is taken: the more specific."""

    RAW = 0
    BASE64 = 1
    DECIMAL = 2
    HEX = 3
    GENERAL_LINE = 4
    LITERAL = 5
    DUMP = 6  # with offsets
    TABLE = 7  # CSV, JSON
    PROGRAM = 8  # lines of a named program
    MAGIC = 9


class RefusedForm(msgspec.Struct, frozen=True):
    """An input that is recognised and not read. ``name``: of the form. ``advice``: why, and what to export instead."""

    name: str
    advice: str


class FormatReading(msgspec.Struct, kw_only=True):
    """What a format found in an input.

    ``lines``: those that are not blank; ``explained``: those of them that the grammar explains wholly, whether they
    hold bytes or not; ``data_lines``: those that hold bytes. ``unread``: numbers of the lines that are not understood,
    never their text, which may hold passwords. ``notes``: what the user should know ("3 lines are cut off").
    ``started``: Unix seconds of the first time, where the input has dates.
    ``stamps``: how many times were read, ``backwards``: how many of them went back.
    """

    chunks: Sequence[InputChunk] = ()
    contents: Sequence[InputContent] = ()
    lines: int = 0
    explained: int = 0
    data_lines: int = 0
    unread: Sequence[int] = ()
    notes: Sequence[str] = ()
    refused: RefusedForm | None = None
    started: float | None = None
    stamps: int = 0
    backwards: int = 0

    @property
    def size(self) -> int:
        """Bytes in all chunks."""
        return sum(len(chunk.data) for chunk in self.chunks)


class InputFormat(msgspec.Struct, frozen=True, kw_only=True):
    """A format of inputs.

    ``name``: for ``--input``; ``group``: several of a kind, for ``--input`` too. ``title``: for people, with article.
    ``recognise``: whether it may be one, from 0 to 1 (the share of lines that look like it); cheap, and given only the
    beginning of a long input. ``read``: reads all of it. Neither raises on any input.
    ``is_whole``: it can only be read as a whole, not by its beginning. ``of_bytes``: it reads ``source.data``, also
    where that is not text. ``is_doubtful``: bytes read so prove little; two frames are needed, or one with data.
    """

    name: str
    group: str
    title: str
    specificity: Specificity
    recognise: "Callable[[InputSource], float]"
    read: "Callable[[InputSource], FormatReading]"
    is_whole: bool = False
    of_bytes: bool = False
    is_doubtful: bool = False


def refusal(name: str, advice: str) -> FormatReading:
    """The reading of a form that is recognised and not read."""
    return FormatReading(refused=RefusedForm(name, advice))
