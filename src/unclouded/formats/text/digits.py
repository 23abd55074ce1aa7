"""Text -> bytes by columns: hex pairs, and numbers of any length, without a loop over them."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

HEX_DIGITS = "0123456789abcdefABCDEF"
SEPARATORS = " \t\n:;,._|-"
NO_SEPARATORS = str.maketrans(dict.fromkeys(SEPARATORS))
SHORT = 16_384  # characters
NUMBER = re.compile(r"[0-9A-Fa-f]+")
OTHER = 0xFF
DIGIT_VALUES = bytes(  # of each letter as a hex digit: for bytes.translate
    int(chr(code), 16) if chr(code) in HEX_DIGITS else OTHER for code in range(256)
)


def only(text: str, characters: str) -> bool:
    """Whether the text has no other characters."""
    return not text.translate(str.maketrans(dict.fromkeys(characters)))


def pairs(text: str) -> bytes | None:
    """Hex digits with separators between whole bytes; None where it is something else, or half a byte is left."""
    try:
        return bytes.fromhex(text.translate(NO_SEPARATORS))
    except ValueError:
        return None


def numbers(text: str, base: int, longest: int = 3) -> bytes | None:
    """Numbers of up to ``longest`` digits with anything else between them; None where one is no byte or no number."""
    if len(text) <= SHORT:
        return _few_numbers(text, base, longest)
    import numpy as np

    found = _values(text, base, longest)
    if found is None:
        return None
    return found.astype(np.uint8).tobytes() if not found.size or int(found.max()) < 256 else None


def _few_numbers(text: str, base: int, longest: int) -> bytes | None:
    """The same of a short text, for which numpy is not imported."""
    try:
        found = NUMBER.findall(text)
        return bytes(int(one, base) for one in found) if all(len(one) <= longest for one in found) else None
    except ValueError:
        return None


def _values(text: str, base: int, longest: int) -> "np.ndarray[tuple[int], np.dtype[np.uint16]] | None":
    """The value of each run of digits; None where one is longer, or has a digit of a higher base."""
    import numpy as np

    digits = np.frombuffer(text.encode("ascii", "replace").translate(DIGIT_VALUES), np.uint8)
    inside = np.zeros(len(digits) + 2, np.int8)
    inside[1:-1] = digits != OTHER
    edges = np.diff(inside)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    lengths = ends - starts
    if lengths.size and int(lengths.max()) > longest:
        return None
    padded = np.concatenate((np.zeros(longest, np.uint16), digits.astype(np.uint16)))
    values = np.zeros(len(starts), np.uint16)
    for place in range(longest):
        column = np.where(lengths > place, padded[ends - 1 - place + longest], 0)
        if column.size and int(column.max()) >= base:
            return None
        values += (column * base**place).astype(np.uint16)
    return values
