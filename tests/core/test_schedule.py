"""Schedules as people write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.errors import CommandError
from unclouded.core.model import WEEKDAYS, ScheduleRule
from unclouded.core.schedule import rule_of, rule_text, rule_to_delete


def written(text: str, before: ScheduleRule | None = None) -> ScheduleRule:
    return rule_of(dict(word.split("=", 1) for word in text.split()), "new", before)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("at=07:30 turn=on days=mon-fri", "on at 07:30, mon to fri"),
        ("at=7:05 turn=off", "off at 07:05, daily"),
        ("at=23:59 turn=on days=weekend once=yes", "on at 23:59, once, sat, sun"),
        ("at=sunset-20m turn=on lasts=2h", "on at 20 min before sunset for 2 h, daily"),
        ("at=sunrise turn=off days=sun-tue", "off at sunrise, mon, tue, sun"),
        ("at=sunrise+90s turn=off", "off at 2 min after sunrise, daily"),
        ("after=15m", "off 15 min after it was switched on, daily"),
        ("after=90 days=weekdays", "off 90 s after it was switched on, mon to fri"),
        ("after=24h days=sat", "off 24 h after it was switched on, sat"),
    ],
)
def test_a_new_rule(text: str, read: str) -> None:
    assert rule_text(written(text)) == read


def test_a_change_keeps_what_is_left_out() -> None:
    rule = written("at=07:30 turn=on days=mon-fri lasts=15m name=tea")
    changed = written("at=sunset enabled=no lasts=none", rule)
    assert rule_text(changed) == "on at sunset, mon to fri"
    assert (changed.name, changed.enabled, changed.id) == ("tea", False, "new")
    assert rule_text(written("at=08:00", changed)) == "on at 08:00, mon to fri"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Write at=07:30 turn=on for a timer, or after=15m"),
        ("at=07:30", "turn=on"),
        ("at=24:00 turn=on", "is not a time of day"),
        ("at=noon turn=on", "is not a time of day"),
        ("at=07:30 turn=1", "write turn=on or turn=off"),
        ("at=07:30 turn=on days=monday", "is not a day"),
        ("at=07:30 turn=on days=", "is not a day"),
        ("at=07:30 turn=on lasts=2d", "is not a time span"),
        ("after=0", "is not a time span"),
        ("after=25h", "is not a time span"),
        ("after=15m at=07:30", "An auto-off rule has no at="),
        ("at=07:30 turn=on once=true", "write once=yes or once=no"),
        ("at=07:30 turn=on color=red", "schedule has no argument color="),
        ("at=07:30 turn=on name=" + "x" * 33, "at most 32 printable characters"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, reason: str) -> None:
    with pytest.raises(CommandError) as error:
        written(text)
    assert reason in str(error.value)


def test_a_timer_does_not_become_an_auto_off_rule() -> None:
    with pytest.raises(CommandError, match="A timer has no after="):
        written("after=15m", written("at=07:30 turn=on"))


def test_a_rule_is_deleted_by_its_id() -> None:
    assert rule_to_delete({"rule": "k3"}) == "k3"
    for args in ({}, {"rule": ""}, {"rule": "k3", "at": "07:30"}):
        with pytest.raises(CommandError):
            rule_to_delete(args)


@given(st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True))
def test_days_are_in_the_order_of_the_week(days: list[str]) -> None:
    rule = written(f"after=1h days={','.join(days)}")
    assert set(rule.days) == set(days)
    assert list(rule.days) == sorted(rule.days, key=WEEKDAYS.index)


@given(st.dictionaries(st.sampled_from(["at", "turn", "days", "lasts", "after", "once", "name", "enabled"]), st.text()))
def test_no_arguments_raise_anything_else(args: dict[str, str]) -> None:
    try:
        assert rule_text(rule_of(args, "new"))
    except CommandError:
        pass
