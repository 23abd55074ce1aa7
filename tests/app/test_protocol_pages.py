"""The command tables of the protocol pages are those of the code."""

from pathlib import Path

import pytest

from unclouded.app.protocols import commands_of
from unclouded.app.reference.command_tables import PAGES, filled, table

PROTOCOLS = Path(__file__).parents[2] / "docs/protocols"


@pytest.mark.parametrize("name", PAGES)
def test_the_table_of_a_page_is_that_of_the_code(name: str) -> None:
    """`python3 dev.py docs` writes it."""
    page = (PROTOCOLS / f"{name}.md").read_text("utf-8")
    assert page.count(f"<!-- commands: {name} -->") == 1
    assert filled(page) == page


@pytest.mark.parametrize("name", PAGES)
def test_a_table_has_a_row_for_each_command(name: str) -> None:
    lines = table(name).splitlines()
    assert len(lines) == 2 + len(commands_of(*PAGES[name]))
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_a_page_names_the_end_that_starts_a_command_its_answer_and_its_time_out() -> None:
    rows = [line.split(" | ") for line in table("tuya_wifi").splitlines()]
    assert rows[0] == ["| code", "name", "started by", "request", "response", "answered by", "time-out |"]
    by_code = {row[0]: row[1:] for row in rows}
    assert by_code["| `06`"][1:] == ["module", "data points", "none of its own: 07 reports", "`07`", "0.3 s |"]
    assert by_code["| `07`"][1:] == ["MCU", "data points", "none", "–", " |"]
    assert by_code["| `34/0b`"][0] == "record report"
    assert table("tuya_gateway").splitlines()[0].endswith(" | since |")


def test_what_stands_outside_the_marks_is_left_alone() -> None:
    page = "before\n<!-- commands: emporia -->\nold\n<!-- /commands -->\nafter\n"
    assert filled(page) == page.replace("old\n", table("emporia"))
