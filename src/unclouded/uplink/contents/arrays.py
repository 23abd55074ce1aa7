"""Readings of windows as numpy arrays, where many are read. The hub never imports this module.

Source: docs/protocols/fleet.md §4.2
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class SeriesArrays(NamedTuple):
    """The readings of one series, in order of time. ``at``: Unix ms. ``values``: counts of the series' scale (int64;
    float64 where one has more than 63 bits). ``marks``: quality | flag bits << 2."""

    at: NDArray[np.int64]
    values: NDArray[np.int64] | NDArray[np.float64]
    marks: NDArray[np.int64]


def raw_arrays(start: int, data: bytes) -> dict[int, SeriesArrays]:
    """By series, of all devices of a window of ``raw``. Raises ContentError."""
    raise NotImplementedError
