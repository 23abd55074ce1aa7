"""Where one of several magic numbers stands in a large file, at any offset, in one pass.

    chunk ─► pairs of bytes (16-bit words) ─► table of 65,536: may a magic number be here? ─► three bytes ─► all bytes

Only every second place is looked up: a number at an odd place has its second and third byte in one word. Where these
are zeros, which are too common, its first byte as the second of a word is looked up instead, before a word of zeros.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

BLOCK = 65_536  # words looked up at once: they fit in a processor's cache
MOST_PER_CHUNK = 4_096  # places that are looked at one by one
ZEROS = bytes(2)
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
        self._shifts = _shifts(magics)
        self._table = np.any(list(self._shifts.values()), axis=0)
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
        places = self._with_key(data, words, candidates)
        places = places[places < size]
        return list(self._found(chunk, places[:MOST_PER_CHUNK])), len(places) <= MOST_PER_CHUNK

    def _candidates(self, words: npt.NDArray[np.uint16]) -> _Places:
        """The indexes of words that may be part of a magic number."""
        found = []
        for begin in range(0, len(words), BLOCK):
            block = words[begin : begin + BLOCK]
            hits = np.take(self._table, block, out=self._hits[: len(block)], mode="wrap")
            found.append(np.flatnonzero(hits) + begin)
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def _with_key(self, data: npt.NDArray[np.uint8], words: npt.NDArray[np.uint16], candidates: _Places) -> _Places:
        """The places at which three bytes are those of a magic number."""
        seen = words[candidates]
        before_zeros = candidates[self._shifts[1][seen]]
        before_zeros = before_zeros[before_zeros + 1 < len(words)]
        before_zeros = before_zeros[words[before_zeros + 1] == 0] * 2 + 1
        others = [candidates[self._shifts[shift][seen]] * 2 + shift for shift in (-1, 0)]
        places = np.concatenate([before_zeros, *others])
        places = places[(places >= 0) & (places + KEY <= len(data))]
        keys = data[places].astype(np.uint32)
        for at in range(1, KEY):
            keys |= data[places + at].astype(np.uint32) << np.uint32(8 * at)
        nearest = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.sort(places[self._keys[nearest] == keys])  # none is there twice: one word leads to each

    def _found(self, chunk: bytes, places: _Places) -> Iterator[tuple[int, int]]:
        for place in places.tolist():
            for index in self._by_key[int.from_bytes(chunk[place : place + KEY], "little")]:
                if chunk.startswith(self._magics[index], place):
                    yield place, index


def _shifts(magics: Sequence[bytes]) -> dict[int, npt.NDArray[np.bool_]]:
    """Where a magic number begins, counted from a word that is part of it -> which words those are."""
    tables = {shift: np.zeros(65_536, np.bool_) for shift in (-1, 0, 1)}
    for magic in magics:
        tables[0][int.from_bytes(magic[:2], "little")] = True
        if magic[1:3] == ZEROS:
            tables[1][np.arange(256) | magic[0] << 8] = True
        else:
            tables[-1][int.from_bytes(magic[1:3], "little")] = True
    return tables
