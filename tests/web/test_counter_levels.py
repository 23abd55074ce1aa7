"""Energy read from rows of rollups a column at a time is what the definition of it gives, step by step."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from unclouded.app.costs.quarter_columns import IMPORT, LONG, QuarterColumns
from unclouded.core.model import Device, Fact, Ledger, Point, Quality, Reading, Status
from unclouded.store.editing.edit import EditValue, EnergyPiece, NewEdit
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.condense import Grid
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter
from unclouded.web.history.counter_levels import gap_until, mWh_of
from unclouded.web.history.energy import STEPS, energy
from unclouded.web.history.rises import Gap
from unclouded.web.schemas import By

BORDER = 691 * 30 * 86_400  # 2026-10-04: where columns of 30 days meet, and the clocks of Lord Howe change
START = BORDER - 86_400
DAYS = 2.5
ZONES = ("UTC", "Europe/Madrid", "Australia/Lord_Howe", "Asia/Kathmandu")


class Span(NamedTuple):
    """What the definition gives for a period."""

    mWh: int | None
    estimated: bool
    gap: bool


def defined(reader: StoreReader, by: By, zone: ZoneInfo, at: Sequence[float], device: str) -> list[Span]:
    """The rises of a counter as the head of web/history/energy.py defines them, a period at a time."""
    steps = list(reader.steps(device, Grid(STEPS[by], zone), [IMPORT], at[0], at[-1]))
    periods = [[one for one in steps if begin <= one.at < end] for begin, end in pairwise(at)]
    flagged = [at[place] for place, found in enumerate(periods) if any("gap" in one.flags for one in found)]
    gaps = [gap for border in (*flagged, at[-1]) if (gap := gap_until(reader, device, IMPORT, border)) is not None]
    within: dict[int, Gap] = {}
    for gap in gaps:
        within |= dict.fromkeys(range(bisect_right(at, gap.begin), bisect_right(at, gap.end)), gap)
    silences, newest = reader.silences(device, at[0], at[-1]), reader.newest()
    known = (reader.before(device, [IMPORT], at[0]) or reader.first(device, [IMPORT], at[0])).get(IMPORT)
    level = 0 if known is None else mWh_of(known[1])
    if 0 in within and within[0].spread:
        level = within[0].level(at[0])
    found = []
    for place, (begin, end) in enumerate(pairwise(at)):
        inside = [within[one] for one in (place, place + 1) if one in within and begin < within[one].end]
        values = [mWh_of(one.last) for one in periods[place]]
        value = values[-1] if values else None
        if place + 1 in within and within[place + 1].spread:
            value = within[place + 1].level(end)
        if value is None and any(one.spread for one in inside):
            value = level
        is_silent = begin > newest or any(low <= begin and end <= high for low, high in silences)
        rise = None if known is None or is_silent or end <= known[0] else 0
        if known is not None and value is not None:
            rise, level = max(value - level, 0), max(value, level)
        is_estimated = any(one.estimated for one in periods[place])
        has_gap = any("gap" in one.flags for one in periods[place])
        if known is not None:
            is_estimated |= any(one.spread and one.after > one.before for one in inside)
            has_gap |= bool(inside)
        has_gap &= any(low < end and begin < high for low, high in silences)
        found.append(Span(rise, is_estimated, has_gap))
    return found


readings = st.tuples(
    st.sampled_from([1, 20, 900, 900, 900, 1800, 7200, 40_000]),  # s since the one before
    st.sampled_from([-900, -1, 0, 0, 333, 2500, 70_001]),  # mWh more
    st.sampled_from(["", "", "", "gap", "gap lost", "reset", "estimated", "away", "away gap", "away gap lost"]),
    st.booleans(),  # it arrives late
)


class Story(NamedTuple):
    """A counter: its readings; whether another device was joined to it, its scale changed, its energy was edited."""

    offset: int
    readings: list[tuple[int, int, str, bool]]
    joined: int
    scaled: int
    edited: bool


stories = st.builds(
    Story,
    st.integers(-4000, 4000),
    st.lists(readings, min_size=1, max_size=40),
    st.integers(-20, 30),
    st.integers(-20, 30),
    st.booleans(),
)


def plug(id: str, identity: str, exponent: int = -3, replaces: str = "") -> Device:
    point = Point(key=IMPORT, kind="counter", exponent=exponent)
    return Device(id=id, identity=identity, family="", link="", profile="", points=(point,), replaces=replaces)


def batches_of(story: Story) -> list[list[Fact]]:
    """The batches that are written."""
    at, level = float(START + 80_000 + story.offset), 5_000_000
    on_time: list[Fact] = [plug("old", "a"), plug("plug", "b"), Status("plug", "online", at - 100_000)]
    late: list[Fact] = []
    for number, (seconds, rise, what, is_late) in enumerate(story.readings):
        before, at, level = at, at + seconds, level + rise
        words = what.split()
        if "away" in words:
            on_time += [Status("plug", "offline", before + 0.4), Status("plug", "online", at - 0.4)]
        if number == story.scaled:
            on_time.append(plug("plug", "b", -1))
        quality: Quality = "estimated" if "estimated" in words else "good"
        flags = tuple(one for one in words if one in ("gap", "lost", "reset"))
        device = "old" if number < story.joined else "plug"
        (late if is_late else on_time).append(Reading(device, IMPORT, level / 1000, at, quality, flags))
    on_time.append(Reading("old", IMPORT, 1.0, at + 1300))
    joined: list[Fact] = [plug("plug", "b", replaces="a")] if story.joined > 0 else []
    return [on_time, [*late, Ledger(identity="b", point=IMPORT)], joined]


def written(path: Path, story: Story) -> None:
    db = open_to_write(path)
    writer = StoreWriter(db, lambda: START + 20.0 * 86_400)
    for batch in batches_of(story):
        writer.write(batch)
    if story.edited:
        number = db.execute("SELECT number FROM device WHERE identity = 'b'").fetchone()[0]
        low = (BORDER - 4000) * 1000
        piece = EnergyPiece(low, low + 9_000_000, 12_345)
        value = EditValue(energy=(piece,))
        for edit in (
            NewEdit(device=number, point=IMPORT, start=low, until=low + 9_000_000, action="edit", value=value),
            NewEdit(device=number, point=IMPORT, start=low + 7_000_000, until=low + 12_345_678, action="void"),
        ):
            writer.edits.make(edit, "tests")
    db.close()


CALM = (900, 100, "", False)
AWAY = (40_000, 70_001, "away gap", False)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(stories, st.sampled_from(ZONES), st.sampled_from(["quarter", "hour", "day"]), st.integers(0, 150_000))
@example(Story(0, [CALM, AWAY, CALM, (20, -900, "", False), *[CALM] * 9], 0, 3, False), "Asia/Kathmandu", "hour", 0)
@example(Story(9, [CALM, AWAY, *[CALM] * 9], 0, 0, True), "Australia/Lord_Howe", "quarter", 50_000)
@example(Story(9, [CALM, (900, 5, "gap", False), *[CALM] * 9], 5, 0, False), "Europe/Madrid", "day", 0)
def test_rises_are_those_that_the_definition_gives(tmp_path: Path, story: Story, name: str, by: By, start: int) -> None:
    path, zone = Path(mkdtemp(dir=tmp_path)) / "store.sqlite", ZoneInfo(name)
    written(path, story._replace(edited=False))
    with StoreReader(path) as reader:
        found = energy(reader, zone, by, START + start, START + start + DAYS * 86_400, ["plug"])
        (row,) = found.rows
        expected = defined(reader, by, zone, found.at, "plug")
        shown = zip(row.Wh, row.estimated, row.gap, strict=True)
        assert [Span(None if Wh is None else round(Wh * 1000), *marks) for Wh, *marks in shown] == expected


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(stories, st.integers(0, 96), st.integers(1, 200))
@example(Story(9, [CALM, AWAY, *[CALM] * 9], 0, 0, True), 90, 100)
@example(Story(-900, [*[CALM] * 9, (900, -900_000, "", False), *[CALM] * 9], 0, 0, False), 0, 200)
def test_columns_of_quarters_are_energy_by_30_days(tmp_path: Path, story: Story, first: int, size: int) -> None:
    path = Path(mkdtemp(dir=tmp_path)) / "store.sqlite"
    written(path, story)
    low, kept = START // 900 + first, QuarterColumns()
    with StoreReader(path) as reader:
        answers = [kept.read(reader, ["plug"], low, low + size)["plug"][IMPORT] for _ in range(2)]
        found = answers[0]
        assert answers[1] == found
        parts = [
            energy(reader, ZoneInfo("UTC"), "quarter", begin * 900, end * 900, ["plug"]).rows[0]
            for begin, end in ((BORDER // 900 - LONG, BORDER // 900), (BORDER // 900, BORDER // 900 + LONG))
        ]
        Wh = [one for part in parts for one in part.Wh]
        begin = low - (BORDER // 900 - LONG)
        known = reader.newest() // 900
        for place in range(size):
            expected = Wh[begin + place] if low + place <= known else None
            assert (found.mWh[place], found.unknown[place]) == (round((expected or 0) * 1000), expected is None)


def test_a_gap_that_is_kept_is_searched_again_after_a_late_reading(tmp_path: Path) -> None:
    path, kept = tmp_path / "store.sqlite", QuarterColumns()
    story = Story(0, [CALM, AWAY, CALM], 0, 0, False)
    written(path, story)
    first, size = START // 900, 2 * 96
    at = START + 80_000 + 900 + 40_000
    with StoreReader(path) as reader:
        before = kept.read(reader, ["plug"], first, first + size)
        db = open_to_write(path)
        StoreWriter(db, lambda: START + 20.0 * 86_400).write([Reading("plug", IMPORT, 5000.1, at - 0.3)])
        db.close()
        after = kept.read(reader, ["plug"], first, first + size)
        assert after == QuarterColumns().read(reader, ["plug"], first, first + size)
    assert 1 in before["plug"][IMPORT].estimated and 1 not in after["plug"][IMPORT].estimated
