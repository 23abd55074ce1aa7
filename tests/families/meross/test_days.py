"""The energy of a plug's days, from its ring to the lifetime total: through outages, restarts and wrong clocks."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.meross.day_story import DAY, HOUR, IMPORT, TODAY, HubOfDays, PlugAndHub, profile, utc
from families.meross.meross_pair import UUID
from unclouded.core.model import Ledger
from unclouded.core.sessions.session import Reported
from unclouded.families.meross.controller.energy.consumption import DayCounter, PlugClock, day_of
from unclouded.families.meross.controller.values import ValueReader
from unclouded.families.meross.wire.messages import All, Day, Days, Time, payload_of
from unclouded.families.meross.wire.namespaces import read_message
from unclouded.sim.measure import Gauge

NOON = utc("2026-03-10T12:00")


def day(date: str, clock: str, value: int) -> Day:
    return Day(date, int(utc(f"{date}T{clock}")), value)


# --- contact is lost over midnight --------------------------------------------------------------------


def test_one_night_without_a_hub_loses_nothing() -> None:
    hub = HubOfDays()
    hub.reads([day("2026-03-10", "20:00", 400)], utc("2026-03-10T20:00:30"))
    hub.restart()
    hub.reads([day("2026-03-10", "23:40", 490), day("2026-03-11", "07:00", 100)], utc("2026-03-11T07:00:20"))
    assert hub.Wh == 590
    assert hub.by_day() == {"2026-03-10": 490, "2026-03-11": 100}


def test_three_days_without_a_hub_lose_nothing_and_stand_on_their_dates() -> None:
    hub = HubOfDays()
    hub.reads([day("2026-03-10", "20:00", 400)], utc("2026-03-10T20:00:30"))
    ring = [day("2026-03-10", "23:58", 440), day("2026-03-11", "23:50", 400), day("2026-03-12", "22:00", 300)]
    hub.restart()
    hub.reads([*ring, day("2026-03-13", "08:00", 200)], utc("2026-03-13T08:00:20"))
    assert hub.Wh == 1340
    assert hub.by_day() == {"2026-03-10": 440, "2026-03-11": 400, "2026-03-12": 300, "2026-03-13": 200}
    at_midnight = [level_at(hub, utc(f"2026-03-{date}T00:00")) for date in (11, 12, 13, 14)]
    assert at_midnight == [440, 840, 1140, 1340]


def level_at(hub: HubOfDays, at: float) -> float:
    """The last total that is filed before a time."""
    return float([one.value for one in hub.totals if one.at <= at][-1])


def test_the_evening_and_the_morning_of_a_report_count_2520_wh() -> None:
    hub = HubOfDays()
    old = day("2026-03-05", "23:58", 6924)
    for value, clock in ((900, "21:43:20"), (950, "21:58:20")):
        hub.reads([old, day("2026-03-06", clock, value)], utc(f"2026-03-06T{clock}"))
    hub.restart()
    closed = day("2026-03-06", "22:59:46", 1000)
    for minute, value in enumerate((1500, 1510, 1520)):
        clock = f"08:0{minute}:00"
        hub.reads([old, closed, day("2026-03-07", clock, value)], utc(f"2026-03-07T{clock}"))
    assert hub.Wh == 2520
    assert hub.by_day() == {"2026-03-06": 1000, "2026-03-07": 1520}


def test_five_days_of_a_heater_without_a_hub_are_taken_from_the_ring() -> None:
    hub = HubOfDays()
    hub.reads([day("2026-03-05", "23:58", 6924), day("2026-03-06", "23:00", 8900)], utc("2026-03-06T23:00:30"))
    hub.restart()
    values = (8949, 9120, 8911, 9084, 8971, 8049)
    ring = [day(f"2026-03-{6 + n:02}", "23:10", value) for n, value in enumerate(values)]
    hub.reads([*ring[3:], *ring[:3]], utc("2026-03-11T23:10:30"))
    assert hub.Wh == sum(values) == 53_084


def test_a_coffee_machine_that_is_used_twice_a_day_counts_every_cup() -> None:
    hub = HubOfDays()
    ring: list[Day] = []
    for date in range(10, 17):
        for clock, value in (("07:00", 16), ("16:00", 33)):
            ring = [*ring[: date - 10], day(f"2026-03-{date}", clock, value)]
            hub.measures(0, utc(f"2026-03-{date}T{clock}"))
            hub.reads(ring, utc(f"2026-03-{date}T{clock}:30"))
    assert hub.Wh == 7 * 33


def test_a_value_equal_to_the_previous_days_counts() -> None:
    hub = HubOfDays()
    ring = [day("2026-03-10", "18:00", 33)]
    hub.reads(ring, utc("2026-03-10T18:00:30"))
    hub.reads([*ring, day("2026-03-11", "18:00", 33)], utc("2026-03-11T18:00:30"))
    assert hub.Wh == 66


def test_a_day_that_was_never_received_is_taken_from_the_ring_in_any_order() -> None:
    hub = HubOfDays()
    ring = [day(f"2026-03-{date}", "20:00", 10 * date) for date in (10, 11, 12, 13)]
    hub.reads(ring[:1], utc("2026-03-10T20:01"))
    hub.reads([ring[2], ring[3], ring[0], ring[1]], utc("2026-03-13T20:01"))
    assert hub.Wh == 100 + 110 + 120 + 130


def test_a_later_value_of_an_earlier_day_still_counts_and_no_total_falls_in_time() -> None:
    hub = HubOfDays()
    ring = [day("2026-03-10", "20:00", 100), day("2026-03-11", "10:00", 50)]
    hub.reads(ring[:1], utc("2026-03-10T20:01"))
    hub.reads(ring, utc("2026-03-11T10:01"))
    late = hub.reads([day("2026-03-10", "23:00", 130), ring[1]], utc("2026-03-11T10:02"))
    assert hub.Wh == 180
    assert [(one.value, one.at, one.flags) for one in late if one.point == IMPORT] == [
        (180, utc("2026-03-11T10:00"), ("late",))
    ]
    rises_in_time(hub)


def rises_in_time(hub: HubOfDays) -> None:
    for before, after in pairwise(hub.totals):
        assert before.at <= after.at and float(before.value) <= float(after.value)


def test_the_days_before_the_first_contact_do_not_count() -> None:
    hub = HubOfDays()
    hub.reads([day("2026-03-08", "20:00", 5000), day("2026-03-09", "20:00", 40)], utc("2026-03-09T20:01"))
    assert hub.Wh == 40


def test_more_than_thirty_days_away_is_a_gap_that_says_what_is_lost() -> None:
    hub = HubOfDays()
    hub.reads([day("2026-01-10", "20:00", 100)], utc("2026-01-10T20:01"))
    hub.restart()
    ring = [Day(date_of(n), int(utc(f"{date_of(n)}T20:00")), 10) for n in range(30)]
    new = hub.reads(ring, utc("2026-03-30T20:01"))
    assert hub.Wh == 100 + 300
    lost, first, *_ = [one for one in new if one.point == IMPORT]
    assert (lost.value, lost.at, lost.flags) == (100, utc("2026-03-01T00:00"), ("gap", "lost"))
    assert (first.value, first.flags) == (110, ("gap",))
    assert [one for one in new if "lost" in one.flags] == [lost]


def date_of(number: int) -> str:
    return f"2026-03-{number + 1:02}"


def test_an_older_record_in_a_slot_that_was_not_used_again_is_not_counted_twice() -> None:
    hub = HubOfDays()
    old = day("2026-03-10", "20:00", 70)
    hub.reads([old], utc("2026-03-10T20:01"))
    for month in (4, 5, 6, 7):
        hub.reads([day(f"2026-0{month}-20", "20:00", 5), old], utc(f"2026-0{month}-20T20:01"))
    assert hub.Wh == 70 + 4 * 5


def test_energy_without_contact_is_marked_and_put_on_its_own_day() -> None:
    hub = HubOfDays()
    hub.reads([day("2026-03-10", "18:00", 400)], utc("2026-03-10T18:01"))
    hub.restart()
    ring = [day("2026-03-10", "18:00", 400), day("2026-03-12", "20:00", 300)]
    hub.reads(ring, utc("2026-03-12T21:00"))
    assert [(one.value, one.at, one.flags) for one in hub.totals[-2:]] == [
        (400, utc("2026-03-12T00:00"), ("gap",)),
        (700, utc("2026-03-12T20:00"), ("gap",)),
    ]


def test_a_kettle_after_five_quiet_hours_in_contact_is_no_gap() -> None:
    hub = HubOfDays()
    ring = [day("2026-03-10", "02:00", 400)]
    for minute in range(300):
        hub.reads(ring, utc("2026-03-10T02:00") + 60 * minute)
    (new, _) = hub.reads([day("2026-03-10", "07:00", 500)], utc("2026-03-10T07:00:10"))
    assert (new.value, new.flags) == (500, ())


def test_a_restart_of_the_hub_alone_is_no_gap_and_shows_the_total_at_once() -> None:
    hub = HubOfDays()
    ring = [day("2026-03-10", "18:00", 400)]
    hub.reads(ring, utc("2026-03-10T18:01"))
    hub.restart()
    found = {one.point: (one.value, one.flags) for one in hub.reads(ring, utc("2026-03-10T18:05"))}
    assert found == {IMPORT: (400, ()), TODAY: (400, ())}


def test_a_ledger_from_before_days_were_kept_goes_on_with_its_day() -> None:
    hub = HubOfDays()
    last = utc("2026-03-10T20:00")
    hub._ledgers = {IMPORT: Ledger(identity="plug", point=IMPORT, total=9_000_000, level=400_000, at=last, moved=last)}
    hub._memory = str(int(last)).encode()
    hub.restart()
    ring = [day("2026-03-09", "20:00", 777), day("2026-03-10", "23:00", 490), day("2026-03-11", "07:00", 100)]
    hub.reads(ring, utc("2026-03-11T07:01"))
    assert hub.Wh == 9000 + 90 + 100


def test_the_end_of_yesterday_is_reported_before_todays_first_record() -> None:
    hub = HubOfDays()
    hub.reads([day("2026-03-10", "23:57", 400)], utc("2026-03-10T23:57:30"))
    new = hub.reads([day("2026-03-10", "23:59", 420), day("2026-03-11", "00:01", 1)], utc("2026-03-11T00:01:30"))
    assert [(one.point, one.value, one.at) for one in new] == [
        (IMPORT, 420, utc("2026-03-10T23:59")),
        (IMPORT, 421, utc("2026-03-11T00:01")),
        (TODAY, 1, utc("2026-03-11T00:01")),
    ]


def test_a_new_day_without_a_record_is_zero_for_people_and_no_news_for_the_total() -> None:
    hub = HubOfDays()
    ring = [day("2026-03-10", "23:50", 400)]
    hub.reads(ring, utc("2026-03-10T23:50:30"))
    (new,) = hub.reads(ring, utc("2026-03-11T00:00:30"))
    assert (new.point, new.value, new.at) == (TODAY, 0, utc("2026-03-11T00:00:30"))
    assert hub.reads(ring, utc("2026-03-11T00:01:30")) == []


@pytest.mark.parametrize(("state", "today"), [("control", [468]), ("digest", [468, 0])])
def test_local_midnight_ends_the_day_of_hardware_2_but_not_that_of_hardware_1(state: str, today: list[int]) -> None:
    relay: dict[str, object] = {"toggle": {"onoff": 1}} if state == "control" else {"togglex": []}
    zone = {"timezone": "Europe/Dublin", "timeRule": [[0, 3600, 1]]}
    system = {"hardware": {"uuid": UUID}, "time": zone}
    all_ = read_message("GETACK", "Appliance.System.All", payload_of(all={"system": system, state: relay}))
    assert isinstance(all_, All)
    reader = ValueReader(b"")
    reader.identified(all_)
    record = Days((Day("2024-04-29", 1_714_431_481, 468),))
    events = [event for unix in (1_714_431_500, 1_714_431_650) for event in reader.read(record, unix, unix)]
    found = [event.values.get("consumption.today") for event in events if isinstance(event, Reported)]
    assert found == today, "00:00:50 in Dublin, 23:00:50 in UTC"


def test_records_that_make_no_sense_are_left_out() -> None:
    hub = HubOfDays()
    bad = [
        Day("yesterday", int(NOON), 4),
        Day("2026-03-10", -5, 4),
        Day("2026-03-10", int(NOON), -4),
        Day("2026-02-10", int(NOON), 4),
    ]
    hub.reads(bad, NOON)
    assert [(one.point, one.value) for one in hub.readings] == [(TODAY, 0)]
    assert day_of(-1, 0) == "" == day_of(1e18, 0) and day_of(NOON, 10**9) == ""


def test_damaged_memory_is_a_first_contact() -> None:
    counter = DayCounter(b"{")
    (report, *_) = counter.read([day("2026-03-10", "11:00", 40)], PlugClock(unix=NOON, wall=NOON))
    assert isinstance(report, Reported) and report.values["consumption.counter"] == 40


def test_the_simulated_home_gives_its_plug_the_energy_of_the_day() -> None:
    measured = Gauge(profile()).measure({"energy_import_Wh": Fraction(9000), "energy_today_Wh": Fraction(27)})
    assert measured is not None and measured.values["consumption.counter"] == 27


# --- the plug is reset, or its clock jumps ------------------------------------------------------------


def test_a_plug_that_is_reset_counts_on_above() -> None:
    hub = HubOfDays()
    hub.reads([day("2026-03-10", "10:00", 400)], utc("2026-03-10T10:01"))
    hub.reads([day("2026-03-10", "11:00", 3)], utc("2026-03-10T11:01"))
    hub.reads([day("2026-03-10", "12:00", 50)], utc("2026-03-10T12:01"))
    assert hub.Wh == 450
    assert hub.by_day() == {"2026-03-10": 450}


def test_an_older_answer_that_comes_late_changes_nothing() -> None:
    hub = HubOfDays()
    for clock, value in (("10:00", 400), ("10:01", 401), ("10:00", 400), ("10:02", 402)):
        hub.reads([day("2026-03-10", clock, value)], utc("2026-03-10T10:05"))
    assert hub.Wh == 402


def test_a_much_older_answer_that_comes_late_changes_nothing() -> None:
    hub = HubOfDays()
    for clock, value in (("10:00", 400), ("10:01", 401), ("07:00", 100), ("10:02", 402)):
        hub.reads([day("2026-03-10", clock, value)], utc("2026-03-10T10:05"))
    assert hub.Wh == 402


def test_records_that_a_clock_days_behind_writes_are_refused() -> None:
    hub = HubOfDays()
    hub.reads([day("2026-03-05", "10:00", 40)], utc("2026-03-05T10:01"))
    behind = utc("2026-03-07T10:00")
    hub.reads([day("2026-03-05", "10:00", 40), day("2026-03-07", "10:00", 9)], NOON, behind)
    assert (hub.Wh, len(hub.notices)) == (40, 1)


def test_a_clock_that_goes_back_a_few_hours_costs_no_energy() -> None:
    story = PlugAndHub(NOON)
    story.runs(1000, 3 * HOUR)
    goes_on_behind(story, 2 * HOUR)
    assert story.hub.Wh == 3000 + 60 * 17


def goes_on_behind(story: PlugAndHub, back: float) -> None:
    """The plug's clock goes back, and it uses 17 Wh a minute for an hour."""
    start = story.now
    for minute in range(1, 61):
        now = start + 60 * minute
        story.ring.add(Fraction(17), now - back, 0)
        story.hub.reads(story.ring.days, now, now - back)
    rises_in_time(story.hub)


def test_a_clock_that_goes_back_over_midnight_costs_no_energy() -> None:
    story = PlugAndHub(utc("2026-03-11T01:00") - 2 * HOUR)
    story.runs(1000, 2 * HOUR)
    before = story.hub.Wh
    goes_on_behind(story, 3 * HOUR)
    assert (before, story.hub.Wh) == (1999, 1999 + 60 * 17)


def _date(unix: float) -> str:
    return PlugClock(unix=unix, wall=unix).today()


def test_a_total_is_not_filed_in_the_future_where_the_plugs_clock_is_ahead() -> None:
    hub = HubOfDays()
    now = utc("2026-03-10T10:00")
    new = hub.reads([day("2026-03-10", "13:00", 40)], now, utc("2026-03-10T13:00:30"))
    assert [one.at for one in new if one.point == IMPORT] == [now]


# --- the clock of the plug is wrong -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plug_clock", "shown"), [(1033.0, "counts from its start"), (utc("2022-01-05T10:00"), "2022-01-05")]
)
def test_records_of_a_wrong_clock_are_refused_with_a_notice(plug_clock: float, shown: str) -> None:
    hub = HubOfDays()
    wrong = Day(_date_or_1970(plug_clock), int(plug_clock), 120)
    for later in (0, 60, 120):
        hub.reads([wrong], NOON + later, plug_clock + later)
    assert hub.readings == []
    (notice,) = hub.notices
    assert shown in notice and "2026-03-10" in notice
    hub.reads([wrong, day("2026-03-10", "13:00", 5)], NOON + HOUR)
    assert hub.Wh == 5
    assert all(one.at > NOON for one in hub.readings)


def _date_or_1970(unix: float) -> str:
    return _date(unix) or "1970-01-01"


def test_a_clock_years_ahead_stores_nothing_in_the_future() -> None:
    hub = HubOfDays()
    hub.reads([day("2026-03-10", "10:00", 40)], NOON)
    ahead = utc("2029-01-01T10:00")
    hub.reads([day("2026-03-10", "10:00", 40), day("2029-01-01", "10:00", 9)], NOON + 60, ahead)
    hub.reads([day("2026-03-10", "12:02", 50), day("2029-01-01", "10:00", 9)], NOON + 120)
    assert hub.Wh == 50 and len(hub.notices) == 1
    assert max(one.at for one in hub.readings) <= NOON + 120


def test_what_the_plug_counted_before_its_clock_went_wrong_still_counts() -> None:
    hub = HubOfDays()
    hub.reads([day("2026-03-08", "10:00", 40)], utc("2026-03-08T10:01"))
    hub.restart()
    hub.reads([day("2026-03-08", "22:00", 90), Day("1970-01-01", 400, 3)], NOON, 410.0)
    assert hub.Wh == 90


def test_a_hub_without_a_clock_leaves_the_days_in_the_ring() -> None:
    counter = DayCounter()
    assert counter.read([day("2026-03-10", "10:00", 40)], PlugClock(unix=NOON, wall=60.0)) == []


# --- firmware that begins a day with yesterday's total ------------------------------------------------

DUBLIN = Time(timezone="Europe/Dublin", time_rule=((0, 0, 0), (int(utc("2026-03-29T01:00")), 3600, 1)))


def test_four_days_of_a_firmware_that_carries_its_total_over_midnight_stay_right() -> None:
    for firmware in ("2.1.4", "2.1.17"):  # it is recognised without its version
        story = PlugAndHub(utc("2026-03-10T10:00"), carries=True, firmware=firmware)
        for Wh in (192, 587, 8, 137):
            story.runs(Wh, HOUR)
            story.runs(0, 23 * HOUR)
        assert list(story.hub.by_day().values())[:4] == [192, 587, 8, 137]
        assert story.hub.Wh == 924


def test_a_carried_total_that_is_dropped_in_the_morning_leaves_the_days_own_energy() -> None:
    hub = HubOfDays("2.1.14")
    closed = day("2026-03-10", "23:50", 400)
    hub.reads([closed], utc("2026-03-10T23:55"))
    for clock, value in (("00:01", 400), ("06:00", 410), ("06:10", 12), ("07:00", 30)):
        hub.reads([closed, day("2026-03-11", clock, value)], utc(f"2026-03-11T{clock}:20"))
    assert hub.Wh == 400 + 30


def test_what_a_plug_did_at_midnight_is_remembered_for_the_nights_without_a_hub() -> None:
    story = PlugAndHub(utc("2026-03-10T10:00"), carries=True, firmware="9.9.9")
    story.runs(100, 24 * HOUR)
    story.hub.restart()
    story.runs(150, 48 * HOUR, contact=False)
    story.runs(0, 2 * HOUR)
    assert story.hub.Wh == sum(story.used.values()) == 2400 + 7200


def second_day(firmware: str, power_W: float, *values: int) -> float:
    """The Wh of a day that is read each minute from its midnight on, after one of 33 Wh."""
    hub = HubOfDays(firmware)
    closed, midnight = day("2026-03-10", "23:50", 33), utc("2026-03-11T00:00")
    hub.measures(power_W, midnight - 10)
    hub.reads([closed], midnight - 10)
    for minute, value in enumerate(values, 1):
        for second in range(-50, 1, 10):
            hub.measures(power_W, midnight + 60 * minute + second)
        hub.reads([closed, Day("2026-03-11", int(midnight + 60 * minute), value)], midnight + 60 * minute)
    return hub.Wh - 33


def test_the_power_since_midnight_decides_what_a_small_value_means() -> None:
    assert second_day("2.1.17", 0, 33, 33) == 0, "carried by a firmware that is not known for it"
    assert second_day("2.1.4", 1980, 33, 66) == 66, "used"


def test_what_no_plug_can_have_used_since_midnight_is_carried() -> None:
    hub = HubOfDays("2.1.17")
    closed = day("2026-03-10", "23:50", 900)
    hub.reads([closed], utc("2026-03-10T23:55"))
    hub.reads([closed, day("2026-03-11", "00:01", 901)], utc("2026-03-11T00:01:30"))
    assert hub.Wh == 901


# --- for any load and any outages -----------------------------------------------------------------------

spells = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 7, 60, 400, 2000, 3500]),
        st.sampled_from([60, 900, 3 * 3600, 9 * 3600, 30 * 3600]),
        st.sampled_from(["contact", "contact", "away", "restart", "reconnect"]),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(spells, st.booleans(), st.sampled_from([None, DUBLIN]), st.integers(0, 20 * int(DAY)))
def test_everything_that_the_plug_counted_is_counted(
    story: list[tuple[int, int, str]], carries: bool, zone: Time | None, start: int
) -> None:
    plug = PlugAndHub(utc("2026-03-20T00:30") + start // 60 * 60, carries=carries, zone=zone)
    plug.runs(0, 60)
    for power_W, seconds, state in story:
        if state == "restart":
            plug.hub.restart()
        elif state == "reconnect":
            plug.loses_contact()
        plug.runs(power_W, seconds, contact=state != "away")
        if state == "away":
            plug.loses_contact()
    plug.runs(0, 60)
    shown = {one.date: one.value for one in plug.ring.days}
    dates = sorted(shown)
    begun = [0, *(shown[date] if carries else 0 for date in dates)]
    of_plug = {date: shown[date] - before for date, before in zip(dates, begun, strict=False)}
    assert plug.hub.Wh == sum(of_plug.values())
    assert {date: Wh for date, Wh in plug.hub.by_day().items() if Wh} == {d: Wh for d, Wh in of_plug.items() if Wh}
    assert all(abs(of_plug[date] - used) < 1.01 for date, used in plug.used.items() if date in of_plug)
    rises_in_time(plug.hub)
