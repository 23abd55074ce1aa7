"""Where one of several magic numbers stands in a large file, at any offset, in one pass.

    chunk ─► pairs of bytes (16-bit words) ─► table of 65,536: may a magic number be here? ─► three bytes ─► all bytes

Only every second place is looked up: a number at an odd place has its second and third byte in one word. Where that
pair is too common (zeros), its first byte as the second of a word is looked up instead.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

BLOCK = 65_536  # words looked up at once: they fit in a processor's cache
MOST_PER_CHUNK = 4_096  # places that are looked at one by one
COMMON = {b"\x00\x00", b"\xff\xff", b"  "}
KEY = 3  # bytes that decide whether a place is looked at

_Places = npt.NDArray[np.int64]


class MagicScan:
    """``magics``: the numbers, at least three bytes each."""

    def __init__(self, magics: Sequence[bytes]) -> None:
        self._by_key: dict[int, list[int]] = {}
        for index, magic in enumerate(magics):
            self._by_key.setdefault(int.from_bytes(magic[:KEY], "little"), []).append(index)
        self._magics = tuple(magics)
        self._keys = np.array(sorted(self._by_key), np.uint32)
        self._table = _table(magics)
        self._hits = np.empty(BLOCK, np.bool_)
        self.longest = max(map(len, magics))

    def places(self, chunk: bytes, size: int) -> tuple[list[tuple[int, int]], bool]:
        """(place, index of the magic number), in order, among the first ``size`` bytes of a chunk.

        ``chunk``: with ``longest`` - 1 bytes of the next one, where there is one. The second value: whether all places
        are there; a chunk that is full of them has the first MOST_PER_CHUNK only.
        """
        data = np.frombuffer(chunk, np.uint8)
        words = data[: len(data) // 2 * 2].view("<u2")
        candidates = self._candidates(words)
        if not len(candidates):
            return [], True
        places = self._with_key(data, candidates)
        places = places[places < size]
        return list(self._found(chunk, places[:MOST_PER_CHUNK])), len(places) <= MOST_PER_CHUNK

    def _candidates(self, words: npt.NDArray[np.uint16]) -> _Places:
        found = []
        for begin in range(0, len(words), BLOCK):
            block = words[begin : begin + BLOCK]
            hits = np.take(self._table, block, out=self._hits[: len(block)], mode="wrap")
            found.append(np.flatnonzero(hits) + begin)
        return np.concatenate(found) * 2 if found else np.empty(0, np.int64)

    def _with_key(self, data: npt.NDArray[np.uint8], candidates: _Places) -> _Places:
        """The places beside the candidates at which three bytes are those of a magic number."""
        beside = np.concatenate([candidates - 1, candidates, candidates + 1])
        beside = beside[(beside >= 0) & (beside + KEY <= len(data))]
        keys = data[beside].astype(np.uint32)
        for at in range(1, KEY):
            keys |= data[beside + at].astype(np.uint32) << np.uint32(8 * at)
        nearest = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.unique(beside[self._keys[nearest] == keys])

    def _found(self, chunk: bytes, places: _Places) -> Iterator[tuple[int, int]]:
        for place in places.tolist():
            for index in self._by_key[int.from_bytes(chunk[place : place + KEY], "little")]:
                if chunk.startswith(self._magics[index], place):
                    yield place, index


def _table(magics: Sequence[bytes]) -> npt.NDArray[np.bool_]:
    table = np.zeros(65_536, np.bool_)
    for magic in magics:
        table[int.from_bytes(magic[:2], "little")] = True
        if magic[1:3] in COMMON:
            table[np.arange(256) | magic[0] << 8] = True
        else:
            table[int.from_bytes(magic[1:3], "little")] = True
    return table
