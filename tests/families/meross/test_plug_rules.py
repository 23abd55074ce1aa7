"""Timers and auto-off rules of the simulated MSS310: they fire, at the right local minute, in any zone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.meross.meross_pair import KEY
from families.meross.plug_in_lan import PlugInLan
from pair import START_UNIX
from unclouded.families.meross.plug.rules.times import HORIZON_DAYS, Place, TimerFields, next_due
from unclouded.families.meross.wire.time_rules import local_offset

BERLIN = ((1761440400, 3600, 0), (1774746000, 7200, 1), (1792890000, 3600, 0))  # 2026: 29 March, 25 October
MONDAY = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)  # START_UNIX
MON, TUE, WED, THU, FRI, SAT, SUN = (1 << bit for bit in range(7))
WEEKLY = 128


def bound(**changes: Any) -> PlugInLan:
    """A plug in Berlin, whose server has bound it."""
    plug = PlugInLan(key=KEY, unconfigured=False, host="192.168.1.2", port=8883, **changes)
    plug.run(5.0)
    assert plug.phase == "bound"
    set_time(plug)
    return plug


def set_time(plug: PlugInLan, ahead: float = 0.0, rules: object = BERLIN) -> None:
    time = {"timestamp": int(START_UNIX + plug.now + ahead), "timezone": "Europe/Berlin", "timeRule": rules}
    assert plug.ask("System.Time", "SET", KEY, time=time) is not None


def timer(**changes: object) -> dict[str, object]:
    on = {"toggle": {"onoff": changes.pop("on", 1), "lmTime": 0}}
    usual = {"id": "n1jxtruoknvotm8a", "channel": 0, "alias": "evening", "type": 1, "enable": 1, "week": WEEKLY | 127}
    return {**usual, "createTime": 0, "time": 0, "sunOffset": 0, "duration": 0, "extend": on, **changes}


def set_timer(plug: PlugInLan, **changes: object) -> None:
    rule = timer(**changes)
    old = plug.device.plug.dialect.is_old
    payload: dict[str, Any] = {"timer": [rule]} if old else {"timerx": rule}
    assert plug.ask("Control.Timer" if old else "Control.TimerX", "SET", KEY, **payload) is not None


def set_auto_off(plug: PlugInLan, duration: int, week: int = WEEKLY | 127, **changes: object) -> None:
    rule: dict[str, object] = {"week": week, "duration": duration}
    name = "TriggerX"
    if plug.device.plug.dialect.is_old:
        name = "Trigger"
        rule = {"_if_": {"toggle": {"onoff": 1}}, "_then_": {"delay": rule}, "_do_": {"toggle": {"onoff": 0}}}
    usual = {"id": "autooff000000000", "channel": 0, "alias": "", "type": 0, "enable": 1, "createTime": 0, "rule": rule}
    value = {**usual, **changes}
    payload: dict[str, Any] = {name.lower(): [value] if name == "Trigger" else value}
    assert plug.ask(f"Control.{name}", "SET", KEY, **payload)


def local(plug: PlugInLan, t: float) -> str:
    return datetime.fromtimestamp(START_UNIX + t, ZoneInfo("Europe/Berlin")).strftime("%a %H:%M:%S")


def moves(plug: PlugInLan) -> list[tuple[str, bool]]:
    return [(local(plug, t), on) for t, on in plug.relay]


HOUR, DAY, WEEK = 3600.0, 86_400.0, 7 * 86_400.0


@pytest.mark.parametrize("dialect", ["hw1", "hw2", "hw6.3"])
def test_a_weekly_timer_switches_on_its_days_and_the_server_gets_a_push(dialect: str) -> None:
    plug = bound(dialect=dialect)
    set_timer(plug, time=18 * 60 + 30, week=WEEKLY | WED | SUN)
    set_timer_off = plug.now
    plug.run(2 * WEEK)
    assert moves(plug) == [("Wed 18:30:00", True), ("Sun 18:30:00", True)] * 2
    pushed = plug.pushes("Control.Toggle" if dialect == "hw1" else "Control.ToggleX")
    assert len(pushed) == 1, "the relay was on already at the second time"
    assert set_timer_off < plug.relay[0][0]


@pytest.mark.parametrize(("type_", "week"), [(2, WED), (2, WEEKLY | WED), (1, WED)])
def test_a_timer_that_counts_once_is_switched_off_and_edited_by_that(type_: int, week: int) -> None:
    plug = bound()
    set_timer(plug, time=600, type=type_, week=week)
    assert plug.value("Digest.TimerX", "digest", KEY) == [{"channel": 0, "id": timer()["id"], "count": 1}]
    plug.run(3 * WEEK)
    assert moves(plug) == [("Wed 10:00:00", True)]
    found = plug.value("Control.TimerX", "timerx", KEY, timerx={"id": timer()["id"]})
    assert isinstance(found, dict) and found["enable"] == 0
    assert plug.value("Digest.TimerX", "digest", KEY) == [{"channel": 0, "id": timer()["id"], "count": 2}]


def test_a_timer_without_a_day_counts_at_the_next_such_minute() -> None:
    plug = bound()
    set_timer(plug, time=16 * 60 + 20, type=2, week=0)
    plug.run(WEEK)
    assert moves(plug) == [("Mon 16:20:00", True)]


def test_a_continuous_timer_ends_after_its_duration() -> None:
    plug = bound()
    set_timer(plug, time=1020, type=3, duration=900, week=WEEKLY | MON)
    plug.run(WEEK)
    assert moves(plug) == [("Mon 17:00:00", True), ("Mon 17:15:00", False)]


def test_a_timer_that_is_off_deleted_or_unreadable_does_nothing() -> None:
    plug = bound()
    set_timer(plug, time=1020, enable=0)
    set_timer(plug, id="deleted", time=1021)
    assert plug.ask("Control.TimerX", "DELETE", KEY, timerx={"id": "deleted"}) is not None
    changes: list[dict[str, Any]] = [{"time": 10**9}, {"time": "noon"}, {"week": []}, {"time": -5}, {"extend": 7}]
    for number, hostile in enumerate(changes):
        plug.ask("Control.TimerX", "SET", KEY, timerx=timer(id=f"hostile{number}", **hostile))
    plug.run(WEEK)
    assert plug.relay == [] or all(time.endswith("00:00:00") for time, _ in moves(plug))


def test_two_timers_of_one_minute_are_both_carried_out() -> None:
    plug = bound()
    set_timer(plug, id="one", time=1020, on=1, week=WEEKLY | MON)
    set_timer(plug, id="two", time=1020, on=0, week=WEEKLY | MON)
    plug.run(DAY)
    assert moves(plug) == [("Mon 17:00:00", True), ("Mon 17:00:00", False)]


def test_without_a_clock_no_timer_is_due_and_one_that_is_set_into_its_minute_is() -> None:
    plug = PlugInLan("reaches-no-ntp", key=KEY, unconfigured=False)
    set_timer(plug, time=16 * 60 + 20)
    plug.run(2 * DAY)
    assert plug.relay == []
    plug = PlugInLan("reaches-no-ntp", key=KEY, unconfigured=False)
    set_timer(plug, time=16 * 60 + 20)
    set_time(plug, ahead=6 * 60 + 50)  # 16:20:10
    plug.run(10.0)
    assert len(plug.relay) == 1


def test_a_clock_that_is_set_past_a_timer_or_back_over_it() -> None:
    plug = bound()
    set_timer(plug, time=16 * 60 + 20)
    set_time(plug, ahead=HOUR)
    plug.run(60.0)
    assert plug.relay == [], "what was left out is not made up for"
    set_time(plug)
    plug.run(10 * 60.0)
    assert moves(plug) == [("Mon 16:20:00", True)]
    set_time(plug)
    plug.run(60.0)
    assert len(plug.relay) == 1, "a small correction in the same minute does not repeat it"


def test_a_clock_that_is_set_back_by_an_hour_makes_a_timer_due_again() -> None:
    plug = bound()
    set_timer(plug, time=16 * 60 + 20)
    plug.run(10 * 60.0)
    set_time(plug, ahead=-HOUR)
    plug.run(1.5 * HOUR)
    assert len(plug.relay) == 2


def test_a_timer_in_the_current_minute_waits_for_the_next_day() -> None:
    plug = bound()
    set_timer(plug, time=16 * 60 + 13)
    plug.run(3600.0)
    assert plug.relay == []
    plug.run(DAY)
    assert moves(plug) == [("Tue 16:13:00", True)]


def test_timers_survive_a_restart_and_follow_a_new_zone() -> None:
    plug = bound()
    set_timer(plug, time=18 * 60)
    again = PlugInLan(memory=plug.memory, key=KEY, unconfigured=False)
    again.run(2 * HOUR)
    assert [local(again, t) for t, _ in again.relay] == ["Mon 18:00:00"]
    set_time(again, rules=((0, 0, 0),))
    again.run(2 * HOUR)
    assert [local(again, t) for t, _ in again.relay] == ["Mon 18:00:00", "Mon 20:00:00"], "18:00 UTC"


# --- by the sun ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "hour", "minute"),
    [
        ({"sunriseTime": 1}, 6, 52),
        ({"sunriseTime": 1, "sunOffset": -30}, 6, 22),
        ({"sunsetTime": 1}, 19, 6),
        ({"sunsetTime": 1100, "sunOffset": 15}, 19, 21),
    ],
)
def test_a_timer_by_the_sun_goes_by_the_place_of_the_plug(changes: dict[str, object], hour: int, minute: int) -> None:
    """Berlin, 22 September 2026: sunrise 6:52, sunset 19:06, some minutes exact."""
    plug = bound()
    plug.ask("System.Position", "SET", KEY, position={"longitude": 13_405_000, "latitude": 52_520_000})
    set_timer(plug, time=700, week=WEEKLY | TUE, **changes)
    plug.run(2 * DAY)
    (moved,) = plug.relay
    at = datetime.fromtimestamp(START_UNIX + moved[0], ZoneInfo("Europe/Berlin"))
    assert abs((at.hour * 60 + at.minute) - (hour * 60 + minute)) <= 6 and at.second == 0


def test_where_the_sun_does_not_set_a_timer_by_it_is_not_due() -> None:
    midsummer = int(datetime(2026, 6, 21, tzinfo=UTC).timestamp())
    timer_ = TimerFields(sunset_time=1)
    assert next_due(timer_, (), Place(69_650_000, 18_960_000), midsummer) is None
    assert next_due(timer_, (), Place(52_520_000, 13_405_000), midsummer) is not None


# --- auto-off ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["hw1", "hw2", "hw8"])
def test_a_relay_that_is_switched_on_by_anything_is_switched_off_again(dialect: str) -> None:
    plug = bound(dialect=dialect, **({} if dialect != "hw8" else {"faults": frozenset({"never-encrypts"})}))
    set_auto_off(plug, 900)
    plug.act("press_button")
    plug.run(1000.0)
    assert [on for _, on in plug.relay] == [True, False]
    assert plug.relay[1][0] - plug.relay[0][0] == pytest.approx(900.0)
    set_timer(plug, time=18 * 60)
    plug.run(2 * HOUR)
    assert moves(plug)[2:] == [("Mon 18:00:00", True), ("Mon 18:15:00", False)]
    assert plug.led == "off"


def test_an_auto_off_counts_on_its_days_only_and_ends_when_the_relay_is_off() -> None:
    plug = bound()
    set_auto_off(plug, 900, WEEKLY | TUE)
    plug.act("press_button")
    plug.run(HOUR)
    assert [on for _, on in plug.relay] == [True], "it is Monday"
    plug.act("press_button")
    plug.run(DAY)
    plug.act("press_button")
    plug.run(600.0)
    plug.act("press_button")
    plug.run(300.0 + 1)
    assert [on for _, on in plug.relay] == [True, False, True, False], "off by hand: nothing is left to do"
    plug.act("press_button")
    plug.run(HOUR)
    assert len(plug.relay) == 6


def test_an_auto_off_that_counts_once_is_disabled_and_one_that_is_deleted_does_nothing() -> None:
    plug = bound()
    set_auto_off(plug, 60, MON)
    plug.act("press_button")
    plug.run(61.0)
    assert [on for _, on in plug.relay] == [True, False]
    found = plug.value("Digest.TriggerX", "digest", KEY)
    assert isinstance(found, list) and found[0]["count"] == 2
    plug.act("press_button")
    plug.run(HOUR)
    assert len(plug.relay) == 3
    set_auto_off(plug, 60)
    plug.act("press_button")
    plug.act("press_button")
    plug.ask("Control.TriggerX", "DELETE", KEY, triggerx={"id": "autooff000000000"})
    before = len(plug.relay)
    plug.run(HOUR)
    assert len(plug.relay) == before


def test_the_shortest_of_several_auto_offs_counts() -> None:
    plug = bound()
    set_auto_off(plug, 900)
    set_auto_off(plug, 300, id="shorter")
    plug.act("press_button")
    plug.run(HOUR)
    assert len(plug.relay) == 2 and plug.relay[1][0] - plug.relay[0][0] == pytest.approx(300.0)


def test_a_relay_that_is_stuck_does_not_move_in_the_world_either() -> None:
    plug = bound(faults=frozenset({"has-stuck-relay"}))
    set_timer(plug, time=18 * 60)
    plug.run(3 * HOUR)
    assert moves(plug) == [("Mon 18:00:00", False)] and not plug.device.plug.settings.onoff
    assert plug.pushes("Control.ToggleX") == []


# --- any zone --------------------------------------------------------------------------------------------

ZONES = (
    *("Europe/Berlin", "Europe/London", "Australia/Lord_Howe", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"),
    *("America/Santiago", "Africa/Cairo", "Asia/Kolkata", "Pacific/Chatham", "America/St_Johns", "UTC"),
)


def rules_of(zone: ZoneInfo, year: int) -> tuple[tuple[int, ...], ...]:
    """The changes of a zone as a plug is sent them, the first one in force before that year."""
    at = datetime(year - 1, 12, 1, tzinfo=UTC)
    found = [(int(at.timestamp()), offset_of(zone, at), 0)]
    while at.year <= year + 1:
        after = at + timedelta(hours=6)
        if offset_of(zone, after) != offset_of(zone, at):
            moment = at
            while offset_of(zone, moment) == offset_of(zone, at):
                moment += timedelta(minutes=1)
            found.append((int(moment.timestamp()), offset_of(zone, after), 0))
        at = after
    return tuple(found)


def offset_of(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


RULES = {name: rules_of(ZoneInfo(name), 2026) for name in ZONES}


@given(
    name=st.sampled_from(ZONES),
    minute=st.integers(0, 1439),
    week=st.integers(0, 127),
    begin=st.integers(0, 364 * 24 * 60),
)
@settings(max_examples=400, deadline=None)
def test_a_timer_is_due_at_its_local_minute_in_any_zone(name: str, minute: int, week: int, begin: int) -> None:
    """Compared with Python's own zones: the next local minute of that name, on one of these days."""
    zone, rules = ZoneInfo(name), RULES[name]
    after = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) + begin * 60 + 17
    due = next_due(TimerFields(week=WEEKLY | week, time=minute), rules, Place(), after)
    assert due is not None and after < due <= after + HORIZON_DAYS * DAY
    at = datetime.fromtimestamp(due, zone)
    assert not week or week >> at.weekday() & 1
    shown = at.hour * 60 + at.minute
    was_left_out = any(rule[0] == due for rule in rules)
    assert at.second == 0 and (shown == minute or was_left_out)
    assert due == first_such_minute(zone, minute, week, after) or was_left_out


def first_such_minute(zone: ZoneInfo, minute: int, week: int, after: int) -> int:
    """Minute by minute: the first one of a day that is shown so."""
    seen: set[object] = dates_with(zone, minute, after)
    at = after // 60 * 60 + 60
    while True:
        local_time = datetime.fromtimestamp(at, zone)
        is_day = not week or week >> local_time.weekday() & 1
        if is_day and local_time.hour * 60 + local_time.minute == minute and local_time.date() not in seen:
            return at
        at += 60


def dates_with(zone: ZoneInfo, minute: int, after: int) -> set[object]:
    """Days on which that minute was shown before: of the two in an hour that comes twice, the first one counts."""
    local_times = (datetime.fromtimestamp(after // 60 * 60 - 60 * back, zone) for back in range(4 * 60))
    return {one.date() for one in local_times if one.hour * 60 + one.minute == minute}


@pytest.mark.parametrize(
    ("minute", "due"),
    [
        (2 * 60 + 30, "2026-03-29T01:00"),  # 02:00 becomes 03:00: the minute is left out, and due at the change
        (3 * 60, "2026-03-29T01:00"),
        (1 * 60 + 59, "2026-03-29T00:59"),
    ],
)
def test_a_minute_that_the_change_to_summer_time_leaves_out(minute: int, due: str) -> None:
    after = datetime(2026, 3, 28, 20, tzinfo=UTC).timestamp()
    found = next_due(TimerFields(time=minute), BERLIN, Place(), after)
    assert found is not None
    assert datetime.fromtimestamp(found, UTC).strftime("%Y-%m-%dT%H:%M") == due


def test_a_minute_that_comes_twice_in_autumn_is_due_once() -> None:
    after = datetime(2026, 10, 24, 20, tzinfo=UTC).timestamp()
    first = next_due(TimerFields(time=150), BERLIN, Place(), after)
    assert first is not None and datetime.fromtimestamp(first, UTC).strftime("%d %H:%M") == "25 00:30"
    second = next_due(TimerFields(time=150), BERLIN, Place(), first)
    assert second is not None and datetime.fromtimestamp(second, UTC).strftime("%d %H:%M") == "26 01:30"


def test_a_year_of_a_plug_with_a_timer_each_night() -> None:
    """From September to March, over the change in October: once each local day."""
    plug = bound()
    set_timer(plug, time=150)
    plug.run(60 * DAY)
    times = [local(plug, t)[4:] for t, _ in plug.relay]
    assert times == ["02:30:00"] * 60
    assert local_offset(BERLIN, START_UNIX + plug.now) == 3600


@given(
    rules=st.lists(
        st.tuples(
            st.integers(0, 1439),
            st.integers(0, 255),
            st.sampled_from([1, 2, 3, 4]),
            st.booleans(),
            st.integers(0, 7200),
        ),
        max_size=6,
    ),
    steps=st.lists(st.sampled_from(["hour", "day", "button", "clock", "zone", "restart"]), max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_rules_the_plug_keeps_the_laws_of_time(
    rules: list[tuple[int, int, int, bool, int]], steps: list[str]
) -> None:
    """After each tick its deadline is later, and timers move the relay only in their own minutes."""
    plug = bound()
    for number, (minute, week, type_, on, duration) in enumerate(rules):
        set_timer(plug, id=f"rule{number}", time=minute, week=week, type=type_, on=int(on), duration=duration)
    set_auto_off(plug, 120)
    for step in steps:
        match step:
            case "hour" | "day":
                plug.run(HOUR if step == "hour" else DAY)
            case "button":
                plug.act("press_button")
            case "clock":
                set_time(plug, ahead=-7200.0)
            case "zone":
                set_time(plug, rules=((0, 19_800, 0),))
            case "restart":
                plug = PlugInLan(memory=plug.memory, key=KEY, unconfigured=False, start=plug.now)
    plug.run(DAY)
    assert len(plug.relay) < 200


def test_a_hostile_zone_is_refused() -> None:
    plug = bound()
    for rules in ([[10**12, 0, 0]], [[0, 10**6, 0]], [[0]], [[0, 0, 0]] * 100):
        time = {"timestamp": int(START_UNIX), "timezone": "X", "timeRule": rules}
        assert plug.ask("System.Time", "SET", KEY, time=time) is None
    for timestamp in (2**63, -5, 2**40):
        time = {"timestamp": timestamp, "timezone": "X", "timeRule": []}
        plug.ask("System.Time", "SET", KEY, time=time)
        assert plug.ask("System.Debug", signed=KEY) is not None
        assert msgspec.json.decode(plug.ask("System.All", signed=KEY).payload)  # type: ignore[union-attr]
