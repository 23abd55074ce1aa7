"""Energy for the fleet: of each counter in an hour, and of the home on the days that the hour touches.

It is computed as the hub's own pages do it (web/history/energy.py, app/costs), so that both pages say the same.
Source: docs/protocols/fleet.md §4.4
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from unclouded.app.configuration.tables.costs import CostsTable
from unclouded.app.costs.measured_home import Columns, MeasuredHome, home_energy, measured_home
from unclouded.app.costs.quarter_columns import QuarterColumn, QuarterColumns
from unclouded.core.model import Device
from unclouded.store.reading.condense import HOUR, Grid
from unclouded.store.reading.reader import StoreReader
from unclouded.tariffs.quarters import QUARTER, day_begin
from unclouded.uplink.contents.energy import ESTIMATED, GAP, UNFINISHED, DayEnergy, EnergyWindow, HourEnergy
from unclouded.uplink.let_out import LetOutFilter
from unclouded.web.history.energy import counter_rises


class HomeEnergyWindows:
    """Of one store file, in one thread at a time. ``devices``: of the hub; may be replaced when they change.

    ``pause`` is called between two devices, so that no wire waits.
    """

    def __init__(
        self, reader: StoreReader, zone: ZoneInfo, costs: CostsTable, pause: Callable[[], None] = lambda: None
    ) -> None:
        self._pause = pause
        self.devices: Sequence[Device] = ()
        self._reader = reader
        self._zone = zone
        self._costs = costs
        self._columns = QuarterColumns()
        self._days: dict[tuple[date, frozenset[str]], DayEnergy | None] = {}

    def forget(self) -> None:
        """Stored values may have changed: days are computed again."""
        self._days.clear()

    def read(self, start: int, chosen: LetOutFilter) -> EnergyWindow:
        """The hour from ``start`` (Unix s) on. Raises StoreError."""
        out = frozenset(id for number, id in self._reader.numbers().items() if id and chosen.lets_out(number, "energy"))
        days = [self._day(day, out) for day in self._dates(start)]
        return EnergyWindow(tuple(self._hours(start, out)), tuple(day for day in days if day is not None))

    # --- inside --------------------------------------------------------------------------------

    def _hours(self, start: int, out: frozenset[str]) -> list[HourEnergy]:
        counters = {id: points for id, points in self._reader.counters().items() if id in out}
        series, found = self._reader.counter_series(), list[HourEnergy]()
        at = [float(start), float(start + HOUR)]
        for one in counter_rises(self._reader, Grid(QUARTER), at, counters):
            self._pause()
            number = series.get((one.device, one.point))
            if number is not None:
                flags = ESTIMATED * bool(one.rises.estimated[0]) | GAP * bool(one.rises.gap[0])
                found.append(HourEnergy(number, one.rises.mWh[0], flags))
        return found

    def _dates(self, start: int) -> list[date]:
        both = (datetime.fromtimestamp(at, self._zone).date() for at in (start, start + HOUR - 1))
        return list(dict.fromkeys(both))

    def _day(self, day: date, out: frozenset[str]) -> DayEnergy | None:
        key = (day, out)
        if key not in self._days:
            self._days[key] = self._computed(day, out)
        return self._days[key]

    def _computed(self, day: date, out: frozenset[str]) -> DayEnergy | None:
        """None where nothing measures the home."""
        home = measured_home(self.devices, self._costs)
        if not home.devices:
            return None
        first, end = day_begin(day, self._zone), day_begin(day + timedelta(days=1), self._zone)
        energy = home_energy(home, self._read_columns(home.devices, first, end), first, end)
        now = int(self._reader.newest()) // QUARTER
        known = energy.unknown[: max(0, now - first)] or energy.unknown
        flags = ESTIMATED * any(energy.estimated) | GAP * any(known) | UNFINISHED * (now < end)
        is_known = not all(energy.unknown)
        return DayEnergy(
            date=day.isoformat(),
            zone=self._zone.key,
            import_mWh=sum(energy.bought) if is_known and lets_out_grid(home, out) else None,
            export_mWh=sum(energy.fed_in) if is_known and lets_out_grid(home, out) else None,
            solar_mWh=sum(energy.produced) if out.issuperset(home.solar) else None,
            flags=flags,
        )

    def _read_columns(self, devices: Sequence[str], first: int, end: int) -> Columns:
        found: dict[str, Mapping[str, QuarterColumn]] = {}
        for one in devices:
            found |= self._columns.read(self._reader, [one], first, end)
            self._pause()
        return found


def lets_out_grid(home: MeasuredHome, out: frozenset[str]) -> bool:
    """Whether all devices that a home's import follows from are let out."""
    if home.grid:
        return out.issuperset((*home.grid, *home.outside))
    return out.issuperset((*home.uses, *home.solar))
