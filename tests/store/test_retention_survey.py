"""What retention says that it keeps and frees is what is there, and what is gone afterwards."""

import pytest

from store.test_retention import HOUR, MINUTES, RAW, KeptKeeper, keeper
from store.test_rollup import DAY, NOON, plug
from unclouded.core.model import Reading
from unclouded.core.times import from_iso
from unclouded.core.views.retention import KeptSpan, RetentionView
from unclouded.store.reading.reader import StoreReader
from unclouded.store.retention.plan import NOTICE_S
from unclouded.store.retention.rules import RetentionRule

__all__ = ["keeper"]

HOURS = 3 * (200 + 90)  # readings of whole hours
LAST_HOUR = 300  # of 600, without the last five minutes, which are not rolled up
ON = RetentionRule(point="on", raw=2.0 * DAY)


def look(keeper: KeptKeeper, *rules: RetentionRule) -> RetentionView:
    with StoreReader(keeper.path) as reader:
        return reader.retention(rules, keeper.wall)


def spans(view: RetentionView, rule: int = 0) -> dict[str, KeptSpan]:
    return {one.name: one for one in view.rules[rule].spans}


@pytest.mark.parametrize("is_sealed", [True, False], ids=["sealed", "single"])
def test_what_it_frees_is_gone_afterwards(keeper: KeptKeeper, is_sealed: bool) -> None:
    if is_sealed:
        keeper.seal()
    before = spans(look(keeper, MINUTES))
    assert (before["raw"].rows, before["raw"].frees_rows) == (HOURS + LAST_HOUR, HOURS)
    minutes = keeper.db.execute("SELECT count(*) FROM rollup WHERE span = 60").fetchone()[0]
    assert minutes <= before["minutes"].frees_rows <= 60 * 6  # at most each minute of an hour that has any
    assert from_iso(before["raw"].since or "") == NOON // HOUR * HOUR
    assert (before["hours"].before, before["hours"].next, before["hours"].rows) == (None, None, 6)
    bytes_before = sum(length for (length,) in keeper.db.execute("SELECT length(blob) FROM sample"))
    bytes_before += sum(length for (length,) in keeper.db.execute("SELECT length(data) FROM chunk"))
    assert bytes_before <= before["raw"].bytes <= bytes_before + 20 * 1500
    keeper.expire(MINUTES)
    after = look(keeper, MINUTES)
    assert (after.state, after.frees_bytes) == ("idle", 0)
    assert [spans(after)[name].rows for name in ("raw", "minutes", "hours")] == [LAST_HOUR, 5, 6]
    assert from_iso(before["raw"].before or "") == NOON + 38 * DAY
    assert from_iso(spans(after)["raw"].gone or "") == NOON + DAY  # the last hour stays until there is another one
    assert spans(after)["raw"].next is None


def test_the_state_says_whether_it_was_announced(keeper: KeptKeeper) -> None:
    assert look(keeper).state == "off"
    assert look(keeper, RetentionRule(raw=50.0 * DAY)).state == "idle"
    assert look(keeper, RAW).state == "due"
    keeper.writer.deleter.use([RAW])
    keeper.steps()
    announced = look(keeper, RAW)
    assert announced.state == "announced"
    assert from_iso(announced.begins or "") == keeper.wall + NOTICE_S
    assert look(keeper, MINUTES).state == "due"  # which are other rules
    keeper.wall += NOTICE_S
    assert look(keeper, RAW).state == "deleting"


def test_a_point_counts_with_its_most_exact_rule_and_the_rest_with_none(keeper: KeptKeeper) -> None:
    view = look(keeper, ON, RetentionRule(device="plug", point="power_W"), RetentionRule(device="other"))
    assert [(one.points, one.spans[0].rows) for one in view.rules] == [(1, 270), (1, 600 + LAST_HOUR), (0, 0)]
    assert view.others is None
    others = look(keeper, ON).others
    assert others is not None and others.spans[0].rows == 600 + LAST_HOUR


def test_it_says_when_the_oldest_gets_too_old(keeper: KeptKeeper) -> None:
    raw = spans(look(keeper, RetentionRule(raw=50.0 * DAY)))["raw"]
    assert from_iso(raw.next or "") == NOON // HOUR * HOUR + HOUR + 50 * DAY
    assert (raw.before, raw.frees_rows) == (None, 0)


def test_quarters_and_hours_of_energy_are_never_freed(keeper: KeptKeeper) -> None:
    keeper.writer.write([plug()])
    keeper.writer.write([Reading("plug", "energy_import_Wh", 5.0 + n, NOON + 60.0 * n) for n in range(90)])
    keeper.roll_up()
    short = RetentionRule(point="energy_import_Wh", raw=2 * DAY, minutes=2 * DAY, quarters=2 * DAY, hours=2 * DAY)
    found = look(keeper, short)
    assert found.rules[0].has_energy
    assert [bool(one.frees_rows) for one in found.rules[0].spans] == [True, True, False, False]


def test_rows_that_wait_to_be_rolled_up_are_not_freed(keeper: KeptKeeper) -> None:
    keeper.db.execute("UPDATE rolled SET upto = ?", (NOON // HOUR * HOUR + HOUR + 60,))
    raw = spans(look(keeper, RAW))["raw"]
    assert (raw.frees_rows, raw.rows) == (290, HOURS + LAST_HOUR)
