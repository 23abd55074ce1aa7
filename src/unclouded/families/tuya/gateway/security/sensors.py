"""Which data points of sub-devices are alarms.

    sensors = { doorsensor000001 = { point = 1 }, smokesensor00001 = { point = 1, environmental = true } }

Environmental sensors (smoke, gas, water) alarm in every mode, others (doors, motion) in the modes that are named.
Source: docs/protocols/tuya_gateway.md §2.12.1.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from unclouded.families.tuya.line.datapoint import DataPoint

ModeName = Literal["disarmed", "home", "away"]
ArmedMode = Literal["home", "away"]


class AlarmSensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a sub-device is an alarm: its ``point`` has the value ``alarm``. ``alarms_in``: unless environmental."""

    point: int
    alarm: bool | int | str = True
    environmental: bool = False
    alarms_in: tuple[ArmedMode, ...] = ("home", "away")


class SensorTrigger(msgspec.Struct, frozen=True):
    """A sensor that reports an alarm. ``detail``: its data point, JSON as text."""

    sub_id: str
    environmental: bool = False
    alarms_in: tuple[ArmedMode, ...] = ("home", "away")
    detail: str = ""

    def counts_in(self, mode: ModeName) -> bool:
        """Whether it is an alarm in this mode."""
        return self.environmental or mode in self.alarms_in


def triggers_in(
    sensors: Mapping[str, AlarmSensor], sub_id: str, product: str, points: Iterable[DataPoint]
) -> list[SensorTrigger]:
    """The alarms in a report. ``sensors``: by id of the sub-device, or by its product."""
    sensor = sensors.get(sub_id) or sensors.get(product)
    if sensor is None:
        return []
    return [_trigger(sensor, sub_id, point) for point in points if _is_alarm(sensor, point)]


# --- inside -----------------------------------------------------------------------------------------


def _is_alarm(sensor: AlarmSensor, point: DataPoint) -> bool:
    return point.id == sensor.point and type(point.value) is type(sensor.alarm) and point.value == sensor.alarm


def _trigger(sensor: AlarmSensor, sub_id: str, point: DataPoint) -> SensorTrigger:
    value = point.value.hex() if isinstance(point.value, bytes) else point.value
    detail = msgspec.json.encode({str(point.id): value}).decode()
    return SensorTrigger(sub_id, sensor.environmental, sensor.alarms_in, detail)
