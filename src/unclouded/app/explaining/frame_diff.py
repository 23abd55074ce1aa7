"""What changes between frames of one kind: how people find out what an unknown data point is.

Turn the heater up three times while it is recorded: the data point that rises in steps, at those times, is its set
point. Memory is bounded: so many fields, of which each takes the same.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from unclouded.app.decoding.conversation_reader import DecodedPiece
from unclouded.app.explaining.explained_frame import FrameExplainer
from unclouded.app.explaining.field_changes import FOLLOWS_S, Behaviour, FieldChange, FieldChanges
from unclouded.app.explaining.tracked_field import FieldName, FieldSample, FrameSamples
from unclouded.core.family import Piece, Sender
from unclouded.core.model import Value

MOST_FIELDS = 4_096  # that are compared


class FieldSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a field did. ``varying``: places of the bytes that vary. ``key``: of the point by the profile.

    ``step``: of all changes, where it is the same. ``values``: how many frames had each, of up to 12; ``more_values``:
    the frames with others. ``followed``: changes to what the other side had just set. ``apart_s``: shortest and longest
    time between changes. ``changed``: the first three changes and the last three.
    """

    sender: Sender | None
    frame: str
    part: str
    field: str
    wire: str
    type: str
    key: str
    behaviour: Behaviour
    frames: int
    changes: int
    followed: int
    hex: str
    varying: Sequence[int]
    lowest: float | None
    highest: float | None
    lowest_reading: str
    highest_reading: str
    step: float | None
    is_rising: bool
    values: Sequence[tuple[Value | None, int]]
    more_values: int
    apart_s: tuple[float, float] | None
    changed: Sequence[FieldChange]


class FrameDiff:
    """Compares the frames of a recording, one after the other."""

    def __init__(self, explainer: FrameExplainer) -> None:
        self._samples = FrameSamples(explainer)
        self._fields: dict[FieldName, FieldChanges] = {}
        self._set: dict[tuple[str, str], tuple[float, Value | None]] = {}  # by sub-device and wire key
        self.left_out = 0  # samples of fields beyond MOST_FIELDS

    def add(self, decoded: DecodedPiece, piece: Piece) -> None:
        """The next piece; ``piece`` as it was before its secrets were hidden."""
        if piece.kind != "frame":
            return
        for sample in self._samples.of(decoded, piece):
            self._take(sample, decoded.t)

    def summaries(self) -> Sequence[FieldSummary]:
        """What each field did, frames of one kind together."""
        kinds = {(name.sender, name.frame, name.part): at for at, name in reversed([*enumerate(self._fields)])}
        ordered = sorted(self._fields, key=lambda name: (kinds[name.sender, name.frame, name.part], _place(name)))
        return [_summary(self._fields[name]) for name in ordered]

    # --- inside --------------------------------------------------------------------------------

    def _take(self, sample: FieldSample, t: float | None) -> None:
        field = self._fields.get(sample.name)
        if field is None:
            if len(self._fields) >= MOST_FIELDS:
                self.left_out += 1
                return
            field = self._fields[sample.name] = FieldChanges(sample, t)
        field.add(sample, t, was_set=self._was_set(sample, t))
        if sample.name.sender == "controller" and sample.name.wire and t is not None and len(self._set) < MOST_FIELDS:
            self._set[sample.name.part, sample.name.wire] = (t, sample.value)

    def _was_set(self, sample: FieldSample, t: float | None) -> bool:
        if sample.name.sender == "controller" or t is None:
            return False
        at, value = self._set.get((sample.name.part, sample.name.wire), (None, None))
        return at is not None and t - at <= FOLLOWS_S and value == sample.value


def _place(name: FieldName) -> tuple[Any, ...]:  # Any: numbers, then texts
    """Data points by number, other fields as they stand."""
    return (0, int(name.wire)) if name.wire.isdecimal() else (1, 0)


def _summary(field: FieldChanges) -> FieldSummary:
    name, apart = field.name, field.shortest_s
    has_step = field.changes > 1 and field.lowest is not None and field.smallest_step == field.largest_step
    return FieldSummary(
        sender=name.sender,
        frame=name.frame,
        part=name.part,
        field=name.label,
        wire=name.wire,
        type=name.type,
        key=field.key,
        behaviour=field.behaviour,
        frames=field.frames,
        changes=field.changes,
        followed=field.followed,
        hex=field.last.data.hex(),
        varying=[at for at, varies in enumerate(field.varying) if varies],
        lowest=field.lowest,
        highest=field.highest,
        lowest_reading=field.lowest_reading,
        highest_reading=field.highest_reading,
        step=field.largest_step if has_step else None,
        is_rising=bool(field.rises and not field.falls),
        values=tuple(field.values.items()),
        more_values=field.other_values,
        apart_s=(round(apart, 3), round(field.longest_s or apart, 3)) if apart else None,
        changed=(*field.first_changes, *field.last_changes),
    )
