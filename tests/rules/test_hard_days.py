"""Rules on days that go wrong: an hour that is skipped, two restarts in a row, a clock that was set while the hub was
off, a file that was edited meanwhile."""

from zoneinfo import ZoneInfo

import pytest

from rules.rule_home import MADRID, RuleHome, device, rules_from, wall_of
from rules.test_engine import home
from unclouded.core.model import Fact, Reading, Status, Value
from unclouded.rules.calendar.calendar import HomeCalendar
from unclouded.rules.engine.outputs import RuleCommand
from unclouded.rules.engine.timers import Timer
from unclouded.rules.replay import RuleReplay
from unclouded.rules.text.rule_text import setting_of
from unclouded.rules.text.spans import moment_of

HEATING = {"at": "07:30", "set": "boiler on", "lasts": "2 h"}


@pytest.mark.parametrize(
    ("zone", "day", "start", "end"),
    [
        ("Europe/Madrid", "2026-03-29", "02:00", "03:00"),
        ("Europe/Madrid", "2026-03-29", "02:15", "02:45"),
        ("America/New_York", "2026-03-08", "02:00", "02:30"),
        ("Australia/Lord_Howe", "2026-10-04", "02:00", "02:30"),
        ("America/Sao_Paulo", "2018-11-04", "00:00", "01:00"),
    ],
)
def test_a_span_that_a_day_does_not_have_is_no_span_of_a_whole_day(zone: str, day: str, start: str, end: str) -> None:
    calendar = HomeCalendar(ZoneInfo(zone))
    begin, finish = moment_of(start), moment_of(end)
    hours = [wall_of(f"{day}T{hour:02}:30", zone) for hour in (3, 12, 23)]
    assert [calendar.window(begin, finish, at)[0] for at in hours] == [False] * 3


def test_a_span_over_midnight_ends_on_the_next_day_also_behind_a_skipped_hour() -> None:
    begin, finish = moment_of("22:00"), moment_of("02:30")
    inside = [MADRID.window(begin, finish, wall_of(f"2026-03-{at}"))[0] for at in ("28T23:00", "29T01:59", "29T03:00")]
    assert inside == [True, True, False]
    assert MADRID.window(begin, begin, wall_of("2026-03-29T12:00"))[0]  # a whole day


def test_a_time_of_the_first_moment_of_a_test_is_of_it_and_one_of_its_end_is_not() -> None:
    start = wall_of("2026-11-29T00:00")
    replay = RuleReplay(
        rules_from({"at": "00:00", "set": "boiler on"}), MADRID, [device("boiler")], start, start + 86_400
    )
    times = [one.at for one in replay.run([]) if isinstance(one.output, RuleCommand)]
    assert times == [pytest.approx(start, abs=0.01)]


def test_what_holds_at_the_first_moment_of_a_test_is_not_of_the_day_before() -> None:
    start = wall_of("2026-11-29T00:00")
    devices = [device("boiler"), device("meter")]
    replay = RuleReplay(
        rules_from({"while": "meter.power_W > 5", "set": "boiler on"}), MADRID, devices, start, start + 86_400
    )
    facts: list[Fact] = [Status(one.id, "online", start) for one in devices]
    facts += [Reading("boiler", "on", False, start), Reading("meter", "power_W", 9.0, start)]
    times = [one.at for one in replay.run(facts) if isinstance(one.output, RuleCommand)]
    assert times == [pytest.approx(start, abs=1e-6)] and times[0] >= start - 1e-6


@pytest.mark.parametrize("by_hand", [True, False])
def test_an_end_with_a_value_of_its_own_leaves_alone_what_another_user_has_set(by_hand: bool) -> None:
    one = home({"at": "07:00", "set": "boiler.setpoint_C = 21", "lasts": "1 h", "end": "boiler.setpoint_C = 17"})
    one.until("07:30")
    if by_hand:
        one.readings(boiler__setpoint_C=23)
    one.until("09:00")
    assert [value for _, _, value in one.done] == ([21] if by_hand else [21, 17])


# --- restarts -----------------------------------------------------------------------------------------


def start_again(one: RuleHome, *devices: str, **values: Value) -> None:
    """The hub starts again and finds these devices only."""
    one.devices = [device(name) for name in devices]
    one.values = {(id, point): value for (id, point), value in one.values.items() if id in devices}
    one.restart()
    one.readings(**values)


def test_what_a_rule_keeps_ends_though_its_device_was_away_over_two_restarts() -> None:
    one = home(HEATING)
    one.until("08:00")
    start_again(one, "meter")
    start_again(one, "meter")
    start_again(one, "meter", "boiler", boiler__on=True)
    one.until("12:00")
    assert one.done == [("07:30:00", "boiler.on", True), ("09:30:00", "boiler.on", False)]


def test_a_rule_that_is_switched_off_while_its_device_is_away_does_not_go_on() -> None:
    one = home(HEATING)
    one.until("08:00")
    start_again(one, "meter")
    one.do(one.engine.pause("rule 0", float("inf"), one.now, one.wall))
    start_again(one, "meter", "boiler", boiler__on=True)
    assert one.engine.rule("rule 0").run is None


EDITED = {
    "removed": [],
    "changed": [{**HEATING, "lasts": "3 h"}],
}


@pytest.mark.parametrize("edit", EDITED)
def test_what_a_rule_kept_ends_where_the_file_was_edited_while_the_hub_was_off(edit: str) -> None:
    one = home(HEATING)
    one.until("08:00")
    one.rules = rules_from(*EDITED[edit])
    one.restart()
    one.until("12:00")
    assert one.done == [("07:30:00", "boiler.on", True), ("08:00:00", "boiler.on", False)]
    assert one.because[1:] == [f"the rule was {edit} while the hub was off"]


@pytest.mark.parametrize(
    ("more", "values"),
    [
        ({}, [21, 19]),
        ({"end": "stay"}, [21]),
        ({"end": "boiler.setpoint_C = 17"}, [21, 17]),
    ],
)
def test_a_rule_that_is_gone_ends_as_it_would_have(more: dict[str, str], values: list[int]) -> None:
    one = home({"at": "07:30", "set": "boiler.setpoint_C = 21", "lasts": "2 h", **more}, boiler__setpoint_C=19)
    one.until("08:00")
    one.rules = []
    one.restart()
    one.until("12:00")
    assert [value for _, _, value in one.done] == values


def test_what_another_rule_keeps_stays_where_one_is_removed_while_the_hub_was_off() -> None:
    other = {"name": "other", "while": "meter.power_W > 5", "set": "boiler on"}
    one = home(HEATING, other)
    one.readings(meter__power_W=10.0)
    one.until("08:00")
    one.rules = rules_from(other)
    one.restart()
    one.run(600)
    assert one.values["boiler", "on"] is True
    assert [value for _, _, value in one.done] == [True]


def test_what_another_user_has_set_stays_where_its_rule_is_removed_while_the_hub_was_off() -> None:
    one = home(HEATING)
    one.until("08:00")
    one.readings(boiler__on=False)
    one.readings(boiler__on=True)
    one.readings(boiler__on=False)
    one.rules = []
    one.restart()
    one.run(600)
    assert [value for _, _, value in one.done] == [True]


def test_a_timer_lasts_no_longer_than_it_was_set_for_though_the_clock_was_set_back_while_the_hub_was_off() -> None:
    one = home()
    timer = Timer(device="boiler", point="on", value=True, ends=one.now + 1200, lasts_s=1200, end_value=False)
    one.do(one.engine.start_timer(timer, one.now, one.wall))
    one.run(60)
    one.restart(off_s=-400 * 86_400.0)
    one.run(1300)
    assert [value for _, _, value in one.done] == [True, False]


def test_a_rule_leaves_a_point_alone_no_longer_than_it_says_though_the_clock_was_set_back() -> None:
    one = home({"while": "meter.power_W > 5", "set": "boiler on", "after_manual": "30 min"})
    one.run(30, meter__power_W=10.0)
    one.readings(boiler__on=False)
    one.restart(off_s=-300 * 86_400.0)
    one.run(2000, meter__power_W=10.0)
    assert [value for _, _, value in one.done] == [True, True]


@pytest.mark.parametrize("id", ["boiler", "1_2", "12", "_1", "a_1"])
def test_every_id_that_a_device_may_have_can_be_set(id: str) -> None:
    assert setting_of(f"{id} on").device == id


@pytest.mark.parametrize("gone", ["boiler", "meter"])
def test_what_a_rule_keeps_ends_though_a_device_of_it_was_removed_and_added_again(gone: str) -> None:
    one = home({"while": "meter.power_W > 5", "set": "boiler on"})
    one.run(30, meter__power_W=10.0)
    whole = one.devices
    one.do(one.engine.describe([each for each in whole if each.id != gone], one.now, one.wall))
    assert one.engine.rule("rule 0").problem
    one.run(600)
    one.do(one.engine.describe(whole, one.now, one.wall))
    one.states({gone: "online"})
    one.run(60, meter__power_W=10.0, boiler__on=True)
    assert [value for _, _, value in one.done] == [True]
    one.run(60, meter__power_W=0.0, boiler__on=True)
    assert [value for _, _, value in one.done][-1] is False
