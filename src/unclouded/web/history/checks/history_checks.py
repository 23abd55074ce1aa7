"""Reads the history and lists what is suspicious, with a command that repairs each. Bounded: hours, and few minutes."""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from unclouded.core.errors import CommandError
from unclouded.core.model import Device, unit_of
from unclouded.store.reading.condense import Grid, HistoryStep
from unclouded.store.reading.reader import StoreReader
from unclouded.web.history.checks import rules
from unclouded.web.history.checks.rules import SuspectRange
from unclouded.web.history.energy import energy
from unclouded.web.schemas import CheckView, EnergyRow

LONGEST_S = 370 * rules.DAY
MOST_FOUND = 200  # in one answer
MOST_ZOOMED = 50  # ranges of hours that are looked at by the minute, of one point
MINUTE = 60
EXPORT = "export"
PHASES = 3
Rule = Callable[[Sequence[HistoryStep], float], list[SuspectRange]]  # steps and their length in s -> what is odd


def check_history(
    reader: StoreReader, zone: ZoneInfo, device: str, start: float, end: float, fuse_A: float
) -> list[CheckView]:
    """What is suspicious between two times, of a device or ("") of all; by device, then by time.

    ``fuse_A``: of the home, per phase. Raises CommandError.
    """
    if not 0 <= start < end or end - start > LONGEST_S:
        raise CommandError("Choose a range of at most 370 days.")
    known = [one for one in reader.devices() if one.id]
    chosen = [reader.known(device)] if device else known
    found: list[CheckView] = []
    for one in chosen:
        inside = [other for other in known if other.device.parent == one.id]
        parts = _Parts(
            tuple(other.id for other in inside if not other.device.produces),
            tuple(
                other.id
                for other in (known if not one.device.parent else inside)
                if other.device.produces and other.id != one.id and other.device.parent in ("", one.id)
            ),
        )
        check = _DeviceCheck(reader, zone, one.device, one.id or device, start, end, fuse_A * rules.MAINS_V)
        for suspect in sorted(check.found(parts), key=lambda suspect: suspect.start):
            found.append(_view(suspect, one.id or device, zone))
            if len(found) >= MOST_FOUND:
                return found
    return found


class _Parts(NamedTuple):
    """Of a device: those below it, and those that make what these use, besides what it counts."""

    below: Sequence[str]
    producers: Sequence[str]


class _DeviceCheck:
    """``phase_W``: what one phase of the fuse carries."""

    def __init__(
        self, reader: StoreReader, zone: ZoneInfo, device: Device, id: str, start: float, end: float, phase_W: float
    ) -> None:
        self._reader = reader
        self._zone = zone
        self._device = device
        self._id = id
        self._start, self._end = start, end
        self._phase_W = phase_W

    def found(self, parts: _Parts) -> Iterator[SuspectRange]:
        kinds = self._reader.kinds(self._id)
        powers = [point for point, kind in kinds.items() if kind == "number" and unit_of(point) == "W"]
        counters = [point for point, kind in kinds.items() if kind == "counter" and unit_of(point) == "Wh"]
        hours = self._hours(powers)
        feeds_in = self._device.produces or any(EXPORT in point for point in counters)
        for point in powers:
            yield from self._zoomed(point, hours[point], self._spikes(point))
            if not feeds_in:
                yield from self._zoomed(point, hours[point], partial(rules.negatives, point))
        for row in self._energy("hour", counters):
            yield from rules.energy_spikes(row.point, self._at, _counted(row), PHASES * self._phase_W)
            if row.point == "energy_import_Wh" and "power_W" in hours:
                yield from rules.frozen("power_W", hours["power_W"], self._at, _counted(row))
        days = self._energy("day", counters)
        for row in days:
            if row.point == "energy_import_Wh":
                if "power_W" in hours and not feeds_in:
                    yield from rules.mismatches(row.point, self._at, _counted(row), hours["power_W"])
                exported = next((other.Wh for other in days if other.point == "energy_export_Wh"), None)
                yield from self._parts(row, exported, parts)
        silences = self._reader.silences(self._id, self._start, self._end) if counters else []
        for point in counters[:1]:
            edits = [one for one in self._reader.edits(self._id, [point]) if one.undone_at is None]
            for gap in rules.gaps(point, silences, self._end):
                if not any(one.start <= gap.start * 1000 and gap.end * 1000 <= one.until for one in edits):
                    yield gap

    def _hours(self, points: Sequence[str]) -> dict[str, list[HistoryStep]]:
        found: dict[str, list[HistoryStep]] = {point: [] for point in points}
        for step in self._reader.steps(self._id, Grid(rules.HOUR), points, self._start, self._end) if points else ():
            if "edited" not in step.flags:
                found[step.point].append(step)
        return found

    def _energy(self, by: str, counters: Sequence[str]) -> list[EnergyRow]:
        if not counters:
            return []
        found = energy(self._reader, self._zone, "hour" if by == "hour" else "day", self._start, self._end, [self._id])
        self._at = found.at
        return found.rows

    def _spikes(self, point: str) -> Rule:
        most_W = self._phase_W if phase_of(point) else PHASES * self._phase_W
        return lambda steps, span: rules.spikes(point, steps, most_W, span)

    def _zoomed(self, point: str, hours: Sequence[HistoryStep], rule: Rule) -> Iterator[SuspectRange]:
        """What a rule finds by the hour, to the minute."""
        for number, coarse in enumerate(rule(hours, rules.HOUR)):
            if number >= MOST_ZOOMED or coarse.end - coarse.start > rules.DAY:
                yield coarse
                continue
            steps = list(self._reader.steps(self._id, Grid(MINUTE), [point], coarse.start, coarse.end))
            yield from rule([one for one in steps if "edited" not in one.flags], MINUTE)

    def _parts(self, row: EnergyRow, exported: Sequence[float | None] | None, parts: _Parts) -> Iterator[SuspectRange]:
        if not parts.below:
            return
        chosen = (*parts.below, *parts.producers)
        rows = energy(self._reader, self._zone, "day", self._start, self._end, chosen).rows
        counted = {one.device: one.Wh for one in rows if one.point == row.point and one.device in parts.below}
        made = [one.Wh for one in rows if one.device in parts.producers]
        yield from rules.parts(row.point, self._at, _counted(row), counted, made, exported)


def phase_of(point: str) -> str:
    """The phase or circuit in a point's name, "" = all: ``power_l1_W``, ``power_3_W``."""
    found = re.search(r"_(l?[1-9]\d?|[abc])_", point, re.IGNORECASE)
    return found[1] if found else ""


def _counted(row: EnergyRow) -> list[float | None]:
    """The energy of each period that no edit has changed."""
    touched = [any(both) for both in zip(row.edited, row.void, strict=True)] if row.edited else [False] * len(row.Wh)
    return [None if is_touched else Wh for Wh, is_touched in zip(row.Wh, touched, strict=True)]


def _view(suspect: SuspectRange, device: str, zone: ZoneInfo) -> CheckView:
    start = datetime.fromtimestamp(int(suspect.start), zone).isoformat("T", "seconds")
    end = datetime.fromtimestamp(-int(-suspect.end // 1), zone).isoformat("T", "seconds")
    place = [device, suspect.point, "--from", start, "--to", end]
    match suspect.kind:
        case "spike" | "frozen" | "negative" if unit_of(suspect.point) == "W":
            words = ["void", *place]
        case "mismatch" if suspect.Wh is not None:
            words = ["edit", *place, "--energy", f"{suspect.Wh / 1000:.3f}kWh"]
        case _:
            words = ["edit", *place, "--estimate"]
    return CheckView(
        device=device,
        point=suspect.point,
        kind=suspect.kind,
        start=start,
        end=end,
        text=suspect.text,
        command=shlex.join(["unclouded", "history", *words, "--reason", f"{suspect.kind}: {suspect.text}"]),
    )
