"""Costs of a running hub (web's CostsSource): computed from the store, in the threads of its history."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

from unclouded.app.configuration.config import Config
from unclouded.app.costs.quarter_columns import QuarterColumns
from unclouded.app.costs.reports import CostReports
from unclouded.app.costs.view_texts import home_view, tariff_view
from unclouded.core.model import PublicHub, Reading
from unclouded.core.views.costs import (
    BillView,
    ComparisonView,
    CostNowView,
    CostPeriod,
    CostsView,
    DeviceRateView,
    PricesView,
    PriceView,
    TariffsView,
)
from unclouded.tariffs.money import short
from unclouded.web.history.history import HistoryReader

POWER = "power_W"


class CostsService:
    """``wall``: Unix seconds. Raises CommandError and StoreError."""

    def __init__(self, config: Config, hub: PublicHub, history: HistoryReader, wall: Callable[[], float]) -> None:
        self._config = config
        self._hub = hub
        self._history = history
        self._wall = wall
        self._kept = QuarterColumns()

    def use(self, config: Config) -> None:
        """The configuration has changed."""
        self._config = config

    # --- CostsSource ---------------------------------------------------------------------------

    def tariffs(self) -> TariffsView:
        """All tariffs, and which devices measure the home."""
        return tariffs_view(self._config, self._reports())

    async def price(self, tariff: str, at: float) -> PriceView:
        """The price of a kWh at a time, and why."""
        reports = self._reports()
        return await self._history.read(lambda reader: reports.price(reader, tariff, at))

    async def prices(self, tariff: str, start: float, end: float) -> PricesView:
        """The prices of a time, which may be in the future, in runs."""
        reports = self._reports()
        return await self._history.read(lambda reader: reports.prices(reader, tariff, start, end))

    async def now(self, at: float) -> CostNowView:
        """The price now, and costs per hour at the present power."""
        price = await self.price("", at)
        home = self._reports().home
        power = {
            one.device: float(one.value)
            for one in self._hub.snapshot()
            if isinstance(one, Reading) and one.point == POWER and not isinstance(one.value, str)
        }
        W = _grid_power(power, home.grid, home.uses, home.solar)
        return CostNowView(
            price=price,
            W=W,
            per_hour=_per_hour(W, price.price if W is None or W >= 0 else price.feed_in or Decimal(0)),
            devices=tuple(
                DeviceRateView(device=one, W=power.get(one), per_hour=_per_hour(power.get(one), price.price))
                for one in (*home.uses, *home.inside)
                if one in power
            ),
        )

    async def costs(
        self, tariff: str, by: CostPeriod, start: float, end: float, devices: Sequence[str], rooms: bool
    ) -> CostsView:
        """Costs and CO₂ per device or room and period; no devices = all."""
        reports, now = self._reports(), self._wall()
        return await self._history.read(
            lambda reader: reports.costs(reader, tariff, by, start, end, now, devices, rooms)
        )

    async def bill(self, tariff: str, period: str, now: float) -> BillView:
        """The bill of a period; "" = the last one that is over."""
        reports = self._reports()
        return await self._history.read(lambda reader: reports.bill(reader, tariff, period, now))

    async def compare(self, tariffs: Sequence[str], start: float, end: float) -> ComparisonView:
        """What the energy of a time would have cost; no tariffs = all."""
        reports, now = self._reports(), self._wall()
        return await self._history.read(lambda reader: reports.compare(reader, tariffs, start, end, now))

    # --- inside --------------------------------------------------------------------------------

    def _reports(self) -> CostReports:
        return CostReports(self._config, self._hub.devices(), self._kept)


def tariffs_view(config: Config, reports: CostReports) -> TariffsView:
    """The tariffs, which of them is active, who is measured by them, and where carbon intensity comes from."""
    costs = config.tables.costs
    carbon = costs.carbon_feed or ("" if costs.carbon_g_per_kWh is None else f"{costs.carbon_g_per_kWh} g/kWh")
    return TariffsView(
        active=costs.tariff,
        tariffs=tuple(tariff_view(one, one.name == costs.tariff) for one in config.tariffs),
        home=home_view(reports.home),
        carbon=carbon,
    )


def _grid_power(
    power: dict[str, float], grid: Sequence[str], uses: Sequence[str], solar: Sequence[str]
) -> float | None:
    """What is bought now, W; negative: fed in; None where it is not known."""
    if grid:
        known = [power[one] for one in grid if one in power]
        return sum(known) if len(known) == len(grid) else None
    used = [power[one] for one in uses if one in power]
    return sum(used) - sum(power.get(one, 0.0) for one in solar) if used else None


def _per_hour(W: float | None, price: Decimal | None) -> Decimal | None:
    if W is None or price is None:
        return None
    return short(Fraction(round(W * 1000), 10**6) * Fraction(price))
