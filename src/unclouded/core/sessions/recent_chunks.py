"""The last chunks that went over a wire, both ways, as they were. Pure."""

from collections import deque

# monotonic s, sent by us, path, bytes; no bytes = the path came up or went down
WireChunk = tuple[float, bool, str, bytes]

KEPT_CHUNKS = 1_024  # a byte stream comes in small ones
KEPT_BYTES = 256 * 1024  # some 600 messages of a plug, 5,000 frames of a serial line


class RecentChunks:
    """A bounded buffer of chunks, read only on request.

    They are raw, so they may hold secrets: nothing of them leaves the hub undecoded and unredacted.
    """

    def __init__(self, most_bytes: int = KEPT_BYTES, most_chunks: int = KEPT_CHUNKS) -> None:
        self.cut = False  # whether older chunks were dropped
        self._most_bytes = most_bytes
        self._most_chunks = most_chunks
        self._bytes = 0
        self._chunks: deque[WireChunk] = deque()

    def put(self, chunk: WireChunk) -> None:
        """Keeps a chunk, and drops the oldest ones where there are too many chunks or bytes."""
        self._chunks.append(chunk)
        self._bytes += len(chunk[3])
        while self._bytes > self._most_bytes or len(self._chunks) > self._most_chunks:
            self.cut = True
            self._bytes -= len(self._chunks.popleft()[3])

    def chunks(self) -> list[WireChunk]:
        """Oldest first."""
        return list(self._chunks)
