"""Which devices add up to what the home uses. Pure; the page's energy/flows.ts has the same rules.

meters      ─┐  use = what comes from the grid − what goes to it
producers   ─┼        + what is made here
consumers   ─┘        + what no meter measures        (devices inside of others are not counted twice)
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from unclouded.core.model import Device

POWER, IMPORT, EXPORT = "power_W", "energy_import_Wh", "energy_export_Wh"

Column = Sequence[float | None]


class HomePlan(NamedTuple):
    """Ids of the devices that are added up, and of those that are shown as parts of the use."""

    meters: tuple[str, ...]
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    parts: tuple[str, ...]

    @property
    def devices(self) -> tuple[str, ...]:
        return (*self.meters, *self.producers, *self.consumers)


def home_plan(devices: Iterable[Device]) -> HomePlan:
    """The plan of all devices that measure power."""
    measuring = {one.id: one for one in devices if any(point.key == POWER for point in one.points)}
    above = {id: _above(id, measuring) for id in measuring}
    tops = [id for id in measuring if not above[id] and not measuring[id].produces]
    inside = {id: [other for other in measuring if id in above[other]] for id in tops}
    meters = [id for id in tops if _is_meter(measuring[id], bool(inside[id]), len(tops) == 1)]
    outside = [id for id in tops if id not in meters]
    direct = [id for id in measuring if len(above[id]) == 1 and above[id][0] in meters]
    producers = [id for id in measuring if measuring[id].produces and (not above[id] or id in direct)]
    parts = [*(id for id in direct if id not in producers), *outside]
    return HomePlan(tuple(meters), tuple(producers), tuple(outside), tuple(parts))


def home_use(plan: HomePlan, columns: Mapping[str, Column]) -> list[float | None]:
    """The use in each step, from the values of the devices in it; None where one of them is not known.

    Without contact, what a device draws is not known; before its first value it was not there yet, and draws nothing.
    """
    later = [_from_first(columns[id]) for id in (*plan.producers, *plan.consumers)]
    needed = [*(columns[id] for id in plan.meters), *(column for column in later if column is not None)]
    if not needed:
        return [None] * max(map(len, columns.values()), default=0)
    return [_sum(values) for values in zip(*needed, strict=True)]


def _from_first(column: Column) -> Column | None:
    """The column with zeros before its first value; None where it has none."""
    first = next((step for step, value in enumerate(column) if value is not None), None)
    return None if first is None else [*([0.0] * first), *column[first:]]


def _sum(values: Iterable[float | None]) -> float | None:
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return max(total, 0.0)


def _above(id: str, devices: Mapping[str, Device]) -> list[str]:
    """The devices that measure what this one draws too, the nearest first."""
    found: list[str] = []
    parent = devices[id].parent
    while parent in devices and parent != id and parent not in found:
        found.append(parent)
        parent = devices[parent].parent
    return found


def _is_meter(device: Device, has_inside: bool, is_alone: bool) -> bool:
    """A device that measures the connection to the grid: it counts both ways, or others are inside of it."""
    if any(point.key == EXPORT for point in device.points):
        return True
    is_switch = any(point.kind == "switch" and "w" in point.access for point in device.points)
    return has_inside and (not is_switch or is_alone)
