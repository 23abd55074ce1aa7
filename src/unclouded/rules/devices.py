"""The devices and points that rules name, looked up in what the hub has.

``export_W`` and ``import_W`` exist of every device with ``power_W``: its negative and its positive part.
"""

from collections.abc import Iterable, Mapping

from unclouded.core.errors import CommandError
from unclouded.core.model import Device, Point, Value
from unclouded.rules.rule import Setting
from unclouded.rules.text.amounts import check_settable, value_for

SIGNED = {"export_W": -1.0, "import_W": 1.0}
POWER = "power_W"
MOST_NAMED = 12


class RuleDevices:
    """All devices of the hub, by id."""

    def __init__(self, devices: Iterable[Device] = ()) -> None:
        self._devices: Mapping[str, Device] = {one.id: one for one in devices}

    def name(self, device: str) -> str:
        """What people call it."""
        known = self._devices.get(device)
        return known.name or device if known else device

    def device(self, id: str) -> Device:
        """Raises CommandError where there is none."""
        if id not in self._devices:
            raise CommandError(f"There is no device {id!r}.")
        return self._devices[id]

    def readable(self, device: str, key: str) -> tuple[Point, float]:
        """A point of a device and the sign of its value: 1; -1 and 1 also where it is a part of its power, else 0.

        Without a key its main point. Raises CommandError.
        """
        known = self.device(device)
        points = {one.key: one for one in known.points}
        if not key:
            key = known.main or "on"
        if key in points:
            return points[key], 0.0
        if key in SIGNED and POWER in points:
            return points[POWER], SIGNED[key]
        raise CommandError(f"{device} has no point {key!r}.{_list_of(points)}")

    def settable(self, setting: Setting) -> tuple[str, Value]:
        """The key of the point of a setting, and the value that it is set to. Raises CommandError."""
        point, sign = self.readable(setting.device, setting.point)
        if sign:
            raise CommandError(f"{setting.point} can only be read.")
        value = value_for(point, setting.text)
        check_settable(point, value)
        return point.key, value


def _list_of(points: Mapping[str, Point]) -> str:
    if not points:
        return " It has reported none yet."
    keys = list(points)[:MOST_NAMED]
    return f" It has: {', '.join(keys)}{', …' if len(points) > MOST_NAMED else ''}."
