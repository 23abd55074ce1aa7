"""What each page loads at first, in bytes on the wire: as the hub compresses it, without headers and without data."""

from pathlib import Path

import msgspec
import pytest

import unclouded.web
from unclouded.web.static_files import StaticFolder

STATIC = Path(unclouded.web.__file__).with_name("static")
MOST = 90_000  # bytes of a part that is not named below
BUDGETS = {  # bytes of a page; a part has those of the first paint too
    ("hub", ""): 54_000,  # Now
    ("hub", "pages/history"): 110_000,
    ("hub", "pages/devices"): 57_000,
    ("hub", "pages/device"): 75_000,
    ("hub", "pages/settings"): 85_000,
    ("hub", "pages/add"): 71_000,
    ("hub", "history/heat/heat_panel"): 115_000,
    ("hub", "history/costs/cost_panel"): 110_000,
    ("hub", "history/load/load_panel"): 110_000,
    ("hub", "history/unusual/unusual_panel"): 110_000,
    ("hub", "history/edits/edits_panel"): 110_000,
    ("hub", "device/details/details"): 99_000,
    ("fleet", ""): 43_000,  # the list of homes
    ("fleet", "fleet/home/home"): 60_000,
    ("fleet", "fleet/energy/energy"): 69_000,
    ("fleet", "fleet/home/history"): 115_000,
    ("fleet", "history/heat/heat_panel"): 115_000,
    ("fleet", "history/costs/cost_panel"): 110_000,
    ("fleet", "history/load/load_panel"): 110_000,
    ("fleet", "history/unusual/unusual_panel"): 110_000,
    ("fleet", "history/edits/edits_panel"): 110_000,
}


@pytest.fixture(scope="module")
def loads() -> dict[str, dict[str, list[str]]]:
    """Of hub and fleet: the files of the first paint as "", and what each part loads beside them, as built."""
    file = STATIC / ".loads.json"
    if not file.is_file():
        pytest.skip("the page is not built: python hatch_build.py")
    return msgspec.json.decode(file.read_bytes(), type=dict[str, dict[str, list[str]]])


def on_the_wire(names: list[str]) -> int:
    folder = StaticFolder(STATIC)
    size = 0
    for name in names:
        file = folder.file(name)
        assert file is not None, name
        size += len(file.compressed or file.data)
    return size


def test_no_page_loads_more_than_its_budget(loads: dict[str, dict[str, list[str]]]) -> None:
    over = {}
    for page, parts in loads.items():
        first = on_the_wire(parts[""])
        for part, names in parts.items():
            size = first + (on_the_wire(names) if part else 0)
            most = BUDGETS.get((page, part), MOST)
            if size > most:
                over[page, part] = f"{size} bytes, the budget is {most}"
    assert not over


def test_every_budget_is_of_a_page_that_there_is(loads: dict[str, dict[str, list[str]]]) -> None:
    assert not [one for one in BUDGETS if one[1] not in loads[one[0]]]


def test_the_first_paint_of_a_home_has_nothing_of_a_fleet_or_of_charts(loads: dict[str, dict[str, list[str]]]) -> None:
    assert not [name for name in loads["hub"][""] if "fleet" in name or "chart" in name]
    assert {"index.html", "theme.js"} <= set(loads["hub"][""])
