"""A line of the log as its parts, for a terminal. Pure."""

from typing import Self

import msgspec

from unclouded.core.sessions.session import Logged
from unclouded.families.meross.console.wire.log_line import read_log_line


class LogText(msgspec.Struct, frozen=True):
    """``at_s``: seconds since the start of the board."""

    at_s: float
    module: str
    text: str

    @classmethod
    def of(cls, line: Logged) -> Self | None:
        """None for a line that is none of the log: of the boot loader, the driver, or any other."""
        read = read_log_line(line.text) if line.text.startswith("[T") else None
        return None if read is None or read.cut else cls(read.at_ms / 1000, read.module, read.text)
