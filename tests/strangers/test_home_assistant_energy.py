"""The energy dashboard and the long-term statistics of real Home Assistants, against the hub's ledger.

Two simulated days pass in three minutes by libfaketime: Home Assistant's clock runs 900 times as fast. Its recorder
then makes 48 rows of an hour of what the hub publishes: counters that wrap, are reset, dip, jump and are away.
"""

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from api_story import NOON, FakeHub, device
from links.mqtt.mosquitto import Mosquitto, needs_mosquitto
from publish.mqtt.broker_story import publishing, settings
from strangers.environments import strangers
from strangers.home_assistant_rig import HomeAssistant
from strangers.test_home_assistant import discovery, has, releases, running
from unclouded.core.model import Device, Point, Reading, Status
from unclouded.core.profile import WirePoint
from unclouded.hub.energy.ledger import DeviceEnergy

pytestmark = [needs_mosquitto, pytest.mark.timeout(400)]
SPEED = 900
DAYS = 2
EVERY_S = 300.0  # simulated s between two readings
FAKETIME = next(
    iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), Path(os.environ.get("LIBFAKETIME", "none"))
)
needs_faketime = pytest.mark.skipif(not FAKETIME.is_file(), reason="needs libfaketime: apt install libfaketime")


def meter(id: str, *keys: str) -> Device:
    points = tuple(Point(key=key, kind="counter", exponent=-3) for key in keys)
    return device(id, points=(*points, Point(key="power_W")), main="", actions=(), info={"product": "toy"})


# A counter: its device, its point, and whether it wraps at 1,000 Wh or is reset there
COUNTERS: Sequence[tuple[str, str, int | None]] = (
    ("meter", "energy_import_Wh", 1000),
    ("meter", "energy_export_Wh", None),
    ("roof", "energy_export_Wh", 1000),
    ("kettle", "energy_import_Wh", None),
)
DEVICES = (
    meter("meter", "energy_import_Wh", "energy_export_Wh"),
    meter("roof", "energy_export_Wh"),
    meter("kettle", "energy_import_Wh"),
)


def levels(readings: int, step: int) -> Iterator[tuple[float, int]]:
    """Time and Wh of a counter: it rises, begins at 0 again at 1000, dips, jumps for one reading, and is away."""
    level = 900
    for number in range(readings):
        level += step
        shown = level % 1000
        if number % 90 == 50 and shown > 6:
            shown -= 6  # one reading too low
        if number % 90 == 60:
            shown = 2**22  # one that cannot be
        if not 70 <= number % 90 < 75:  # away
            yield NOON + number * EVERY_S, shown


def counted(place: int, readings: int) -> list[Reading]:
    """The readings that the hub makes of it, by its ledger. What does not wrap is reset."""
    id, key, wraps = COUNTERS[place]
    point = Point(key=key, kind="counter", exponent=-3)
    row = WirePoint(point=point, wire="1", counter="total", wraps=wraps)
    energy = DeviceEnergy(f"toy:{id}", {})
    steps = [(at, energy.count(row, level, at)) for at, level in levels(readings, 7 + place)]
    return [Reading(id, key, one.total_mWh / 1000, at, one.quality, one.flags) for at, one in steps]


def entity(reading: Reading) -> str:
    return f"sensor.{reading.device}_{reading.point.lower()}"


def kWh(reading: Reading) -> str:
    """Its value as Home Assistant shows it."""
    return f"{round(float(reading.value) / 1000, 6)}"


def metered_hub() -> FakeHub:
    hub = FakeHub(*(one.id for one in DEVICES))
    for one in DEVICES:
        hub.publish(one, Status(one.id, "online", NOON), Reading(one.id, "power_W", 5.0, NOON))
    return hub


async def all_shown(ha: HomeAssistant, readings: Sequence[Reading]) -> None:
    for one in readings:
        await has(ha, entity(one), kWh(one))


async def is_accepted(ha: HomeAssistant, release: str) -> None:
    """The dashboard with grid, solar and a device. The older release has the grid in its own form."""
    bought, sold, solar, kettle = (f"sensor.{id}_{key.lower()}" for id, key, _ in COUNTERS)
    none = {"stat_cost": None, "entity_energy_price": None, "number_energy_price": None}
    grid: dict[str, Any] = {"type": "grid", "cost_adjustment_day": 0}
    if release == "home-assistant":
        grid |= {"stat_energy_from": bought, "stat_energy_to": sold, "stat_rate": "sensor.meter_power_w"}
    else:
        back = {"stat_energy_to": sold, "stat_compensation": None, **none}
        del back["stat_cost"]
        grid |= {"flow_from": [{"stat_energy_from": bought, **none}], "flow_to": [back]}
    sources = [grid, {"type": "solar", "stat_energy_from": solar, "config_entry_solar_forecast": None}]
    used = [{"stat_consumption": kettle}]
    await asked(ha, "energy/save_prefs", energy_sources=sources, device_consumption=used)
    verdict = await asked(ha, "energy/validate")
    assert verdict["energy_sources"] == [[], []] and verdict["device_consumption"] == [[]], verdict


async def rows(ha: HomeAssistant, period: str, readings: Sequence[Sequence[Reading]]) -> Mapping[str, Any]:
    """The statistics of each counter."""
    found: Mapping[str, Any] = await asked(
        ha,
        "recorder/statistics_during_period",
        start_time=datetime(2020, 1, 1, tzinfo=UTC).isoformat(),
        statistic_ids=[entity(one[0]) for one in readings],
        period=period,
    )
    return found


async def shown_for(hub: FakeHub, readings: Sequence[Reading], simulated_s: float) -> None:
    """Publish the same again and again: a sensor without messages would expire."""
    for _ in range(int(simulated_s / SPEED / 0.1)):
        hub.publish(*readings)
        await asyncio.sleep(0.1)


async def asked(ha: HomeAssistant, type: str, **more: Any) -> Any:
    """An answer, at last: a fast clock ends a WebSocket before its client can say who it is."""
    for _ in range(200):
        with contextlib.suppress(TypeError, aiohttp.ClientError):
            return await ha.ask(type, **more)
        await asyncio.sleep(0.1)
    return await ha.ask(type, **more)


class FastClock:
    """The clock of a Home Assistant's process, by libfaketime: as ours, then fast, then as fast as ours again."""

    def __init__(self, release: str) -> None:
        place = strangers()[release].root / "tmp"
        library = place / FAKETIME.name
        if library.resolve() != FAKETIME.resolve():
            shutil.copy(FAKETIME, library)
        self._file = place / "faketime"
        self._began = datetime.now(UTC)
        self._file.write_text("+0 x1\n")
        inside = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": self._file}
        paths = {key: f"/{path.relative_to(strangers()[release].root)}" for key, path in inside.items()}
        self.env = {**paths, "FAKETIME_CACHE_DURATION": "1", "TZ": "UTC"}

    def speeds_up(self) -> None:
        self._file.write_text(f"+0 x{SPEED}\n")

    def slows_down(self) -> None:
        """It never goes back."""
        ahead = (datetime.now(UTC) - self._began) * (SPEED - 1)
        self._file.write_text(f"@{self._began + ahead:%Y-%m-%d %H:%M:%S} x1\n")


def rise(readings: Sequence[Reading]) -> float:
    """What the ledger counted from the first to the last, in kWh."""
    good = [float(one.value) for one in readings if one.quality != "suspect"]
    return (good[-1] - good[0]) / 1000


@releases
async def test_the_energy_dashboard_accepts_our_totals_and_statistics_equal_the_ledger(
    release: str, tmp_path: Path
) -> None:
    hub = metered_hub()
    counters = [counted(place, 90) for place in range(len(COUNTERS))]
    flags = {flag for readings in counters for one in readings for flag in one.flags}
    assert flags >= {"wrap", "reset", "jump", "gap"}, "the script contains what it says"
    hub.publish(*(readings[0] for readings in counters))
    async with (
        Mosquitto(tmp_path, True, plain=True) as broker,
        publishing(hub, settings(broker, tmp_path / "p"), discovery()),
        running(release, broker) as ha,
    ):
        await all_shown(ha, [one[0] for one in counters])
        for now in zip(*counters, strict=True):
            hub.publish(*now)
            await asyncio.sleep(0.03)
        await all_shown(ha, [one[-1] for one in counters])
        start = datetime.now(UTC).replace(second=0, microsecond=0)
        for back in (5, 0):
            window = start - timedelta(minutes=start.minute % 5 + back)
            await ha.call("compile_now.run", start=window.isoformat())
        await is_accepted(ha, release)
        found = await rows(ha, "5minute", counters)
        for readings in counters:
            assert found[entity(readings[0])][-1]["sum"] == pytest.approx(rise(readings), abs=1e-6)
            assert rise(readings) > 0.5
        assert ha.complaints() == []


@needs_faketime
@releases
async def test_after_two_days_the_hours_of_home_assistant_add_up_to_the_ledger(release: str, tmp_path: Path) -> None:
    readings = int(DAYS * 86_400 / EVERY_S) + 36  # three hours more, so that the last hour is complete
    hub, counters = metered_hub(), [counted(place, readings) for place in range(len(COUNTERS))]
    hub.publish(*(one[0] for one in counters))
    clock = FastClock(release)
    async with (
        Mosquitto(tmp_path, True, plain=True) as broker,
        publishing(hub, settings(broker, tmp_path / "p"), discovery()),
        running(release, broker, clock.env) as ha,
    ):
        await ha.keeps_its_port()
        await all_shown(ha, [one[0] for one in counters])
        clock.speeds_up()  # it jumps ahead; what was reported before is not compiled
        await shown_for(hub, [one[0] for one in counters], 3.0 * SPEED)
        began = time.monotonic()
        for number, now in enumerate(zip(*counters, strict=True)):
            if number % 90 == 69:  # the device is away, as the script says
                hub.publish(*(Status(one.id, "offline", NOON, "no answer") for one in DEVICES))
            elif number % 90 == 70:
                hub.publish(*(Status(one.id, "online", NOON) for one in DEVICES))
            hub.publish(*now, *(Reading(one.id, "power_W", 5.0 + number, NOON) for one in DEVICES))
            await asyncio.sleep(began + number * EVERY_S / SPEED - time.monotonic())
        await all_shown(ha, last := [one[-1] for one in counters])
        await shown_for(hub, last, 2.5 * 3600)  # until the last hour is compiled
        clock.slows_down()
        await shown_for(hub, last, 2.0 * SPEED)
        hub.publish(*last)
        found = await rows(ha, "hour", counters)
        for one in counters:
            hours = found[entity(one[0])]
            assert len(hours) >= DAYS * 24
            assert all(hour["change"] >= 0 for hour in hours)
            assert sum(hour["change"] for hour in hours) == pytest.approx(rise(one), abs=1e-6)
            assert hours[-1]["sum"] == pytest.approx(rise(one), abs=1e-6)
        await is_accepted(ha, release)
        assert [line for line in ha.complaints() if "statistics" in line or "sensor" in line] == []
