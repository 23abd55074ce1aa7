"""What a rule may depend on: values of points, named values, states of devices, times and days."""

from typing import Literal

import msgspec

from unclouded.core.calendar.days import DaySet
from unclouded.rules.calendar.calendar import DayMoment

Operator = Literal["<", "<=", ">", ">=", "=", "!="]


class ValueTest(msgspec.Struct, frozen=True):
    """A comparison with a value that is written as text, and how long it must have held, in seconds."""

    operator: Operator
    text: str
    for_s: float = 0.0


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A value compared. ``device`` "": ``point`` is the name of a value that is handed to the hub, as a price.

    ``until``: once true, it stays true until this holds, whatever the test says: hysteresis.
    """

    device: str
    point: str
    test: ValueTest
    until: ValueTest | None = None


class DeviceState(msgspec.Struct, frozen=True, kw_only=True):
    """A device is online, or is not, for some time."""

    device: str
    is_online: bool
    for_s: float = 0.0


class Between(msgspec.Struct, frozen=True, kw_only=True):
    """The time of the day is between two moments; ``inside`` False: it is not."""

    start: DayMoment
    end: DayMoment
    inside: bool = True


class OnDays(msgspec.Struct, frozen=True, kw_only=True):
    """The local day is one of these; ``inside`` False: it is not."""

    days: DaySet
    inside: bool = True


class AllOf(msgspec.Struct, frozen=True):
    """All parts hold."""

    parts: tuple["Condition", ...]


class AnyOf(msgspec.Struct, frozen=True):
    """At least one part holds."""

    parts: tuple["Condition", ...]


Leaf = Comparison | DeviceState | Between | OnDays
Condition = Leaf | AllOf | AnyOf


def leaves(condition: Condition | None) -> list[Leaf]:
    """All parts that are not made of others, in order."""
    if condition is None:
        return []
    if isinstance(condition, AllOf | AnyOf):
        return [leaf for part in condition.parts for leaf in leaves(part)]
    return [condition]
