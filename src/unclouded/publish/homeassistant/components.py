"""The entities of a device: one component for each point, or for several that belong together. Pure.

    switch rw ─► switch      enum rw ─► select       number rw ─► number     text rw ─► text
    switch r  ─► binary_sensor   enum r ─► sensor (enum)   number, counter r ─► sensor   bitmap ─► sensor, its text
    switch w  ─► button      a point whose readings are events ─► event      an action without danger ─► button
    several   ─► climate, light, fan, cover, valve      the action update ─► update

All of them read the JSON state of the device. Source: docs/home-assistant.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from unclouded.core.model import Device, Point
from unclouded.publish.homeassistant.climate import climate
from unclouded.publish.homeassistant.compounds import Component, CompoundEntity, compound_entities
from unclouded.publish.homeassistant.covers_and_valves import cover, valve
from unclouded.publish.homeassistant.lights_and_fans import fan, light
from unclouded.publish.homeassistant.quantities import binary_class, name_of, sensor_class
from unclouded.publish.homeassistant.templates import STATE, text_of, value_of
from unclouded.publish.momentary import is_momentary
from unclouded.publish.mqtt.topics import Topics, fits
from unclouded.publish.mqtt.updates import takes_updates

EXPIRE_S = 1000  # s after which a sensor without a message is unavailable; each state is published within 300 s
LONGEST_STATE = 255  # characters that Home Assistant keeps of a state
MOST_OPTIONS = 64
INSTALL = '{"action": "update", "confirmed": true}'  # of the file that the hub offers
DECIMALS = {"W": 1, "VA": 1, "var": 1, "V": 1}  # that people read, at most
HIGHEST = 10**9  # where a number has no limit of its own
MAKERS = (climate, light, fan, cover, valve)  # each of what the one before it left

# Names of points that people use daily; what else can be set is a setting
_PRIMARY = """
    on on_all light setpoint mode preset fan_on fan_speed fan_mode swing boost sleep turbo heat cool brightness
    colour_temperature light_mode position_target action volume siren alarm_on pause suction humidity_target
    manual_feed countdown lock ion dry program valve pump charge_current_limit"""
PRIMARY = frozenset(_PRIMARY.split())
# Names of points about the device itself
_DIAGNOSTIC = """
    signal firmware hardware_version model device_id device_info serial_number meter_number temperature_board
    test_result report_interval fault error warning time record message led voltage_calibration current_calibration
    power_calibration energy_calibration runtime_total pulse inverter_id inverter_type breaker_number
    joining joining_left alarm_text battery_voltage"""
DIAGNOSTIC = frozenset(_DIAGNOSTIC.split())
OUTLETS = ("power", "current", "voltage")  # a relay beside one of them switches an outlet


def components(device: Device, topics: Topics, ids: str, commands: bool) -> dict[str, Component]:
    """The components of a device by their ids. ``ids``: the beginning of unique ids; ``commands``: it can be set."""
    entities = list(compound_entities(device, topics, MAKERS)) if commands else []
    replaced = {key for one in entities for key in one.points}
    shown = {key for one in entities for key in one.shown}
    found = {}
    for point in device.points:
        if fits(point.key) and point.key not in replaced:
            component = _component(device, point, topics, commands)
            found[point.key] = _named(device, point, component, ids)
            if point.key in shown:
                found[point.key]["entity_category"] = "diagnostic"
    named = None if any(one["name"] is None for one in found.values()) else _named_as_device(device, entities)
    for one in entities:
        found[one.key] = _named_entity(device, one, ids, one is named)
    for action in device.actions if commands else ():
        if not action.args and not action.danger:
            found[f"do_{action.name}"] = _button(device, action.name, topics, ids)
    found["problem"] = _problem(device, topics, ids)
    if takes_updates(device):
        found["update_entity"] = _update(device, topics, ids, commands)
    return found


def words_of(key: str) -> str:
    """A key or a name as people read it: ``energy_import_t2_Wh`` -> ``Energy import t2``."""
    unit = key.rpartition("_")[2]
    bare = key.removesuffix(f"_{unit}") if sensor_class(Point(key=key)).unit and "_" in key else key
    words = bare.replace("_", " ").strip() or key
    return words[0].upper() + words[1:]


# --- inside -------------------------------------------------------------------------------------------


def _component(device: Device, point: Point, topics: Topics, commands: bool) -> Component:
    if is_momentary(point):
        return _event(device, point, topics)
    can_set = commands and "w" in point.access
    if can_set and point.access == "w" and point.kind == "switch":
        return {"platform": "button", "payload_press": "on", **_command(device, point, topics)}
    component = _settable(device, point, topics) if can_set else _readable(point)
    if point.access == "w":
        del component["value_template"]
        component["optimistic"] = True
        component["state_topic"] = topics.outcome(device.id) + "/none"  # overrides the shared one: it reports no state
    return component


def _settable(device: Device, point: Point, topics: Topics) -> Component:
    command = _command(device, point, topics)
    match point.kind:
        case "switch":
            on_off = {"payload_on": "on", "payload_off": "off", "state_on": "True", "state_off": "False"}
            kind = {"device_class": "outlet"} if name_of(point.key) == "on" and _is_outlet(device) else {}
            return {"platform": "switch", "value_template": value_of(point.key), **on_off, **command, **kind}
        case "enum" if 0 < len(point.options) <= MOST_OPTIONS:
            return {
                "platform": "select",
                "value_template": value_of(point.key),
                "options": list(point.options),
                **command,
            }
        case "number" | "counter" | "bitmap":
            return {"platform": "number", "value_template": value_of(point.key), **_span(point), **command}
    return {
        "platform": "text",
        "value_template": text_of(point.key, LONGEST_STATE, ""),
        "max": LONGEST_STATE,
        **command,
    }


def _readable(point: Point) -> Component:
    match point.kind:
        case "switch":
            known = binary_class(point)
            kind = {"device_class": known} if known else {}
            return {
                "platform": "binary_sensor",
                "value_template": value_of(point.key),
                "payload_on": "True",
                "payload_off": "False",
                **kind,
            }
        case "enum" if 0 < len(point.options) <= MOST_OPTIONS:
            options = {"device_class": "enum", "options": list(point.options)}
            return {"platform": "sensor", "value_template": value_of(point.key), **options, **_expiring()}
        case "number" | "counter":
            return {"platform": "sensor", **_number_sensor(point), **_expiring()}
        case "bitmap":
            return {"platform": "sensor", "value_template": text_of(f"{point.key}_text", LONGEST_STATE), **_expiring()}
    return {"platform": "sensor", "value_template": text_of(point.key, LONGEST_STATE), **_expiring()}


def _number_sensor(point: Point) -> Component:
    known = sensor_class(point)
    found: Component = {"value_template": value_of(point.key)}
    if known.divisor != 1:
        found["value_template"] = (
            f"{{% set v = {STATE}.get('{point.key}') %}}"
            f"{{{{ (v / {known.divisor}) | round(6) if v is number else 'None' }}}}"
        )
        found["suggested_display_precision"] = 2
    elif point.exponent <= 0 and (known.unit or known.device_class):
        found["suggested_display_precision"] = min(-point.exponent, DECIMALS.get(known.unit, 3))
    classes = (
        ("device_class", known.device_class),
        ("state_class", known.state_class),
        ("unit_of_measurement", known.unit),
    )
    return {**found, **{key: value for key, value in classes if value}}


def _span(point: Point) -> Component:
    """The limits and steps of a number that can be set, in our own unit."""
    known = sensor_class(point)
    lowest = point.minimum if point.minimum is not None else (0 if point.maximum is not None else -HIGHEST)
    highest = point.maximum if point.maximum is not None else HIGHEST
    step = max(10.0**point.exponent, 0.001)
    found: Component = {"min": lowest, "max": max(highest, lowest + step), "step": step, "mode": "box"}
    if point.unit:
        found["unit_of_measurement"] = point.unit
    if known.device_class and (point.unit or known.device_class in ("aqi", "ph", "power_factor")):
        found["device_class"] = known.device_class
    return found


def _event(device: Device, point: Point, topics: Topics) -> Component:
    """Its types are the options of the point; a doorbell has the one that Home Assistant asks for."""
    name = name_of(point.key)
    if name == "doorbell":
        types, kind = ["ring"], "'ring'"
    elif point.kind == "switch":
        types, kind = ["on", "off"], "'on' if value_json.data.value else 'off'"
    else:
        types = list(point.options[:MOST_OPTIONS]) or ["event"]
        kind = "value_json.data.value" if point.options else "'event'"
    is_this = f"value_json is defined and value_json.kind == 'reading' and value_json.data.point == '{point.key}'"
    if name == "doorbell" and point.kind == "switch":
        is_this += " and value_json.data.value"
    template = f"{{% if {is_this} %}}{{{{ {{'event_type': {kind}}} | tojson }}}}{{% endif %}}"
    found = {"platform": "event", "state_topic": topics.event(device.id), "event_types": types}
    known = {"doorbell": "doorbell", "action": "button"}.get(name)
    return {**found, "value_template": template, **({"device_class": known} if known else {})}


def _button(device: Device, action: str, topics: Topics, ids: str) -> Component:
    return {
        "platform": "button",
        "unique_id": f"{ids}_do_{action}",
        "name": words_of(action),
        "command_topic": topics.do(device.id),
        "payload_press": action,
        "entity_category": "config",
        **_entity_id("button", f"{device.id}_{action}"),
    }


def _update(device: Device, topics: Topics, ids: str, commands: bool) -> Component:
    """The firmware that it has, and the newest that the hub has for it."""
    install = {"command_topic": topics.do(device.id), "payload_install": INSTALL} if commands else {}
    return {
        "platform": "update",
        "unique_id": f"{ids}_update_entity",
        "name": "Firmware",
        "device_class": "firmware",
        "entity_category": "config",
        "state_topic": topics.update(device.id),
        **install,
        **_entity_id("update", f"{device.id}_update"),
    }


def _problem(device: Device, topics: Topics, ids: str) -> Component:
    """Whether something about the device needs attention, by the hub's alerts."""
    topic = topics.alerts(device.id)
    return {
        "platform": "binary_sensor",
        "unique_id": f"{ids}_problem",
        "name": "Problem",
        "device_class": "problem",
        "entity_category": "diagnostic",
        "state_topic": topic,
        "value_template": value_of("active"),
        "payload_on": "True",
        "payload_off": "False",
        "json_attributes_topic": topic,
        "availability": [{"topic": topics.bridge_state}],  # that it does not answer is a problem, too
        **_entity_id("binary_sensor", f"{device.id}_problem"),
    }


def _named(device: Device, point: Point, component: Component, ids: str) -> Component:
    platform = component["platform"]
    name = None if _is_device_itself(device, point, platform) else point.label or words_of(point.key)
    found = {**component, "unique_id": f"{ids}_{point.key}", "name": name, **_category(point, platform)}
    if point.kind == "raw" or point.key.startswith("dp_") or name_of(point.key).endswith("_calibration"):
        found["enabled_by_default"] = False
    return {**found, **_entity_id(platform, device.id if name is None else f"{device.id}_{point.key}")}


def _named_as_device(device: Device, entities: Sequence[CompoundEntity]) -> CompoundEntity | None:
    """The entity that is called as the device: that of its main point, or the first."""
    main = device.main or "on"
    return next((one for one in entities if main in one.points), entities[0] if entities else None)


def _named_entity(device: Device, entity: CompoundEntity, ids: str, is_device: bool) -> Component:
    name = None if is_device else entity.main.label or words_of(entity.main.key)
    platform = entity.component["platform"]
    id = _entity_id(platform, device.id if is_device else f"{device.id}_{entity.main.key}")
    return {**entity.component, "unique_id": f"{ids}_{entity.key}", "name": name, **id}


def _entity_id(platform: str, id: str) -> Component:
    """For new releases and for old ones; each ignores the other's key."""
    return {"default_entity_id": f"{platform}.{id.lower()}", "object_id": id.lower()}


def _is_device_itself(device: Device, point: Point, platform: str) -> bool:
    """Whether the entity is called as the device: its relay."""
    return platform == "switch" and point.key == (device.main or "on")


def _is_outlet(device: Device) -> bool:
    return any(name_of(point.key) in OUTLETS for point in device.points)


def _category(point: Point, platform: str) -> Component:
    name = name_of(point.key)
    if platform in ("switch", "select", "number", "text", "button"):
        return {} if name in PRIMARY else {"entity_category": "config"}
    return {"entity_category": "diagnostic"} if name in DIAGNOSTIC or point.kind == "raw" else {}


def _command(device: Device, point: Point, topics: Topics) -> Component:
    return {"command_topic": topics.set_point(device.id, point.key)}


def _expiring() -> Component:
    return {"expire_after": EXPIRE_S}


def component_ids(payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:  # Any: JSON
    """Each component of a message with its platform."""
    for key, one in components_in(payload).items():
        if isinstance(one.get("platform"), str):
            yield key, one["platform"]


def components_in(payload: Mapping[str, Any]) -> dict[str, Component]:  # Any: JSON
    """The components in a message that may be of any shape."""
    found = payload.get("components")
    return {key: one for key, one in found.items() if isinstance(one, dict)} if isinstance(found, dict) else {}
