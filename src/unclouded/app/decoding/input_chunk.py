"""A piece of what is decoded."""

import msgspec

from unclouded.core.family import Sender


class InputChunk(msgspec.Struct, frozen=True, gc=False):
    """Bytes of one side; sender None = either. ``t``: seconds since the recording began."""

    t: float | None
    sender: Sender | None
    data: bytes
