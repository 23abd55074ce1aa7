"""What rules would have done, by what the store has. No command is sent.

store ─► readings, silences of the devices that the rules name ─► RuleReplay ─► lines
"""

import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import Device, Fact, Reading, Status
from unclouded.core.times import iso
from unclouded.core.views.rules import RuleTestLine, RuleTestView
from unclouded.rules.calendar.calendar import HomeCalendar
from unclouded.rules.conditions import Comparison, leaves
from unclouded.rules.devices import RuleDevices
from unclouded.rules.engine.outputs import RuleCommand
from unclouded.rules.engine.point_control import shown
from unclouded.rules.replay import Replayed, RuleReplay
from unclouded.rules.rule import Rule
from unclouded.store.reading.reader import StoreReader, UnknownDevice

LONGEST_S = 31 * 86_400.0  # of a test
LATEST = 250_000_000_000.0  # Unix seconds, of the year 9892: later days have no day behind them
MOST_LINES = 2000


def replayed(
    store: Path,
    rules: Sequence[Rule],
    calendar: HomeCalendar,
    start: float,
    end: float,
    devices: Sequence[Device] = (),
) -> RuleTestView:
    """Replay stored history. ``devices``: those of the hub; without them those of the store.

    Raises CommandError where the range cannot be, and StoreError.
    """
    if not 0 <= start < end <= LATEST or end - start > LONGEST_S:
        raise CommandError(f"A test covers more than nothing and at most {LONGEST_S / 86_400:.0f} days.")
    with StoreReader(store) as reader:
        known = list(devices) or _stored_devices(reader)
        replay = RuleReplay([_enabled(one) for one in rules], calendar, known, start, end)
        lines, left_off = list[RuleTestLine](), 0
        for one in replay.run(_facts(reader, rules, known, start, end)):
            line = _line(one)
            if line is not None and len(lines) < MOST_LINES:
                lines.append(line)
            elif line is not None:
                left_off += 1
        missing = tuple(_without_readings(reader, rules, known, start, end))
    problems = (*replay.problems(), *missing)
    return RuleTestView(start=iso(start), end=iso(end), lines=tuple(lines), problems=problems, left_off=left_off)


def day_range(day: str, now: float, zone: tzinfo) -> tuple[float, float]:
    """``yesterday``, ``today`` or a date -> its beginning and its end, or now. Raises CommandError."""
    today = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        back = {"today": 0, "yesterday": 1}.get(day)
        begin = datetime.fromisoformat(day).replace(tzinfo=zone) if back is None else today - timedelta(days=back)
        return begin.timestamp(), min((begin + timedelta(days=1)).timestamp(), now)
    except (ValueError, OverflowError):
        raise CommandError(f"{day[:40]!r} is not a day; write yesterday, today or 2026-11-20.") from None


# --- inside -------------------------------------------------------------------------------------------


def _enabled(rule: Rule) -> Rule:
    return msgspec.structs.replace(rule, enabled=True)


def _stored_devices(reader: StoreReader) -> list[Device]:
    return [msgspec.structs.replace(one.device, id=one.id) for one in reader.devices() if one.id]


def _facts(
    reader: StoreReader, rules: Sequence[Rule], devices: Sequence[Device], start: float, end: float
) -> Iterator[Fact]:
    """What happened to the devices that the rules name, by time."""
    named = _points(rules, RuleDevices(devices))
    return heapq.merge(*(_of_device(reader, id, points, start, end) for id, points in named.items()), key=_time)


def _points(rules: Sequence[Rule], devices: RuleDevices) -> dict[str, set[str]]:
    """The points that the rules read and set, by device; what does not exist is a problem that the engine names."""
    found: dict[str, set[str]] = {id: set() for rule in rules for id in rule.devices}
    for rule in rules:
        read = [one for one in (*leaves(rule.condition), *leaves(rule.guard)) if isinstance(one, Comparison)]
        named = [(one.device, one.point) for one in read] + [(one.device, one.point) for one in rule.all_settings]
        for device, key in named:
            try:
                found[device].add(devices.readable(device, key)[0].key)
            except (CommandError, KeyError):
                continue
    return found


def _without_readings(
    reader: StoreReader, rules: Sequence[Rule], devices: Sequence[Device], start: float, end: float
) -> Iterator[str]:
    """Devices whose values conditions compare, and of which the store has no single readings of that time."""
    lookup = RuleDevices(devices)
    conditions = [leaf for rule in rules for leaf in (*leaves(rule.condition), *leaves(rule.guard))]
    compared = [one for one in conditions if isinstance(one, Comparison) and one.device]
    for key in dict.fromkeys((one.device, one.point) for one in compared):
        try:
            point = lookup.readable(*key)[0].key
            readings = reader.standing(key[0], {point}, start) or any(
                True for _ in reader.history(key[0], {point}, start, end)
            )
        except (CommandError, UnknownDevice):
            continue
        if not readings:
            yield f"{key[0]}.{point}: no single readings are stored of that time, so conditions on it were not known."


def _of_device(reader: StoreReader, device: str, points: set[str], start: float, end: float) -> Iterator[Fact]:
    try:
        silences = reader.silences(device, start, end)
        standing = reader.standing(device, points, start)
    except UnknownDevice:
        return
    is_down = any(begin <= start < until for begin, until in silences)
    yield Status(device, "offline" if is_down else "online", start)
    yield from (Reading(device, point, one.value, start, one.quality) for point, one in standing.items())
    states = [one for span in silences for one in _states(device, *span)]
    rows = reader.history(device, points, start, end) if points else iter(())
    readings: Iterator[Fact] = (
        Reading(device, one.point, one.value, one.at, one.quality, one.flags) for one in rows if one.value is not None
    )
    changes: list[Fact] = [one for one in states if start < one.since < end]
    yield from heapq.merge(changes, readings, key=_time)


def _states(device: str, begin: float, until: float) -> Sequence[Status]:
    return Status(device, "offline", begin), Status(device, "online", until)


def _time(fact: Fact) -> float:
    return fact.at if isinstance(fact, Reading) else fact.since if isinstance(fact, Status) else 0.0


def _line(one: Replayed) -> RuleTestLine | None:
    """A line for people; None for what a command says already."""
    output = one.output
    if isinstance(output, RuleCommand):
        command = output.command
        return RuleTestLine(
            at=iso(one.at),
            rule=output.rule,
            kind="command",
            text=f"{command.device}.{command.point} = {shown(command.value)} because {output.because}",
            device=command.device,
            point=command.point,
            value=command.value,
            because=output.because,
        )
    is_problem = output.kind == "rule_problem" and not output.result  # it is named once, beside the lines
    if output.result == "confirmed" or is_problem:
        return None
    return RuleTestLine(
        at=iso(one.at),
        rule=output.rule,
        kind="notify" if output.kind == "notify" else "note",
        text=output.text,
        because=output.because,
    )
