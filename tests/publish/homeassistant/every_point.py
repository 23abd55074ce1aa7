"""A hub whose devices have every point of the vocabulary, in every kind and with every access."""

from collections import defaultdict
from collections.abc import Iterator

from api_story import NOON, FakeHub, device
from unclouded.core.model import Device, Point, Reading, Status, Value, unit_of
from unclouded.profiles.vocabulary import words

COUNTERS = ("energy_import", "energy_export", "energy_charged", "energy_discharged", "energy_pv", "reactive_energy")


def every_point() -> Iterator[tuple[Point, Value | None]]:
    """Each with a value; None where it can only be set."""
    for word in words():
        for key in word.keys:
            yield from _with_unit(key, word.name) if unit_of(key) else _without_unit(key)


def devices_with_every_point() -> Iterator[tuple[Device, list[Reading]]]:
    """One device for each kind and access, with a reading of each point."""
    found = defaultdict[str, list[tuple[Point, Value | None]]](list)
    for point, value in every_point():
        found[f"all_{point.kind}_{point.access}"].append((point, value))
    for id, points in found.items():
        readings = [Reading(id, point.key, value, NOON) for point, value in points if value is not None]
        yield (
            device(id, points=tuple(point for point, _ in points), main="", actions=(), info={"product": "all"}),
            readings,
        )


def hub_with_every_point() -> FakeHub:
    hub = FakeHub("kettle")
    hub.drop("kettle")
    for one, readings in devices_with_every_point():
        hub.publish(one, Status(one.id, "online", NOON), *readings)
    return hub


def _with_unit(key: str, name: str) -> Iterator[tuple[Point, Value | None]]:
    yield Point(key=key, kind="counter" if name in COUNTERS else "number", exponent=-1), 12.5
    yield Point(key=key, kind="number", access="rw", exponent=-1, minimum=0, maximum=5000), 12.5


def _without_unit(key: str) -> Iterator[tuple[Point, Value | None]]:
    for access in ("r", "rw"):
        yield Point(key=key, kind="switch", access=access), True
        yield Point(key=key, kind="enum", access=access, options=("a", "b")), "b"
        yield Point(key=key, kind="text", access=access), "long " * 100
        yield Point(key=key, kind="number", access=access), 7
    yield Point(key=key, kind="bitmap", options=("x", "y")), 3
    yield Point(key=key, kind="raw"), "00ff"
    yield Point(key=key, kind="switch", access="w"), None
    yield Point(key=key, kind="enum", access="w", options=("a", "b")), None
