"""Costs of one configuration, computed from a store: bills, costs of devices, comparison, the price at a time.

store ─► QuarterColumns ─► HomeEnergy ─┐
store ─► feeds ────────────────────────┼─► tariffs/ ─► views
configuration ─► tariffs, MeasuredHome ┘
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

import msgspec

from unclouded.app.configuration.config import Config
from unclouded.app.costs.cost_rows import CostTable, cost_table
from unclouded.app.costs.measured_home import Columns, MeasuredHome, home_energy, measured_home
from unclouded.app.costs.quarter_columns import QuarterColumns
from unclouded.app.costs.view_texts import (
    bill_view,
    compared_view,
    gap_views,
    missing_share,
    price_view,
    prices_view,
    solar_view,
)
from unclouded.core.calendar.local_time import local_date
from unclouded.core.errors import CommandError
from unclouded.core.feeds import FeedInterval
from unclouded.core.model import Device
from unclouded.core.times import iso
from unclouded.core.views.costs import (
    BillView,
    ComparedTariffView,
    ComparisonView,
    CostPeriod,
    CostsView,
    PricesView,
    PriceView,
)
from unclouded.store.reading.reader import StoreReader
from unclouded.tariffs.bill import Bill, bill
from unclouded.tariffs.billing import chosen_period, period_name
from unclouded.tariffs.feed_rates import quarter_means
from unclouded.tariffs.money import PICO
from unclouded.tariffs.price import next_price, quarter_price
from unclouded.tariffs.price_runs import price_runs
from unclouded.tariffs.pricing import Pricing, reading_begin
from unclouded.tariffs.quarters import QUARTER, HomeEnergy, day_begin
from unclouded.tariffs.tariff import Tariff
from unclouded.web.history.energy import borders

LONGEST_DAYS = 3 * 366
MOST_DEVICES_YEARS = 120 * 366  # device-days that one answer may read
MOST_PERIODS = 60  # billing periods that a bill names for choice
LATEST = 221_845_392_000  # Unix seconds of the year 9000
AHEAD = 96 * 2  # quarters that are searched for the next price


class ReadHome(NamedTuple):
    """The energy of a home and of its devices, from one quarter on, and the feeds."""

    energy: HomeEnergy
    columns: Columns
    feeds: Mapping[str, Sequence[FeedInterval]]


class CostReports:
    """``devices``: those of the hub. ``kept``: of the same store. All may raise CommandError and StoreError."""

    def __init__(self, config: Config, devices: Sequence[Device], kept: QuarterColumns) -> None:
        self._config = config
        self._devices = devices
        self._kept = kept
        self._zone = config.zone
        self.home: MeasuredHome = measured_home(devices, config.tables.costs)

    def tariff(self, name: str) -> Tariff:
        """By name; "" = the one that counts. Raises CommandError."""
        names = [one.name for one in self._config.tariffs]
        wanted = name or self._config.tables.costs.tariff
        if not wanted:
            raise CommandError(
                "No tariff is chosen. Write [costs] tariff = … into the configuration; docs/costs.md has examples."
                if names
                else "There are no tariffs in the configuration yet. docs/costs.md has examples."
            )
        if wanted not in names:
            raise CommandError(f"There is no tariff {wanted[:60]!r}. There are: {', '.join(names) or 'none'}.")
        return self._config.tariffs[names.index(wanted)]

    def bill(self, reader: StoreReader, name: str, period: str, now: float) -> BillView:
        """The bill of a period, up to now where it is not over."""
        tariff = self.tariff(name)
        today = local_date(now, self._zone)
        since, until = chosen_period(period, tariff.billing, today)
        if since > today:
            raise CommandError(f"The period from {since} on has not begun yet.")
        whole = until
        until = min(until, today + timedelta(days=1))
        found = self._bill(reader, tariff, since, until, now)
        start, end = (day_begin(one, self._zone) * QUARTER for one in (since, whole))
        view = bill_view(found, period_name(since, whole, tariff.billing), start, end, whole <= today)
        return msgspec.structs.replace(view, periods=self._periods(reader, tariff, today))

    def costs(
        self,
        reader: StoreReader,
        name: str,
        by: CostPeriod,
        start: float,
        end: float,
        now: float,
        devices: Sequence[str] = (),
        rooms: bool = False,
    ) -> CostsView:
        """Costs per device or room and period."""
        tariff = self.tariff(name)
        at = self._borders(tariff, by, start, end)
        since, until = (local_date(one, self._zone) for one in (at[0], at[-1] - 1))
        read = self._read(reader, [tariff], since, until + timedelta(days=1), now, devices=True)
        pricing = Pricing(tariff, read.energy, read.feeds, self._zone, self._config.calendar.holidays)
        intensity = self._intensity(reader, read.energy)
        table: CostTable = cost_table(self.home, self._devices, pricing, read.columns, at, intensity, devices, rooms)
        gaps, more = gap_views(table.gaps, read.energy, int(at[0]) // QUARTER, int(min(at[-1], now)) // QUARTER)
        return CostsView(
            tariff=tariff.name,
            currency=tariff.currency,
            digits=tariff.digits,
            by=by,
            timezone=self._zone.key,
            at=at,
            rows=table.rows,
            solar=solar_view(table.solar) if table.solar is not None else None,
            unpriced_kWh=table.unpriced_kWh,
            no_intensity_kWh=table.no_intensity_kWh,
            missing_share=missing_share(read.energy, int(at[0]) // QUARTER, int(at[-1]) // QUARTER),
            gaps=gaps,
            more_gaps=more,
        )

    def compare(
        self, reader: StoreReader, names: Sequence[str], start: float, end: float, now: float
    ) -> ComparisonView:
        """What the energy of whole days would have cost in several tariffs."""
        tariffs = [self.tariff(one) for one in dict.fromkeys(names)] or list(self._config.tariffs)
        if not tariffs:
            self.tariff("")
        end = min(end, now)
        if start >= end:
            raise CommandError("Give a start in the past, and an end after the start.")
        since, until = local_date(start, self._zone), local_date(end - 1, self._zone) + timedelta(days=1)
        read = self._read(reader, tariffs, since, until, now)
        base = next((one for one in tariffs if one.name == self._config.tables.costs.tariff), tariffs[0])
        bills = {one.name: self._monthly(one, read, since, until) for one in tariffs}
        views: list[ComparedTariffView] = [
            compared_view(one, bills[one.name], base, bills[base.name]) for one in tariffs
        ]
        months = _months(since, until)
        first = reader.since()
        energy = read.energy
        low, high = day_begin(since, self._zone), min(day_begin(until, self._zone), energy.end)
        bought = energy.bought[low - energy.first : high - energy.first]
        guessed = energy.estimated[low - energy.first : high - energy.first]
        return ComparisonView(
            start=float(low * QUARTER),
            end=float(day_begin(until, self._zone) * QUARTER),
            at=[float(day_begin(one, self._zone) * QUARTER) for one in (*months, until)],
            import_kWh=sum(bought) / 10**6,
            export_kWh=sum(energy.fed_in[low - energy.first : high - energy.first]) / 10**6,
            missing_share=missing_share(energy, low, high),
            estimated_share=sum(mWh for mWh, guess in zip(bought, guessed, strict=True) if guess) / max(sum(bought), 1),
            first=iso(first) if first is not None else "",
            tariffs=tuple(views),
        )

    def price(self, reader: StoreReader, name: str, at: float) -> PriceView:
        """The price of a kWh at a time."""
        tariff = self.tariff(name)
        _check_time(at)
        number = int(at) // QUARTER
        day = local_date(number * QUARTER, self._zone)
        begin = day_begin(reading_begin(tariff, day), self._zone)
        read = self._read_quarters(reader, [tariff], begin, number + AHEAD, tiers=bool(begin < number))
        holidays = self._config.calendar.holidays
        pricing = Pricing(tariff, read.energy, read.feeds, self._zone, holidays)
        found = quarter_price(pricing, number)
        ahead = next_price(pricing, number + 1, found.price)
        intensity = self._intensity(reader, read.energy)[number - read.energy.first]
        return price_view(tariff, at, found, ahead, intensity)

    def prices(self, reader: StoreReader, name: str, start: float, end: float) -> PricesView:
        """The prices of a time in runs; of tiers, the first one counts."""
        tariff = self.tariff(name)
        _check_time(end)
        first, until = int(start) // QUARTER, -int(-end // QUARTER)
        stored = reader.feeds()
        feeds = {one: stored.intervals(one, first * QUARTER, until * QUARTER) for one in tariff.feeds}
        runs = price_runs(tariff, feeds, first, until, self._zone, self._config.calendar.holidays)
        return prices_view(tariff, runs, until)

    # --- inside --------------------------------------------------------------------------------

    def _bill(self, reader: StoreReader, tariff: Tariff, since: date, until: date, now: float) -> Bill:
        read = self._read(reader, [tariff], since, until, now)
        return bill(tariff, read.energy, read.feeds, self._zone, since, until, self._config.calendar.holidays)

    def _monthly(self, tariff: Tariff, read: ReadHome, since: date, until: date) -> list[Bill]:
        """The bill of the whole time, then those of its calendar months."""
        holidays = self._config.calendar.holidays
        months = _months(since, until)
        ranges = [(since, until), *zip(months, [*months[1:], until], strict=True)]
        return [
            bill(tariff, self._cut(tariff, read.energy, *one), read.feeds, self._zone, *one, holidays) for one in ranges
        ]

    def _cut(self, tariff: Tariff, energy: HomeEnergy, since: date, until: date) -> HomeEnergy:
        """The energy of some days, and of those before that a tariff needs."""
        first, end = (day_begin(one, self._zone) for one in (_begin(tariff, since), until))
        return energy.cut(max(first, energy.first), min(end, energy.end))

    def _borders(self, tariff: Tariff, by: CostPeriod, start: float, end: float) -> list[float]:
        if by != "billing":
            return borders(by, start, end, self._zone)
        _check_time(end)
        since, until = local_date(start, self._zone), local_date(end - 1, self._zone) + timedelta(days=1)
        self._check_days(since, until)
        periods = list(tariff.billing.periods(since, until))
        return [
            float(day_begin(one, self._zone) * QUARTER) for one in (*(begin for begin, _ in periods), periods[-1][1])
        ]

    def _read(
        self,
        reader: StoreReader,
        tariffs: Sequence[Tariff],
        since: date,
        until: date,
        now: float,
        devices: bool = False,
    ) -> ReadHome:
        """The energy of some days, and of those before that a tariff needs; up to now."""
        self._check_days(since, until)
        begin = min(_begin(one, since) for one in tariffs)
        first, end = day_begin(begin, self._zone), day_begin(until, self._zone)
        end = max(min(end, int(now) // QUARTER + 1), first + 1)
        return self._read_quarters(reader, tariffs, first, end, devices=devices)

    def _read_quarters(
        self,
        reader: StoreReader,
        tariffs: Sequence[Tariff],
        first: int,
        end: int,
        devices: bool = False,
        tiers: bool = True,
    ) -> ReadHome:
        wanted = self.home.devices if devices else self._of_home()
        if len(wanted) * (end - first) // 96 > MOST_DEVICES_YEARS:
            raise CommandError("The request covers too much data. Choose a shorter time.")
        columns = self._kept.read(reader, wanted, first, end) if tiers else {}
        feeds = reader.feeds()
        names = {name for one in tariffs for name in one.feeds}
        values = {name: feeds.intervals(name, first * QUARTER, end * QUARTER) for name in sorted(names)}
        return ReadHome(home_energy(self.home, columns, first, end), columns, values)

    def _of_home(self) -> list[str]:
        """The devices from which the energy of the whole home is computed."""
        home = self.home
        all_of_it = (*home.grid, *home.outside) if home.grid else home.uses
        return list(dict.fromkeys((*all_of_it, *home.solar, *home.controlled)))

    def _intensity(self, reader: StoreReader, energy: HomeEnergy) -> list[Fraction | None]:
        """g/kWh of each quarter; None where it is not known."""
        costs = self._config.tables.costs
        if costs.carbon_feed:
            found = reader.feeds().intervals(costs.carbon_feed, energy.first * QUARTER, energy.end * QUARTER)
            means = quarter_means(found, energy.first, energy.end)
            return [None if one is None else Fraction(one, QUARTER * PICO) for one in means]
        same = None if costs.carbon_g_per_kWh is None else Fraction(costs.carbon_g_per_kWh)
        return [same] * len(energy.bought)

    def _check_days(self, since: date, until: date) -> None:
        if (until - since).days > LONGEST_DAYS:
            raise CommandError(f"The request covers more than {LONGEST_DAYS} days. Choose a shorter time.")

    def _periods(self, reader: StoreReader, tariff: Tariff, today: date) -> tuple[str, ...]:
        """Periods with data, the newest first."""
        first = reader.since()
        if first is None:
            return ()
        oldest, found = local_date(first, self._zone), list[str]()
        since, until = tariff.billing.period(today)
        while until > oldest and len(found) < MOST_PERIODS:
            found.append(period_name(since, until, tariff.billing))
            since, until = tariff.billing.period(since - timedelta(days=1))
        return tuple(found)


def _check_time(at: float) -> None:
    """Periods and days around it must be in the calendar."""
    if at > LATEST:
        raise CommandError("The time is too far in the future: no price is known after the year 9000.")


def _begin(tariff: Tariff, day: date) -> date:
    """The day from which energy has to be known for the costs of a day and those behind it."""
    has_period = any(one.kind == "demand" or one.limited for one in tariff.parts)
    begin = reading_begin(tariff, day)
    return min(begin, tariff.billing.period(day)[0]) if has_period else begin


def _months(since: date, until: date) -> list[date]:
    """The days, and those on which a calendar month begins, at which the months of a range begin."""
    found = [since]
    while (following := (found[-1].replace(day=1) + timedelta(days=31)).replace(day=1)) < until:
        found.append(following)
    return found
