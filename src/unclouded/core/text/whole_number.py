"""Whole numbers that people type or that an address names: digits only, inside a range, of bounded length.

whole_number("60", 1, 3600)  ──►  60       whole_number("000001999…", 1, 3600)  ──►  None
"""


def whole_number(text: str, lowest: int, highest: int) -> int | None:
    """The number, or None where it is none from ``lowest`` to ``highest``. It has no more digits than ``highest``."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(highest))):
        return None
    number = int(text)
    return number if lowest <= number <= highest else None
