"""A minimal family: text lines that end in LF. ``PW=…`` is secret, ``?`` alone is noise."""

import re
from collections.abc import Sequence

import msgspec

from unclouded.core.family import Decoder, Family, Piece, Sender
from unclouded.core.sessions.session import Ambient, Session


class LinesDecoder:
    def __init__(self) -> None:
        self._held = b""
        self._offset = 0

    def feed(self, data: bytes) -> Sequence[Piece]:
        *whole, self._held = (self._held + data).split(b"\n")
        return [piece for line in whole for piece in self._pieces(line + b"\n")]

    def close(self) -> Sequence[Piece]:
        held, self._held = self._held, b""
        return self._pieces(held) if held else []

    def _pieces(self, line: bytes) -> list[Piece]:
        start, self._offset = self._offset, self._offset + len(line)
        return [Piece(offset=start, data=line, kind="noise" if line.startswith(b"?") else "frame")]


class NoSettings(msgspec.Struct, frozen=True):
    """No settings."""


def redact(sender: Sender | None, data: bytes) -> bytes:
    return re.sub(rb"(?<=PW=)[^\n]+", lambda secret: b"*" * len(secret[0]), data)


def decoder(sender: Sender | None) -> Decoder:
    return LinesDecoder()


def no_session(settings: NoSettings, ambient: Ambient) -> Session:
    raise NotImplementedError("this family has frames only")


LINES = Family(
    name="lines",
    words="text lines",
    settings=NoSettings,
    controller=no_session,
    decoder=decoder,
    commands=(),
    generic="lines/generic",
    redact=redact,
    capture_as="text",
)
