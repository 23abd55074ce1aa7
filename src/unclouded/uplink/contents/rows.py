"""Rolled-up rows of a window (``quarter``: one step of 900 s, ``minute``: five of 60 s), as columns in zlib.

Source: docs/protocols/fleet.md §4.3
"""

from collections.abc import Sequence
from typing import NamedTuple

from unclouded.store.part import SeriesPart

STEPS = {"quarter": 900, "minute": 60}  # s of one step, by level


class RolledRow(NamedTuple):
    """A row of the store: ``start``: Unix s of the step; ``part``: exact, see store.part."""

    series: int
    start: int
    part: SeriesPart


def encode_rows(level: str, start: int, rows: Sequence[RolledRow]) -> bytes:
    """The rows of a window from ``start`` on, in any order."""
    raise NotImplementedError


def decode_rows(level: str, start: int, data: bytes) -> list[RolledRow]:
    """By series, then by time. Raises ContentError."""
    raise NotImplementedError
