"""Rules over virtual time: what a home does with them."""

from collections.abc import Mapping

import pytest

from rules.rule_home import RuleHome, rules_from
from unclouded.core.errors import CommandError
from unclouded.core.model import Outcome, Value
from unclouded.rules.engine.rule_states import rules_view
from unclouded.rules.engine.timers import Timer

SURPLUS = {"while": "meter.export_W > 1 kW for 5 min", "set": "boiler on", "at_least": "20 min"}
FORGOTTEN = {"when": "kettle is on for 15 min", "set": "kettle off"}


def home(*tables: Mapping[str, object], at: str = "2026-11-30T03:00", **more: Value) -> RuleHome:
    found = RuleHome(rules_from(*tables), at)
    found.readings(boiler__on=False, kettle__on=False, **more)
    return found


# --- times --------------------------------------------------------------------------------------------


def test_a_time_switches_once_a_day_and_back_after_its_span() -> None:
    one = home({"at": "07:30", "set": "boiler on", "lasts": "2 h"})
    one.run(2 * 86_400)
    assert one.done == [
        ("07:30:00", "boiler.on", True),
        ("09:30:00", "boiler.on", False),
        ("07:30:00", "boiler.on", True),
        ("09:30:00", "boiler.on", False),
    ]
    assert one.because[:2] == ["it was 07:30", "2 h were over"]


def test_what_was_on_before_a_rule_stays_on_after_it() -> None:
    one = home({"at": "07:30", "set": "boiler on", "lasts": "2 h"})
    one.readings(boiler__on=True)
    one.run(86_400)
    assert one.done == []
    assert "it was so already" in one.texts[0]


def test_the_sun_weekdays_and_holidays() -> None:
    one = home({"at": "sunset - 30 min", "days": "mon", "set": "boiler on"}, at="2026-11-30T00:00")
    one.run(7.5 * 86_400)
    assert [text for text, _, _ in one.done] == ["17:18:59"]


def test_an_end_may_be_another_value() -> None:
    one = home({"at": "07:00", "set": "boiler.setpoint_C = 21", "lasts": "1 h", "end": "boiler.setpoint_C = 17.5"})
    one.run(86_400)
    assert one.done == [("07:00:00", "boiler.setpoint_C", 21.0), ("08:00:00", "boiler.setpoint_C", 17.5)]


def test_a_guard_that_does_not_hold_keeps_a_rule_from_running_and_that_is_noted() -> None:
    one = home({"at": "07:00", "if": "freezer.temperature_C < 5", "set": "boiler on"}, freezer__temperature_C=8.0)
    one.run(5 * 3600)
    assert one.done == []
    assert one.texts == ["rule 0: not run at 07:00: temperature of Freezer is 8 °C and is to be < 5."]


# --- conditions ---------------------------------------------------------------------------------------


def test_surplus_switches_on_after_its_time_and_off_after_the_least() -> None:
    one = home(SURPLUS)
    one.run(299, meter__power_W=-1400.0)
    assert one.done == []
    one.run(61, meter__power_W=-1400.0)
    one.run(600, meter__power_W=200.0)  # a cloud: the least time is not over
    assert one.done == [("03:05:00", "boiler.on", True)]
    one.run(600, meter__power_W=200.0)
    assert one.done[1:] == [("03:25:00", "boiler.on", False)]
    assert one.because == ["export of Meter was 1.4 kW for 5 min", "export of Meter was 0 W"]


def test_the_most_of_a_day_begins_anew_at_midnight() -> None:
    one = home({**SURPLUS, "at_most": "1 h a day"}, at="2026-11-30T22:00")
    one.run(4 * 3600, meter__power_W=-1400.0)
    assert one.done == [
        ("22:05:00", "boiler.on", True),
        ("23:05:00", "boiler.on", False),
        ("00:00:00", "boiler.on", True),
        ("01:00:00", "boiler.on", False),
    ]


def test_hysteresis_keeps_a_condition_true_until_its_end_holds() -> None:
    one = home({"while": "freezer.temperature_C > -15, until < -18", "set": "boiler on"})
    for value in (-16.0, -14.0, -16.0, -17.9, -18.1, -16.0):
        one.run(60, freezer__temperature_C=value)
    assert one.done == [("03:01:00", "boiler.on", True), ("03:04:00", "boiler.on", False)]


def test_a_switch_that_is_forgotten_is_switched_off() -> None:
    one = home(FORGOTTEN)
    one.readings(kettle__on=True)
    one.run(3600)
    assert one.done == [("03:15:00", "kettle.on", False)]
    assert one.because == ["Kettle was on for 15 min"]


def test_conditions_are_combined_and_what_is_not_known_is_not_true() -> None:
    one = home(
        {"while": [{"any": ["price < 0.10", "meter.export_W > 1 kW"]}, "between 10:00 and 12:00"], "set": "boiler on"}
    )
    one.until("11:00")
    assert one.done == []
    one.hand("price", 0.08, valid_s=600)
    assert one.done == [("11:00:00", "boiler.on", True)]
    one.run(3600)
    assert one.done[1:] == [("11:10:00", "boiler.on", False)]
    assert one.because[0] == "price was 0.08 and it was between 10:00 and 12:00"
    assert one.because[1].startswith("price was not known any more")


def test_a_value_of_a_device_that_is_gone_never_counts_as_true() -> None:
    one = home({"while": "meter.power_W < 100", "set": "boiler on"}, meter__power_W=50.0)
    assert one.done == [("03:00:00", "boiler.on", True)]
    one.run(60)
    one.states({"meter": "offline"})
    assert one.done[1:] == [("03:01:00", "boiler.on", False)]
    one.states({"meter": "online"})
    one.run(60)
    assert len(one.done) == 2
    one.readings(meter__power_W=40.0)
    assert one.done[2:] == [("03:02:00", "boiler.on", True)]


def test_readings_that_are_too_old_for_a_rule_or_odd_do_not_count() -> None:
    one = home({"while": "meter.power_W < 100", "set": "boiler on", "fresh": "1 min"}, meter__power_W=50.0)
    one.run(600)
    assert one.done == [("03:00:00", "boiler.on", True), ("03:01:00", "boiler.on", False)]


def test_the_state_of_a_device_can_be_a_condition_and_a_text_can_be_all_that_follows() -> None:
    one = home({"when": "freezer is offline for 10 min", "notify": "Look at the freezer"})
    one.states({"freezer": "offline"})
    one.run(3600)
    assert [(event.kind, event.text) for event in one.events] == [
        ("notify", "Look at the freezer (Freezer was offline for 10 min)")
    ]


# --- people and other rules ---------------------------------------------------------------------------


def test_what_a_person_sets_is_left_alone_until_the_rule_begins_again() -> None:
    one = home({**SURPLUS, "at_least": "1 min"})
    one.run(600, meter__power_W=-1400.0)
    one.readings(boiler__on=False)  # by its button
    one.run(3600, meter__power_W=-1400.0)
    assert len(one.done) == 1
    assert "was set to off by another user or program; the rule leaves it alone until it begins again" in one.texts[-1]
    one.run(60, meter__power_W=500.0)
    one.run(600, meter__power_W=-1400.0)
    assert [value for _, _, value in one.done] == [True, True]


@pytest.mark.parametrize(
    ("after", "again"), [("30 min", ["03:05:00", "03:40:00"]), ("ignore", ["03:05:00", "03:10:00"])]
)
def test_how_long_it_is_left_alone_can_be_chosen(after: str, again: list[str]) -> None:
    one = home({**SURPLUS, "after_manual": after})
    one.run(600, meter__power_W=-1400.0)
    one.readings(boiler__on=False)
    one.run(3600, meter__power_W=-1400.0)
    assert [at for at, _, _ in one.done] == again


def test_of_two_rules_that_fight_the_first_in_the_file_wins_and_both_are_named() -> None:
    one = home({"at": "07:00", "set": "boiler on"}, {"at": "07:00", "set": "boiler off"})
    one.readings(boiler__on=False)
    one.run(86_400)
    assert one.done == [("07:00:00", "boiler.on", True)]
    assert "rule 1: Boiler not set to off: rule 0 has just set it on. The first in the file wins." in one.texts


def test_a_later_rule_goes_on_when_an_earlier_one_ends() -> None:
    first = {"while": "between 05:00 and 06:00", "set": "boiler.setpoint_C = 15"}
    second = {"while": "between 04:00 and 07:00", "set": "boiler.setpoint_C = 21"}
    one = home(first, second, boiler__setpoint_C=18.0)
    one.run(6 * 3600)
    assert one.done == [
        ("04:00:00", "boiler.setpoint_C", 21.0),
        ("05:00:00", "boiler.setpoint_C", 15.0),
        ("06:00:00", "boiler.setpoint_C", 21.0),
        ("07:00:00", "boiler.setpoint_C", 18.0),
    ]


def test_a_rule_that_another_goes_before_says_so_and_does_not_say_that_it_acts() -> None:
    first = {"while": "between 05:00 and 06:00", "set": "boiler.setpoint_C = 15"}
    second = {"while": "between 04:00 and 07:00", "set": ["boiler.setpoint_C = 21"]}
    one = home(first, second, boiler__setpoint_C=18.0)
    one.run(2.5 * 3600)
    states = {view.name: (view.state, view.why) for view in rules_view(one.engine, one.now, one.wall).rules}
    assert states["rule 0"][0] == "active"
    assert states["rule 1"] == ("blocked", "rule 0 goes first")
    one.run(3600)
    states = {view.name: (view.state, view.why) for view in rules_view(one.engine, one.now, one.wall).rules}
    assert states["rule 0"][0] == "idle" and states["rule 1"][0] == "active"


def test_a_device_gets_another_id_while_a_rule_and_a_timer_keep_its_points() -> None:
    keeps = {"while": "between 03:01 and 04:00", "set": "boiler on", "end": "back"}
    one = home(keeps, {"at": "03:30", "set": "kettle on", "lasts": "10 min"}, boiler__setpoint_C=18.0)
    timer = Timer(
        device="boiler", point="setpoint_C", value=25.0, ends=one.now + 1800, lasts_s=1800, end_value=18.0, origin="me"
    )
    one.do(one.engine.start_timer(timer, one.now, one.wall))
    one.run(600)
    one.rename({"boiler": "heater"})
    one.run(3600)
    assert one.done == [
        ("03:00:00", "boiler.setpoint_C", 25.0),
        ("03:01:00", "boiler.on", True),
        ("03:30:00", "kettle.on", True),
        ("03:30:00", "heater.setpoint_C", 18.0),
        ("03:40:00", "kettle.on", False),
        ("04:00:00", "heater.on", False),
    ]
    assert not [text for text in one.texts if "cannot be carried out" in text]


def test_rules_that_switch_each_other_back_and_forth_are_stopped_and_named() -> None:
    one = home({"when": "kettle is on", "set": "kettle off"}, {"when": "kettle is off", "set": "kettle on"})
    one.run(300, meter__power_W=1.0)
    assert len(one.done) == 6
    assert any("rule 0 and rule 1 set Kettle again and again" in text for text in one.texts)


def test_a_timer_goes_before_rules_and_switches_over_at_its_end() -> None:
    one = home({"at": "03:05", "set": "boiler off"})
    timer = Timer(device="boiler", point="on", value=True, ends=1200.0, end_value=False, origin="cli")
    one.do(one.engine.start_timer(timer, one.now, one.wall))
    one.run(3600)
    assert one.done == [("03:00:00", "boiler.on", True), ("03:20:00", "boiler.on", False)]
    assert "timer of boiler keeps it on. A timer goes first." in " ".join(one.texts)


def test_a_rule_can_be_run_by_hand_switched_off_and_on() -> None:
    one = home({"at": "07:00", "set": "boiler on"}, SURPLUS)
    one.do(one.engine.run("rule 0", one.now, one.wall))
    assert one.done == [("03:00:00", "boiler.on", True)]
    one.do(one.engine.pause("rule 0", float("inf"), one.now, one.wall))
    one.readings(boiler__on=False)
    one.run(86_400)
    assert len(one.done) == 1
    one.do(one.engine.resume("rule 0", one.now, one.wall))
    one.run(86_400)
    assert len(one.done) == 2
    with pytest.raises(CommandError, match="acts while its condition holds"):
        one.engine.run("rule 1", one.now, one.wall)
    with pytest.raises(CommandError, match=r"There is no rule 'x'\. There are: rule 0, rule 1"):
        one.engine.pause("x", 0.0, one.now, one.wall)


def test_a_rule_that_is_switched_off_while_it_acts_ends() -> None:
    one = home(SURPLUS)
    one.run(600, meter__power_W=-1400.0)
    one.do(one.engine.pause("rule 0", one.wall + 1800, one.now, one.wall))
    one.run(3600, meter__power_W=-1400.0)
    assert [value for _, _, value in one.done] == [True, False, True]


# --- devices ------------------------------------------------------------------------------------------


def test_a_command_that_is_refused_is_tried_again_with_limits_and_shown() -> None:
    one = home({"at": "07:00", "set": "boiler on"})
    one.answers["boiler"] = lambda: Outcome("refused", "its button is locked")
    one.run(86_400)
    assert [at for at, _, _ in one.done] == ["07:00:00", "07:00:30", "07:02:30", "07:12:30"]
    assert one.texts == [
        "rule 0: Boiler on because it was 07:00: refused (its button is locked; it is tried again).",
        "rule 0: Boiler on because it was 07:00: refused (its button is locked; given up after 4 attempts).",
    ]


def test_what_a_device_sleeps_through_is_held_for_it_and_asked_once() -> None:
    one = home({"at": "07:00", "set": "freezer.setpoint_C = 7", "lasts": "1 h"}, freezer__setpoint_C=9.0)
    one.states({"freezer": "asleep"})
    one.answers["freezer"] = lambda: Outcome("held", "freezer is asleep; it gets this when it wakes.")
    one.run(86_400)
    assert [(at, value) for at, _, value in one.done] == [("07:00:00", 7.0)]  # it still has what it is to go back to
    assert "held (freezer is asleep" in one.texts[0]


def test_a_device_that_comes_back_with_another_value_is_set_again() -> None:
    one = home(SURPLUS)
    one.run(600, meter__power_W=-1400.0)
    one.states({"boiler": "offline"})
    one.states({"boiler": "online"})
    one.readings(boiler__on=False)  # a power cut
    one.run(60, meter__power_W=-1400.0)
    assert [value for _, _, value in one.done] == [True, True]


def test_a_device_that_is_gone_is_named_once_and_the_rule_is_broken_until_it_is_back() -> None:
    one = home({"at": "07:00", "set": "boiler on"})
    one.devices = [each for each in one.devices if each.id != "boiler"]
    one.do(one.engine.describe(one.devices, one.now, one.wall))
    one.run(2 * 86_400)
    assert one.done == []
    assert one.texts == ["rule 0: cannot be carried out. There is no device 'boiler'."]
    one.__init__(one.rules, at="2026-12-02T03:00")  # type: ignore[misc]  # a new home with all devices
    one.run(86_400)
    assert len(one.done) == 1


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"set": "boiler.colour = 3"}, "boiler has no point 'colour'. It has: on, power_W"),
        ({"set": "boiler.power_W = 3"}, "power_W can only be read"),
        ({"set": "boiler.setpoint_C = 40"}, "setpoint_C takes values from 5 to 30, not 40"),
        ({"set": "boiler.mode = hot"}, "mode has no value 'hot'; it has: eco, boost"),
        ({"set": "boiler.setpoint_C = 20 kW"}, "'20 kW' is not in °C"),
        ({"set": "boiler on", "if": "boiler.mode > 3"}, "mode is not a number"),
        ({"set": "boiler.export_W = 3"}, "export_W can only be read"),
    ],
)
def test_what_does_not_fit_a_device_is_named(table: dict[str, object], problem: str) -> None:
    one = home({"at": "07:00", **table})
    assert problem in one.engine.rules["rule 0"].problem


# --- restarts and clocks ------------------------------------------------------------------------------


def test_a_restart_changes_nothing() -> None:
    one = home(SURPLUS, {"at": "03:12", "set": "kettle on", "lasts": "10 min"}, FORGOTTEN)
    one.run(600, meter__power_W=-1400.0)
    one.restart(off_s=1.0)
    one.run(200, meter__power_W=-1400.0)
    one.restart(off_s=60.0)
    one.run(3600, meter__power_W=-1400.0)
    assert [(key, value) for _, key, value in one.done] == [
        ("boiler.on", True),
        ("kettle.on", True),
        ("kettle.on", False),
    ]
    assert one.done[2][0] == "03:22:00"
    one.run(600, meter__power_W=0.0)
    assert one.done[3:] == [(one.done[3][0], "boiler.on", False)]


def test_a_timer_goes_on_over_a_restart() -> None:
    one = home()
    timer = Timer(device="boiler", point="on", value=True, ends=1200.0, end_value=False)
    one.do(one.engine.start_timer(timer, one.now, one.wall))
    one.run(600)
    one.restart(off_s=60.0)
    one.run(3600)
    assert one.done == [("03:00:00", "boiler.on", True), ("03:20:00", "boiler.on", False)]


@pytest.mark.parametrize(("missed", "done"), [("skip", []), ("run", ["07:30:00", "08:30:00"])])
def test_a_time_while_the_hub_was_off_is_missed_or_run_late(missed: str, done: list[str]) -> None:
    one = home({"at": "06:30", "set": "boiler on", "lasts": "2 h", "missed": missed}, at="2026-11-30T06:00")
    one.restart(off_s=5400.0)
    one.run(6 * 3600)
    assert [at for at, _, _ in one.done] == done
    assert any("missed at 06:30" in text for text in (*one.texts, *one.because))


def test_a_clock_that_is_set_over_a_time_misses_it_and_set_back_does_not_run_it_twice() -> None:
    one = home({"at": "06:30", "set": "boiler on"}, at="2026-11-30T06:00")
    one.set_clock(3600.0)
    assert one.texts == ["rule 0: missed at 06:30: the hub was off, or its clock was set."]
    one.set_clock(-3600.0)
    one.run(3600)
    assert one.done == []
    one.run(86_400)
    assert len(one.done) == 1


def test_a_rule_that_is_changed_or_removed_ends_what_it_keeps() -> None:
    one = home(SURPLUS)
    one.run(600, meter__power_W=-1400.0)
    kept = rules_from(SURPLUS)
    one.do(one.engine.replace(kept, one.calendar, one.now, one.wall))
    assert len(one.done) == 1
    one.do(one.engine.replace(rules_from({**SURPLUS, "at_least": "1 h"}), one.calendar, one.now, one.wall))
    assert [value for _, _, value in one.done] == [True, False]
    assert one.because[1] == "the rule was changed"


def test_a_rule_can_be_changed_without_being_run_again_for_its_time() -> None:
    one = home({"at": "03:10", "set": "boiler on"})
    one.run(900)
    one.do(
        one.engine.replace(
            rules_from({"at": "03:10", "set": "boiler on", "lasts": "1 h"}), one.calendar, one.now, one.wall
        )
    )
    one.set_clock(-600.0)
    one.run(1200)
    assert len(one.done) == 1
