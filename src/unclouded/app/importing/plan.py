"""What of a file is written into the store: the energy before the first reading of the counter, without overlaps."""

from collections.abc import Iterable, Sequence

import msgspec

from unclouded.app.importing.sources import EnergyInterval, ImportSource
from unclouded.store.importing import ImportedLevel

HOUR_S = 3600.0
MOST_SAMPLES = 700_000
MOST_WH = 1e12  # of a file


class ImportPlan(msgspec.Struct, frozen=True, kw_only=True):
    """``overlaps_store``: intervals after the first stored reading; ``overlaps_file``: that overlap each other.

    ``start``, ``end``: Unix seconds of what is written, None where nothing is.
    """

    kind: str
    column: str
    unit: str
    rows: int
    skipped: dict[str, int]
    overlaps_store: int
    overlaps_file: int
    written: int
    Wh: float
    start: float | None
    end: float | None


def plan_import(source: ImportSource, first_at: float, first_mWh: int) -> tuple[ImportPlan, Sequence[ImportedLevel]]:
    """``first_at``, ``first_mWh``: time and level of the first stored reading of the counter."""
    chosen, overlaps_store, overlaps_file = list[EnergyInterval](), 0, 0
    for one in sorted(source.intervals):
        if one.end > first_at or one.start < 0:
            overlaps_store += 1
        elif chosen and one.start < chosen[-1].end:
            overlaps_file += 1
        else:
            chosen.append(one)
    total = sum(one.mWh for one in chosen)
    plan = ImportPlan(
        kind=source.kind,
        column=source.column,
        unit=source.unit,
        rows=source.rows,
        skipped=dict(source.skipped),
        overlaps_store=overlaps_store,
        overlaps_file=overlaps_file,
        written=len(chosen),
        Wh=total / 1000,
        start=chosen[0].start if chosen else None,
        end=chosen[-1].end if chosen else None,
    )
    return plan, levels_of(chosen, first_mWh - total)


def levels_of(intervals: Iterable[EnergyInterval], level: int) -> list[ImportedLevel]:
    """The levels of a counter that begins with ``level``: one at each beginning after a gap, one before each end.

    A level just before the end of an interval puts the energy into it. Longer ones are spread evenly over their hours.
    """
    found: list[ImportedLevel] = []
    before = -1.0
    for one in intervals:
        if one.start != before:
            found.append(ImportedLevel(round(one.start * 1000), level, False))
        parts = max(round((one.end - one.start) / HOUR_S), 1)
        for part in range(1, parts + 1):
            at = one.start + (one.end - one.start) * part / parts
            found.append(ImportedLevel(round(at * 1000) - 1, level + one.mWh * part // parts, parts > 1))
        level += one.mWh
        before = one.end
    return found
