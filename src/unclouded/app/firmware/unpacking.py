"""Compressed streams, unpacked piece by piece: neither input nor output is ever in memory as a whole.

Unpacking(source, stream): for piece in unpacking.pieces() …  ─► problem, consumed
"""

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import Protocol

from unclouded.app.firmware.streams import DECODER_MEMORY, FoundStream
from unclouded.families.meross.firmware.container import ByteSource

INPUT = 64 * 1024  # bytes read at once
OUTPUT = 256 * 1024  # bytes of a piece, at most


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


class _Inflate:
    """zlib's decoder with the interface of the others."""

    def __init__(self, window: int) -> None:
        self._decoder = zlib.decompressobj(window)
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not self._is_full

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        piece = self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length)
        self._is_full = len(piece) == max_length or bool(self._decoder.unconsumed_tail)
        return piece


class Unpacking:
    """``problem``: why it ended early, as text, "" = it did not. ``consumed``: bytes of the file that were read for it.

    ``end``: where in the file the stream ends; known only without a problem.
    """

    def __init__(self, source: ByteSource, stream: FoundStream) -> None:
        self._source = source
        self._stream = stream
        self.problem = ""
        self.consumed = 0
        self.end = stream.offset

    def pieces(self) -> Iterator[bytes]:
        """The content, unpacked as it is read, once. A damaged stream ends early, and sets ``problem``."""
        if not self._stream.method:
            yield from self._stored()
            return
        try:
            yield from self._decoded(_decoder(self._stream))
        except (lzma.LZMAError, zlib.error, OSError, EOFError) as error:
            self.problem = f"the stream is damaged ({error})"

    def _stored(self) -> Iterator[bytes]:
        at = self._stream.offset + self._stream.skip
        self.end = self._stream.offset + (self._stream.size or 0)
        while at < self.end:
            piece = self._source.read(at, min(OUTPUT, self.end - at))
            if not piece:
                self.problem = "it is cut off"
                return
            at += len(piece)
            self.consumed += len(piece)
            yield piece

    def _decoded(self, decoder: _Decoder) -> Iterator[bytes]:
        at = self._stream.offset + self._stream.skip
        while not decoder.eof:
            data = self._source.read(at, INPUT) if decoder.needs_input else b""
            if decoder.needs_input and not data:
                self.problem = "it is cut off"
                return
            at += len(data)
            self.consumed += len(data)
            if piece := decoder.decompress(data, OUTPUT):
                yield piece
        self.end = at - len(decoder.unused_data)


def _decoder(stream: FoundStream) -> _Decoder:
    match stream.method:
        case "lzma":
            return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=DECODER_MEMORY)
        case "xz":
            return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=DECODER_MEMORY)
        case "bzip2":
            return bz2.BZ2Decompressor()
        case "gzip":
            return _Inflate(31)
    return _Inflate(-15)
