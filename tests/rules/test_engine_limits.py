"""Limits of the engine, each of which a change of one comparison would break."""

from rules.rule_home import rules_from
from rules.test_engine import home
from unclouded.core.model import Reading

FOLLOWS = {"while": "meter.power_W > 5", "set": "boiler on"}


def test_a_record_of_before_is_not_taken_for_the_present() -> None:
    one = home(FOLLOWS)
    old = Reading("meter", "power_W", 9.0, one.wall - 121)
    one.do(one.engine.facts([old], one.now, one.wall))
    assert one.done == []
    one.do(one.engine.facts([Reading("meter", "power_W", 9.0, one.wall - 119)], one.now, one.wall))
    assert len(one.done) == 1


def test_a_reading_counts_though_the_one_before_has_a_time_that_is_still_to_come() -> None:
    one = home(FOLLOWS)
    one.readings(meter__power_W=9.0)
    one.set_clock(-3600)
    one.readings(meter__power_W=0.0)
    one.run(5)
    assert [value for _, _, value in one.done] == [True, False]


def test_a_late_reading_does_not_replace_a_newer_one() -> None:
    one = home(FOLLOWS)
    one.readings(meter__power_W=0.0)
    one.do(one.engine.facts([Reading("meter", "power_W", 9.0, one.wall - 10)], one.now, one.wall))
    assert one.done == []


def test_a_clock_that_is_set_back_out_of_a_span_ends_what_it_kept() -> None:
    one = home({"while": "between 10:00 and 12:00", "set": "boiler on"}, at="2026-11-30T09:30")
    one.until("11:00")
    one.set_clock(-2 * 3600)
    one.run(5)
    assert [value for _, _, value in one.done] == [True, False]


def test_a_missed_time_whose_span_is_over_is_not_run_late() -> None:
    one = home({"at": "07:30", "set": "boiler on", "lasts": "1 h", "missed": "run"}, at="2026-11-30T07:00")
    one.restart(off_s=5400.0)
    one.run(60)
    assert one.done == [] and "missed at 07:30" in one.texts[-1]


def test_a_condition_that_was_not_known_for_a_while_has_not_become_true_anew() -> None:
    one = home({"when": "meter.power_W > 5", "set": "boiler on"})
    one.readings(meter__power_W=9.0)
    one.run(60)
    one.readings(boiler__on=False)
    one.states({"meter": "offline"})
    one.states({"meter": "online"})
    one.readings(meter__power_W=9.0)
    one.run(60)
    assert len(one.done) == 1


def test_of_a_run_over_midnight_only_what_is_behind_it_counts_for_the_new_day() -> None:
    one = home({**FOLLOWS, "at_most": "1 h a day"}, at="2026-11-30T23:30")
    one.run(40 * 60, meter__power_W=9.0)
    one.run(600, meter__power_W=0.0)
    one.run(2 * 3600, meter__power_W=9.0)
    assert [at[:5] for at, _, _ in one.done] == ["23:30", "00:10", "00:20", "01:10"]


def test_a_day_that_is_used_up_begins_no_run_when_the_condition_holds_again() -> None:
    one = home({**FOLLOWS, "at_most": "1 h a day"})
    one.run(2 * 3600, meter__power_W=9.0)
    one.run(60, meter__power_W=0.0)
    one.run(3600, meter__power_W=9.0)
    assert [value for _, _, value in one.done] == [True, False]


def test_a_rule_that_moves_up_in_the_file_wins_from_then_on() -> None:
    tables = ({"name": "low", **FOLLOWS}, {"name": "high", "while": "meter.power_W > 50", "set": "boiler off"})
    one = home(*tables)
    one.run(30, meter__power_W=90.0)
    one.do(one.engine.replace(rules_from(*reversed(tables)), one.calendar, one.now, one.wall))
    one.run(30, meter__power_W=0.0)
    one.run(30, meter__power_W=90.0)
    assert one.values["boiler", "on"] is False
    kept = home({"name": "other", "when": "kettle is on", "set": "kettle off"}, tables[0])
    kept.run(30, meter__power_W=90.0)
    kept.do(kept.engine.replace(rules_from(tables[0], tables[1]), kept.calendar, kept.now, kept.wall))
    claims = kept.engine.points.control(("boiler", "on")).claims
    assert {claim.rule: claim.rank for claim in claims.claims.values()}["low"] == 0
