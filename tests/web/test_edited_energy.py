"""Energy of periods with edits: unknown where void, as given where corrected, and the parts add up to the whole."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Literal, TypedDict, Unpack
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import CommandError
from unclouded.core.model import Device, Ledger, Notice, Point, Reading, Value
from unclouded.store.editing.edit import EditValue, EnergyPiece, HistoryEdit
from unclouded.store.reading.reader import StoreReader
from unclouded.store.sink import Store
from unclouded.web.history.edited_energy import changed_since, edited_periods
from unclouded.web.history.editing.proposal import EditRequest, propose
from unclouded.web.history.energy import energy, today
from unclouded.web.history.history import HistoryReader
from unclouded.web.schemas import By, EditBody, EditPreview, EnergyRow

MADRID = ZoneInfo("Europe/Madrid")
MIDNIGHT = 1_800_054_000  # 2027-01-16 00:00 in Madrid
HOUR, DAY = 3600, 86_400
METER = "energy_import_Wh"
NOW = MIDNIGHT + 13 * HOUR  # of the day that is edited
POINTS = (
    Point(key="power_W", exponent=-1),
    Point(key=METER, kind="counter", exponent=-3),
    Point(key="on", kind="switch"),
    Point(key="mode", kind="enum"),
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A counter that rises by 100 Wh an hour for 30 days, and by 50,000 Wh at 10:00 of the last one."""
    store = Store(tmp_path / "store.sqlite", wall=lambda: NOW, interval=0.01)
    store.open()
    plug = Device(id="plug", identity="p", family="", link="", profile="", points=POINTS)
    store.deliver([plug, Ledger(identity="p", point=METER), Reading("plug", "mode", "eco", MIDNIGHT)])
    for quarter in range(-30 * 96, 13 * 4 + 1):
        at = MIDNIGHT + quarter * 900
        spike = 50_000 if at >= MIDNIGHT + 10 * HOUR else 0
        store.deliver([Reading("plug", METER, 100_000 + quarter * 25 + spike, at), Reading("plug", "power_W", 100, at)])
    await store.flush()
    yield store
    await store.close()


def reader_of(store: Store) -> StoreReader:
    return StoreReader(store._path)


class MoreOfEdit(TypedDict, total=False):
    point: str
    reason: str
    value: Value
    energy_Wh: float
    estimate: bool


def body(action: Literal["void", "edit"], begin: float, until: float, **more: Unpack[MoreOfEdit]) -> EditRequest:
    fields: MoreOfEdit = {"point": METER, "reason": "a spike", **more}
    return EditRequest(
        device="plug",
        start=MIDNIGHT + begin * HOUR,
        end=MIDNIGHT + until * HOUR,
        body=EditBody(start="", end="", action=action, **fields),
    )


async def make(store: Store, request: EditRequest) -> tuple[EditPreview, HistoryEdit]:
    with closing(reader_of(store)) as reader:
        proposal = propose(reader, MADRID, request, NOW)
    return proposal.preview, await store.change_history(lambda writer: writer.edits.make(proposal.edit, "tests"))


def of_day(store: Store, by: By = "day", begin: float = 0.0, until: float = 24.0) -> EnergyRow:
    with closing(reader_of(store)) as reader:
        return energy(reader, MADRID, by, MIDNIGHT + begin * HOUR, MIDNIGHT + until * HOUR).rows[0]


async def test_a_spike_is_left_out_of_the_day_and_of_today(store: Store) -> None:
    assert of_day(store).Wh == [51_325]
    preview, made = await make(store, body("void", 9.9, 10.1))
    assert (preview.Wh_before, preview.Wh_after, preview.days, preview.readings) == (51_325, 1_300, 1, 1)
    row = of_day(store)
    assert (row.Wh, row.void, row.edited, row.estimated) == ([1_300], [True], [False], [False])
    hours = of_day(store, "hour", 8, 12)
    assert hours.Wh == [100, 100, 75, 100]
    with closing(reader_of(store)) as reader:
        (level,) = today(reader, MADRID, NOW).levels
        assert 100_000 + 13 * 100 + 50_000 - level.value == pytest.approx(1_300)
    await store.change_history(lambda writer: writer.edits.undo(made.number, "tests"))
    assert of_day(store).Wh == [51_325] and of_day(store).void == []


async def test_given_energy_is_spread_evenly_and_a_newer_void_takes_its_part(store: Store) -> None:
    await make(store, body("edit", 0, 12, energy_Wh=1200.0))
    row = of_day(store, "hour", 0, 13)
    assert row.Wh == [100] * 12 + [100] and row.estimated == [True] * 12 + [False] == row.edited
    await make(store, body("void", 3, 4.5))
    row = of_day(store, "hour", 0, 13)
    assert row.Wh[2:6] == [100, None, 50, 100]
    assert row.void[2:6] == [False, True, True, False]
    assert of_day(store).Wh == [1_175]


async def test_an_estimate_is_the_mean_of_like_hours_and_is_kept_as_it_was(store: Store) -> None:
    preview, made = await make(store, body("edit", 9.5, 11, estimate=True))
    assert preview.edit.estimated and preview.edit.Wh == 150 and made.value.mWh == 150_000
    assert [(piece.until - piece.start) / 1000 for piece in made.value.energy] == [1800, 3600]
    assert of_day(store).Wh == [1_325]


async def test_power_is_estimated_by_a_line_and_the_preview_counts_readings(store: Store) -> None:
    preview, _ = await make(store, body("edit", 1, 2, point="power_W", estimate=True))
    assert preview.readings == 4 and preview.edit.line == [100, 100] and preview.Wh_before is None


REFUSED = [
    (body("void", 5, 5), "empty"),
    (body("void", 20, 30), "future"),
    (body("void", 1, 2, reason=" "), "reason"),
    (body("void", 1, 2, point="nothing_W"), "no such point"),
    (body("void", 1, 2, value=3.0), "has no value"),
    (body("edit", 1, 2), "exactly one"),
    (body("edit", 1, 2, value=3.0), "is a counter"),
    (body("edit", 1, 2, energy_Wh=-1.0), "at least 0"),
    (body("edit", 1, 2, energy_Wh=float("nan")), "at least 0"),
    (body("edit", 1, 2, point="power_W", energy_Wh=1.0), "not a counter"),
    (body("edit", 1, 2, point="power_W", value=True), "a number"),
    (body("edit", 1, 2, point="power_W", value=2.0**70), "too large"),
    (body("edit", 1, 2, point="on", value=1.0), "on or off"),
    (body("edit", 1, 2, point="mode", value="eco"), "is a text"),
    (body("edit", -40 * 24, -1, estimate=True), "four weeks"),
    (body("edit", -90 * 24, 1, estimate=True), "at most"),
]


async def test_what_cannot_be_edited_is_refused_with_a_reason(store: Store) -> None:
    with closing(reader_of(store)) as reader:
        for request, why in REFUSED:
            with pytest.raises(CommandError, match=why):
                propose(reader, MADRID, request, NOW)


async def test_readings_that_retention_deleted_are_not_edited(store: Store) -> None:
    store._opened().execute("INSERT INTO expired SELECT id, 0, ? FROM series", (MIDNIGHT + 5 * HOUR,))
    with pytest.raises(CommandError, match="deleted by a rule of retention"):
        await make(store, body("void", 1, 2, point="power_W"))
    assert store._opened().execute("SELECT count(*) FROM edit").fetchone() == (0,)


async def test_the_page_gets_edits_and_an_event(store: Store) -> None:
    events: list[Notice] = []
    store.notify = events.append
    history = HistoryReader(store._path, MADRID, store)
    preview = await history.edit(body("void", 9.9, 10.1), NOW, "web")
    assert [one.kind for one in events] == ["history_edited"] and preview.edit.number == 1
    (listed,) = await history.edits("plug", "", 0, NOW)
    assert (listed.who, listed.reason, listed.undone_at) == ("web", "a spike", "")
    assert (await history.undo_edit("plug", 1, "web")).undone_by == "web"
    with pytest.raises(CommandError, match="no edit 7"):
        await history.undo_edit("plug", 7, "web")
    await history.close()
    await asyncio.sleep(0)


# --- against a slow reference -------------------------------------------------------------------------

ranges = st.tuples(st.integers(0, 240), st.integers(1, 80), st.one_of(st.none(), st.integers(0, 5000)), st.booleans())


@settings(max_examples=150, deadline=None)
@given(st.lists(ranges, max_size=8), st.lists(st.integers(1, 239), max_size=6))
def test_periods_with_edits_equal_a_reference_by_the_millisecond(
    made: list[tuple[int, int, int | None, bool]], cuts: list[int]
) -> None:
    """A counter that rises by 7 mWh a millisecond; each millisecond belongs to the newest edit, or to the counter."""
    edits = []
    for number, (start, length, mWh, is_undone) in enumerate(made, 1):
        value = EditValue() if mWh is None else EditValue(energy=(EnergyPiece(start, start + length, mWh),))
        edits.append(
            HistoryEdit(
                device=1, point=METER, start=start, until=start + length, action="void" if mWh is None else "edit",
                value=value, number=number, who="", at=0.0, undone_at=1.0 if is_undone else None,
            )
        )  # fmt: skip
    at = [0, *sorted(set(cuts)), 240]
    rises = [7 * (high - low) for low, high in itertools.pairwise(at)]
    found = {one.period: one for one in edited_periods([one / 1000 for one in at], rises, edits, lambda ms, _: 7 * ms)}
    for period, (low, high) in enumerate(itertools.pairwise(at)):
        owners = [next((e for e in reversed(edits) if e.undone_at is None and e.start <= ms < e.until), None)
                  for ms in range(low, high)]  # fmt: skip
        if not any(owners):
            assert period not in found
            continue
        given = sum(e.value.energy[0].within(ms, ms + 1) for ms, e in enumerate(owners, low) if e and e.value.energy)
        known = [e for e in owners if e is None or e.value.energy]
        expected = given + 7 * owners.count(None) if known else None
        assert found[period].mWh == expected
        assert found[period].is_void == any(e is not None and e.action == "void" for e in owners)


def test_a_profile_of_a_year_is_cut_without_reading_all_of_it() -> None:
    pieces = tuple(EnergyPiece(n * HOUR, (n + 1) * HOUR, n) for n in range(9000))
    edit = HistoryEdit(
        device=1, point=METER, start=0, until=9000 * HOUR, action="edit", value=EditValue(energy=pieces), number=1,
        who="", at=0.0,
    )  # fmt: skip
    at = [n * HOUR / 1000 for n in range(9001)]
    found = list(edited_periods(at, [None] * 9000, [edit], lambda ms, _: 0))
    assert [one.mWh for one in found] == list(range(9000))
    assert changed_since([], lambda ms: 0) == 0
