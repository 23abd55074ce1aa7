"""Replacements of private words: the same word has the same one throughout a bundle, and the same length.

    34:29:8f:12:34:56  ──►  00:00:00:00:00:01        34298f123456  ──►  000000000001      the same address
    192.168.1.57       ──►  000.000.0.02             "Kitchen heater"  ──►  "xxxxxxx xxxxx3"

Letters and digits are replaced, separators stay: so frames keep their lengths, and what an address is stays visible.
"""

import re

SEPARATORS = re.compile(r"[^0-9a-z\x80-\U0010ffff]+")
HEX = re.compile(r"[0-9a-fA-F]{6,}")
UUID, MAC_DIGITS = re.compile(r"[0-9a-z]{20}[0-9a-f]{12}"), 12  # of a plug; docs/protocols/meross.md §1.0.2
SECRET = "*"  # in place of each character of a secret


class Pseudonyms:
    """Hands out numbers, one for each private word, in the order in which they are met."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, word: str) -> str:
        """The replacement of a word, of the same length; as hexadecimal digits where it is such."""
        bare = SEPARATORS.sub("", word.lower())
        if UUID.fullmatch(bare):
            bare = bare[-MAC_DIGITS:]  # it ends with the MAC, and so does its replacement
        number = self._numbers.setdefault(bare, len(self._numbers) + 1)
        digits = HEX.fullmatch(bare) is not None or bare.isdecimal()
        return _in_shape(word, str(number), "0" if digits else "x")

    def number_of(self, data: bytes) -> bytes:
        """The replacement of a binary address, as that of its hexadecimal digits."""
        return bytes.fromhex(self.of(data.hex()))


def _in_shape(word: str, number: str, fill: str) -> str:
    """``fill`` for each letter and digit, the last ones replaced by the number."""
    places = [index for index, letter in enumerate(word) if letter.isalnum()]
    number = number[-len(places) :] if places else ""
    shape = [fill if letter.isalnum() else letter for letter in word]
    for index, digit in zip(places[len(places) - len(number) :], number, strict=True):
        shape[index] = digit
    return "".join(shape)
