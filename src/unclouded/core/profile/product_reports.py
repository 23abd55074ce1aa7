"""What a product of which no profile is known has reported, and what its data points were found to be."""

from collections.abc import Iterable, Mapping

import msgspec

from unclouded.core.profile.schema import PointRow
from unclouded.core.sessions.session import NumberType, WireValue

MOST_SEEN = 512  # data points; a product has 255 at most, of which some may change their type


class SeenPoint(msgspec.Struct, frozen=True):
    """A data point with its type and, of numbers, the lowest and the highest count that was reported."""

    dp: int
    type: str
    low: int | None = None
    high: int | None = None


class MatchedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """What a product's data points are, by those of similar products; kept over restarts.

    ``product``: its id. ``nearest``: the name of the table that is most like it, ``title`` that of its products, ""
    where none is. ``likeness``: data points that both have by those that either has, 0 to 1. ``seen``: what it was
    found by. ``rows``: of those data points that could be named; their ``confidence`` is ``matched`` or ``guessed``.
    """

    product: str
    nearest: str = ""
    title: str = ""
    likeness: float = 0.0
    seen: tuple[SeenPoint, ...] = ()
    rows: tuple[PointRow, ...] = ()


class ProductReports:
    """The data points that were reported, with the spans of their counts."""

    def __init__(self, seen: Iterable[SeenPoint] = ()) -> None:
        self._seen = {(one.dp, one.type): one for one in seen}

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, values: Mapping[str, WireValue], types: Mapping[str, NumberType]) -> bool:
        """Take over a report; whether it has a data point that no report had. ``types``: see ``Reported``."""
        before = len(self._seen)
        for wire, raw in values.items():
            if wire.isdecimal() and len(self._seen) < MOST_SEEN:
                self._add(int(wire), raw, types.get(wire, "value"))
        return len(self._seen) > before

    def points(self) -> tuple[SeenPoint, ...]:
        """What was reported so far, by place."""
        return tuple(self._seen[place] for place in sorted(self._seen))

    def _add(self, dp: int, raw: WireValue, number: NumberType) -> None:
        match raw:
            case bool():
                self._seen[dp, "bool"] = SeenPoint(dp, "bool")
            case str():
                self._seen[dp, "string"] = SeenPoint(dp, "string")
            case bytes():
                self._seen[dp, "raw"] = SeenPoint(dp, "raw")
            case int():
                known = self._seen.get((dp, number))
                low = raw if known is None or known.low is None else min(known.low, raw)
                high = raw if known is None or known.high is None else max(known.high, raw)
                self._seen[dp, number] = SeenPoint(dp, number, low, high)
