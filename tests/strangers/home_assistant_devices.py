"""Devices that Home Assistant has one entity of several points for, and a hub that installs firmware."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace as changed

from api_story import NOON, FakeHub, device
from unclouded.core.model import (
    Action,
    ActionSpec,
    Command,
    Device,
    OnProgress,
    Outcome,
    Point,
    Progress,
    Status,
    Value,
)


def compounds() -> list[Device]:
    """A device for each entity of several points, and one that takes firmware."""

    def with_points(id: str, *points: Point, **more: Any) -> Device:
        return device(id, points=points, main=points[0].key, **{"actions": (), "info": {"product": "toy"}, **more})

    def number(key: str, highest: float, lowest: float = 0, exponent: int = 0) -> Point:
        return Point(key=key, access="rw", minimum=lowest, maximum=highest, exponent=exponent)

    def enum(key: str, *options: str, access: Any = "rw") -> Point:
        return Point(key=key, kind="enum", access=access, options=options)

    on = Point(key="on", kind="switch", access="rw")
    measured = Point(key="temperature_C", exponent=-1)
    update = ActionSpec(name="update", words="u", danger="d", args={"file": "f"}, files=("file",))
    modes = enum("mode", "cold", "hot", "wind")
    return [
        with_points("floor", on, number("setpoint_C", 35, 5, -1), measured, enum("mode", "programme", "manual")),
        with_points("cooler", on, number("setpoint_C", 30, 16), measured, modes, enum("fan_speed", "low", "high")),
        with_points("lamp", on, number("brightness", 1000, 10), number("colour_temperature", 1000)),
        with_points("ceiling", on, number("fan_speed", 6, 1), enum("fan_direction", "forward", "reverse")),
        with_points("blind", enum("action", "open", "stop", "close"), number("position_target_percent", 100)),
        with_points("gate", enum("action", "open", "stop", "close")),
        with_points("mixer", number("valve_percent", 100)),
        with_points("tap", Point(key="valve", kind="switch", access="rw")),
        with_points("pump", on, actions=(update,), info={"version": "1.0.0"}),
    ]


class InstallingHub(FakeHub):
    """It installs firmware in two steps, once a test says so."""

    def __init__(self) -> None:
        super().__init__(*(one.id for one in compounds()))
        self.proceeds = asyncio.Event()
        for one in compounds():
            self.publish(one, Status(one.id, "online", NOON))

    async def command(self, command: Command) -> Outcome:
        self.commands.append(command)
        return Outcome("confirmed")

    async def act(self, command: Action, progress: OnProgress | None = None) -> Outcome:
        self.commands.append(command)
        assert progress is not None
        progress(Progress(1, 4))
        await self.proceeds.wait()
        updated = next(one for one in self.devices() if one.id == command.device)
        self.publish(changed(updated, info={"version": "1.0.2"}))
        return Outcome("confirmed")


STATES: Mapping[str, Mapping[str, Value]] = {
    "floor": {"on": True, "setpoint_C": 21.5, "temperature_C": 19.5, "mode": "manual"},
    "cooler": {"on": False, "setpoint_C": 22, "temperature_C": 26, "mode": "cold", "fan_speed": "high"},
    "lamp": {"on": True, "brightness": 505, "colour_temperature": 500},
    "ceiling": {"on": True, "fan_speed": 3, "fan_direction": "reverse"},
    "blind": {"action": "stop", "position_target_percent": 40},
    "gate": {"action": "close"},
    "mixer": {"valve_percent": 30},
    "tap": {"valve": False},
    "pump": {"on": False},
}
# A service of Home Assistant -> the command that the hub gets
SERVICES: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Value]]] = (
    ("climate.set_temperature", {"entity_id": "climate.floor", "temperature": 23.5}, {"setpoint_C": 23.5}),
    ("climate.set_hvac_mode", {"entity_id": "climate.floor", "hvac_mode": "off"}, {"on": False}),
    ("climate.turn_on", {"entity_id": "climate.floor"}, {"on": "on"}),
    ("climate.set_preset_mode", {"entity_id": "climate.floor", "preset_mode": "programme"}, {"mode": "programme"}),
    ("climate.set_hvac_mode", {"entity_id": "climate.cooler", "hvac_mode": "heat"}, {"on": True, "mode": "hot"}),
    ("climate.set_fan_mode", {"entity_id": "climate.cooler", "fan_mode": "low"}, {"fan_speed": "low"}),
    ("light.turn_on", {"entity_id": "light.lamp", "brightness": 255}, {"on": True, "brightness": 1000}),
    ("light.turn_on", {"entity_id": "light.lamp", "color_temp_kelvin": 2700}, {"on": True, "colour_temperature": 0}),
    ("light.turn_off", {"entity_id": "light.lamp"}, {"on": False}),
    ("fan.set_percentage", {"entity_id": "fan.ceiling", "percentage": 100}, {"fan_speed": 6}),
    ("fan.set_direction", {"entity_id": "fan.ceiling", "direction": "forward"}, {"fan_direction": "forward"}),
    ("fan.turn_off", {"entity_id": "fan.ceiling"}, {"on": "off"}),
    ("cover.close_cover", {"entity_id": "cover.blind"}, {"action": "close"}),
    ("cover.stop_cover", {"entity_id": "cover.blind"}, {"action": "stop"}),
    ("cover.set_cover_position", {"entity_id": "cover.blind", "position": 70}, {"position_target_percent": 70}),
    ("cover.open_cover", {"entity_id": "cover.gate"}, {"action": "open"}),
    ("valve.set_valve_position", {"entity_id": "valve.mixer", "position": 55}, {"valve_percent": 55}),
    ("valve.open_valve", {"entity_id": "valve.tap"}, {"valve": "on"}),
)
