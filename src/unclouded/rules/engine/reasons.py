"""Why a rule has acted, or has not, as text: ``export of Meter was 1.4 kW for 5 min``."""

from unclouded.core.calendar.days import days_text
from unclouded.core.model import Value, unit_of, value_text
from unclouded.rules.conditions import AllOf, AnyOf, Between, Comparison, Condition, DeviceState, Leaf, OnDays
from unclouded.rules.devices import RuleDevices
from unclouded.rules.text.condition_text import test_text
from unclouded.rules.text.spans import moment_text, span_text

KILO = 1000.0


def amount_text(value: Value, unit: str) -> str:
    """``1.4 kW``, ``67 W``, ``-12.5 °C``, ``on``."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str):
        return value
    if unit in ("W", "Wh", "VA", "var") and abs(value) >= KILO:
        return f"{value / KILO:.3g} k{unit}"
    number = (
        f"{value:.0f}"
        if abs(value) >= 100 and unit == "W"
        else f"{value:.4g}"
        if abs(value) < 1e6
        else value_text(value)
    )
    return f"{number} {unit}".strip()


def subject_text(device: str, point: str, devices: RuleDevices) -> str:
    """``export of Meter``, ``price``; a switch is called as its device."""
    if not device:
        return point
    name = devices.name(device)
    if point in ("", "on"):
        return name
    unit = unit_of(point)
    return f"{(point.removesuffix(f'_{unit_suffix(point)}') if unit else point).replace('_', ' ')} of {name}"


def unit_suffix(point: str) -> str:
    """The last part of a point's key, its unit: ``power_W`` -> ``W``. Of a key of one part it is the key."""
    return point.rpartition("_")[2]


def held_text(leaf: Leaf, value: Value | None, devices: RuleDevices) -> str:
    """A part of a condition that holds, in the past tense."""
    match leaf:
        case Comparison(device=device, point=point, test=test):
            lasted = f" for {span_text(test.for_s)}" if test.for_s else ""
            what = test.text if value is None else amount_text(value, unit_of(point))
            return f"{subject_text(device, point, devices)} was {what}{lasted}"
        case DeviceState(device=device, is_online=is_online, for_s=for_s):
            lasted = f" for {span_text(for_s)}" if for_s else ""
            return f"{devices.name(device)} was {'online' if is_online else 'offline'}{lasted}"
        case Between(start=start, end=end, inside=inside):
            return f"it was {'' if inside else 'not '}between {moment_text(start)} and {moment_text(end)}"
        case OnDays(days=days, inside=inside):
            return f"it was {'' if inside else 'not '}{days_text(days)}"


def ended_text(leaf: Leaf, result: bool | None, value: Value | None, devices: RuleDevices) -> str:
    """A part of a condition that holds no longer, in the past tense."""
    match leaf:
        case Comparison(device=device, point=point):
            subject = subject_text(device, point, devices)
            if result is None or value is None:
                return f"{subject} was not known any more"
            return f"{subject} was {amount_text(value, unit_of(point))}"
        case DeviceState(device=device, is_online=is_online):
            return f"{devices.name(device)} was {'not online any more' if is_online else 'online again'}"
        case Between(start=start, end=end, inside=inside):
            return f"it was {moment_text(end if inside else start)}"
        case OnDays(days=days, inside=inside):
            return f"it was {'not ' if inside else ''}{days_text(days)}"


def missing_text(leaf: Leaf, result: bool | None, value: Value | None, devices: RuleDevices) -> str:
    """A part of a condition that does not hold, in the present tense."""
    match leaf:
        case Comparison(device=device, point=point, test=test):
            subject = subject_text(device, point, devices)
            if result is None:
                return f"{subject} is not known"
            is_now = "" if value is None else f"is {amount_text(value, unit_of(point))} and "
            return f"{subject} {is_now}is to be {test_text(test).removeprefix('is ')}"
        case DeviceState(device=device, is_online=is_online, for_s=for_s):
            lasting = f" for {span_text(for_s)}" if for_s else ""
            return f"{devices.name(device)} is not {'online' if is_online else 'offline'}{lasting}"
        case Between(start=start, end=end, inside=inside):
            return f"it is {'not ' if inside else ''}between {moment_text(start)} and {moment_text(end)}"
        case OnDays(days=days, inside=inside):
            return f"it is {'not ' if inside else ''}{days_text(days)}"


def joined(condition: Condition | None, texts: dict[int, str]) -> str:
    """The texts of the parts of a condition, by their ``id``, joined as it joins them; parts without text are left."""
    match condition:
        case None:
            return ""
        case AllOf(parts) | AnyOf(parts):
            found = [text for part in parts if (text := joined(part, texts))]
            return (" and " if isinstance(condition, AllOf) else ", and ").join(dict.fromkeys(found))
    return texts.get(id(condition), "")
