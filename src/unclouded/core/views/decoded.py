"""The JSON form of decoded inputs: what ``decode --explain --json`` and the API show, and what the API is asked for."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from unclouded.core.family import Sender
from unclouded.core.frame_part import FramePart

LARGEST_INPUT = 4 * 1024 * 1024  # bytes that are decoded for one request
MOST_FRAMES = 1_000  # in one answer

Sure = Literal["certain", "likely", "unsure", "nothing"]
DecodeWork = Literal["choices", "frames", "capture", "case"]


class ExplainedFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a recording explained; ``parts`` cover its bytes.

    ``t``: seconds since the recording began. ``section``: of the docs that describes the command. ``text``: the message
    and its values. ``odd``: remarks of the conversation, and what is odd about the parts. ``hex``: two dots for each
    byte that is secret. ``answers``: the offset of the request on the other side.
    """

    t: float | None
    offset: int
    length: int
    kind: str
    reason: str
    family: str
    sender: Sender | None
    command: int | str | None
    sub: int | None
    name: str
    part: str
    section: str
    text: str
    answers: int | None
    after_ms: float | None
    odd: Sequence[str]
    hex: str
    masked: bool
    parts: Sequence[FramePart]


# --- one input, decoded for the page ------------------------------------------------------------------


class DecodeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is done with an input. "" = found. ``profile``: a name, never a file. ``name``: of the test case.

    ``start``, ``limit``: the pieces that are explained.
    """

    work: DecodeWork = "frames"
    input: str = ""
    family: str = ""
    dialect: str = ""
    sender: str = ""
    profile: str = ""
    start: int = 0
    limit: int = 500
    name: str = ""


class DecodedFrame(ExplainedFrame, frozen=True, kw_only=True):
    """``index``: which piece of the input it is, from 0. ``line``: of the text that it begins in, 0 = not known.

    ``rebuilt``: put together from printed fields. ``more_parts``: parts that are left out. ``hex``: of noise the first
    bytes only.
    """

    index: int
    line: int = 0
    rebuilt: bool = False
    more_parts: int = 0


class DecodedRemark(msgspec.Struct, frozen=True, kw_only=True):
    """Something irregular. ``index``: of the piece. ``kind``: the same word for the same irregularity."""

    index: int
    t: float | None
    offset: int
    sender: Sender | None
    name: str
    kind: str
    text: str


class DecodedContent(msgspec.Struct, frozen=True, kw_only=True):
    """Values, or a message, that an input has without their frame. ``text``: the values by the profile."""

    t: float | None
    line: int
    sender: Sender | None
    kind: str
    text: str


class FoundFormat(msgspec.Struct, frozen=True, kw_only=True):
    """What the input was found to be. ``lines``, ``explained``: of a text. ``unread``: the first lines that are not
    understood, by number; ``more_unread``: how many others. ``refused``: why it is not read. ``hint``: of an input that
    held nothing, what to do.
    """

    name: str
    title: str
    sure: Sure
    lines: int
    explained: int
    unread: Sequence[int]
    more_unread: int
    notes: Sequence[str]
    refused: str
    hint: str


class DecodeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What an input holds. ``pieces``: frames and stretches of noise. ``cut_bytes``: of frames that are cut off.

    ``remarks``: by kind. ``senders``: the sides that sent frames. ``is_complete``: everything was counted.
    """

    pieces: int
    frames: int
    noise_bytes: int
    cut_bytes: int
    rebuilt: int
    remarks: Mapping[str, int]
    senders: Sequence[Sender]
    is_complete: bool


class DecodeView(msgspec.Struct, frozen=True, kw_only=True):
    """An input, decoded. ``family``, ``dialect``: what it is read as; ``others``: further families in it.

    ``detected``: what shows the dialect. ``profile``: that names the values, as asked for, or of the product that the
    line names. ``frames``: pieces from ``start``. ``remarks``: the first ones. ``ordered``: the order of the sides is
    known. ``report``: what the stream shows as a whole, where its family has such a report.
    """

    format: FoundFormat
    family: str
    dialect: str
    detected: str
    others: Sequence[str]
    ordered: bool
    profile: str
    counts: DecodeCounts
    start: int
    frames: Sequence[DecodedFrame]
    remarks: Sequence[DecodedRemark]
    contents: Sequence[DecodedContent]
    more_contents: int
    report: Mapping[str, Any]  # Any: JSON, by section


class DecodeChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One choice. ``title``: for people."""

    name: str
    title: str


class FamilyChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A family. ``ends``: the usual names of its controller and its device."""

    name: str
    title: str
    ends: tuple[str, str]
    dialects: Sequence[DecodeChoice]
    profiles: Sequence[DecodeChoice]


class DecodeChoices(msgspec.Struct, frozen=True, kw_only=True):
    """What may be chosen. ``most_bytes``: of an input."""

    formats: Sequence[DecodeChoice]
    families: Sequence[FamilyChoice]
    most_bytes: int


class DecodeFiles(msgspec.Struct, frozen=True, kw_only=True):
    """An input as a capture without secrets; ``entry``: of a test case, for its index."""

    capture: str
    entry: str = ""
