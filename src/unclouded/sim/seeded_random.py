"""Chance that can be told in advance: every roll is a hash of the seed, a name and a number. Pure.

    Dice(seed=7, name="fridge").roll(second, 82_000, 88_000)  ->  always the same

Nothing is drawn in sequence, so any second of any day can be looked up without living through the ones
before it. The mixing function is the finaliser of splitmix64 (Steele, Lea, Flood, 2014).
"""

_MASK = 2**64 - 1


def mix(value: int) -> int:
    """64 bits in, 64 bits out, each depending on all."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


class SeededRandom:
    """The dice of one thing in one world."""

    def __init__(self, seed: int, name: str) -> None:
        self._base = mix(seed & _MASK)
        for byte in name.encode():
            self._base = mix(self._base ^ byte)

    def roll(self, number: int, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included; the same for the same ``number``."""
        return low + mix(self._base ^ (number & _MASK)) % (high - low + 1)

    def drift(self, second: int, every: int, low: int, high: int) -> int:
        """A number that wanders: it is rolled each ``every`` seconds and moves evenly in between."""
        step, passed = divmod(second, every)
        here = self.roll(step, low, high)
        there = self.roll(step + 1, low, high)
        return here + (there - here) * passed // every

    def token(self, number: int, length: int) -> bytes:
        """Bytes that look random."""
        words = (mix(self._base ^ ((number << 20) + index)) for index in range(length // 8 + 1))
        return b"".join(word.to_bytes(8, "big") for word in words)[:length]
