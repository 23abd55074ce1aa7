"""Answers of /api/history/load and /api/history/anomalies. ``device`` "" is the whole home, or the rest of it."""

from typing import Literal

import msgspec

AnomalyKind = Literal["day", "night", "base", "suspect"]


class BasePart(msgspec.Struct, frozen=True, kw_only=True):
    """What a device draws while the home draws least; "" = what no device measures."""

    device: str
    W: float


class BaseLoad(msgspec.Struct, frozen=True, kw_only=True):
    """The base load, the power that is drawn all the time: the mean of the lowest tenth of the steps between 0 and 6 h.

    ``kWh_year``: in 365 days. ``steps``: how many that tenth has. ``parts``: of the home, adding up to ``W``, the
    largest first.
    """

    W: float
    kWh_year: float
    steps: int
    parts: list[BasePart] = []


class LoadCurve(msgspec.Struct, frozen=True, kw_only=True):
    """The mean powers of all known steps, the highest first: ``W[n]`` is reached in the part ``share[n]`` of the time.

    ``top_W``: reached in 1 % of the time. ``known``: the part of the period that is known. Without a known step,
    columns are empty and the numbers None.
    """

    device: str
    share: list[float]
    W: list[float]
    known: float
    highest_W: float | None = None
    highest_at: float | None = None
    top_W: float | None = None
    median_W: float | None = None
    mean_W: float | None = None
    base: BaseLoad | None = None


class LoadDuration(msgspec.Struct, frozen=True, kw_only=True):
    """Load duration between two times (Unix seconds). ``step``: seconds that each mean power is of."""

    start: float
    end: float
    step: int
    timezone: str
    curves: list[LoadCurve]


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """Something unlike before, between two local midnights (Unix seconds).

    day      the energy of whole days, Wh a day; ``amount``: of the day that departs most
    night    the energy between 0 and 6 h, Wh a night
    base     the base load is higher from ``start`` on, W; ``cause``: the device that rose with it, or ""
    suspect  readings with the quality ``suspect``; ``points`` and ``flags`` are theirs

    ``usual``: the median of like days, of the nights around, or of the nights before.
    """

    kind: AnomalyKind
    device: str
    start: float
    end: float
    days: int
    amount: float | None = None
    usual: float | None = None
    cause: str = ""
    points: list[str] = []
    flags: list[str] = []


class Anomalies(msgspec.Struct, frozen=True, kw_only=True):
    """``items``: the newest first. ``known_days``: how many days were complete and could be compared."""

    start: float
    end: float
    timezone: str
    known_days: int
    items: list[Anomaly]
