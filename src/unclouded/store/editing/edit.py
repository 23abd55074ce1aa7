"""An edit of a range of one point: the values in it are void, or corrected. What was measured is never changed.

    edits by number   1 ├──── void ────┤
                      2        ├─ corrected ─┤          the newest wins
    overlay             │ void │  corrected  │

Times are Unix milliseconds; a range ends before ``until``. One that is undone stays in the table and counts no more.
A counter of energy keeps its levels: its edits replace the energy of the range (web/history/edited_energy.py). Edits
of all other points replace their values.
"""

import heapq
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import msgspec

from unclouded.core.errors import DamagedStore
from unclouded.core.model import Value, unit_of
from unclouded.store.encoding.codec import from_json

EDITED = "edited"  # the flag of a value that an edit replaced
EditAction = Literal["void", "edit"]
ColumnValues = tuple[int, int, str, int, int, EditAction, str, bool, str, str, float, float | None, str | None]

COLUMNS = "number, device, point, start, until, action, value, estimated, reason, who, at, undone_at, undone_by"


class EnergyPiece(NamedTuple):
    """Energy that is spread evenly over a time."""

    start: int
    until: int
    mWh: int

    def within(self, low: int, high: int) -> int:
        """The energy between two times. Neighbouring parts add up to the whole."""
        return self._upto(high) - self._upto(low)

    def _upto(self, at: int) -> int:
        at = max(self.start, min(at, self.until))
        return self.mWh * (at - self.start) // (self.until - self.start)


class EditValue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What replaces the values: one value, a line between two (time, value), or energy piece by piece."""

    constant: Value | None = None
    line: tuple[tuple[int, float], tuple[int, float]] | None = None
    energy: tuple[EnergyPiece, ...] = ()

    def at(self, ms: int) -> Value:
        """The value at a time; of an edit that has no energy."""
        if self.line is None:
            return 0 if self.constant is None else self.constant
        (first, low), (last, high) = self.line
        return low + (high - low) * (ms - first) / (last - first) if last > first else low

    @property
    def mWh(self) -> int:
        """The energy of all its pieces, in mWh."""
        return sum(piece.mWh for piece in self.energy)


class NewEdit(msgspec.Struct, frozen=True, kw_only=True):
    """An edit that is to be made. ``device``: its number in the store. ``is_estimated``: the value was worked out."""

    device: int
    point: str
    start: int
    until: int
    action: EditAction
    value: EditValue = EditValue()
    is_estimated: bool = False
    reason: str = ""


class HistoryEdit(NewEdit, frozen=True, kw_only=True):
    """An edit as it is stored. ``at``: when it was made, Unix seconds."""

    number: int
    who: str
    at: float
    undone_at: float | None = None
    undone_by: str | None = None


class EditSpan(NamedTuple):
    """A range in which one edit counts."""

    start: int
    until: int
    edit: HistoryEdit


def is_energy_counter(point: str, kind: str) -> bool:
    """Whether edits of the point replace energy, not values."""
    return kind == "counter" and unit_of(point) == "Wh"


def overlay(edits: Iterable[HistoryEdit]) -> list[EditSpan]:
    """Which edit counts when: ranges in order of time that do not overlap; the newest edit wins. n log n."""
    active = sorted((edit for edit in edits if edit.undone_at is None), key=lambda edit: edit.start)
    times = sorted({time for edit in active for time in (edit.start, edit.until)})
    waiting: list[tuple[int, HistoryEdit]] = []
    found: list[EditSpan] = []
    place = 0
    for low, high in pairwise(times):
        while place < len(active) and active[place].start <= low:
            heapq.heappush(waiting, (-active[place].number, active[place]))
            place += 1
        while waiting and waiting[0][1].until <= low:
            heapq.heappop(waiting)
        if not waiting:
            continue
        newest = waiting[0][1]
        if found and found[-1].until == low and found[-1].edit.number == newest.number:
            low = found.pop().start
        found.append(EditSpan(low, high, newest))
    return found


def overlapping(spans: Sequence[EditSpan], low: int, high: int) -> list[EditSpan]:
    """The parts of them between two times."""
    return [
        EditSpan(max(span.start, low), min(span.until, high), span.edit)
        for span in spans
        if span.start < high and span.until > low
    ]


def value_to_json(value: EditValue) -> str:
    """The value of an edit as JSON text."""
    return msgspec.json.encode(value).decode()


def edit_of(row: ColumnValues) -> HistoryEdit:
    """An edit of its COLUMNS. Raises DamagedStore."""
    number, device, point, start, until, action, value, estimated, reason, who, at, undone_at, undone_by = row
    try:
        decoded = msgspec.convert(from_json(value), EditValue)
    except msgspec.ValidationError as error:
        raise DamagedStore(f"An edit in the store is damaged: {error}.") from None
    return HistoryEdit(
        number=number,
        device=device,
        point=point,
        start=start,
        until=until,
        action=action,
        value=decoded,
        is_estimated=bool(estimated),
        reason=reason,
        who=who,
        at=at,
        undone_at=undone_at,
        undone_by=undone_by,
    )
