"""HomeKit without a network: which accessories devices become, values, commands, what outlives a restart."""

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_story import NOON, FakeHub, device
from unclouded.core.errors import ConfigError, LinkRefused
from unclouded.core.model import Command, Device, Outcome, Point, Reading, Status
from unclouded.publish.homekit.accessories import (
    AccessorySpec,
    CharacteristicSpec,
    accessory_of,
    homekit_name,
    homekit_value,
    is_true,
)
from unclouded.publish.homekit.bridge import BridgeDriver, HomekitBridge
from unclouded.publish.homekit.memory import BridgeMemory
from unclouded.publish.homekit.publisher import HomekitPublisher, HomekitSettings
from unclouded.publish.homekit.roster import GONE_S, roster
from unclouded.publish.homekit.setup_code import new_setup_code, setup_uri

SETTINGS = HomekitSettings("Home", 0, "127.0.0.1", (), ())


def points(*keys: str) -> tuple[Point, ...]:
    """``on`` and ``setpoint_C`` can be set, the others are read."""
    kinds = {"on": "switch", "motion": "switch", "open": "switch", "water": "switch", "smoke": "enum"}
    return tuple(
        Point(key=key, kind=kinds.get(key.partition("_")[0], "number"), access="rw" if key[:2] in ("on", "se") else "r")  # type: ignore[arg-type]
        for key in keys
    )


def thing(*keys: str, **more: Any) -> Device:
    return device("thing", points=points(*keys), **more)


def services(*keys: str, **more: Any) -> list[str]:
    spec = accessory_of(thing(*keys, **more), "thing")
    return [] if spec is None else [one.name for one in spec.services]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("on", "power_W", "energy_import_Wh", "voltage_V"), ["Outlet"]),
        (("on",), ["Switch"]),
        (("on_1", "on_2", "power_2_W"), ["Switch", "Outlet"]),
        (("setpoint_C", "temperature_C", "on"), ["Thermostat"]),
        (("temperature_C", "battery_percent"), ["TemperatureSensor", "BatteryService"]),
        (("humidity_percent",), ["HumiditySensor"]),
        (("open",), ["ContactSensor"]),
        (("motion", "illuminance_lux"), ["LightSensor", "MotionSensor"]),
        (("water",), ["LeakSensor"]),
        (("smoke",), ["SmokeSensor"]),
        (("power_W", "energy_import_Wh"), []),
        (("dp_1",), []),
    ],
)  # fmt: skip
def test_a_device_becomes_the_services_of_its_points(keys: tuple[str, ...], expected: list[str]) -> None:
    assert services(*keys) == expected


def test_what_a_person_must_confirm_cannot_be_switched_by_homekit() -> None:
    assert services("on", "power_W", "temperature_C", critical=True) == ["TemperatureSensor"]


@given(st.text(max_size=100))
def test_any_name_becomes_one_that_homekit_takes(name: str) -> None:
    found = homekit_name(name)
    assert 0 < len(found) <= 60 and found.isprintable() and found[0].isalnum() and found[-1].isalnum()


def test_words_and_numbers_of_sensors() -> None:
    assert [is_true(one) for one in (True, 1, "alarm", "ALARM", "2")] == [True] * 5
    assert [is_true(one) for one in (False, 0, "normal", "0", "Closed", "")] == [False] * 6


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**400, -(10**400), 2**64])
def test_what_is_no_measurement_is_not_shown(value: float) -> None:
    for form in ("number", "kWh", "percent", "lux", "low", "in_use", "target", "from_fahrenheit"):
        assert homekit_value(CharacteristicSpec("Any", "any", form), value) is None


def test_the_setup_address_has_category_flag_and_code() -> None:
    uri = setup_uri("518-08-582", "7OSX")
    number = int(uri.removeprefix("X-HM://")[:9], 36)
    assert uri.endswith("7OSX") and len(uri) == len("X-HM://") + 13
    assert (number >> 31, number >> 27 & 15, number & (1 << 27) - 1) == (2, 2, 51_808_582)
    codes = iter([11111111, 12345678, 51808582])
    assert new_setup_code(lambda below: next(codes)) == "518-08-582"


# --- the bridge -----------------------------------------------------------------------------------------


class Room:
    """A bridge without a network; ``confirms``: whether devices confirm commands."""

    def __init__(self, folder: Path, *devices: Device) -> None:
        self.memory = BridgeMemory(folder)
        self.driver = BridgeDriver(
            address="127.0.0.1", persist_file=str(folder / "pairings"), loop=asyncio.get_running_loop(), advertise=False
        )
        self.driver.aio_stop_event = asyncio.Event()
        self.commands: list[tuple[str, str, object]] = []
        self.confirms = True
        self.events: list[object] = []
        self.bridge = HomekitBridge(self.driver, "Home", self.memory, self._send, "1.0")
        self.have(*devices)
        self.driver.accessory = self.bridge.bridge
        self.driver.publish = lambda data, *more: self.events.append(data["value"])

    def have(self, *devices: Device) -> bool:
        specs = {one.identity: spec for one in devices if (spec := accessory_of(one, one.id))}
        changed = self.bridge.settle(specs)
        self.bridge.set_reachable(lambda device: True)
        return changed

    async def _send(self, device: str, point: str, value: object) -> bool:
        self.commands.append((device, point, value))
        return self.confirms

    def shape(self) -> dict[str, tuple[int, int]]:
        """aid and iid of each characteristic of the devices."""
        return {
            f"{one.spec.device} {service.unique_id} {char.display_name}": (aid, one.iid_manager.get_iid(char))
            for aid, one in self.bridge.bridge.accessories.items()
            for service in one.services
            for char in service.characteristics
        }

    def get(self, name: str) -> Mapping[str, Any]:
        aid, iid = self.shape()[name]
        found: Mapping[str, Any] = self.driver.get_characteristics([f"{aid}.{iid}"])["characteristics"][0]
        return found

    async def put(self, name: str, value: object) -> Any:
        aid, iid = self.shape()[name]
        query = {"characteristics": [{"aid": aid, "iid": iid, "value": value}]}
        answer = self.driver.set_characteristics(query, ("127.0.0.1", 1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return answer


PLUG = thing("on", "power_W", "energy_import_Wh")


async def test_a_command_shows_only_what_the_device_confirms(tmp_path: Path) -> None:
    room = Room(tmp_path, PLUG)
    room.bridge.show([Reading("thing", "on", False, NOON), Reading("thing", "energy_import_Wh", 1500, NOON)])
    assert await room.put("thing on On", True) is None
    assert room.commands == [("thing", "on", True)]
    assert room.get("thing on On")["value"] is False and room.events[-1] != True  # noqa: E712
    room.bridge.show([Reading("thing", "on", True, NOON)])
    assert room.get("thing on On")["value"] is True and room.events[-1] is True
    assert room.get("thing on EveEnergy")["value"] == 1.5
    room.confirms = False
    await room.put("thing on On", False)
    assert room.get("thing on On")["value"] is True and room.events[-1] is True  # the controller gets the old value


async def test_a_device_that_does_not_answer_fails_reads_and_writes(tmp_path: Path) -> None:
    room = Room(tmp_path, PLUG)
    room.bridge.set_reachable(lambda device: False)
    assert room.get("thing on On")["status"] == -70402 and "value" not in room.get("thing on On")
    answer = await room.put("thing on On", True)
    assert [one["status"] for one in answer["characteristics"]] == [-70402]
    assert room.commands == []


async def test_a_thermostat_has_the_limits_and_states_of_its_device(tmp_path: Path) -> None:
    setpoint = Point(key="setpoint_C", access="rw", exponent=-1, minimum=5, maximum=30)
    heater = device("thing", points=(setpoint, *points("temperature_C", "on")))
    room = Room(tmp_path, heater)
    room.bridge.show([Reading("thing", "setpoint_C", 7.5, NOON), Reading("thing", "on", False, NOON)])
    assert room.get("thing setpoint_C TargetTemperature")["value"] == 7.5
    assert room.get("thing setpoint_C TargetHeatingCoolingState")["value"] == 0
    await room.put("thing setpoint_C TargetTemperature", 21.5)
    await room.put("thing setpoint_C TargetHeatingCoolingState", 1)
    assert room.commands == [("thing", "setpoint_C", 21.5), ("thing", "on", True)]


async def test_numbers_stay_whatever_comes_goes_or_is_renamed(tmp_path: Path) -> None:
    other = device("lamp")
    room = Room(tmp_path, PLUG, other)
    before = room.shape()
    room.memory.save()
    assert (tmp_path / "bridge.json").stat().st_mode & 0o777 == 0o600
    assert not room.have(other, PLUG)  # the order is no change
    assert room.have(other)
    assert room.have(
        device("thing", name="New name", points=points("temperature_C", *(one.key for one in PLUG.points))), other
    )
    assert before.items() <= room.shape().items()
    room.memory.save()
    again = Room(tmp_path, device("new"), other, PLUG)
    assert {**before, **again.shape()} == again.shape()
    assert again.memory.stored.code == room.memory.stored.code


def test_a_damaged_or_unusable_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "bridge.json").write_text("{")
    with pytest.raises(ConfigError, match="damaged"):
        BridgeMemory(tmp_path)
    with pytest.raises(ConfigError, match="cannot be used"):
        BridgeMemory(tmp_path / "bridge.json" / "x")


# --- which accessories ----------------------------------------------------------------------------------


def listed(
    devices: list[Device], before: Mapping[str, AccessorySpec] | None = None, state: str = "online", age: float = 0
) -> set[str]:
    states = {one.id: Status(one.id, state, NOON) for one in devices}  # type: ignore[arg-type]
    return set(roster(devices, states, before or {}, (), ("hidden",), NOON + age))


def test_a_device_that_is_late_stays_and_one_that_is_removed_goes() -> None:
    before = roster([PLUG], {}, {}, (), (), NOON)
    late = device("thing", points=(), profile="")
    assert listed([late], before) == {"toy:thing"}  # it has no points yet
    unnamed = Device(id="thing", identity="", family="toy", link="", profile="")
    assert listed([unnamed], before) == {"toy:thing"}  # it has not said who it is
    assert listed([], before) == set()
    assert listed([device("hidden")]) == set()
    assert listed([device("plug")], state="seen") == set()


def test_a_sub_device_stays_until_its_gateway_is_online_without_it_for_long() -> None:
    gateway = device("hub", points=())
    door = device("hub_door", points=points("open"), parent="hub")
    before = roster([gateway, door], {}, {}, (), (), NOON)
    assert set(before) == {"toy:hub_door"} and before["toy:hub_door"].owner == "hub"
    assert listed([gateway], before, "connecting", age=10 * GONE_S) == {"toy:hub_door"}
    assert listed([gateway], before, "online", age=GONE_S - 1) == {"toy:hub_door"}
    assert listed([gateway], before, "online", age=GONE_S) == set()


# --- the publisher --------------------------------------------------------------------------------------


async def test_a_port_in_use_is_said_with_what_to_change(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = HomekitSettings("Home", taken.getsockname()[1], "127.0.0.1", (), ())
        publisher = HomekitPublisher(FakeHub(), settings, BridgeMemory(tmp_path), "1.0", lambda: NOON)
        with pytest.raises(LinkRefused, match=r"Choose another with \[homekit\] port"):
            await publisher.run()
    assert publisher.view() is None


class Refusing(FakeHub):
    async def command(self, command: Command) -> Outcome:
        await super().command(command)
        return Outcome("timeout")


async def test_outcomes_of_commands_are_counted(tmp_path: Path) -> None:
    publisher = HomekitPublisher(Refusing(), SETTINGS, BridgeMemory(tmp_path), "1.0", lambda: NOON)
    assert await publisher._command("kettle", "on", True) is False
    assert await publisher._command("kettle", "nothing", True) is False
    assert dict(publisher._counts) == {"commands": 2, "refused": 2}
