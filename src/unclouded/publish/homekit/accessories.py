"""The HomeKit accessory that a device becomes: services and characteristics, each with its point. Pure.

    on, power_W …          Outlet (On, OutletInUse), with Eve's characteristics for power, energy, voltage, current
    on                     Switch
    setpoint_C             Thermostat; its `on` is the state off or heat
    temperature_C, humidity_percent, lux      TemperatureSensor, HumiditySensor, LightSensor
    open, motion, presence, water, smoke, co_alarm     ContactSensor, MotionSensor … CarbonMonoxideSensor
    battery_percent        BatteryService

A device without any of these is not an accessory, as a meter: HomeKit has no service for it. Names of services and
characteristics are those of the HomeKit Accessory Protocol specification (non-commercial version, R2).
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from unclouded.core.model import Device, Point, Value

LONGEST_NAME = 60  # characters of the name of an accessory
CALM = frozenset({"", "0", "normal", "none", "no", "off", "ok", "clear", "false", "no_alarm", "closed", "idle"})
RELAY_PREFIX = "on_"
COLDEST_C, WARMEST_C = 10.0, 38.0  # limits of TargetTemperature, which controllers expect
LOW_BATTERY_PERCENT = 10
LARGEST = 1e12  # of a number; what is beyond is not a measurement


class CharacteristicSpec(msgspec.Struct, frozen=True):
    """``name``: of the characteristic. ``point``: where its value comes from. ``form``: how, a key of ``FORMS``.

    ``writable``: a controller may set it. ``minimum``, ``maximum``, ``step``: where the device has its own.
    """

    name: str
    point: str
    form: str
    writable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None


class ServiceSpec(msgspec.Struct, frozen=True):
    """``key``: distinguishes it from others of the accessory. ``label``: of one of several, "" = the only one."""

    name: str
    key: str
    characteristics: tuple[CharacteristicSpec, ...]
    label: str = ""


class AccessorySpec(msgspec.Struct, frozen=True):
    """One device as an accessory. ``owner``: the gateway of a sub-device, else the device itself."""

    device: str
    owner: str
    name: str
    manufacturer: str
    model: str
    serial: str
    firmware: str
    services: tuple[ServiceSpec, ...]


# Sensors: key of the point -> service, its characteristic, form
SENSORS: Mapping[str, tuple[str, str, str]] = {
    "temperature_C": ("TemperatureSensor", "CurrentTemperature", "number"),
    "temperature_F": ("TemperatureSensor", "CurrentTemperature", "from_fahrenheit"),
    "humidity_percent": ("HumiditySensor", "CurrentRelativeHumidity", "percent"),
    "illuminance_lux": ("LightSensor", "CurrentAmbientLightLevel", "lux"),
    "open": ("ContactSensor", "ContactSensorState", "bit"),
    "motion": ("MotionSensor", "MotionDetected", "flag"),
    "presence": ("OccupancySensor", "OccupancyDetected", "bit"),
    "occupancy": ("OccupancySensor", "OccupancyDetected", "bit"),
    "water": ("LeakSensor", "LeakDetected", "bit"),
    "smoke": ("SmokeSensor", "SmokeDetected", "bit"),
    "co_alarm": ("CarbonMonoxideSensor", "CarbonMonoxideDetected", "bit"),
}
# What Eve's app shows of an outlet: its characteristics, named here as below in EVE
METERING: Sequence[tuple[str, str, str]] = (
    ("EvePower", "power_W", "number"),
    ("EveEnergy", "energy_import_Wh", "kWh"),
    ("EveVoltage", "voltage_V", "number"),
    ("EveCurrent", "current_A", "number"),
)
EVE: Mapping[str, str] = {  # our name -> the UUID of Eve's characteristic
    "EvePower": "E863F10D-079E-48FF-8F27-9C2605A29F52",
    "EveEnergy": "E863F10C-079E-48FF-8F27-9C2605A29F52",
    "EveVoltage": "E863F10A-079E-48FF-8F27-9C2605A29F52",
    "EveCurrent": "E863F126-079E-48FF-8F27-9C2605A29F52",
}


def accessory_of(device: Device, owner: str) -> AccessorySpec | None:
    """The accessory of a device; None where HomeKit has no service for it. ``owner``: its gateway, else itself."""
    points = {one.key: one for one in device.points}
    services = tuple(_services(device, points))
    if not services:
        return None
    return AccessorySpec(
        device=device.id,
        owner=owner,
        name=homekit_name(device.name or device.id),
        manufacturer=homekit_name(device.info.get("manufacturer", "") or device.family),
        model=homekit_name(device.info.get("model", "") or device.profile.rpartition("/")[2] or device.family),
        serial=(device.identity.rpartition(":")[2] or device.id)[-LONGEST_NAME:],
        firmware=device.info.get("firmware", "") or "0",
        services=services,
    )


def homekit_name(text: str) -> str:
    """A name as HomeKit takes it: printable, with a letter or digit at both ends, not too long."""
    plain = " ".join("".join(one if one.isprintable() else " " for one in text).split())[:LONGEST_NAME]
    found = [place for place, one in enumerate(plain) if one.isalnum()]
    return plain[found[0] : found[-1] + 1] if found else "Device"


# --- values -------------------------------------------------------------------------------------------


def homekit_value(spec: CharacteristicSpec, value: Value) -> bool | int | float | None:
    """A reading as the value of a characteristic; None where it says nothing there."""
    if spec.form in ("flag", "bit", "heating"):
        is_set = is_true(value)
        return is_set if spec.form == "flag" else int(is_set)
    if isinstance(value, str | bool) or not -LARGEST <= value <= LARGEST:  # not a number is neither
        return None
    match spec.form:
        case "kWh":
            return value / 1000
        case "from_fahrenheit":
            return (value - 32) / 1.8
        case "percent":
            return min(max(round(value), 0), 100)
        case "lux":
            return min(max(value, 0.0001), 100_000.0)
        case "low":
            return int(value <= LOW_BATTERY_PERCENT)
        case "in_use":
            return value > 0
        case "target":
            return min(max(value, spec.minimum or COLDEST_C), spec.maximum or WARMEST_C)
    return value


def command_value(spec: CharacteristicSpec, value: bool | int | float) -> Value:
    """The value of a point that a controller's value means."""
    return bool(value) if spec.form in ("flag", "bit", "heating") else float(value)


def is_true(value: Value) -> bool:
    """Whether a sensor reports what it is there for: true, a number but 0, a word that does not mean "all is well"."""
    return value.lower() not in CALM if isinstance(value, str) else bool(value)


# --- inside -------------------------------------------------------------------------------------------


def _services(device: Device, points: Mapping[str, Point]) -> Iterable[ServiceSpec]:
    setpoint = points.get("setpoint_C")
    is_thermostat = setpoint is not None and "w" in setpoint.access and "temperature_C" in points
    may_switch = not device.critical  # HomeKit does not ask before it switches
    if is_thermostat and setpoint is not None and may_switch:
        yield _thermostat(setpoint, points)
    elif may_switch:
        yield from _relays(points)
    for key, (service, characteristic, form) in SENSORS.items():
        point = points.get(key)
        if point is not None and "r" in point.access and not (is_thermostat and key == "temperature_C"):
            yield ServiceSpec(service, key, (CharacteristicSpec(characteristic, key, form),))
    if "battery_percent" in points:
        level = CharacteristicSpec("BatteryLevel", "battery_percent", "percent")
        low = CharacteristicSpec("StatusLowBattery", "battery_percent", "low")
        yield ServiceSpec("BatteryService", "battery_percent", (level, low))


def _relays(points: Mapping[str, Point]) -> Iterable[ServiceSpec]:
    relays = [one for one in points.values() if _is_relay(one)]
    for point in relays:
        suffix = point.key.removeprefix("on")
        power = points.get(f"power{suffix}_W")
        on = CharacteristicSpec("On", point.key, "flag", writable=True)
        label = homekit_name(point.label or point.key) if len(relays) > 1 else ""
        if power is None:
            yield ServiceSpec("Switch", point.key, (on,), label)
            continue
        in_use = CharacteristicSpec("OutletInUse", power.key, "in_use")
        metering = [
            CharacteristicSpec(name, key, form)
            for name, plain, form in METERING
            if (key := _with_suffix(plain, suffix)) in points
        ]
        yield ServiceSpec("Outlet", point.key, (on, in_use, *metering), label)


def _is_relay(point: Point) -> bool:
    return point.kind == "switch" and point.access == "rw" and (point.key == "on" or point.key.startswith(RELAY_PREFIX))


def _with_suffix(key: str, suffix: str) -> str:
    """``power_W``, ``_2`` -> ``power_2_W``"""
    name, _, unit = key.rpartition("_")
    return f"{name}{suffix}_{unit}"


def _thermostat(setpoint: Point, points: Mapping[str, Point]) -> ServiceSpec:
    lowest = max(setpoint.minimum if setpoint.minimum is not None else COLDEST_C, 0.0)
    highest = min(setpoint.maximum if setpoint.maximum is not None else WARMEST_C, 100.0)
    step = float(f"{max(10.0**setpoint.exponent, 0.1):.1g}")
    target = CharacteristicSpec("TargetTemperature", "setpoint_C", "target", True, lowest, highest, step)
    current = CharacteristicSpec("CurrentTemperature", "temperature_C", "number")
    on = points.get("on")
    if on is None or not _is_relay(on):
        return ServiceSpec("Thermostat", "setpoint_C", (current, target))
    states = (
        CharacteristicSpec("TargetHeatingCoolingState", "on", "heating", writable=True),
        CharacteristicSpec("CurrentHeatingCoolingState", "on", "heating"),
    )
    return ServiceSpec("Thermostat", "setpoint_C", (*states, current, target))
