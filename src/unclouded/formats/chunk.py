"""A piece of what is decoded: bytes, and what the input says about them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from unclouded.core.family import Sender

Mark = Literal["", "rebuilt", "cut", "prose"]


class InputChunk(msgspec.Struct, frozen=True, gc=False):
    """Bytes of one direction.

    ``t``: seconds since the input's first time, of the first byte; None = not known.
    ``sender``: the side, where the input names it ("MCU", "WiFi sent"); None = found from the frames.
    ``lane``: the direction as the input names it ("TX", a channel); lanes are never joined. Which side a lane is, the
    frames show.
    ``line``, ``column``: where it begins in the text, from 1; 0 = not known.
    ``gap``: bytes of this lane are lost before it. ``mark``: "rebuilt" = a frame put together from printed fields;
    "cut" = its end is lost; "prose" = it stands among words, and may be no bytes of a line.
    ``times``: seconds of each byte, where they are known; None = all have ``t``.
    ``lines``: the line of each byte, where each has one of its own; None = all are in ``line``.
    ``begins``: the first one of a document: no frame goes on from what was before it.
    """

    t: float | None
    sender: Sender | None
    data: bytes
    lane: str = ""
    line: int = 0
    column: int = 0
    gap: bool = False
    mark: Mark = ""
    times: Sequence[float] | None = None
    lines: Sequence[int] | None = None
    begins: bool = False


class InputContent(msgspec.Struct, frozen=True, kw_only=True):
    """What an input says without the bytes of a frame: values of data points, or a message without its header.

    ``fields``: JSON types, as each kind has them; of "values": wire key -> value.
    """

    kind: Literal["values", "message"]
    fields: Mapping[str, Any]  # Any: JSON types
    t: float | None = None
    sender: Sender | None = None
    line: int = 0
