"""What a field does from frame to frame: which of its bytes vary, how often, and in what manner.

    constant   one value                     toggle     two values, back and forth
    counter    only rises                    rests      stays for some frames between changes: a setting
    countdown  only falls                    drift      small changes up and down: a measured value
    varies     anything else

A field takes the same memory, however many frames there are.
"""

from collections import deque
from typing import Literal

import msgspec

from unclouded.app.explaining.tracked_field import FieldName, FieldSample
from unclouded.core.model import Value

Behaviour = Literal["constant", "toggle", "counter", "countdown", "rests", "drift", "varies"]

MOST_VALUES = 12  # different ones that are counted one by one
KEPT = 3  # of the first changes, and of the last ones
RESTS = 2  # frames for each change of what rests in between
COUNTS = 3  # changes in one direction that make a counter
SMALL = 0.05  # of the highest value: a change that is not a jump
SMALL_COUNT = 2  # counts that are small whatever the value is
FOLLOWS_S = 2.0  # after a value was set in which the same value follows it


class FieldChange(msgspec.Struct, frozen=True):
    """A change. ``t``: seconds since the recording began."""

    t: float | None
    before: Value | None
    after: Value | None


class FieldChanges:
    """The history of one field."""

    def __init__(self, first: FieldSample, t: float | None) -> None:
        self.name: FieldName = first.name
        self.key = first.key
        self.frames = 0
        self.changes = self.rises = self.falls = self.followed = 0
        self.last = first
        self.is_of_one_size = True
        self.varying = bytearray(len(first.data))
        self.values: dict[Value | None, int] = {}
        self.other_values = 0  # frames with further values
        self.lowest = self.highest = _number(first.value)
        self.lowest_reading = self.highest_reading = first.reading
        self.smallest_step = self.largest_step = 0.0
        self.first_changes: list[FieldChange] = []
        self.last_changes: deque[FieldChange] = deque(maxlen=KEPT)
        self.shortest_s = self.longest_s = None if t is None else 0.0
        self._changed_at: float | None = None

    def add(self, sample: FieldSample, t: float | None, *, was_set: bool) -> None:
        """The field in the next frame. ``was_set``: the other side has just set this value."""
        self.frames += 1
        self._count(sample.value)
        if sample.data != self.last.data:
            self._mark(sample.data)
            self._change(sample, t)
            self.followed += was_set
        self.key = sample.key or self.key
        self.last = sample

    @property
    def behaviour(self) -> Behaviour:
        """In what manner it changes."""
        if not self.changes:
            return "constant"
        if not self.other_values and len(self.values) == 2 and self.changes > 1:
            return "toggle"
        if self.changes > 1 and self.changes * RESTS <= self.frames and not self.other_values:
            return "rests"
        if self.lowest is None or self.highest is None:
            return "varies"
        if not self.falls and self.rises >= COUNTS:
            return "counter"
        if not self.rises and self.falls >= COUNTS:
            return "countdown"
        small = max(SMALL_COUNT, SMALL * max(abs(self.lowest), abs(self.highest)))
        return "drift" if self.changes > 1 and self.largest_step <= small else "varies"

    # --- inside --------------------------------------------------------------------------------

    def _count(self, value: Value | None) -> None:
        if value in self.values or len(self.values) < MOST_VALUES:
            self.values[value] = self.values.get(value, 0) + 1
        else:
            self.other_values += 1

    def _mark(self, data: bytes) -> None:
        """Which bytes differ from the last frame's; of another size all do."""
        last = self.last.data
        if len(data) != len(last) or len(data) != len(self.varying):
            self.is_of_one_size = False
            self.varying = bytearray(b"\1" * len(data))
            return
        for at, (mine, theirs) in enumerate(zip(data, last, strict=True)):
            if mine != theirs:
                self.varying[at] = 1

    def _change(self, sample: FieldSample, t: float | None) -> None:
        self.changes += 1
        change = FieldChange(t, self.last.value, sample.value)
        if len(self.first_changes) < KEPT:
            self.first_changes.append(change)
        else:
            self.last_changes.append(change)
        self._time(t)
        before, after = _number(self.last.value), _number(sample.value)
        if before is None or after is None:
            self.lowest = self.highest = None
            return
        self._step(after - before)
        if self.lowest is not None and after < self.lowest:
            self.lowest, self.lowest_reading = after, sample.reading
        if self.highest is not None and after > self.highest:
            self.highest, self.highest_reading = after, sample.reading

    def _step(self, step: float) -> None:
        self.rises += step > 0
        self.falls += step < 0
        size = abs(step)
        self.smallest_step = size if self.changes == 1 else min(self.smallest_step, size)
        self.largest_step = max(self.largest_step, size)

    def _time(self, t: float | None) -> None:
        """How long after the last change."""
        if t is not None and self._changed_at is not None:
            apart = t - self._changed_at
            self.shortest_s = apart if not self.shortest_s else min(self.shortest_s, apart)
            self.longest_s = max(self.longest_s or 0.0, apart)
        self._changed_at = t


def _number(value: Value | None) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
