"""The hub in a real Home Assistant, by way of a real Mosquitto: an old release and a new one.

hub (a fake one, or the program) ─► publisher ─► Mosquitto ◄─ Home Assistant ◄─ REST, WebSocket ─ test
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as changed

from api_story import NOON, FakeHub, device
from links.mqtt.mosquitto import Mosquitto, needs_mosquitto
from place import place_in
from publish.homeassistant.every_point import hub_with_every_point
from publish.mqtt.broker_story import Published, publishing, settings
from strangers.driven import needs
from strangers.environments import strangers
from strangers.home_assistant_devices import SERVICES, STATES, InstallingHub
from strangers.home_assistant_rig import DRIVER, HomeAssistant, home_assistant
from unclouded.core.model import (
    Action,
    Command,
    Device,
    Point,
    Reading,
    Status,
)
from unclouded.publish.homeassistant.discovery import HomeAssistantDiscovery
from unclouded.publish.mqtt.topics import Topics
from unclouded.publish.mqtt.updates import UpdateOffer
from waiting import until

pytestmark = [needs_mosquitto, pytest.mark.timeout(900)]
RELEASES = [pytest.param(name, marks=needs(name)) for name in ("home-assistant-2025", "home-assistant")]
releases = pytest.mark.parametrize("release", RELEASES)


def discovery(version: str = "1") -> HomeAssistantDiscovery:
    return HomeAssistantDiscovery(Topics("unclouded"), "homeassistant", "cafe0001", "Unclouded", version)


@asynccontextmanager
async def running(
    release: str, broker: Mosquitto, env: Mapping[str, str] | None = None
) -> AsyncIterator[HomeAssistant]:
    """A Home Assistant with a fresh folder. ``env``: variables of its process."""
    end = strangers()[release]
    place = end.root / "tmp"
    place.mkdir(exist_ok=True)
    driver = shutil.copy(DRIVER, place / "home_assistant.py")
    with tempfile.TemporaryDirectory(dir=place) as folder:
        home = Path(folder) / "config"
        inside = [f"/{Path(one).relative_to(end.root)}" for one in (driver, home)]
        command = [end.record["program"], inside[0]]
        async with home_assistant(command, home, inside[1], broker.port, env or {}) as one:
            yield one


@asynccontextmanager
async def both(release: str, folder: Path, hub: FakeHub) -> AsyncIterator[tuple[Published, HomeAssistant, Mosquitto]]:
    async with (
        Mosquitto(folder, True, plain=True, persistent=True) as broker,
        publishing(hub, settings(broker, folder / "p"), discovery()) as one,
        running(release, broker) as ha,
    ):
        yield one, ha, broker


async def has(ha: HomeAssistant, entity: str, *states: str) -> None:
    """Wait until an entity has one of these states."""

    async def is_so() -> bool:
        return await ha.state(entity) in states

    await ha.until(is_so)


def plug(id: str = "kettle", **more: Any) -> Device:
    points = (
        Point(key="on", kind="switch", access="rw"),
        Point(key="power_W", exponent=-1),
        Point(key="energy_import_Wh", kind="counter", exponent=-3),
        Point(key="after_power_cut", kind="enum", access="rw", options=("off", "on", "last")),
    )
    return device(
        id, **{"points": points, "info": {"version": "2.1.17", "product": "mss310"}, "room": "Kitchen", **more}
    )


def plug_hub(*devices: Device) -> FakeHub:
    hub = FakeHub(*(one.id for one in devices or (plug(),)))
    for one in devices or (plug(),):
        hub.publish(one, Status(one.id, "online", NOON))
        hub.publish(Reading(one.id, "on", False, NOON), Reading(one.id, "energy_import_Wh", 1000.5, NOON))
    return hub


@releases
async def test_every_point_of_the_vocabulary_is_an_entity_without_a_complaint(release: str, tmp_path: Path) -> None:
    hub = hub_with_every_point()
    wanted = sum(len(one.points) for one in hub.devices())
    async with both(release, tmp_path, hub) as (_, ha, _):

        async def all_there() -> bool:
            return len(await ha.ask("config/entity_registry/list")) >= wanted

        await ha.until(all_there, 150.0)
        await has(ha, "sensor.all_number_r_power_w", "12.5")
        await has(ha, "switch.all_switch_rw", "on")
        registry = {one["entity_id"]: one for one in await ha.ask("config/entity_registry/list")}
        assert registry["select.all_enum_rw_after_power_cut"]["entity_category"] == "config"
        states = await ha.states()
        total = states["sensor.all_counter_r_energy_import_wh"]
        assert total["attributes"]["state_class"] == "total_increasing"
        assert total["attributes"]["unit_of_measurement"] == "kWh"
        await has(ha, "sensor.all_counter_r_energy_import_wh", "0.0125")
        assert ha.complaints() == []


@releases
async def test_a_plug_is_switched_renamed_and_removed_and_all_three_restart(release: str, tmp_path: Path) -> None:
    hub = plug_hub(plug(), plug("lamp"))
    async with both(release, tmp_path, hub) as (one, ha, broker):
        await has(ha, "switch.kettle", "off")
        await ha.call("switch.turn_on", entity_id="switch.kettle")
        await until(lambda: hub.commands)
        assert await ha.state("switch.kettle") == "off", "it shows what the device reported, not what was asked for"
        hub.publish(Reading("kettle", "on", True, NOON + 1))
        await has(ha, "switch.kettle", "on")
        devices = {one["name"]: one for one in await ha.ask("config/device_registry/list")}
        assert devices["Kettle"]["sw_version"] == "2.1.17"
        assert devices["Kettle"]["via_device_id"] == devices["Unclouded"]["id"]

        broker.stop()
        await has(ha, "switch.kettle", "unavailable")
        assert await broker.begin()
        await has(ha, "switch.kettle", "on")
        ha.stop()
        await ha.start()
        await has(ha, "switch.kettle", "on")
        hub.publish(Status("kettle", "offline", NOON, "no answer"))
        await has(ha, "switch.kettle", "unavailable")
        hub.publish(Status("kettle", "online", NOON))
        await has(ha, "switch.kettle", "on")

        hub.drop("kettle")
        renamed = plug("teapot", name="Teapot")
        hub.publish(changed(renamed, identity="toy:kettle"), Status("teapot", "online", NOON))
        hub.publish(Reading("teapot", "on", False, NOON + 2))
        await has(ha, "switch.kettle", "off")  # the entity stays, and reads the new topic
        hub.drop("lamp")
        await has(ha, "switch.lamp", "")
        point_gone = changed(renamed, identity="toy:kettle", points=renamed.points[:3])
        one.publisher._available_since["teapot"] = -1000.0  # it has been there for long
        hub.publish(point_gone)
        await has(ha, "select.kettle_after_power_cut", "")
        await has(ha, "switch.kettle", "off")
        # lines about the connection: the broker restarted, and 2025.4 does not collect its own task's error
        lost = ("components.mqtt.client]", "paho.mqtt.client]", "Task exception was never retrieved")
        assert [line for line in ha.complaints() if not any(one in line for one in lost)] == []


@releases
async def test_what_an_earlier_run_announced_and_is_gone_is_removed(release: str, tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, True, plain=True) as broker, running(release, broker) as ha:
        async with publishing(plug_hub(plug(), plug("lamp")), settings(broker, tmp_path / "p"), discovery()):
            await has(ha, "switch.lamp", "off")
        await has(ha, "switch.lamp", "unavailable")
        async with publishing(plug_hub(plug()), settings(broker, tmp_path / "p"), discovery()):
            await has(ha, "switch.kettle", "off")
            await has(ha, "switch.lamp", "")
        assert ha.complaints() == []


@releases
async def test_entities_of_several_points_show_what_is_reported_and_command_it(release: str, tmp_path: Path) -> None:
    hub = InstallingHub()
    async with both(release, tmp_path, hub) as (_, ha, _):
        for id, state in STATES.items():
            hub.publish(*(Reading(id, point, value, NOON) for point, value in state.items()))
        await has(ha, "climate.floor", "heat")
        await has(ha, "valve.tap", "closed")
        states = await ha.states()
        floor, cooler, lamp = (states[one]["attributes"] for one in ("climate.floor", "climate.cooler", "light.lamp"))
        assert (floor["temperature"], floor["current_temperature"], floor["preset_mode"]) == (21.5, 19.5, "manual")
        assert (floor["min_temp"], floor["max_temp"], floor["target_temp_step"]) == (5, 35, 0.5)
        assert states["climate.cooler"]["state"] == "off" and cooler["fan_mode"] == "high"
        assert cooler["hvac_modes"] == ["off", "cool", "heat", "fan_only"]
        assert (lamp["brightness"], lamp["color_temp_kelvin"]) == (128, 4600)
        assert states["fan.ceiling"]["attributes"]["percentage"] == 50
        assert states["fan.ceiling"]["attributes"]["direction"] == "reverse"
        assert states["cover.blind"]["attributes"]["current_position"] == 40
        assert states["cover.gate"]["state"] == "closed" and states["cover.gate"]["attributes"]["assumed_state"]
        assert states["valve.mixer"]["attributes"]["current_position"] == 30
        assert not {one for one in states if one.startswith(("switch.", "number.", "select."))} - {"switch.pump"}
        for service, given, wanted in SERVICES:
            hub.commands.clear()
            await ha.call(service, **given)
            await until(lambda wanted=wanted: len(hub.commands) >= len(wanted))  # type: ignore[misc]  # the loop's own
            assert {one.point: one.value for one in hub.commands if isinstance(one, Command)} == wanted, service
        assert ha.complaints() == []


@releases
async def test_firmware_that_the_hub_has_is_offered_installed_and_then_the_newest(release: str, tmp_path: Path) -> None:
    hub = InstallingHub()
    offer = {"pump": UpdateOffer("pump-1.0.2.bin", "1.0.2")}
    async with (
        Mosquitto(tmp_path, True, plain=True) as broker,
        publishing(hub, settings(broker, tmp_path / "p"), discovery(), find_offers=lambda devices: offer),
        running(release, broker) as ha,
    ):
        await has(ha, "update.pump_update", "on")
        found = (await ha.states())["update.pump_update"]["attributes"]
        assert (found["installed_version"], found["latest_version"]) == ("1.0.0", "1.0.2")
        assert "pump-1.0.2.bin" in found["release_summary"]
        await ha.call("update.install", entity_id="update.pump_update")
        await until(lambda: hub.commands)
        args = {"file": "pump-1.0.2.bin", "version": "1.0.2"}
        assert hub.commands == [Action("pump", "update", args, "mqtt", confirmed=True)]

        async def is_installing() -> bool:
            return bool((await ha.states())["update.pump_update"]["attributes"]["update_percentage"] == 25)

        await ha.until(is_installing)
        hub.proceeds.set()
        await has(ha, "update.pump_update", "off")
        assert (await ha.states())["update.pump_update"]["attributes"]["installed_version"] == "1.0.2"
        assert ha.complaints() == []


@releases
async def test_a_hub_that_is_killed_is_unavailable_and_comes_back(release: str, tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, True, plain=True) as broker, running(release, broker) as ha:
        with place_in(tmp_path) as here:
            port = tmp_path / "plug"
            here.sim("tuya-plug", "--link", f"pty:{port}")
            here.configure(
                f'[mqtt]\nurl = "mqtt://127.0.0.1:{broker.port}"\nhomeassistant = true\n'
                f'[[device]]\nid = "pump"\nfamily = "tuya_wifi"\nprofile = "tuya/plug_metering"\nlink = "serial://{port}"\n'
            )
            hub, _ = await asyncio.to_thread(here.hub, "--web", "off")
            await has(ha, "switch.pump", "off", "on")
            await ha.call("switch.turn_on", entity_id="switch.pump")
            await has(ha, "switch.pump", "on")
            await ha.call("switch.turn_off", entity_id="switch.pump")
            await has(ha, "switch.pump", "off")
            here.stop(hub, 9)
            await has(ha, "switch.pump", "unavailable")
            await asyncio.to_thread(here.hub, "--web", "off")
            await has(ha, "switch.pump", "off")
            assert ha.complaints() == []
