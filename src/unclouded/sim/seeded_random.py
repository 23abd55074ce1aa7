"""Reproducible random numbers: every number is a hash of a seed, a name and an index. Pure.

    SeededRandom(seed=7, name="fridge").integer(second, 82_000, 88_000)  ->  always the same

There is no sequence, so the number for any second can be computed without those before it. The mixing function is
the finaliser of splitmix64 (Steele, Lea, Flood, 2014).
"""

_MASK = 2**64 - 1


def mix(value: int) -> int:
    """Mix 64 bits: every output bit depends on all input bits."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


class SeededRandom:
    """The random numbers of one object in one simulation."""

    def __init__(self, seed: int, name: str) -> None:
        self._base = mix(seed & _MASK)
        for byte in name.encode():
            self._base = mix(self._base ^ byte)

    def integer(self, number: int, low: int, high: int) -> int:
        """An integer from ``low`` to ``high``, both included; always the same for the same ``number``."""
        return low + mix(self._base ^ (number & _MASK)) % (high - low + 1)

    def drift(self, second: int, every: int, low: int, high: int) -> int:
        """A slowly varying integer: random every ``every`` seconds, interpolated linearly in between."""
        step, passed = divmod(second, every)
        here = self.integer(step, low, high)
        there = self.integer(step + 1, low, high)
        return here + (there - here) * passed // every

    def token(self, number: int, length: int) -> bytes:
        """Bytes that look random."""
        words = (mix(self._base ^ ((number << 20) + index)) for index in range(length // 8 + 1))
        return b"".join(word.to_bytes(8, "big") for word in words)[:length]
