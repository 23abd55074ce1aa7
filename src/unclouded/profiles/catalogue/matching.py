"""Which products of the catalogue report what an unknown one reports, and what its data points therefore are.

    reports ──► data points with their types, lowest and highest counts (core.profile.ProductReports)
            ──► every table is scored: which data points it shares, and whether the counts are possible in it
            ──► each data point: what the likely tables agree on ──► MatchedRow

A product is never one of the tables for certain: each data point is named where the tables that are likely agree on it,
and its scale is sure where products of several tables that are like it all have the same one, and physics allows it.
What is said of a product whose own table is missing is measured by tests/profiles/test_matching.py.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from unclouded.core.profile import SeenPoint
from unclouded.core.quantities import CURRENT, MAINS_V, POWER, POWER_FACTOR, VOLTAGE, quantity_of
from unclouded.profiles.catalogue.table import CatalogueRow, CatalogueTable

PLAUSIBLE: Mapping[str, tuple[float, float]] = {"°C": (-40.0, 90.0), "%": (0.0, 100.0), "Hz": (0.0, 400.0)}  # by unit

# Of a product that is like a table: how likely, as logarithms, is it …
LACKS = math.log(0.004)  # … that it reports a data point that the table has not
SILENT = math.log(0.5)  # … that it does not report one that the table has
IMPOSSIBLE = math.log(0.001)  # … that it reports a count that the table does not allow
NEGLIGIBLE = 14.0  # tables so much less likely than the best one are left out: e**-14

LEAST_COUNTS = 10  # fewer of a power or a current say little
LEAST_FACTOR, MOST_FACTOR = 0.3, 1.1  # of power by apparent power

# What makes a name, and a scale, sure.
NAME_SHARE = 0.97  # of the likely tables that have the data point
LIKELY_SHARE = 0.6  # of all likely tables that have it
SCALE_SHARE = 0.995
ANYWHERE_SHARE = 0.98  # of all tables in which the data point has this name
STANDARD_DP = 100  # up to here the maker assigns the numbers, by the kind of product; above, each product its own
LIKENESS_OF_OWN = 0.8  # the least likeness of a table that names data points above
COVERED = 0.8  # the least share of what was seen that tables have which make a scale sure
TABLES = 3  # the least number of these
SEEN = 4  # the least number of data points that were seen


class MatchedRow(msgspec.Struct, frozen=True):
    """What a data point is. ``is_sure``: also its scale, or the order of its options."""

    row: CatalogueRow
    is_sure: bool


class ProductMatch(msgspec.Struct, frozen=True):
    """``nearest``: the name of the most likely table, "" = none is alike. ``likeness``: data points of both by those of
    either, 0 to 1.
    """

    rows: tuple[MatchedRow, ...] = ()
    nearest: str = ""
    title: str = ""
    likeness: float = 0.0


_Observed = Mapping[tuple[int, str], SeenPoint]  # by data point and type


class ProductMatcher:
    """Matches what is reported with tables; 1 to 5 ms for each product."""

    def __init__(self, tables: Iterable[CatalogueTable]) -> None:
        self._tables = tuple(tables)
        self._number = {table.name: number for number, table in enumerate(self._tables)}
        # Of a table without ids it is one product, not more.
        self._products = [max(len(table.products), 1) for table in self._tables]
        self._sizes = [len({(row.dp, row.type) for row in table.rows}) for table in self._tables]
        self._places: dict[tuple[int, str], dict[int, _Candidate]] = defaultdict(dict)
        for number, table in enumerate(self._tables):
            for row in table.rows:
                self._places[row.dp, row.type][number] = _candidate(row)
        self._phases = [_phases(table.rows) for table in self._tables]
        self._increments = {
            (row.dp, row.type) for table in self._tables for row in table.rows if row.counter == "increment"
        }

    def match(self, seen: Iterable[SeenPoint], left_out: Mapping[str, int] | None = None) -> ProductMatch:
        """What the data points are. ``left_out``: how many products of a table, by its name, do not count."""
        observed = {(one.dp, one.type): one for one in seen}
        products = self._products
        if left_out:
            products = [*products]
            for name, count in left_out.items():
                products[self._number[name]] -= count
        found = {place: self._places.get(place, NOT_LISTED) for place in sorted(observed)}
        likely = self._likely(found, observed, products)
        if not likely.weights:
            return ProductMatch()
        best = max(likely.weights, key=lambda number: likely.weights[number])
        rows = [self._row(place, seen, found[place], likely, products) for place, seen in sorted(observed.items())]
        rows += [self._expected(place, likely, products) for place in self._increments if place not in observed]
        return ProductMatch(
            rows=tuple(_physically([row for row in rows if row is not None], observed, self._phases[best])),
            nearest=self._tables[best].name,
            title=self._tables[best].title,
            likeness=likely.likeness[best],
        )

    def _likely(
        self, found: "Mapping[tuple[int, str], _Having]", observed: _Observed, products: Sequence[int]
    ) -> "_Likely":
        """The tables that share a data point with the product and are likely, how much so, and how like it they are."""
        shared: Counter[int] = Counter()
        impossible: Counter[int] = Counter()
        for place, having in found.items():
            shared.update(having.keys())
            seen = observed[place]
            impossible.update([number for number, one in having.items() if not one.allows(seen)])
        for number in shared:
            if not all(phase.allows(observed) for phase in self._phases[number]):
                impossible[number] += 1
        scores = {
            number: math.log(products[number])
            + self._sizes[number] * SILENT
            + (len(found) - both) * LACKS
            - both * SILENT
            + impossible[number] * IMPOSSIBLE
            for number, both in shared.items()
            if products[number] > 0
        }
        best = max(scores.values(), default=0.0)
        weights = {number: math.exp(score - best) for number, score in scores.items() if score > best - NEGLIGIBLE}
        likeness = {one: shared[one] / (len(found) + self._sizes[one] - shared[one]) for one in weights}
        return _Likely(weights, likeness, {one: shared[one] / len(found) for one in weights}, len(found), impossible)

    def _row(
        self, place: tuple[int, str], seen: SeenPoint, having: "_Having", likely: "_Likely", products: Sequence[int]
    ) -> MatchedRow | None:
        """What the likely tables agree on; None where they do not."""
        named: dict[str, list[int]] = defaultdict(list)
        for number in likely.weights:
            if number in having:
                named[having[number].row.key].append(number)
        weight = sum(map(likely.sum, named.values()))
        if not named or weight < LIKELY_SHARE * likely.total:
            return None
        key = max(named, key=lambda one: likely.sum(named[one]))
        nearest = max(likely.likeness[number] for numbers in named.values() for number in numbers)
        if likely.sum(named[key]) < NAME_SHARE * weight or (place[0] > STANDARD_DP and nearest < LIKENESS_OF_OWN):
            return None
        read: dict[object, list[int]] = defaultdict(list)
        for number in named[key]:
            read[having[number].reading].append(number)
        reading = max(read, key=lambda one: likely.sum(read[one]))
        best = max(read[reading], key=lambda number: likely.weights[number])
        agreed = likely.sum(read[reading]) >= SCALE_SHARE * likely.sum(named[key])
        alike = sum(likely.covered[number] >= COVERED for number in read[reading])
        is_sure = (
            agreed
            and alike >= TABLES
            and likely.seen >= SEEN
            and self._everywhere(having, key, reading, likely, products)
        )
        return MatchedRow(having[best].row, is_sure and having[best].allows(seen))

    def _everywhere(
        self, having: "_Having", key: str, reading: object, likely: "_Likely", products: Sequence[int]
    ) -> bool:
        """Whether nearly all tables that name the data point so, and whose counts are possible, read it so."""
        same = [
            one.reading == reading
            for number, one in having.items()
            if one.row.key == key and products[number] > 0 and not likely.impossible[number]
        ]
        return sum(same) >= ANYWHERE_SHARE * len(same)

    def _expected(self, place: tuple[int, str], likely: "_Likely", products: Sequence[int]) -> MatchedRow | None:
        """A counter of increments is reported only when it counts: it is there where the likely tables have it."""
        having = self._places[place]
        if likely.sum(number for number in likely.weights if number in having) < NAME_SHARE * likely.total:
            return None
        row = self._row(place, SeenPoint(*place), having, likely, products)
        return row if row is not None and row.is_sure and row.row.counter == "increment" else None


class _Candidate(msgspec.Struct, frozen=True):
    """A row, what its reading depends on besides its name, and the counts that are possible."""

    row: CatalogueRow
    reading: object
    low: float
    high: float
    least: float  # of the highest count, where that is not 0

    def allows(self, seen: SeenPoint) -> bool:
        """Whether these counts are possible; what is not a number is."""
        if seen.low is None or seen.high is None:
            return True
        return self.low <= seen.low and seen.high <= self.high and (seen.high == 0 or seen.high >= self.least)


def _place(row: CatalogueRow) -> tuple[int, str]:
    return row.dp, row.type


class _Phase(msgspec.Struct, frozen=True, kw_only=True):
    """The data points that hold the power, voltage and current of a phase, and VA for one count of each of the latter
    by W for one count of the power.
    """

    power: tuple[int, str]
    voltage: tuple[int, str]
    current: tuple[int, str]
    scale: float

    @property
    def places(self) -> tuple[tuple[int, str], ...]:
        return self.power, self.voltage, self.current

    def allows(self, observed: _Observed) -> bool:
        """Whether the highest counts can be together; one that was not seen, or is small, says nothing."""
        power, voltage, current = (_highest(observed.get(place)) for place in self.places)
        if not voltage or self.current not in observed or power < LEAST_COUNTS:
            return True
        if power > MOST_FACTOR * voltage * (current + 1) * self.scale:
            return False
        return current < LEAST_COUNTS or power >= LEAST_FACTOR * voltage * current * self.scale


def _physically(rows: Sequence[MatchedRow], observed: _Observed, nearest: "Sequence[_Phase]") -> Iterable[MatchedRow]:
    """The rows; of a phase whose power, voltage and current cannot be together, or were not all seen, none is sure.

    ``nearest``: the phases of the most likely table.
    """
    odd = [phase.places for phase in _phases(one.row for one in rows) if not phase.allows(observed)]
    odd += [phase.places for phase in nearest if not all(place in observed for place in phase.places)]
    places = {place for phase in odd for place in phase}
    return (MatchedRow(one.row, one.is_sure and _place(one.row) not in places) for one in rows)


def _highest(seen: SeenPoint | None) -> int:
    return 0 if seen is None or seen.high is None else seen.high


def _phases(rows: Iterable[CatalogueRow]) -> list[_Phase]:
    """The phases of which power, voltage and current are data points of their own."""
    found: dict[str, dict[int, CatalogueRow]] = defaultdict(dict)
    for row in rows:
        quantity = quantity_of(row.key)
        if quantity is not None and row.type == "value":
            found[quantity[1]][quantity[0]] = row
    return [
        _Phase(
            power=_place(of[POWER]),
            voltage=_place(of[VOLTAGE]),
            current=_place(of[CURRENT]),
            scale=float(of[VOLTAGE].scale * of[CURRENT].scale / of[POWER].scale),
        )
        for of in found.values()
        if {POWER, VOLTAGE, CURRENT} <= of.keys()
    ]


_Having = Mapping[int, _Candidate]  # the tables that have a data point
NOT_LISTED: _Having = {}


class _Likely:
    """The likely tables: their weights, how like the product they are, and which share of what was seen they have."""

    def __init__(
        self,
        weights: Mapping[int, float],
        likeness: Mapping[int, float],
        covered: Mapping[int, float],
        seen: int,
        impossible: Counter[int],
    ) -> None:
        self.weights = weights
        self.likeness = likeness
        self.covered = covered
        self.seen = seen  # data points
        self.impossible = impossible  # counts in tables that these do not allow
        self.total = sum(weights.values())

    def sum(self, numbers: Iterable[int]) -> float:
        return sum(self.weights[number] for number in numbers)


def _candidate(row: CatalogueRow) -> _Candidate:
    """``reading``: what makes two rows turn the same count into the same value."""
    reading = (row.scale, row.options, row.counter, row.decode, row.inverted, row.tenth, row.negative_when, row.true_is)
    low, high = _span(row)
    quantity = quantity_of(row.key)
    is_voltage = row.type == "value" and quantity is not None and quantity[0] == VOLTAGE
    return _Candidate(row, reading, low, high, MAINS_V[0] / float(row.scale) if is_voltage else low)


def _span(row: CatalogueRow) -> tuple[float, float]:
    """The counts that are possible: what its range or its options allow, and physics of its quantity."""
    if row.type == "enum":
        return 0, len(row.options) - 1 if row.options else math.inf
    if row.type != "value":
        return -math.inf, math.inf
    low = -math.inf if row.low is None else row.low
    high = math.inf if row.high is None else row.high
    physical = _physical(row)
    return max(low, physical[0] / float(row.scale)), min(high, physical[1] / float(row.scale))


def _physical(row: CatalogueRow) -> tuple[float, float]:
    quantity = quantity_of(row.key)
    if quantity is not None and quantity[0] == VOLTAGE:
        return 0.0, MAINS_V[1]
    if quantity is not None and quantity[0] == POWER_FACTOR:
        return -1.0, 1.0
    return PLAUSIBLE.get(row.unit, (-math.inf, math.inf))
