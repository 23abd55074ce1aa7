"""What Home Assistant is sent: every point of the vocabulary by its schema, and what a change of devices sends."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from api_story import device
from publish.homeassistant.discovery_schema import (
    BINARY_CLASSES,
    STATE_CLASSES,
    UNITS,
    BinarySensor,
    DeviceDiscovery,
    Number,
    Sensor,
)
from publish.homeassistant.every_point import COUNTERS, devices_with_every_point
from unclouded.core.model import ActionSpec, Device, Point
from unclouded.profiles.vocabulary import words
from unclouded.publish.homeassistant.components import MAKERS
from unclouded.publish.homeassistant.compounds import compound_entities
from unclouded.publish.homeassistant.discovery import HomeAssistantDiscovery, digest
from unclouded.publish.homeassistant.quantities import SensorClass, name_of, sensor_class
from unclouded.publish.mqtt.announcements import KEPT_S, Announcements
from unclouded.publish.mqtt.topics import Topics

TOPICS = Topics("unclouded")
HUB = "homeassistant/device/unclouded_cafe/hub/config"


def discovery(prefix: str = "homeassistant", hub: str = "cafe") -> HomeAssistantDiscovery:
    return HomeAssistantDiscovery(TOPICS, prefix, hub, "Unclouded", "1.2")


def message_of(one: Device, *others: Device, commands: bool = True) -> DeviceDiscovery:
    messages = discovery().messages([one, *others], commands)
    return msgspec.json.decode(messages[topic_of(one)], type=DeviceDiscovery)


def topic_of(one: Device) -> str:
    return f"homeassistant/device/unclouded_cafe/{digest(one)}/config"


EVERY = [one for one, _ in devices_with_every_point()]


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_each_point_of_the_vocabulary_makes_an_entity_that_both_releases_accept(one: Device) -> None:
    found = message_of(one)
    replaced = {key for entity in compound_entities(one, TOPICS, MAKERS) for key in entity.points}
    assert {point.key for point in one.points} <= found.components.keys() | replaced
    for key, entity in found.components.items():
        if isinstance(entity, BinarySensor) and entity.device_class:
            assert entity.device_class in BINARY_CLASSES.split(), key
        if isinstance(entity, Number):
            assert entity.min < entity.max, key
        if isinstance(entity, Sensor | Number) and entity.device_class and entity.device_class != "enum":
            unit = entity.unit_of_measurement or ""
            assert unit in UNITS[entity.device_class].split("|"), f"{key}: {entity.device_class} in {unit!r}"
        if isinstance(entity, Sensor) and entity.state_class and entity.device_class:
            allowed = STATE_CLASSES.get(entity.device_class, "measurement").split("|")
            assert entity.state_class in allowed, f"{key}: {entity.device_class} {entity.state_class}"
    ids = [entity.unique_id for entity in found.components.values()]
    assert len(set(ids)) == len(ids)


def test_the_hub_has_a_device_of_its_own_and_all_others_are_behind_it() -> None:
    plug, gateway = device("plug"), device("gate", link="serial:x")
    sensor = device("gate_1", link="serial:x", parent="gate")
    messages = discovery().messages([plug, gateway, sensor], True)
    hub = msgspec.json.decode(messages[HUB], type=DeviceDiscovery)
    assert hub.device.identifiers == ["unclouded_hub_cafe"] and len(messages) == 4
    assert message_of(plug, gateway, sensor).device.via_device == "unclouded_hub_cafe"
    assert message_of(sensor, gateway).device.via_device == f"unclouded_{digest(gateway)}"


# key -> kind, device class, state class, unit
TABLE = """
power_W number power measurement W
power_a_W number power measurement W
energy_import_Wh counter energy total_increasing kWh
energy_import_t2_Wh counter energy total_increasing kWh
energy_export_Wh counter energy total_increasing kWh
energy_Wh number energy - kWh
energy_today_Wh number energy total_increasing kWh
energy_yesterday_Wh number energy - kWh
energy_export_hour_Wh number energy - kWh
energy_session_kWh number energy total_increasing kWh
over_energy_limit_Wh number energy - kWh
voltage_V number voltage measurement V
over_voltage_limit_V number voltage - V
current_2_A number current measurement A
frequency_Hz number frequency measurement Hz
power_factor number power_factor measurement -
power_factor_percent number power_factor measurement %
apparent_power_VA number apparent_power measurement VA
reactive_power_var number reactive_power measurement var
reactive_energy_varh counter - total_increasing varh
signal_dBm number signal_strength measurement dBm
signal_percent number - measurement %
battery_percent number battery measurement %
battery_capacity_Wh number energy_storage measurement kWh
temperature_C number temperature measurement °C
temperature_correction_C number - - °C
hysteresis_F number - - °F
setpoint_max_C number temperature - °C
humidity_percent number humidity measurement %
soil_moisture_percent number moisture measurement %
co2_ppm number carbon_dioxide measurement ppm
pm25_ugm3 number pm25 measurement µg/m³
voc_mgm3 number - measurement mg/m³
water_total_m3 counter water total_increasing m³
water_flow_Lmin number volume_flow_rate measurement L/min
wind_direction_deg number wind_direction measurement_angle °
rain_mm number precipitation - mm
countdown_s number duration - s
time_s number - - s
ph number ph measurement -
test_result number - - -
"""


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_quantities(line: str) -> None:
    key, kind, device_class, state_class, unit = ("" if one == "-" else one for one in line.split())
    found = sensor_class(Point(key=key, kind=kind))  # type: ignore[arg-type]  # one of the literals
    wanted = SensorClass(device_class, state_class, unit, found.divisor)
    assert found == wanted
    assert found.divisor == (1000 if key.endswith("_Wh") else 1)


def test_a_name_is_found_in_each_key_of_the_vocabulary() -> None:
    for word in words():
        for unit in filter(None, word.units):
            assert name_of(f"{word.name}_{unit}") == name_of(f"{word.name}_2_{unit}") == word.name


def test_every_counter_of_energy_rises_in_the_dashboard() -> None:
    for name in COUNTERS[:-1]:
        point = Point(key=f"{name}_Wh", kind="counter")
        assert sensor_class(point) == SensorClass("energy", "total_increasing", "kWh", 1000)


def raw(one: Device, commands: bool = True) -> Mapping[str, Any]:
    return json.loads(discovery().messages([one], commands)[topic_of(one)])  # type: ignore[no-any-return]


def test_without_commands_nothing_can_be_set() -> None:
    kinds = {entity["platform"] for entity in raw(device("plug"), commands=False)["components"].values()}
    assert kinds <= {"sensor", "binary_sensor"}


def test_actions_without_danger_are_buttons() -> None:
    safe, dangerous = (
        ActionSpec(name="refresh", words="reads"),
        ActionSpec(name="reset", words="r", danger="All is lost."),
    )
    found = raw(device("plug", actions=(safe, dangerous)))["components"]
    assert found["do_refresh"]["payload_press"] == "refresh" and "do_reset" not in found


def test_a_rename_keeps_topic_and_unique_ids() -> None:
    old, new = device("plug"), replace(device("plug"), id="kettle", name="Kettle")
    assert topic_of(old) == topic_of(new)
    before, after = raw(old)["components"], raw(new)["components"]
    assert {one["unique_id"] for one in before.values()} == {one["unique_id"] for one in after.values()}
    assert raw(new)["state_topic"] == "unclouded/kettle/state"


def test_a_point_that_is_gone_is_named_with_its_platform_alone_and_then_left_out() -> None:
    old, new = device("plug"), replace(device("plug"), points=device("plug").points[:1])
    before, after = (discovery().messages([one], True)[topic_of(old)] for one in (old, new))
    removing, final = discovery().transition(before, after)
    assert final == after
    gone = {key: one for key, one in json.loads(removing)["components"].items() if "unique_id" not in one}
    assert gone == {point.key: {"platform": raw(old)["components"][point.key]["platform"]} for point in old.points[1:]}
    assert discovery().transition(before, before) == ()
    assert discovery().transition(before, b"") == (b"",)


def test_what_a_device_has_not_reported_yet_is_kept() -> None:
    whole, part = device("plug"), replace(device("plug"), points=device("plug").points[:1], name="New name")
    before, after = (discovery().messages([one], True)[topic_of(whole)] for one in (whole, part))
    kept = json.loads(discovery().kept(before, after))
    assert kept["components"].keys() == json.loads(before)["components"].keys()
    assert kept["device"]["name"] == "New name"


def test_messages_of_other_programs_are_never_ours() -> None:
    ours = discovery()
    plug = device("plug")
    messages = ours.messages([plug], True)
    assert all(ours.is_own(topic, one, messages) for topic, one in messages.items())
    other = HomeAssistantDiscovery(TOPICS, "homeassistant", "beef", "Unclouded", "1.2")
    theirs = other.messages([plug, device("lamp")], True)
    own = [topic for topic, one in theirs.items() if ours.is_own(topic, one, messages)]
    assert own == [topic_of(plug).replace("cafe", "beef")], "our device, from before the data folder was lost"
    assert not ours.is_own("homeassistant/device/z2m/abc/config", b'{"origin": {"name": "Zigbee2MQTT"}}', messages)
    assert not ours.is_own("homeassistant/device/z2m/abc/config", b"no json", messages)


def test_a_device_without_an_identity_is_not_announced() -> None:
    assert list(discovery().messages([replace(device("plug"), identity="")], True)) == [HUB]


def test_what_an_earlier_run_announced_stays_until_it_is_certain_that_it_is_gone() -> None:
    """A hub that starts knows neither who its devices are nor which sub-devices they have."""
    plug, gateway = device("plug"), device("gate", link="serial:x")
    sensor = device("gate_1", link="serial:x", parent="gate")
    before = discovery().messages([plug, gateway, sensor], True)
    run = Announcements([discovery()], 0.0)
    unknown = replace(plug, identity="", points=())
    run.found(before, [unknown, gateway])
    assert dict(run.changes([unknown, gateway], ["gate"], ["plug"], True, 1.0)) == {
        HUB: (),
        topic_of(gateway): (),
    }
    assert dict(
        run.changes([replace(unknown, identity=plug.identity), gateway], ["gate", "plug"], ["plug"], True, 2.0)
    ) == {topic_of(plug): ()}, "its points come later"
    assert dict(run.changes([plug, gateway], ["gate", "plug"], [], True, 70.0)) == {}
    assert dict(run.changes([plug, gateway], ["gate", "plug"], [], True, KEPT_S)) == {topic_of(sensor): (b"",)}
    other = replace(plug, identity="toy:another")
    assert dict(run.changes([other, gateway], ["gate", "plug"], [], True, KEPT_S + 1.0)) == {
        topic_of(other): (discovery().messages([other], True)[topic_of(other)],),
        topic_of(plug): (b"",),
    }


def test_a_device_that_no_run_has_announced_waits_until_it_is_known() -> None:
    plug, run = device("plug"), Announcements([discovery()], 0.0)
    assert list(dict(run.changes([plug], [], ["plug"], True, 1.0))) == [HUB]
    assert list(dict(run.changes([plug], ["plug"], ["plug"], True, 2.0))) == [topic_of(plug)]
