"""The live table, as it stands on a terminal."""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from unclouded.cli.output.lines import plain_line
from unclouded.cli.output.terminal.device_rows import DeviceRows
from unclouded.cli.output.terminal.live_table import LiveView
from unclouded.cli.output.terminal.minute_summary import Minute
from unclouded.core.model import Device, Fact, Notice, Point, Reading, State, Status

NOW = 1_790_000_000.0  # 2026-09-21 14:13:20 UTC

PLUG = (
    Point(key="on", kind="switch", access="rw"),
    Point(key="power_W", exponent=-1),
    Point(key="energy_import_Wh", kind="counter", exponent=-3),
    Point(key="voltage_V", exponent=-1),
    Point(key="power_factor", exponent=-2, label="PF"),
)
METER = (
    Point(key="power_W"),
    Point(key="energy_import_Wh", kind="counter", exponent=-3),
    Point(key="energy_export_Wh", kind="counter", exponent=-3),
)


def device(
    id: str,
    points: Sequence[Point] = PLUG,
    parent: str = "meter",
    name: str = "",
    main: str = "on",
    produces: bool = False,
) -> Device:
    return Device(
        id=id,
        identity=id,
        family="toy",
        link="",
        profile="",
        points=tuple(points),
        parent=parent,
        name=name,
        main=main,
        produces=produces,
    )


def online(id: str, since: float = NOW - 600) -> Status:
    return Status(id, "online", since)


def meter(power_W: float, at: float = NOW - 1) -> list[Fact]:
    return [Reading("meter", "power_W", power_W, at), Reading("meter", "energy_import_Wh", 5_858_944.0, at)]


def plug(id: str, power_W: float, at: float = NOW - 1, on: bool = True, energy_Wh: float = 310.0) -> list[Fact]:
    values = {"on": on, "power_W": power_W, "energy_import_Wh": energy_Wh, "voltage_V": 230.4}
    return [Reading(id, key, value, at) for key, value in values.items()]


def hub() -> list[Fact]:
    """The home that the page shows too."""
    return [
        device("meter", METER, "", "House meter", ""),
        *(device(id, name=name) for id, name in (("kettle", "Kettle"), ("fridge", "Fridge"), ("pump", "Pump"))),
        *(online(id) for id in ("meter", "kettle", "fridge")),
        *plug("pump", 43.0, NOW - 1930),
        Status("pump", "offline", NOW - 1920, "no heartbeat answer for 3 s"),
        *plug("kettle", 1020.0),
        *plug("fridge", 86.0, NOW - 3),
        *meter(1240.0),
    ]


def picture(facts: Iterable[Fact], width: int = 100, now: float = NOW) -> list[str]:
    view = LiveView(zone=UTC)
    view.feed(*facts)
    return drawn(view, width, now)


def drawn(view: LiveView, width: int, now: float = NOW) -> list[str]:
    screen = io.StringIO()
    Console(file=screen, width=width, color_system=None).print(view.render(now, width))
    return screen.getvalue().splitlines()


def row(lines: Sequence[str], name: str) -> str:
    return next(line for line in lines if name in line)


def test_the_room_stands_behind_the_values() -> None:
    located = msgspec.structs.replace(device("kettle", name="Kettle"), room="Küche")
    assert row(picture([*hub(), located], 120), "Kettle").endswith("Küche")


def test_the_whole_table() -> None:
    assert picture(hub(), 100) == [
        " Home                                                      ● live · 4 devices, 1 offline · 14:13:20",
        " 1.24 kW from the grid",
        "",
        " ● House meter                                         ▇    1.24 kW  5858.94 kWh              1 s",
        " ● ├ Kettle           [on ]                            ▇    1.02 kW     0.31 kWh  230.4 V     1 s",
        " ● ├ Fridge           [on ]                           ▇▇       86 W     0.31 kWh  230.4 V     3 s",
        " ○ ├ Pump             offline since 13:41, last 43 W: no heartbeat answer for 3 s",
        "   └ everything else                                   ▇      134 W",
        "",
        " Ctrl-C exits",
    ]


@pytest.mark.parametrize("width", [140, 100, 80, 60, 40])
def test_no_line_is_wider_than_the_terminal_and_none_wraps(width: int) -> None:
    lines = picture([*hub(), Notice("kettle", NOW - 4, "command", "on = off: " + "very " * 40 + "long")], width)
    assert max(cell_len(line) for line in lines) <= width
    assert len(lines) == 11


def test_a_narrow_terminal_keeps_names_switches_power_and_age() -> None:
    kettle = row(picture(hub(), 60), "Kettle")
    assert "kWh" not in kettle
    assert kettle.startswith(" ● ├ Kettle           [on ]")
    assert kettle.endswith("▇    1.02 kW     1 s")


def test_numbers_of_one_column_end_in_one_place() -> None:
    lines = picture(hub(), 100)
    assert len({row(lines, name).index("W") for name in ("Fridge", "everything")}) == 1
    assert row(lines, "Kettle").index("kWh") == row(lines, "meter").index("kWh")


def test_a_wide_terminal_shows_the_rest_too() -> None:
    facts = [
        *hub(),
        Reading("meter", "energy_export_Wh", 1_926_904.0, NOW),
        Reading("fridge", "power_factor", 0.7, NOW),
    ]
    lines = picture(facts, 140)
    assert row(lines, "House meter").endswith("1926.90 kWh export")
    assert row(lines, "Fridge").endswith("PF 0.70")


def test_export_is_text_with_a_real_minus() -> None:
    lines = picture([*hub(), *meter(-410.0, NOW)])
    assert lines[1] == " 410 W to the grid"
    assert "−410 W" in row(lines, "House meter")


def sunny(power_W: float, given_W: float) -> list[Fact]:
    """The home with a solar inverter behind a plug; the meter measures less than is used."""
    return [
        *hub(),
        device("solar", name="Solar roof", produces=True),
        online("solar"),
        *plug("solar", given_W),
        *meter(power_W, NOW),
    ]


def test_power_that_a_roof_feeds_in_is_a_source_and_the_rest_still_adds_up() -> None:
    lines = picture(sunny(830.0, 410.0))
    assert lines[1] == " 830 W from the grid"
    assert "gives 410 W" in row(lines, "├ Solar roof")
    assert "134 W" in row(lines, "└ everything else"), "830 from the grid and 410 from the roof, less 1020 and 86"


def test_the_rest_is_right_while_the_home_exports() -> None:
    lines = picture(sunny(-960.0, 2200.0))
    assert lines[1] == " 960 W to the grid"
    assert "gives 2.20 kW" in row(lines, "Solar roof") and "134 W" in row(lines, "everything else")


def test_the_unmeasured_rest_is_computed_at_the_time_of_the_meter_s_reading() -> None:
    """The kettle goes on between two readings of the meter, one of which comes late: the rest does not dive."""
    facts: list[Fact] = [device("meter", METER, ""), device("kettle"), online("meter"), online("kettle")]
    facts += [*plug("kettle", 0.0, NOW - 20), *plug("kettle", 2000.0, NOW - 5), *meter(134.0, NOW - 10)]
    assert "134 W" in row(picture(facts), "everything else")
    assert "150 W" in row(picture([*facts, *meter(2150.0, NOW)]), "everything else")


def test_a_plug_that_is_offline_no_longer_counts_inside_the_meter() -> None:
    facts = [*hub(), Status("kettle", "offline", NOW - 2), *meter(1240.0, NOW)]
    assert "1.15 kW" in row(picture(facts), "everything else")


def test_without_a_meter_there_is_no_rest_and_no_headline() -> None:
    lines = picture([device("tv", parent=""), online("tv"), *plug("tv", 80.0)])
    assert not any("everything else" in line or "grid" in line for line in lines)
    assert row(lines, "tv").startswith(" ● tv ")


def test_an_offline_meter_leaves_the_rest_unknown() -> None:
    lines = picture([*hub(), Status("meter", "offline", NOW - 60, "the port is gone")])
    assert lines[1] == ""
    assert row(lines, "House meter").startswith(
        " ○ House meter        offline since 14:12, last 1.24 kW: the port is gone"
    )
    assert "not known while the meter is offline" in row(lines, "everything else")


@pytest.mark.parametrize(
    ("state", "mark", "words"),
    [
        ("waiting", "◐", "waiting since 14:12: it answers heartbeats only"),
        ("faulted", "✗", "faulted since 14:12: it answers heartbeats only"),
        ("connecting", "◌", "connecting…"),
        ("seen", "+", "seen, not yet admitted"),
        ("online", "●", "no values yet"),
    ],
)
def test_each_state_has_a_mark_and_words(state: State, mark: str, words: str) -> None:
    line = row(picture([device("tv", parent=""), Status("tv", state, NOW - 60, "it answers heartbeats only")]), "tv")
    assert line.startswith(f" {mark} tv")
    assert line.endswith(words)


def test_a_sleeping_sensor_shows_its_last_values_and_how_old_they_are() -> None:
    points = (Point(key="temperature_C", exponent=-1), Point(key="humidity_percent"))
    facts: list[Fact] = [device("bath", points, "", main=""), Status("bath", "asleep", NOW - 300)]
    facts += [Reading("bath", "temperature_C", 21.5, NOW - 300), Reading("bath", "humidity_percent", 45, NOW - 300)]
    line = row(picture(facts, 80), "bath")
    assert line.split() == ["◑", "bath", "21.5", "°C", "45", "%", "5", "min"]


def test_doubt_stands_before_the_number_and_the_legend_explains_it() -> None:
    facts = [*hub(), Reading("fridge", "energy_import_Wh", 520.0, NOW, "estimated", ("gap",))]
    lines = picture(facts)
    assert "~0.52 kWh" in row(lines, "Fridge")
    assert lines[-1].endswith("~ estimated")


def test_what_people_have_set_and_faults_that_are_none_stay_out_of_the_way() -> None:
    points = (*PLUG, Point(key="countdown_s", access="rw"), Point(key="fault", kind="bitmap"))
    facts: list[Fact] = [device("tv", points, ""), online("tv"), Reading("tv", "power_W", 80, NOW)]
    facts += [Reading("tv", "countdown_s", 0, NOW), Reading("tv", "fault", 0, NOW)]
    assert row(picture(facts, 140), "tv").split() == ["●", "tv", "▇", "80", "W", "now"]
    assert "fault 4" in row(picture([*facts, Reading("tv", "fault", 4, NOW)], 140), "tv")


def test_what_only_reports_is_no_switch_and_what_has_no_unit_has_its_name() -> None:
    gateway = (Point(key="joining", kind="switch"), Point(key="joining_left_s"))
    lock = (
        Point(key="opened_by_fingerprint", label="User whose fingerprint opened it"),
        Point(key="approve", kind="switch", access="w"),
        Point(key="duress", kind="switch"),
        Point(key="battery_percent"),
    )
    facts: list[Fact] = [device("gateway", gateway, "", main=""), device("lock", lock, "", main="")]
    facts += [online("gateway"), online("lock")]
    facts += [Reading("gateway", key, value, NOW) for key, value in {"joining": False, "joining_left_s": 0}.items()]
    values = {"opened_by_fingerprint": 0, "approve": False, "duress": False, "battery_percent": 80}
    facts += [Reading("lock", key, value, NOW) for key, value in values.items()]
    lines = picture(facts, 140)
    assert " ".join(row(lines, "gateway").split()) == "● gateway joining off now 0 s joining left"
    assert " ".join(row(lines, "lock").split()) == "● lock 80 % duress off now User whose fingerprint opened it 0"
    assert "[" not in row(lines, "gateway") + row(lines, "lock")


def test_two_values_that_are_equal_are_both_shown() -> None:
    points = (Point(key="temperature_C"), Point(key="humidity_percent"), Point(key="battery_percent"))
    facts: list[Fact] = [device("attic", points, "", main=""), online("attic")]
    facts += [Reading("attic", point.key, 54, NOW) for point in points]
    assert " ".join(row(picture(facts, 140), "attic").split()) == "● attic 54 °C 54 % now 54 %"


def test_today_s_energy_is_called_so() -> None:
    points = (Point(key="power_W"), Point(key="energy_today_Wh", kind="counter", exponent=-3))
    facts: list[Fact] = [device("tv", points, "", main=""), online("tv"), Reading("tv", "power_W", 80, NOW)]
    assert "0.11 kWh today" in row(picture([*facts, Reading("tv", "energy_today_Wh", 110.0, NOW)]), "tv")


def test_a_switched_off_plug_says_off() -> None:
    assert "[off]" in row(picture([*hub(), *plug("kettle", 0.0, NOW, on=False)]), "Kettle")


def test_news_stay_for_a_minute() -> None:
    news = Notice("kettle", NOW - 4, "command", "on = off: confirmed in 38 ms")
    assert " 14:13:16  kettle: on = off: confirmed in 38 ms" in picture([*hub(), news])
    assert not any("confirmed" in line for line in picture([*hub(), news], now=NOW + 60))


def test_a_hub_that_is_gone_and_an_empty_home_are_shown() -> None:
    view = LiveView(zone=UTC)
    view.hub(False, "the hub does not answer")
    lines = drawn(view, 80)
    assert "✗ the hub does not answer · 0 devices" in lines[0]
    assert "no devices yet" in lines[2]


def test_devices_that_are_each_other_s_parent_are_shown_nevertheless() -> None:
    facts: list[Fact] = [device("a", parent="b"), device("b", parent="a"), device("c", parent="c")]
    lines = picture(facts)
    assert all(any(f" {name} " in line for line in lines) for name in "abc")


def test_a_gateway_s_devices_hang_below_it_wherever_it_hangs() -> None:
    facts: list[Fact] = [
        device("meter", METER, ""),
        device("gateway", (), "meter"),
        device("door", (), "gateway"),
        device("tv"),
    ]
    lines = picture(facts)
    trees = [line[3:].split("  ")[0] for line in lines[2:6]]
    assert trees == ["meter", "├ gateway", "│ └ door", "└ tv"]


# --- the last minute --------------------------------------------------------------------------------


def test_a_value_holds_until_the_next_one_and_ends_where_the_device_went() -> None:
    minute = Minute()
    minute.add(945.0, 10.0)
    minute.add(971.0, 30.0)
    assert minute.bars(999.0, 6) == [10, 10, 10, 30, 30, 30]
    assert minute.bars(999.0, 6, until=985.0) == [10, 10, 10, 30, 30, None]
    assert minute.bars(989.0, 6) == [None, 10, 10, 10, 30, 30]


def test_bars_move_on_without_changing_their_height() -> None:
    minute = Minute()
    for second in range(120):
        minute.add(1000.0 + second, float(second * 37 % 100))
    assert minute.bars(1119.0, 20)[2:-1] == minute.bars(1122.0, 20)[1:-2]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 200), st.floats(0, 3000)), max_size=40), st.integers(1, 30))
def test_any_minute_has_the_bars_that_were_asked_for_within_what_was_measured(
    samples: list[tuple[float, float]], count: int
) -> None:
    minute = Minute()
    for at, value in sorted(samples):
        minute.add(at, value)
    bars = minute.bars(200.0, count)
    known = [value for _, value in samples]
    assert len(bars) == count
    assert all(one is None or min(known) - 0.001 <= one <= max(known) + 0.001 for one in bars)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=40)
VALUES = st.none() | st.booleans() | st.floats() | st.integers(-(10**9), 10**9) | WORDS


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([p.key for p in PLUG] + ["odd"]), VALUES), max_size=8),
    WORDS,
    st.integers(30, 150),
)
def test_any_reported_value_can_be_drawn(values: list[tuple[str, object]], name: str, width: int) -> None:
    facts: list[Fact] = [device("meter", METER, ""), device("it", name=name), online("it"), online("meter")]
    facts += [Reading("it", key, value, NOW) for key, value in values]  # type: ignore[arg-type]  # on purpose: None
    lines = picture([*facts, *meter(100.0)], width)
    assert max(cell_len(line) for line in lines) <= width


# --- lines ------------------------------------------------------------------------------------------


def test_plain_lines_stand_in_columns() -> None:
    assert plain_line(Reading("heater", "power_W", 67.3, NOW), UTC) == (
        "14:13:20  heater        power_W                         67.3 W"
    )
    assert (
        plain_line(Reading("heater", "on", True, NOW), UTC)
        == "14:13:20  heater        on                                on"
    )
    odd = Reading("heater", "energy_import_Wh", 310.5, NOW, "estimated", ("estimated", "gap"))
    assert plain_line(odd, UTC).endswith("~310.5 Wh  (estimated, gap)")


def test_the_words_of_the_header_count_what_is_wrong() -> None:
    view = DeviceRows(UTC)
    view.feed(device("a", parent=""))
    view.feed(Status("a", "online", NOW))
    assert (view.state_text(), view.is_normal()) == ("1 device", True)
    view.feed(device("b", parent=""))
    view.feed(Status("b", "faulted", NOW))
    assert (view.state_text(), view.is_normal()) == ("2 devices, 1 faulted", False)
