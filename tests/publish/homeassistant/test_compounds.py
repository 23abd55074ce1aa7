"""Entities of several points: which points make one, what its templates show, and which commands they give."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jinja2
import msgspec
import pytest
from msgspec.structs import replace

from api_story import device
from publish.homeassistant.discovery_schema import DeviceDiscovery
from publish.homeassistant.test_discovery import discovery, topic_of
from unclouded.app.protocols import settings_of
from unclouded.core.model import ActionSpec, Device, Point
from unclouded.core.profile.building import make_profile
from unclouded.profiles.catalogue import Catalogue

KINDS = ("ac", "curtain", "fan", "heater", "light", "thermostat", "trv", "valve")
ON = Point(key="on", kind="switch", access="rw")


def enum(key: str, *options: str, access: Any = "rw") -> Point:
    return Point(key=key, kind="enum", access=access, options=options)


def number(key: str, minimum: float | None = None, maximum: float | None = None, exponent: int = 0) -> Point:
    return Point(key=key, access="rw", minimum=minimum, maximum=maximum, exponent=exponent)


def with_points(*points: Point, **more: Any) -> Device:
    return device("it", points=points, main=points[0].key, actions=(), **more)


def entities(one: Device, commands: bool = True) -> dict[str, Any]:
    """Its components, which both releases accept."""
    found = discovery().messages([one], commands)[topic_of(one)]
    msgspec.json.decode(found, type=DeviceDiscovery)
    return json.loads(found)["components"]  # type: ignore[no-any-return]


@cache
def compiled(template: str) -> Any:
    return jinja2.Environment().from_string(template)


def shown(template: str, **state: Any) -> str:
    """What Home Assistant shows of a state by a template."""
    return str(compiled(template).render(value_json=state))


def sent(template: str, **given: Any) -> Any:
    """The command that it gives."""
    return json.loads(compiled(template).render(**given))


THERMOSTAT = with_points(
    ON,
    number("setpoint_C", 5, 35, -1),
    Point(key="temperature_C", exponent=-1),
    enum("mode", "programme", "manual"),
    Point(key="child_lock", kind="switch", access="rw"),
    enum("activity", "heat", "idle", access="r"),
)


def test_a_thermostat_is_a_climate_entity_in_place_of_its_switch_number_and_select() -> None:
    found = entities(THERMOSTAT)
    one = found["climate_entity"]
    assert one["modes"] == ["off", "heat"] and one["preset_modes"] == ["programme", "manual"]
    assert (one["min_temp"], one["max_temp"], one["temp_step"], one["precision"]) == (5, 35, 0.5, 0.1)
    assert one["name"] is None and one["default_entity_id"] == "climate.it"
    assert not {"on", "setpoint_C", "mode"} & found.keys() and {"temperature_C", "child_lock"} <= found.keys()
    assert found["activity"]["entity_category"] == "diagnostic" and "entity_category" not in found["temperature_C"]
    state = {"on": True, "setpoint_C": 21.5, "temperature_C": 19, "mode": "manual", "activity": "idle"}
    assert shown(one["mode_state_template"], **state) == "heat"
    assert shown(one["mode_state_template"], **{**state, "on": False}) == "off"
    assert shown(one["mode_state_template"]) == shown(one["temperature_state_template"]) == "None"
    assert shown(one["temperature_state_template"], **state) == "21.5"
    assert shown(one["current_temperature_template"], **state) == "19"
    assert shown(one["action_template"], **state) == "idle"
    assert shown(one["action_template"], **{**state, "on": False}) == "off"
    assert sent(one["mode_command_template"], value="off") == {"on": False}
    assert sent(one["mode_command_template"], value="heat") == {"on": True}
    assert entities(THERMOSTAT, commands=False).keys() & {"climate_entity", "on"} == {"on"}


def test_the_modes_of_an_air_conditioner_are_those_of_home_assistant() -> None:
    modes = enum("mode", "cold", "hot", "wet", "wind", "auto")
    speed, swing = enum("fan_speed", "low", "high"), Point(key="swing", kind="switch", access="rw")
    found = entities(with_points(ON, number("setpoint_F", 60, 90), modes, speed, swing))
    one = found["climate_entity"]
    assert one["modes"] == ["off", "cool", "heat", "dry", "fan_only", "auto"] and one["temperature_unit"] == "F"
    assert sent(one["mode_command_template"], value="fan_only") == {"on": True, "mode": "wind"}
    assert shown(one["mode_state_template"], on=True, mode="wet") == "dry"
    assert one["fan_modes"] == ["low", "high"] and shown(one["swing_mode_state_template"], swing=True) == "on"
    assert found.keys() == {"climate_entity", "problem"}


@pytest.mark.parametrize(
    ("points", "modes"),
    [
        ((number("setpoint_C", 5, 30), enum("mode", "heat", "eco", "cool"), ON), ["off", "heat", "cool"]),
        ((number("setpoint_C", 5, 30), number("mode"), ON), ["off", "auto"]),
        ((number("setpoint_C", 5, 30), Point(key="temperature_C")), ["heat"]),
        ((number("setpoint_C", 5, 30), Point(key="temperature_F")), None),
        ((number("setpoint_C", -40, 125), ON), None),
        ((number("setpoint", 5, 30), ON), None),
        ((Point(key="setpoint_C"), ON), None),
    ],
    ids=lambda one: " ".join(point.key for point in one) if isinstance(one, tuple) else None,
)
def test_what_is_a_climate_entity_and_its_modes(points: tuple[Point, ...], modes: list[str] | None) -> None:
    found = entities(with_points(*points))
    assert found.get("climate_entity", {}).get("modes") == modes
    assert ("mode" in found) == (modes in (["off", "heat", "cool"], ["off", "auto"])), "other words can still be chosen"


def test_a_light_scales_its_brightness_and_warmth() -> None:
    one = entities(with_points(ON, number("brightness", 10, 1000), number("colour_temperature", 0, 1000)))
    light = one["light_entity"]
    assert one.keys() == {"light_entity", "problem"} and light["name"] is None
    assert sent(light["command_on_template"]) == {"on": True} and sent(light["command_off_template"]) == {"on": False}
    for brightness in range(1, 256, 11):
        command = sent(light["command_on_template"], brightness=brightness)
        assert shown(light["brightness_template"], **command) == str(brightness)
    assert sent(light["command_on_template"], brightness=1, color_temp=2700) == {
        "on": True,
        "brightness": 10,
        "colour_temperature": 0,
    }
    assert shown(light["color_temp_template"], colour_temperature=1000) == "6500"
    assert shown(light["brightness_template"], brightness=0) == "1"
    assert shown(light["state_template"], on=False) == "off" and shown(light["brightness_template"]) == "None"


def test_lights_of_several_channels_and_of_other_devices() -> None:
    pair = [Point(key=f"on_{one}", kind="switch", access="rw") for one in (1, 2)]
    dimmers = [number(f"brightness_{one}_percent", 0, 100, -1) for one in (1, 2)]
    found = entities(with_points(*pair, *dimmers))
    assert found.keys() == {"light_entity_1", "light_entity_2", "problem"}
    assert sent(found["light_entity_2"]["command_on_template"], brightness=255) == {
        "on_2": True,
        "brightness_2_percent": 100.0,
    }
    lamp = Point(key="light", kind="switch", access="rw")
    ceiling = entities(with_points(ON, number("fan_speed", 1, 6), lamp, number("brightness", 10, 1000)))
    assert sent(ceiling["light_entity"]["command_on_template"]) == {"light": True}
    assert ceiling["fan_entity"]["name"] is None and ceiling["light_entity"]["name"] == "Light"
    display = entities(with_points(ON, number("brightness", 1, 5), Point(key="leakage_current_A", exponent=-3)))
    assert display["on"]["platform"] == "switch" and display["brightness"]["platform"] == "number"


def test_a_fan() -> None:
    swing = Point(key="swing", kind="switch", access="rw")
    points = (
        number("fan_speed", 1, 6),
        enum("fan_mode", "fresh", "nature"),
        enum("fan_direction", "forward", "reverse"),
    )
    found = entities(with_points(ON, *points, swing))
    one = found["fan_entity"]
    assert found.keys() == {"fan_entity", "problem"}
    assert (one["speed_range_min"], one["speed_range_max"]) == (1, 6) and one["preset_modes"] == ["fresh", "nature"]
    assert shown(one["direction_value_template"], fan_direction="reverse") == "reverse"
    assert shown(one["oscillation_value_template"], swing=True) == "on"
    assert shown(one["state_value_template"], on=True) == "on"
    words = entities(with_points(ON, enum("fan_speed", "low", "high")))["fan_entity"]
    assert words["preset_modes"] == ["low", "high"] and "percentage_command_topic" not in words
    assert "fan_entity" not in entities(with_points(ON, number("humidity_target_percent", 30, 80), points[0]))


def test_covers() -> None:
    action, target = enum("action", "open", "stop", "close", "continue"), number("position_target_percent", 0, 100)
    state = enum("motor_state", "opening", "closing", "stopped", access="r")
    found = entities(with_points(action, target, Point(key="position_percent"), state))
    one = found["cover_entity"]
    assert (one["payload_open"], one["payload_close"], one["payload_stop"]) == ("open", "close", "stop")
    assert found["position_percent"]["entity_category"] == "diagnostic" and "action" not in found
    moving = {"action": "open", "position_percent": 40, "motor_state": "opening"}
    assert shown(one["value_template"], **moving) == "opening" and shown(one["position_template"], **moving) == "40"
    for position, wanted in ((0, "closed"), (1, "open"), (100, "open")):
        assert shown(one["value_template"], motor_state="stopped", position_percent=position) == wanted
    assert shown(one["value_template"]) == "None"
    alone = entities(with_points(action))["cover_entity"]
    assert alone["optimistic"] and shown(alone["value_template"], action="close") == "closed"
    slider = entities(with_points(target))["cover_entity"]
    assert (slider["payload_open"], slider["payload_close"], slider["payload_stop"]) == ("100", "0", None)
    button = entities(with_points(enum("action", "single_click", "long_press", access="r")))
    assert "cover_entity" not in button


def test_valves() -> None:
    water = entities(with_points(Point(key="valve", kind="switch", access="rw")))["valve_entity"]
    assert (water["payload_open"], shown(water["value_template"], valve=False)) == ("on", "closed")
    heating = entities(with_points(number("valve_percent", 0, 100)))["valve_entity"]
    assert heating["reports_position"] and shown(heating["value_template"], valve_percent=30) == "30"
    words = entities(with_points(enum("valve", "open", "close")))["valve_entity"]
    assert shown(words["value_template"], valve="close") == "closed"


UPDATE = ActionSpec(name="update", words="u", danger="d", args={"file": "f"}, files=("file",))


def test_firmware_is_an_update_entity_of_devices_that_take_it_and_report_theirs() -> None:
    one = device("it", info={"version": "1.0.0"}, actions=(UPDATE,))
    found = entities(one)["update_entity"]
    assert found["state_topic"] == "unclouded/it/update" and json.loads(found["payload_install"])["confirmed"] is True
    assert "command_topic" not in entities(one, commands=False)["update_entity"]
    for other in (device("it", info={}, actions=(UPDATE,)), device("it", info={"version": "1.0.0"}, actions=())):
        assert "update_entity" not in entities(other)


def test_a_switch_that_becomes_a_light_is_removed() -> None:
    old = with_points(ON)
    new = replace(old, points=(ON, number("brightness", 10, 1000)))
    before, after = (discovery().messages([one], True)[topic_of(one)] for one in (old, new))
    removing, final = discovery().transition(before, after)
    assert json.loads(removing)["components"]["on"] == {"platform": "switch"} and final == after
    assert "on" not in json.loads(after)["components"]


def catalogue_devices(kind: str) -> Iterator[Device]:
    catalogue = Catalogue()
    for name in catalogue.names():
        if name.split("/")[1] == kind:
            profile = make_profile(catalogue.get(name).profile_file(), "", settings_of)
            points = {row.point.key: row.point for row in profile.points}
            yield device("it", points=tuple(points.values()), main=profile.main, actions=())


@pytest.mark.parametrize("kind", KINDS)
def test_all_products_of_the_catalogue_are_accepted_and_nothing_that_can_be_set_is_lost(kind: str) -> None:
    for one in catalogue_devices(kind):
        found = entities(one)
        text = json.dumps([entity for key, entity in found.items() if key not in {point.key for point in one.points}])
        for point in one.points:
            assert point.key in found or point.key in text, f"{point.key} of {one.points}"
        names = [entity["name"] for entity in found.values() if entity["platform"] != "event"]
        assert names.count(None) <= 1
