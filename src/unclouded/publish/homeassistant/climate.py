"""A thermostat, a heater, an air conditioner as one entity. Pure.

    setpoint_C 21.5    temperature_C 19    on    mode heat|cool    preset    fan_mode    swing    activity

The choices of ``mode`` are the modes of Home Assistant where the maker's words say so (cold: cool, wind: fan_only);
words like manual and programme are presets. ``on`` false is the mode off.
"""

from collections.abc import Iterator, Mapping

import msgspec

from unclouded.core.model import Point
from unclouded.publish.homeassistant.compounds import Component, CompoundEntity, PointsOfPlace
from unclouded.publish.homeassistant.templates import STATE, choice_of, json_command, number_of, value_of, word_of

# Temperatures that a setpoint is about, the likeliest first
_MEASURED = "temperature temperature_indoor temperature_water temperature_tank temperature_floor temperature_probe"
# Words of makers -> modes of Home Assistant
MODES: Mapping[str, str] = {
    **dict.fromkeys(("off",), "off"),
    **dict.fromkeys(("heat", "heating", "hot", "warm"), "heat"),
    **dict.fromkeys(("cool", "cooling", "cold"), "cool"),
    **dict.fromkeys(("dry", "wet", "dehumidify", "dehumidification", "dehum"), "dry"),
    **dict.fromkeys(("fan", "fan_only", "wind", "ventilation"), "fan_only"),
    **dict.fromkeys(("heat_cool", "heatcool", "autoheatcool"), "heat_cool"),
    **dict.fromkeys(("auto", "automatic"), "auto"),
}
DECISIVE = frozenset({"heat", "cool", "dry", "fan_only"})  # auto alone may be a time table
ACTIONS: Mapping[str, str] = {
    **dict.fromkeys(("off",), "off"),
    **dict.fromkeys(("heat", "heating"), "heating"),
    **dict.fromkeys(("cool", "cooling"), "cooling"),
    **dict.fromkeys(("dry", "drying"), "drying"),
    **dict.fromkeys(("fan",), "fan"),
    **dict.fromkeys(("idle", "standby", "stop", "stopped"), "idle"),
}
HOTTEST: Mapping[str, float] = {"°C": 95, "°F": 203}  # of a setpoint; above are limits of breakers, kettles and ovens
STEP = 0.5  # degrees, of a setpoint with decimals
MOST_CHOICES = 32


class ClimatePoints(msgspec.Struct, frozen=True, kw_only=True):
    """The points of a climate entity; None where it has none. ``modes``: option of ``mode`` -> Home Assistant's."""

    setpoint: Point
    measured: Point | None
    on: Point | None
    mode: Point | None
    modes: Mapping[str, str]
    preset: Point | None
    fan: Point | None
    swing: Point | None
    humidity: Point | None
    activity: Point | None

    @property
    def replaced(self) -> list[Point | None]:
        """A mode some of whose options are not modes of Home Assistant stays a choice beside it."""
        is_whole = self.mode is not None and len(self.modes) == len(self.mode.options)
        return [self.on, self.mode if is_whole else None, self.preset, self.fan, self.swing, self.humidity]


def climate(points: PointsOfPlace) -> CompoundEntity | None:
    """One of a setpoint, with a temperature, a switch or a mode; not of a second place, which may be another tank."""
    setpoint = points.find("setpoint", "number")
    if setpoint is None or points.place or (setpoint.maximum or 0) > HOTTEST.get(setpoint.unit, -1):
        return None
    parts = _parts(points, setpoint)
    if parts.measured is None and parts.on is None and not parts.modes:
        return None
    component = {
        **_temperature(points, parts),
        **dict(_mode(points, parts)),
        **dict(_action(points, parts)),
        **dict(_list(points, "preset_mode", "preset_modes", "preset_mode_value_template", parts.preset)),
        **dict(_list(points, "fan_mode", "fan_modes", "fan_mode_state_template", parts.fan)),
        **dict(_list(points, "swing_mode", "swing_modes", "swing_mode_state_template", parts.swing)),
        **dict(_humidity(points, parts.humidity)),
    }
    return points.entity("climate", setpoint, parts.replaced, component, [parts.activity])


# --- inside -------------------------------------------------------------------------------------------


def _parts(points: PointsOfPlace, setpoint: Point) -> ClimatePoints:
    mode = _choices(points, "mode")
    modes = _modes(mode) if mode is not None else {}
    measured = (points.find(one, "number", "") for one in _MEASURED.split())
    humidity = points.find("humidity_target", "number")
    return ClimatePoints(
        setpoint=setpoint,
        measured=next((one for one in measured if one is not None and one.unit == setpoint.unit), None),
        on=points.find("on", "switch"),
        mode=mode,
        modes=modes,
        preset=_choices(points, "preset") or (mode if not modes else None),
        fan=_choices(points, "fan_mode") or _choices(points, "fan_speed"),
        swing=points.find("swing", "switch") or _choices(points, "swing"),
        humidity=humidity if humidity is not None and 0 < (humidity.maximum or 0) <= 100 else None,
        activity=_activity(points),
    )


def _choices(points: PointsOfPlace, name: str) -> Point | None:
    """An enum whose options can be chosen; "none" is a word of Home Assistant's own."""
    point = points.find(name, "enum")
    return (
        point if point is not None and 0 < len(point.options) <= MOST_CHOICES and "none" not in point.options else None
    )


def _modes(mode: Point) -> Mapping[str, str]:
    """The mode of Home Assistant of each option, each once; {} where they are not modes."""
    found: dict[str, str] = {}
    for option in mode.options:
        known = MODES.get(option.lower())
        if known is not None and known not in found.values():
            found[option] = known
    return found if DECISIVE & set(found.values()) else {}


def _temperature(points: PointsOfPlace, parts: ClimatePoints) -> Component:
    setpoint, measured = parts.setpoint, parts.measured
    has_decimals = any(one is not None and one.exponent < 0 for one in (setpoint, measured))
    found: Component = {
        "temperature_command_topic": points.set_topic(setpoint),
        "temperature_state_topic": points.state_topic,
        "temperature_state_template": number_of(setpoint.key),
        "temperature_unit": "F" if setpoint.unit == "°F" else "C",
        "precision": 0.1 if has_decimals else 1.0,
        "temp_step": STEP if setpoint.exponent < 0 else 10.0**setpoint.exponent,
    }
    limits = {"min_temp": setpoint.minimum, "max_temp": setpoint.maximum}
    found |= {key: limit for key, limit in limits.items() if limit is not None}
    humidity = points.first("humidity humidity_indoor", "number", "")
    for name, point in (("temperature", measured), ("humidity", humidity)):
        if point is not None and point.unit:
            found[f"current_{name}_topic"] = points.state_topic
            found[f"current_{name}_template"] = number_of(point.key)
    return found


def _only_mode(points: PointsOfPlace, mode: Point | None) -> str:
    """It heats, unless it has more than that: a fan, or a mode whose words are not known."""
    if points.has("cool") and not points.has("heat"):
        return "cool"
    return "auto" if points.has("fan_on fan_mode fan_speed") or (mode is None and points.has("mode")) else "heat"


def _choices_of_mode(points: PointsOfPlace, parts: ClimatePoints) -> Mapping[str, Mapping[str, object]]:
    """Mode of Home Assistant -> the points to set."""
    mode, on = parts.mode, parts.on
    words: dict[str, dict[str, object]] = (
        {choice: {mode.key: option} for option, choice in parts.modes.items()} if mode is not None else {}
    )
    choices: dict[str, dict[str, object]] = {**words} or {_only_mode(points, mode): {}}
    if on is None:
        return choices
    running = {choice: {on.key: True, **more} for choice, more in choices.items() if choice != "off"}
    return {"off": {on.key: False}, **running}


def _mode(points: PointsOfPlace, parts: ClimatePoints) -> Iterator[tuple[str, object]]:
    choices, on, mode = _choices_of_mode(points, parts), parts.on, parts.mode
    known = choice_of(mode.key, parts.modes) if mode is not None and parts.modes else f"'{list(choices)[-1]}'"
    yield "modes", list(choices)
    yield "mode_state_topic", points.state_topic
    if on is not None:
        known = f"'off' if on is false else {known} if on else 'None'"
        yield "power_command_topic", points.set_topic(on)
        yield from (("payload_on", "on"), ("payload_off", "off"))
    is_on = f"{{% set on = {STATE}.get('{on.key}') %}}" if on is not None else ""
    yield "mode_state_template", f"{is_on}{{{{ {known} }}}}"
    if on is not None or parts.modes:
        yield "mode_command_topic", points.set_all_topic
        yield "mode_command_template", json_command(choices)


def _activity(points: PointsOfPlace) -> Point | None:
    """The point that says what it does now, all of whose options are known; or whether it heats."""
    point = points.first("activity state", "enum", "")
    if point is not None and len(point.options) > 1 and all(one.lower() in ACTIONS for one in point.options):
        return point
    return points.find("heat", "switch", "r")


def _action(points: PointsOfPlace, parts: ClimatePoints) -> Iterator[tuple[str, object]]:
    activity, on = parts.activity, parts.on
    if activity is None:
        return
    words = {one: ACTIONS[one.lower()] for one in activity.options} or {"True": "heating", "False": "idle"}
    is_off = f"'off' if {STATE}.get('{on.key}') is false else " if on is not None else ""
    yield "action_topic", points.state_topic
    yield "action_template", f"{{{{ {is_off}{choice_of(activity.key, words)} }}}}"


def _list(
    points: PointsOfPlace, name: str, options: str, template: str, point: Point | None
) -> Iterator[tuple[str, object]]:
    """A choice among the maker's own words."""
    if point is None:
        return
    is_switch = point.kind == "switch"
    yield f"{name}_command_topic", points.set_topic(point)
    yield f"{name}_state_topic", points.state_topic
    yield template, word_of(point.key, {"True": "on", "False": "off"}) if is_switch else value_of(point.key)
    yield options, ["on", "off"] if is_switch else list(point.options)


def _humidity(points: PointsOfPlace, point: Point | None) -> Iterator[tuple[str, object]]:
    if point is None or point.maximum is None:
        return
    yield "target_humidity_command_topic", points.set_topic(point)
    yield "target_humidity_state_topic", points.state_topic
    yield "target_humidity_state_template", number_of(point.key)
    yield "min_humidity", max(point.minimum or 0, 0)
    yield "max_humidity", point.maximum
