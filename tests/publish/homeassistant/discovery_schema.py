"""What Home Assistant accepts as a device discovery message, as a schema: unknown keys are refused.

The intersection of the releases 2025.4 and 2026.11, from their schemas of the MQTT integration (device, origin, shared
options) and of its platforms. A key that only a newer release knows is allowed inside a component, where an older one
ignores it: ``default_entity_id``, and ``object_id`` the other way round.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1)]
Template = Annotated[str, Meta(pattern=r"^[^{]*\{[{%].*[}%]\}$")]
Topic = Annotated[str, Meta(pattern=r"^[^+#\x00]+$", min_length=1)]
Category = Literal["config", "diagnostic"]


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class Availability(Strict, kw_only=True, forbid_unknown_fields=True):
    topic: Topic


class DeviceInfo(Strict, kw_only=True, forbid_unknown_fields=True):
    identifiers: Annotated[list[Text], Meta(min_length=1)]
    name: Text
    manufacturer: Text | None = None
    model: Text | None = None
    model_id: Text | None = None
    sw_version: Text | None = None
    hw_version: Text | None = None
    suggested_area: Text | None = None
    via_device: Text | None = None


class Origin(Strict, kw_only=True, forbid_unknown_fields=True):
    name: Text
    sw_version: Text


class Component(Strict, kw_only=True, forbid_unknown_fields=True):
    unique_id: Text
    name: Text | None
    default_entity_id: Annotated[str, Meta(pattern=r"^[a-z_]+\.[a-z0-9_]+$")]
    object_id: Annotated[str, Meta(pattern=r"^[a-z0-9_]+$")]
    entity_category: Category | msgspec.UnsetType = msgspec.UNSET
    enabled_by_default: Literal[False] | msgspec.UnsetType = msgspec.UNSET
    device_class: Text | msgspec.UnsetType = msgspec.UNSET
    availability: list[Availability] | msgspec.UnsetType = msgspec.UNSET
    state_topic: Topic | msgspec.UnsetType = msgspec.UNSET


class Switch(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="switch"):
    command_topic: Topic
    payload_on: Literal["on"]
    payload_off: Literal["off"]
    state_on: Literal["True"]
    state_off: Literal["False"]
    value_template: Template


class BinarySensor(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="binary_sensor"):
    payload_on: Text
    payload_off: Text
    value_template: Template | msgspec.UnsetType = msgspec.UNSET
    json_attributes_topic: Topic | msgspec.UnsetType = msgspec.UNSET


class Sensor(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="sensor"):
    value_template: Template
    expire_after: Annotated[int, Meta(gt=0)] | msgspec.UnsetType = msgspec.UNSET
    options: Annotated[list[Text], Meta(min_length=1)] | msgspec.UnsetType = msgspec.UNSET
    state_class: Literal["measurement", "measurement_angle", "total_increasing"] | msgspec.UnsetType = msgspec.UNSET
    unit_of_measurement: Text | msgspec.UnsetType = msgspec.UNSET
    suggested_display_precision: Annotated[int, Meta(ge=0)] | msgspec.UnsetType = msgspec.UNSET


class Number(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="number"):
    command_topic: Topic
    min: float
    max: float
    step: Annotated[float, Meta(ge=0.001)]
    mode: Literal["box"]
    value_template: Template | msgspec.UnsetType = msgspec.UNSET
    unit_of_measurement: Text | msgspec.UnsetType = msgspec.UNSET
    optimistic: bool | msgspec.UnsetType = msgspec.UNSET


class Select(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="select"):
    command_topic: Topic
    options: Annotated[list[Text], Meta(min_length=1)]
    value_template: Template | msgspec.UnsetType = msgspec.UNSET
    optimistic: bool | msgspec.UnsetType = msgspec.UNSET


class TextInput(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="text"):
    command_topic: Topic
    max: Annotated[int, Meta(le=255)]
    value_template: Template | msgspec.UnsetType = msgspec.UNSET
    optimistic: bool | msgspec.UnsetType = msgspec.UNSET


class Button(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="button"):
    command_topic: Topic
    payload_press: Text


class Event(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="event"):
    state_topic: Topic  # not the shared one
    event_types: Annotated[list[Text], Meta(min_length=1)]
    value_template: Template


class Climate(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="climate"):
    temperature_command_topic: Topic
    temperature_state_topic: Topic
    temperature_state_template: Template
    temperature_unit: Literal["C", "F"]
    precision: Annotated[float, Meta(gt=0, le=1)]
    temp_step: Annotated[float, Meta(gt=0)]
    modes: Annotated[list[Literal["off", "heat", "cool", "heat_cool", "auto", "dry", "fan_only"]], Meta(min_length=1)]
    mode_state_topic: Topic
    mode_state_template: Template
    mode_command_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    mode_command_template: Template | msgspec.UnsetType = msgspec.UNSET
    power_command_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    payload_on: Text | msgspec.UnsetType = msgspec.UNSET
    payload_off: Text | msgspec.UnsetType = msgspec.UNSET
    min_temp: float | msgspec.UnsetType = msgspec.UNSET
    max_temp: float | msgspec.UnsetType = msgspec.UNSET
    current_temperature_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    current_temperature_template: Template | msgspec.UnsetType = msgspec.UNSET
    current_humidity_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    current_humidity_template: Template | msgspec.UnsetType = msgspec.UNSET
    target_humidity_command_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    target_humidity_state_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    target_humidity_state_template: Template | msgspec.UnsetType = msgspec.UNSET
    min_humidity: Annotated[float, Meta(ge=0)] | msgspec.UnsetType = msgspec.UNSET
    max_humidity: Annotated[float, Meta(le=100)] | msgspec.UnsetType = msgspec.UNSET
    action_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    action_template: Template | msgspec.UnsetType = msgspec.UNSET
    preset_mode_command_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    preset_mode_state_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    preset_mode_value_template: Template | msgspec.UnsetType = msgspec.UNSET
    preset_modes: (
        Annotated[list[Annotated[str, Meta(pattern="^(?!none$)")]], Meta(min_length=1)] | msgspec.UnsetType
    ) = msgspec.UNSET
    fan_mode_command_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    fan_mode_state_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    fan_mode_state_template: Template | msgspec.UnsetType = msgspec.UNSET
    fan_modes: list[Text] | msgspec.UnsetType = msgspec.UNSET
    swing_mode_command_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    swing_mode_state_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    swing_mode_state_template: Template | msgspec.UnsetType = msgspec.UNSET
    swing_modes: list[Text] | msgspec.UnsetType = msgspec.UNSET


class Light(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="light"):
    schema: Literal["template"]
    command_topic: Topic
    command_on_template: Text
    command_off_template: Text
    state_template: Template
    brightness_template: Template | msgspec.UnsetType = msgspec.UNSET
    color_temp_template: Template | msgspec.UnsetType = msgspec.UNSET
    color_temp_kelvin: Literal[True] | msgspec.UnsetType = msgspec.UNSET
    min_kelvin: Annotated[int, Meta(gt=0)] | msgspec.UnsetType = msgspec.UNSET
    max_kelvin: Annotated[int, Meta(gt=0)] | msgspec.UnsetType = msgspec.UNSET


class Fan(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="fan"):
    command_topic: Topic
    payload_on: Literal["on"]
    payload_off: Literal["off"]
    state_value_template: Template
    percentage_command_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    percentage_state_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    percentage_value_template: Template | msgspec.UnsetType = msgspec.UNSET
    speed_range_min: Annotated[int, Meta(ge=1)] | msgspec.UnsetType = msgspec.UNSET
    speed_range_max: Annotated[int, Meta(ge=1)] | msgspec.UnsetType = msgspec.UNSET
    preset_mode_command_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    preset_mode_state_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    preset_mode_value_template: Template | msgspec.UnsetType = msgspec.UNSET
    preset_modes: Annotated[list[Text], Meta(min_length=1)] | msgspec.UnsetType = msgspec.UNSET
    direction_command_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    direction_state_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    direction_value_template: Template | msgspec.UnsetType = msgspec.UNSET
    oscillation_command_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    oscillation_state_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    oscillation_value_template: Template | msgspec.UnsetType = msgspec.UNSET
    payload_oscillation_on: Literal["on"] | msgspec.UnsetType = msgspec.UNSET
    payload_oscillation_off: Literal["off"] | msgspec.UnsetType = msgspec.UNSET


class Cover(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="cover"):
    command_topic: Topic
    payload_open: Text
    payload_close: Text
    payload_stop: Text | None
    value_template: Template
    optimistic: Literal[True] | msgspec.UnsetType = msgspec.UNSET
    set_position_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    position_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    position_template: Template | msgspec.UnsetType = msgspec.UNSET
    position_open: int | msgspec.UnsetType = msgspec.UNSET
    position_closed: int | msgspec.UnsetType = msgspec.UNSET


class Valve(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="valve"):
    command_topic: Topic
    value_template: Template
    payload_open: Text | msgspec.UnsetType = msgspec.UNSET
    payload_close: Text | msgspec.UnsetType = msgspec.UNSET
    reports_position: Literal[True] | msgspec.UnsetType = msgspec.UNSET
    position_open: int | msgspec.UnsetType = msgspec.UNSET
    position_closed: int | msgspec.UnsetType = msgspec.UNSET


class Update(Component, kw_only=True, forbid_unknown_fields=True, tag_field="platform", tag="update"):
    state_topic: Topic  # not the shared one
    command_topic: Topic | msgspec.UnsetType = msgspec.UNSET
    payload_install: Text | msgspec.UnsetType = msgspec.UNSET


Simple = Switch | BinarySensor | Sensor | Number | Select | TextInput | Button | Event
Entity = Simple | Climate | Light | Fan | Cover | Valve | Update


class DeviceDiscovery(Strict, kw_only=True, forbid_unknown_fields=True):
    """The whole message."""

    device: DeviceInfo
    origin: Origin
    components: Annotated[dict[Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]+$")], Entity], Meta(min_length=1)]
    state_topic: Topic
    qos: Literal[0, 1, 2]
    availability: list[Availability] | msgspec.UnsetType = msgspec.UNSET
    availability_mode: Literal["all"] | msgspec.UnsetType = msgspec.UNSET


# Device class of a sensor -> the units that both releases accept with it; "" = none. From DEVICE_CLASS_UNITS.
UNITS = {
    "apparent_power": "VA",
    "aqi": "",
    "battery": "%",
    "carbon_dioxide": "ppm",
    "carbon_monoxide": "ppm",
    "conductivity": "µS/cm|mS/cm",
    "current": "A",
    "distance": "m|cm|mm|km",
    "duration": "s|min|h|d|ms",
    "energy": "Wh|kWh",
    "energy_storage": "Wh|kWh",
    "frequency": "Hz",
    "humidity": "%",
    "illuminance": "lx",
    "moisture": "%",
    "ph": "",
    "pm1": "µg/m³",
    "pm10": "µg/m³",
    "pm25": "µg/m³",
    "power": "W",
    "power_factor": "%|",
    "precipitation": "mm",
    "pressure": "hPa|kPa|psi",
    "reactive_power": "var",
    "signal_strength": "dBm",
    "speed": "km/h|m/s",
    "temperature": "°C|°F",
    "volatile_organic_compounds": "µg/m³",
    "volatile_organic_compounds_parts": "ppm|ppb",
    "voltage": "V",
    "volume_flow_rate": "L/min|m³/h|gal/min",
    "water": "L|m³|gal",
    "weight": "g|kg|lb",
    "wind_direction": "°",
    "wind_speed": "km/h|m/s",
}
# The state classes that both accept with it, where it is not only measurement. From DEVICE_CLASS_STATE_CLASSES.
STATE_CLASSES = {
    "energy": "total_increasing",
    "water": "total_increasing",
    "wind_direction": "measurement_angle",
    "distance": "measurement|total_increasing",
    "duration": "measurement|total_increasing",
    "precipitation": "measurement|total_increasing",
    "weight": "measurement|total_increasing",
}
BINARY_CLASSES = """battery battery_charging carbon_monoxide cold connectivity door gas heat light lock moisture motion
moving occupancy opening plug power presence problem running safety smoke sound tamper update vibration window"""
