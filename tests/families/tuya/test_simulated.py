"""The simulated Tuya devices, whole: a world, its device, our module, and what the hub reads of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from pair import START_UNIX, ambient, usual_answers
from unclouded.app.protocols import settings_of
from unclouded.core.family import SimKind, SimOptions
from unclouded.core.model import Value
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.session import Asked, Event, Identified, Reported, Settled
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter
from unclouded.links import memory
from unclouded.profiles import ProfileLibrary
from unclouded.sim.serve import Simulation
from unclouded.sim.subjects import scenario_for
from unclouded.sim.world import World
from virtual_loop import virtual_run

SHELF = ProfileLibrary(settings_of)
KINDS = {name: kind for name, kind in FAMILY_WIFI.sim_kinds.items() if kind.subject != "product"}
ENERGETIC = ("tuya-plug", "tuya-breaker", "tuya-clamp")


class Stage:
    """One simulated device and a hub that reads it."""

    def __init__(self, kind: SimKind, *faults: str) -> None:
        scenario, subject = scenario_for(kind.subject, "kettle")
        self.simulation = Simulation(World(3, START_UNIX, scenario))
        ours, theirs = memory.pair()
        profile = SHELF.get(kind.profile)
        self.device = self.simulation.add(kind, profile, subject, SimOptions(seed=1, faults=frozenset(faults)), ours)
        self.reader = Interpreter("x", profile, DeviceEnergy("x", {}), FAMILY_WIFI.decoders)
        assert FAMILY_WIFI.controller is not None
        self.driver = Driver(FAMILY_WIFI.controller(profile.session, ambient()), theirs, self.on_events)
        self.values: dict[str, Value] = {}
        self.events: list[Event] = []

    def on_events(self, events: Sequence[Event], now: float) -> None:
        for event in events:
            self.events.append(event)
            if isinstance(event, Asked):
                answer = usual_answers("", event.question)
                if answer is not None:
                    self.driver.answer(event.id, answer)
            elif isinstance(event, Reported):
                self.values |= {one.point: one.value for one in self.reader.readings(event, START_UNIX + now)}

    async def set(self, key: str, value: Value) -> Settled:
        """What becomes of this wish."""
        ticket = self.driver.submit(self.reader.command(key, value))
        await asyncio.sleep(6.0)
        (settled,) = (event for event in self.events if isinstance(event, Settled) and event.ticket == ticket)
        return settled

    async def run(self, script: Callable[["Stage"], Awaitable[None]]) -> None:
        tasks = [asyncio.create_task(one, name="stage") for one in (self.simulation.run(), self.driver.run())]
        await asyncio.sleep(30.0)
        await script(self)
        assert not any(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def story(kind: str, script: Callable[[Stage], Awaitable[None]], *faults: str) -> None:
    async def main() -> None:
        await Stage(KINDS[kind], *faults).run(script)

    virtual_run(main())


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_kind_is_known_by_its_product_and_reports_all_that_its_world_has(name: str) -> None:
    profile = SHELF.get(KINDS[name].profile)

    async def script(stage: Stage) -> None:
        known = [event.info for event in stage.events if isinstance(event, Identified)]
        (reported,) = {info["product"] for info in known if "product" in info}
        assert reported in profile.products
        measured = {
            "tuya-plug": {"on", "power_W", "voltage_V", "current_A", "countdown_s", "after_power_cut"},
            "tuya-breaker": {"on", "power_a_W", "voltage_c_V", "energy_import_Wh", "over_voltage_limit_V", "fault"},
            "tuya-thermostat": {"on", "setpoint_C", "temperature_C", "mode", "schedule"},
            "tuya-clamp": {"power_W", "voltage_V", "current_A"},
            "tuya-door-sensor": {"open", "battery_percent", "wakes_every_min"},
        }
        assert measured[name] <= stage.values.keys()

    story(name, script)


@pytest.mark.parametrize("name", ENERGETIC)
def test_what_meters_report_passes_the_physics_check(name: str) -> None:
    async def script(stage: Stage) -> None:
        await asyncio.sleep(200.0)
        assert list(stage.reader.scale_problems()) == []

    story(name, script)


# --- the breaker --------------------------------------------------------------------------------------


def test_the_phases_of_the_breaker_are_those_of_the_world() -> None:
    async def script(stage: Stage) -> None:
        world = stage.simulation.world
        for phase, key in (("a", "power_a_W"), ("b", "power_b_W"), ("c", "power_c_W")):
            assert stage.values[key] == round(world.plug(f"breaker_{phase}").power_W)
        volts = [stage.values[f"voltage_{phase}_V"] for phase in "abc"]
        assert len(set(volts)) == 3 and all(225 < float(one) < 236 for one in volts)

    story("tuya-breaker", script)


def test_the_breaker_switches_all_three_and_its_total_stands_still() -> None:
    async def script(stage: Stage) -> None:
        assert (await stage.set("on", False)).result == "confirmed"
        before = stage.values["energy_import_Wh"]
        await asyncio.sleep(120.0)
        assert [stage.values[f"power_{phase}_W"] for phase in "abc"] == [0, 0, 0]
        assert stage.values["energy_import_Wh"] == before

    story("tuya-breaker", script)


def test_the_total_of_the_breaker_comes_by_22_and_is_acknowledged() -> None:
    async def script(stage: Stage) -> None:
        await asyncio.sleep(60.0)
        assert stage.values["energy_import_Wh"] == int(sum(stage_energy(stage)) // 10) * 10
        assert stage.device._driver is not None and stage.device._driver.stats()["resends"] == 0

    story("tuya-breaker", script)


def stage_energy(stage: Stage) -> list[Any]:  # Any: Fractions
    return [stage.simulation.world.plug(f"breaker_{phase}").energy_Wh for phase in "abc"]


def test_the_alarms_of_the_breaker_can_be_set_as_they_are() -> None:
    async def script(stage: Stage) -> None:
        assert stage.values["over_voltage_limit_V"] == 245
        assert (await stage.set("alarms_2", "03010113")).result == "confirmed"
        assert stage.values["over_voltage_limit_V"] == 275 and stage.values["trips_on_over_voltage"] is True

    story("tuya-breaker", script)


def test_the_breaker_trips_beyond_its_limit_reports_why_and_can_be_closed_again() -> None:
    async def script(stage: Stage) -> None:
        stage.simulation.world.use("breaker_a")
        assert (stage.values["on"], stage.values["fault"]) == (True, 0)
        await stage.set("alarms_2", "01010005")
        assert (stage.values["on"], stage.values["fault"]) == (False, 1 << 8)
        assert stage.values["power_a_W"] == 0
        await stage.set("on", True)
        assert (stage.values["on"], stage.values["fault"]) == (False, 1 << 8)
        await stage.set("alarms_2", "0101000f")
        assert (await stage.set("on", True)).result == "confirmed"
        assert (stage.values["on"], stage.values["fault"]) == (True, 0)

    story("tuya-breaker", script)


def test_an_alarm_that_does_not_trip_warns_and_goes_with_its_record() -> None:
    async def script(stage: Stage) -> None:
        await stage.set("alarms_2", "040000f0")  # less than 240 V
        assert (stage.values["on"], stage.values["fault"]) == (True, 1 << 11)
        await stage.set("alarms_2", "0100003c")
        assert stage.values["fault"] == 0

    story("tuya-breaker", script)


def test_what_is_no_alarm_is_not_taken() -> None:
    async def script(stage: Stage) -> None:
        settled = await stage.set("alarms_2", "0301")
        assert settled.result == "refused"
        assert stage.values["over_voltage_limit_V"] == 245

    story("tuya-breaker", script)


def test_the_register_of_the_breaker_can_be_set_to_zero() -> None:
    async def script(stage: Stage) -> None:
        await asyncio.sleep(60.0)
        assert (await stage.set("clear_energy", True)).result == "confirmed"
        raw = [event.values["1"] for event in stage.events if isinstance(event, Reported) and "1" in event.values]
        assert raw[-1] == 0 < float(raw[-2])

    story("tuya-breaker", script)


# --- the thermostat -----------------------------------------------------------------------------------


def test_the_room_gets_warm_and_keeps_its_temperature() -> None:
    async def script(stage: Stage) -> None:
        await asyncio.sleep(1800.0)
        assert 20.5 <= float(stage.values["temperature_C"]) <= 21.5
        assert (await stage.set("setpoint_C", 23.5)).result == "confirmed"
        await asyncio.sleep(1800.0)
        assert 23.0 <= float(stage.values["temperature_C"]) <= 24.0
        await stage.set("on", False)
        await asyncio.sleep(3600.0)
        assert float(stage.values["temperature_C"]) < 20

    story("tuya-thermostat", script)


def test_the_thermostat_keeps_its_programme_and_its_mode() -> None:
    async def script(stage: Stage) -> None:
        assert stage.values["mode"] == "manual"
        week = bytes(range(54)).hex()
        assert (await stage.set("schedule", week)).result == "confirmed"
        assert (await stage.set("mode", "programme")).result == "confirmed"
        assert stage.values["schedule"] == week and stage.values["mode"] == "programme"

    story("tuya-thermostat", script)


def test_the_thermostat_asks_for_the_time_after_each_heartbeat() -> None:
    async def script(stage: Stage) -> None:
        await asyncio.sleep(150.0)
        assert stage.device._driver is not None
        assert stage.device._driver.stats()["answers"] >= 3 * 10

    story("tuya-thermostat", script)


# --- the clamp ----------------------------------------------------------------------------------------


def test_the_clamp_reports_every_five_seconds_what_it_is_asked_for() -> None:
    async def script(stage: Stage) -> None:
        before = len(stage.events)
        await asyncio.sleep(60.0)
        reported = [event for event in stage.events[before:] if isinstance(event, Reported)]
        assert len(reported) == 12 * 3

    story("tuya-clamp", script)


# --- asking by hand -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(KINDS.keys() - {"tuya-door-sensor"}))
def test_a_simulated_device_can_be_made_to_ask(name: str) -> None:
    async def script(stage: Stage) -> None:
        assert (await stage.device.ask("time")).reason == "2026-09-21 15:13:20"
        assert (await stage.device.ask("memory")).reason == "53328 bytes"

    story(name, script)


@pytest.mark.parametrize("fault", sorted(KINDS["tuya-breaker"].faults))
def test_each_fault_lets_the_breaker_live(fault: str) -> None:
    async def script(stage: Stage) -> None:
        await asyncio.sleep(100.0)

    story("tuya-breaker", script, fault)
