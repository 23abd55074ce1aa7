"""Costs for the command line: of the hub that runs, else from the store of the configuration."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.app.costs.quarter_columns import QuarterColumns
from unclouded.app.costs.reports import CostReports
from unclouded.app.costs.service import tariffs_view
from unclouded.core.errors import CommandError, StoreError
from unclouded.core.model import Device
from unclouded.core.views.costs import BillView, ComparisonView, CostPeriod, CostsView, PriceView, TariffsView
from unclouded.store.reading.reader import StoreReader

SPANS_S = {"hour": 86_400, "day": 31 * 86_400, "week": 91 * 86_400, "month": 366 * 86_400, "billing": 366 * 86_400}
YEAR_S = 366 * 86_400
View = TypeVar("View")


def all_tariffs(config: Config) -> TariffsView:
    """The tariffs, and which devices measure the home."""
    if is_running(config):
        return msgspec.convert(HubClient(config.control).get("/api/tariffs"), TariffsView)
    return tariffs_view(config, CostReports(config, _stored_devices(config), QuarterColumns()))


def bill_of(config: Config, period: str, tariff: str) -> BillView:
    """The bill of a period by a tariff, from the running hub, else computed from the store."""
    if is_running(config):
        return _asked(config, "/api/bill", BillView, period=period, tariff=tariff)
    return _computed(config, lambda reports, reader: reports.bill(reader, tariff, period, time.time()))


def costs_of(
    config: Config,
    tariff: str,
    by: CostPeriod,
    start: float | None,
    end: float | None,
    device: str = "",
    rooms: bool = False,
) -> CostsView:
    """Costs per device or room. ``start``, ``end`` None: the span that the API has for this period, until now."""
    now = time.time()
    until = now if end is None else end
    since = max(until - SPANS_S[by], 0.0) if start is None else start
    _check_span(since, until)
    if is_running(config):
        asked = {"tariff": tariff, "device": device, "rooms": "true" if rooms else ""}
        return _asked(config, "/api/costs", CostsView, by=by, start=repr(since), end=repr(until), **asked)
    chosen = (device,) if device else ()
    return _computed(
        config, lambda reports, reader: reports.costs(reader, tariff, by, since, until, now, chosen, rooms)
    )


def price_at(config: Config, tariff: str, at: float | None) -> PriceView:
    """The price at a time; None = now."""
    moment = time.time() if at is None else at
    if is_running(config):
        return _asked(config, "/api/tariffs/price", PriceView, tariff=tariff, at=repr(moment))
    return _computed(config, lambda reports, reader: reports.price(reader, tariff, moment))


def comparison_of(config: Config, tariffs: Sequence[str], start: float | None, end: float | None) -> ComparisonView:
    """What the energy of a time would have cost in these tariffs, or in all."""
    now = time.time()
    until = now if end is None else end
    since = max(until - YEAR_S, 0.0) if start is None else start
    _check_span(since, until)
    if is_running(config):
        query = {"tariff": list(tariffs), "start": repr(since), "end": repr(until)}
        return msgspec.convert(HubClient(config.control).get("/api/tariffs/compare", **query), ComparisonView)
    return _computed(config, lambda reports, reader: reports.compare(reader, tariffs, since, until, now))


def unpriced_energy(config: Config) -> dict[str, float]:
    """Of each tariff with dynamic prices, the kWh of the last 31 days that have none; no store, no energy: {}."""
    dynamic = [one.name for one in config.tariffs if one.feeds]
    if not dynamic:
        return {}
    try:
        view = comparison_of(config, dynamic, time.time() - SPANS_S["day"], None)
    except StoreError:
        return {}  # no hub has run yet
    return {one.tariff: one.unpriced_kWh for one in view.tariffs if one.unpriced_kWh}


# --- inside -------------------------------------------------------------------------------------------


def _asked(config: Config, path: str, view: type[View], **query: str) -> View:
    given = {name: text for name, text in query.items() if text}
    return msgspec.convert(HubClient(config.control).get(path, **given), view)


def _computed(config: Config, compute: Callable[[CostReports, StoreReader], View]) -> View:
    with StoreReader(config.store) as reader:
        return compute(CostReports(config, _devices(reader), QuarterColumns()), reader)


def _stored_devices(config: Config) -> list[Device]:
    try:
        with StoreReader(config.store) as reader:
            return _devices(reader)
    except StoreError:
        return []  # no hub has run yet


def _devices(reader: StoreReader) -> list[Device]:
    return [msgspec.structs.replace(one.device, id=one.id) for one in reader.devices() if one.id]


def _check_span(start: float, end: float) -> None:
    if start >= end:
        raise CommandError("The start must be before the end.")
