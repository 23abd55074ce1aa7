"""Entities that several points of a device make together: climate, light, fan, cover, valve. Pure.

    setpoint, temperature, on, mode …          climate
    on or light, brightness, colour_temperature     light
    fan_on or on, fan_speed, fan_mode …        fan
    action, position_target, position          cover
    valve                                      valve

Such an entity is in place of the switches, numbers and selects of its points; what is only measured stays a sensor
beside it. Which points belong together is decided by their names in the vocabulary and by their place: ``on_2`` and
``brightness_2`` are one light. Source: docs/home-assistant.md.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.core.model import Device, Point
from unclouded.publish.homeassistant.quantities import name_of, place_of
from unclouded.publish.mqtt.topics import Topics, fits

Component = dict[str, Any]  # Any: JSON


class CompoundEntity(msgspec.Struct, frozen=True, kw_only=True):
    """``key``: of its component. ``main``: the point that it is called by. ``points``: those that it is in place of;
    ``shown``: those that it shows, and that stay for diagnosis.
    """

    key: str
    main: Point
    points: tuple[str, ...]
    component: Component
    shown: tuple[str, ...] = ()


class PointsOfPlace:
    """The points of one place of a device, by their names; the first unit of a name counts."""

    def __init__(self, device: Device, place: str, topics: Topics) -> None:
        self.device = device
        self.place = place
        self.topics = topics
        self.state_topic = topics.state(device.id)
        self._points: dict[str, Point] = {}
        self._used: set[str] = set()  # by an entity of several points

    def add(self, point: Point) -> None:
        """A point; the first of a name counts."""
        self._points.setdefault(name_of(point.key), point)

    def find(self, name: str, kind: str, access: str = "rw") -> Point | None:
        """A point of a kind that no other entity of several points has; ``access``: exactly, "" = it can be read."""
        point = self._points.get(name)
        if point is None or point.kind != kind or point.key in self._used:
            return None
        fits_access = point.access == access if access else "r" in point.access
        return point if fits_access else None

    def first(self, names: str, kind: str, access: str = "rw") -> Point | None:
        """The first of some names, separated by spaces."""
        return next((found for one in names.split() if (found := self.find(one, kind, access)) is not None), None)

    def has(self, names: str) -> bool:
        """Whether there is a point of one of these names, whatever its kind."""
        return any(one in self._points for one in names.split())

    def set_topic(self, point: Point) -> str:
        """The topic on which the point is set."""
        return self.topics.set_point(self.device.id, point.key)

    @property
    def set_all_topic(self) -> str:
        """Takes several points in one command."""
        return self.topics.set(self.device.id)

    def entity(
        self,
        platform: str,
        main: Point,
        points: Sequence[Point | None],
        component: Component,
        shown: Sequence[Point | None] = (),
    ) -> CompoundEntity:
        """``points``: those that it is in place of; None is none."""
        keys = tuple(dict.fromkeys(one.key for one in (main, *points) if one is not None))
        self._used.update(keys)
        return CompoundEntity(
            key=f"{platform}_entity" + (f"_{self.place}" if self.place else ""),
            main=main,
            points=keys,
            component={"platform": platform, **component},
            shown=tuple(one.key for one in shown if one is not None),
        )


Maker = Callable[[PointsOfPlace], CompoundEntity | None]


def compound_entities(device: Device, topics: Topics, makers: Sequence[Maker]) -> Iterator[CompoundEntity]:
    """Those of a device; each of ``makers`` makes one of the points of a place that those before it left."""
    for points in _by_place(device, topics).values():
        for make in makers:
            if (found := make(points)) is not None:
                yield found


def _by_place(device: Device, topics: Topics) -> Mapping[str, PointsOfPlace]:
    found: dict[str, PointsOfPlace] = {}
    for point in device.points:
        if fits(point.key):
            place = place_of(point.key)
            found.setdefault(place, PointsOfPlace(device, place, topics)).add(point)
    return found
