"""A light with its brightness, and a fan with its speed, as one entity each. Pure.

on or light, brightness 10..1000, colour_temperature 0..1000    light
fan_on or on, fan_speed 1..6 or low|high, fan_mode, fan_direction, swing    fan
"""

from collections.abc import Iterator

from unclouded.core.model import Point
from unclouded.publish.homeassistant.compounds import Component, CompoundEntity, PointsOfPlace
from unclouded.publish.homeassistant.templates import STATE, value_of, word_of

WARMEST_K, COLDEST_K = 2700, 6500  # of a light that only counts from warm to cold
LARGEST = 255  # Home Assistant's brightness is 1 to 255
ON_OFF = {"True": "on", "False": "off"}
DIRECTIONS = {"forward", "reverse"}
MOST_CHOICES = 32
# What else a device does that has a switch of its own: then brightness is that of its display
_OTHERS = "setpoint humidity_target fan_speed fan_mode fan_direction over_current_limit leakage_current trip"


def light(points: PointsOfPlace) -> CompoundEntity | None:
    """A switch with a brightness, or one that the vocabulary calls a light."""
    brightness, own = _range(points, "brightness"), points.find("light", "switch")
    switch = own
    if own is None and brightness is not None and (points.has("fan_on") or not points.has(_OTHERS)):
        switch = points.find("on", "switch")
    if switch is None:
        return None
    warmth = _range(points, "colour_temperature")
    on, component = f'"{switch.key}": true', _light(points, switch)
    if brightness is not None:
        low = _lowest(brightness)
        on += _given("brightness", brightness, low, 1, LARGEST)
        component["brightness_template"] = _scaled(brightness, low, 1, LARGEST)
    if warmth is not None:
        low = warmth.minimum or 0
        on += _given("color_temp", warmth, low, WARMEST_K, COLDEST_K)
        component["color_temp_template"] = _scaled(warmth, low, WARMEST_K, COLDEST_K)
        component |= {"color_temp_kelvin": True, "min_kelvin": WARMEST_K, "max_kelvin": COLDEST_K}
    component["command_on_template"] = f"{{{on}}}"
    return points.entity("light", switch, [brightness, warmth], component)


def fan(points: PointsOfPlace) -> CompoundEntity | None:
    """A switch with a speed, a mode or a direction; not that of a device whose fan only serves something else."""
    speed = _speed(points)
    words = next(
        (one for name in ("fan_mode", "fan_speed") if (one := points.find(name, "enum")) is not None and _fit(one)),
        None,
    )
    direction = points.find("fan_direction", "enum")
    if direction is not None and set(direction.options) != DIRECTIONS:
        direction = None
    switch = points.find("fan_on", "switch")
    if switch is None and not points.has("setpoint humidity_target"):
        switch = points.find("on", "switch")
    if switch is None or not (speed or words or direction or switch.key.startswith("fan_on")):
        return None
    swing = points.find("swing", "switch")
    component: Component = {
        "command_topic": points.set_topic(switch),
        "state_value_template": word_of(switch.key, ON_OFF),
        "payload_on": "on",
        "payload_off": "off",
        **dict(_percentage(points, speed)),
        **dict(_presets(points, words)),
        **dict(_direction(points, direction)),
        **dict(_oscillation(points, swing)),
    }
    return points.entity("fan", switch, [speed, words, direction, swing], component)


# --- inside -------------------------------------------------------------------------------------------


def _range(points: PointsOfPlace, name: str) -> Point | None:
    """A number between two limits."""
    point = points.find(name, "number")
    return point if point is not None and point.maximum is not None and point.maximum > _lowest(point) else None


def _lowest(point: Point) -> float:
    """The lowest value at which it is lit, or runs."""
    return max(point.minimum or 0, 10.0**point.exponent)


def _light(points: PointsOfPlace, switch: Point) -> Component:
    return {
        "schema": "template",
        "command_topic": points.set_all_topic,
        "command_off_template": f'{{"{switch.key}": false}}',
        "state_template": word_of(switch.key, ON_OFF),
    }


def _given(variable: str, point: Point, low: float, lowest: int, highest: int) -> str:
    """The part of a command that sets a point, where Home Assistant gives the variable."""
    high = point.maximum or 0.0
    share = f"({variable} - {lowest}) / ({highest} - {lowest})"
    value = f"({low:g} + ([[{share}, 0] | max, 1] | min) * {high - low:g}) | round({max(-point.exponent, 0)})"
    whole = f"({value}) | int" if point.exponent >= 0 else value
    return f'{{% if {variable} is defined %}}, "{point.key}": {{{{ {whole} }}}}{{% endif %}}'


def _scaled(point: Point, low: float, lowest: int, highest: int) -> str:
    """A value in Home Assistant's range; ``low``: the value that is its lowest."""
    high = point.maximum or 0.0
    share = f"([[(v - {low:g}) / {high - low:g}, 0] | max, 1] | min)"
    number = f"({lowest} + {share} * {highest - lowest}) | round(0) | int"
    return f"{{% set v = {STATE}.get('{point.key}') %}}{{{{ {number} if v is number else 'None' }}}}"


def _speed(points: PointsOfPlace) -> Point | None:
    point = _range(points, "fan_speed")
    return point if point is not None and point.exponent >= 0 and point.unit in ("", "%") else None


def _fit(point: Point) -> bool:
    return 0 < len(point.options) <= MOST_CHOICES


def _percentage(points: PointsOfPlace, speed: Point | None) -> Iterator[tuple[str, object]]:
    if speed is None or speed.maximum is None:
        return
    yield "percentage_command_topic", points.set_topic(speed)
    yield "percentage_state_topic", points.state_topic
    yield "percentage_value_template", value_of(speed.key)
    yield "speed_range_min", int(_lowest(speed))
    yield "speed_range_max", int(speed.maximum)


def _presets(points: PointsOfPlace, words: Point | None) -> Iterator[tuple[str, object]]:
    if words is not None:
        yield "preset_mode_command_topic", points.set_topic(words)
        yield "preset_mode_state_topic", points.state_topic
        yield "preset_mode_value_template", value_of(words.key)
        yield "preset_modes", list(words.options)


def _direction(points: PointsOfPlace, direction: Point | None) -> Iterator[tuple[str, object]]:
    if direction is not None:
        yield "direction_command_topic", points.set_topic(direction)
        yield "direction_state_topic", points.state_topic
        yield "direction_value_template", value_of(direction.key)


def _oscillation(points: PointsOfPlace, swing: Point | None) -> Iterator[tuple[str, object]]:
    if swing is not None:
        yield "oscillation_command_topic", points.set_topic(swing)
        yield "oscillation_state_topic", points.state_topic
        yield "oscillation_value_template", word_of(swing.key, ON_OFF)
        yield from (("payload_oscillation_on", "on"), ("payload_oscillation_off", "off"))
