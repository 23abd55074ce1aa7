"""Colours of a terminal; without one, and where NO_COLOR is set, there are none."""

import os
import sys
from collections.abc import Mapping

NORMAL = "\x1b[0m"
CODES: Mapping[str, str] = {
    "header": "90",
    "version": "35",
    "sequence": "35",
    "command": "36",
    "length": "33",
    "data": "34",
    "value": "1;32",
    "json": "32",
    "checksum": "90",
    "rest": "31",
    "label": "2",
    "title": "1",
    "odd": "31",
    "varying": "1;7",
}


class Palette:
    """Paints text by what it is. ``is_on`` False: the text stays as it is."""

    def __init__(self, is_on: bool) -> None:
        self._is_on = is_on

    def paint(self, text: str, what: str) -> str:
        """``what``: a key of CODES."""
        return f"\x1b[{CODES[what]}m{text}{NORMAL}" if self._is_on and text.strip() else text


def wants_colours() -> bool:
    """Whether standard output is a terminal whose owner has not switched colours off."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
