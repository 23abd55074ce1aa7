"""The table of retention: what it means, and what is wrong with it."""

from pathlib import Path

import pytest

from unclouded.app.configuration.tables.retention import RetentionTable, retention_rules
from unclouded.core.errors import ConfigError
from unclouded.core.model import Device, Notice, Reading
from unclouded.store.encoding.chunk import SPAN_S
from unclouded.store.retention.rules import RetentionRule
from unclouded.store.sink import Store

YEAR = 366 * 86_400.0
NOW = 1_800_000_000 // SPAN_S * SPAN_S


def test_a_table_without_keys_keeps_readings_for_a_year_and_rows_for_ever() -> None:
    assert retention_rules([RetentionTable()], "x.toml") == (RetentionRule(raw=YEAR),)
    assert retention_rules([], "x.toml") == ()


@pytest.mark.parametrize(
    ("tables", "text"),
    [
        ([RetentionTable(raw="soon")], r"x.toml: `\$.retention\[0\].raw`: 'soon' is not a time to keep; write 90 days"),
        ([RetentionTable(raw="1 day")], "raw readings are kept for 2 days at least"),
        ([RetentionTable(minutes="9 days")], "minutes are to be kept at least as long as raw"),
        ([RetentionTable(), RetentionTable(raw="9 days")], "another rule for all points of all devices"),
    ],
)
def test_what_is_wrong_is_named(tables: list[RetentionTable], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        retention_rules(tables, "x.toml")


@pytest.mark.asyncio
async def test_a_running_store_announces_and_then_deletes(tmp_path: Path) -> None:
    wall, passed, notices = [NOW + 0.0], [0.0], list[Notice]()
    store = Store(tmp_path / "store.sqlite", wall=lambda: wall[0], now=lambda: passed[0])
    store.notify = notices.append
    store.open()

    async def write(after: float) -> None:
        wall[0], passed[0] = NOW + after, after
        store.deliver([Reading("plug", "power_W", 1.0, NOW + after)])
        await store.flush()

    store.deliver([Device(id="plug", identity="u", family="", link="", profile="")])
    for second in range(5):
        await write(second)
    store.use_retention([RetentionRule(raw=2 * 86_400.0)])
    await write(5 * 86_400)
    assert [one.kind for one in notices] == ["retention"]
    await write(6.1 * 86_400)
    await write(6.1 * 86_400 + 100)
    store.deliver([Reading("plug", "power_W", 7.0, NOW + 3)])
    await store.flush()
    assert store.stats()["too_old"] == 1
    await store.close()
