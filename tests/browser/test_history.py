"""The History page: zoom with finer data, tables and CSV files, days and weeks, energy bars."""

import csv
import math
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from browser.every_page import whole
from browser.home import TARIFF, Home, Thing
from browser.visitor import PHONE, Visitor, shoot, violations
from unclouded.core.model import Reading, Status

DAY = 86_400
MORNING = int(time.time()) // DAY * DAY - DAY  # yesterday's midnight (UTC)
YESTERDAY = datetime.fromtimestamp(MORNING, UTC).strftime("%Y-%m-%d")
INTERVAL_S = 10  # between two of yesterday's readings
TIMES = range(MORNING + 8 * 3600, MORNING + 20 * 3600, INTERVAL_S)


def watts(at: int) -> float:
    return round(300 + 200 * math.sin(at / 1800) + at // INTERVAL_S % 7, 1)


def outage() -> Iterator[Reading | Status]:
    """The lamp: 100 Wh an hour for three days, and no contact for the 30 hours until yesterday noon."""
    back = MORNING + 12 * 3600
    yield Status("lamp", "online", MORNING - 3 * DAY)
    for at in range(MORNING - 3 * DAY, back - 30 * 3600, 3600):
        yield Reading("lamp", "energy_import_Wh", float((at - MORNING + 3 * DAY) // 36), at)
    yield Status("lamp", "offline", back - 30 * 3600)
    yield Status("lamp", "online", back)
    yield Reading("lamp", "energy_import_Wh", float((back - MORNING + 3 * DAY) // 36), back, flags=("gap",))


def earlier_readings() -> Iterator[Reading]:
    """Yesterday's power every ten seconds, and hourly energy of the eight days up to yesterday."""
    for at in range(MORNING - 7 * DAY, MORNING + DAY, 3600):
        yield Reading("pump", "energy_import_Wh", float((at - MORNING + 7 * DAY) // 36), at)
    for at in TIMES:
        yield Reading("pump", "power_W", watts(at), at)


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    with Home(folder, [Thing(id="pump", name="Pump", load="pump"), Thing(id="lamp", name="Lamp")], TARIFF) as home:
        home.until(lambda values: ("pump", "power_W") in values)
        home.store_readings("pump", earlier_readings())
        home.store_readings("lamp", outage())
        home.until(lambda values: ("pump", "power_W") in values)
        yield home


def is_history(response: Response) -> bool:
    """Whether the request is for this page; others load the last ten minutes."""
    url = urlsplit(response.url)
    return url.path == "/api/history" and parse_qs(url.query)["points"] == ["800"]


def is_energy(response: Response) -> bool:
    """Whether the request is for the chart of bars, not for the period before."""
    return urlsplit(response.url).path == "/api/energy"


def span_of(response: Response) -> float:
    query = parse_qs(urlsplit(response.url).query)
    return float(query["end"][0]) - float(query["start"][0])


def drag(page: Page, start: float, end: float) -> None:
    """Drag across the chart between two fractions of its width."""
    box = page.locator(".u-over").first.bounding_box()
    assert box is not None
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, height)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (start + end) / 2, height, steps=3)
    page.mouse.move(box["x"] + box["width"] * end, height, steps=3)
    page.mouse.up()


def test_zooming_in_loads_finer_data_and_a_double_click_shows_the_day_again(visitor: Visitor) -> None:
    page = visitor.open("/devices")
    with page.expect_response(is_history) as response:
        page.goto(f"{visitor.address}/history?on={YESTERDAY}&device=pump")
    spans, steps, rows = [], [], []
    for part in ((0.45, 0.5), (0.3, 0.6)):
        history = response.value.json()
        spans.append(span_of(response.value))
        steps.append(history["step"])
        rows.append(len(history["series"][0]["at"]) / spans[-1])
        expect(page.locator(".lines-chart")).not_to_have_attribute("data-dim", "true")
        with page.expect_response(is_history) as response:
            drag(page, *part)
    spans.append(span_of(response.value))
    assert spans[0] == DAY and spans[1] < DAY / 15 and spans[2] < spans[1] / 2, spans
    assert steps[0] >= 60 and steps[1] == 0, steps  # as measured
    assert rows[1] > 5 * rows[0], rows
    shoot(page, "history-zoomed")
    assert "from=" in page.url
    page.locator(".u-over").first.dblclick()
    expect(page).not_to_have_url(re.compile("from="))
    page.go_back()
    expect(page).to_have_url(re.compile("from="))


def test_keys_move_and_zoom_the_time_span(visitor: Visitor) -> None:
    page = visitor.open(f"/history?on={YESTERDAY}&device=pump")
    charts = page.get_by_role("group", name="Charts")
    expect(page.locator(".readout .number").first).to_contain_text("mean")
    with page.expect_response(is_history) as whole:
        charts.press("+")
    assert span_of(whole.value) == DAY / 2
    with page.expect_response(is_history) as moved:
        charts.press("ArrowLeft")
    assert span_of(moved.value) == DAY / 2
    assert parse_qs(urlsplit(moved.value.url).query)["start"] < parse_qs(urlsplit(whole.value.url).query)["start"]
    charts.press("Escape")
    expect(page).not_to_have_url(re.compile("from="))


def test_the_cursor_shows_values_with_units(visitor: Visitor) -> None:
    page = visitor.open(f"/history?on={YESTERDAY}&device=pump")
    number = page.locator(".readout .number").first
    expect(number).to_have_text(re.compile(r"mean \d+.*\sW, peak \d+.*\sW"))
    page.locator(".u-over").first.hover()
    expect(number).to_have_text(re.compile(r"^\d+(\.\d)?\sW \(\d+.* to \d+.*\sW\)$"))
    expect(page.locator(".readout .moment").first).to_have_text(re.compile(r"\d\d:\d\d"))
    shoot(page, "history-cursor")


def test_the_data_is_available_as_a_table_and_as_a_csv_file(visitor: Visitor) -> None:
    noon = MORNING + DAY // 2
    page = visitor.open(f"/history?on={YESTERDAY}&device=pump&from={noon}&to={noon + 600}")
    page.get_by_role("button", name="Show as table").click()
    table = page.get_by_role("table")
    shown = [at for at in TIMES if noon <= at < noon + 600]
    expect(table.locator("tbody tr")).to_have_count(len(shown))
    cells = table.locator("tbody td").all_inner_texts()
    assert [float(cell.split()[0]) for cell in cells] == pytest.approx([watts(at) for at in reversed(shown)], abs=0.5)
    shoot(page, "history-table")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(shown)
    assert {str(watts(at)) for at in shown} <= {value for row in rows for value in row.values()}


def test_day_and_week_are_selected_with_a_button_and_the_future_is_disabled(visitor: Visitor) -> None:
    page = visitor.open("/devices")
    with page.expect_response(is_history) as day:  # so that a late answer is not taken for the week's
        page.goto(f"{visitor.address}/history?device=pump")
    assert span_of(day.value) == DAY
    ranges = page.get_by_role("group", name="Range")
    expect(ranges.get_by_role("button", name="Day")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Later")).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("button", name="Today", exact=True)).to_have_count(0)
    period = page.locator(".period strong")
    today = period.inner_text()
    with page.expect_response(is_energy) as week:
        ranges.get_by_role("button", name="Week").click()
    assert span_of(week.value) == 7 * DAY
    with page.expect_response(is_energy) as before:
        page.get_by_role("button", name="Earlier").click()
    assert span_of(before.value) == 7 * DAY
    page.get_by_role("button", name="Today", exact=True).click()
    ranges.get_by_role("button", name="Day").click()
    expect(period).to_have_text(today)
    expect(page.locator(".lines-chart")).to_be_visible()


def test_the_chart_comes_first(visitor: Visitor) -> None:
    for options, most in (({}, 200), (PHONE, 160)):
        for path in ("/history?range=month", "/history"):
            page = visitor.open(path, **options)
            whole(page)
            chart = page.locator(".energy-bars, .lines-chart").first
            expect(chart).to_be_visible()
            box = chart.bounding_box()
            assert box is not None and box["y"] <= most, (path, box)


def test_energy_bars_add_up(visitor: Visitor) -> None:
    page = visitor.open(f"/history?on={YESTERDAY}&what=energy&device=pump")
    expect(page.locator(".figure-number")).to_have_text(re.compile(r"^2\.[34]\d\u202fkWh$"))  # 100 Wh an hour
    page.get_by_role("button", name="Show as table").click()
    rows = page.get_by_role("table").locator("tbody tr")
    expect(rows).to_have_count(24)
    shoot(page, "history-energy")


def test_a_day_is_compared_with_the_day_before(visitor: Visitor) -> None:
    page = visitor.open(f"/history?on={YESTERDAY}&what=energy&device=pump")
    expect(page.locator(".energy-bars .before")).to_have_count(24)
    expect(page.locator(".lead").first).to_have_text(re.compile(r"^[▲▼=] [0-4] % on .*: 2\.\d\d\skWh$"))
    page.get_by_label(re.compile("^Compare: With")).click()
    page.get_by_role("radio", name="No comparison").check()
    expect(page.locator(".energy-bars .before")).to_have_count(0)
    expect(page).to_have_url(re.compile("compare=no"))


def test_a_row_of_the_ranking_filters_the_chart(visitor: Visitor) -> None:
    page = visitor.open(f"/history?on={YESTERDAY}&what=energy")
    bars = page.locator(".energy-bar")
    expect(page.locator(".rank button").first).to_have_text(re.compile(r"\d\u202fkWh"))
    whole(page)
    both = bars.count()
    lamp = page.locator(".rank").get_by_role("button", name="Lamp")
    lamp.click()
    expect(lamp).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("device=lamp"))
    expect(bars).not_to_have_count(both)
    whole(page)
    assert 0 < bars.count() < both
    expect(page.locator(".rank button")).to_have_count(2)
    lamp.press("Enter")
    expect(lamp).to_have_attribute("aria-pressed", "false")
    expect(page).not_to_have_url(re.compile("device="))


def test_arrow_keys_move_the_cursor_of_the_bars(visitor: Visitor) -> None:
    page = visitor.open(f"/history?on={YESTERDAY}&what=energy&device=pump")
    chart = page.locator(".energy-bars")
    expect(chart.locator("svg")).to_be_visible()
    chart.press("ArrowRight")
    expect(page.locator(".bar-tip")).to_have_text(re.compile(r"^00:00 · 0\.10\skWh"))
    chart.press("ArrowRight")
    expect(page.locator(".bar-tip")).to_have_text(re.compile(r"^01:00 · 0\.10\skWhPump0\.10\skWh"))
    chart.press("Escape")
    expect(page.locator(".bar-tip")).to_have_count(0)
    expect(page).to_have_url(re.compile(YESTERDAY))


def test_the_bars_of_an_outage_are_hatched(visitor: Visitor) -> None:
    page = visitor.open(f"/history?on={YESTERDAY}&what=energy&device=lamp")
    hatched = page.locator('svg rect[fill="url(#hatch)"]')
    expect(hatched).to_have_count(12)  # the hours of yesterday without contact
    expect(page.get_by_text("spread evenly")).to_be_visible()
    shoot(page, "history-energy-outage")


def test_energy_is_marked_as_wrong_by_keyboard_and_comes_back(visitor: Visitor) -> None:
    page = visitor.open(f"/history?on={YESTERDAY}&what=energy&device=pump", **PHONE)
    make = page.get_by_role("button", name="Mark as wrong or correct")
    make.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What").select_option("energy_import_Wh")
    dialog.get_by_label("Reason").focus()
    page.keyboard.type("clamp was loose")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("2.40\u202fkWh before, unknown after")).to_be_visible()
    shoot(page, "history-edit")
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("is left out")).to_be_visible()
    expect(page.locator(".edits-list")).to_contain_text("clamp was loose")
    page.get_by_role("button", name="Undo correction").press("Enter")
    expect(page.locator(".edits-list")).to_contain_text("undone")
    expect(page.get_by_text("is left out")).to_have_count(0)


def test_several_devices_are_shown_in_one_chart(visitor: Visitor) -> None:
    page = visitor.open(f"/history?on={YESTERDAY}&device=pump")
    page.get_by_label("Devices: Pump").click()
    page.get_by_role("checkbox", name="Lamp").check()
    expect(page.locator(".readout li")).to_have_count(2)
    expect(page).to_have_url(re.compile("device=pump&device=lamp"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("checkbox", name="Lamp")).to_have_count(0)


def test_how_long_the_power_was_how_high_and_what_was_unlike_before(visitor: Visitor) -> None:
    page = visitor.open(f"/history?on={YESTERDAY}&what=load&device=pump")
    curve = page.locator(".load-curve")
    expect(curve.locator("path.curve")).to_be_visible()
    expect(curve).to_have_attribute("aria-label", re.compile(r"Pump: highest 50\d.W, .* half of the time"))
    curve.press("ArrowRight")
    expect(page.locator(".bar-tip")).to_have_text(re.compile(r"Pumpat least \d+.W"))
    expect(page.get_by_text("It is found at night")).to_be_visible()  # it was measured by day only
    page.get_by_role("button", name="Show as table").click()
    expect(page.get_by_role("table").locator("tbody tr")).to_have_count(14)
    page.get_by_label(re.compile("^Quantities: Load")).click()
    page.get_by_role("radio", name="Unusual").check()
    expect(page.get_by_role("heading", name="What was unlike before")).to_be_visible()
    expect(page.locator(".unusual .lead")).to_have_text(re.compile(r"\.$"))
    expect(page).to_have_url(re.compile("what=unusual"))
    assert violations(page) == []


def test_costs_a_bill_that_adds_up_and_the_tariff(visitor: Visitor) -> None:
    page = visitor.open(f"/history?on={YESTERDAY}&what=energy&device=pump")
    page.get_by_role("group", name="Shown as").get_by_role("button", name="€").click()
    expect(page.locator(".figure-number")).to_have_text(re.compile(r"^€0\.4[678]$"))  # 2.4 kWh at €0.20
    page.get_by_role("link", name="Bill").click()
    total = page.locator(".bill .figure-number")
    expect(total).to_have_text(re.compile(r"^€\d+\.\d\d$"))
    amounts = page.locator(".bill tbody td:last-child").all_inner_texts()
    assert sum(round(100 * float(one.strip("€"))) for one in amounts) == round(100 * float(total.inner_text()[1:]))
    page.emulate_media(media="print")
    expect(page.locator(".head")).to_be_hidden()
    page.emulate_media(media="screen")
    assert violations(page) == []
    page.get_by_role("link", name="Tariff").click()
    expect(page.locator(".tariffs .figure-number")).to_have_text("€0.20/kWh")
    expect(page.locator(".tariffs .strip")).to_have_count(7)
    assert violations(page) == []
