"""Where the energy rules change their minds: the last value on each side, in a home that draws 1 Wh each second."""

from datetime import date, timedelta
from fractions import Fraction

import msgspec
import pytest

from unclouded.core.model import Doubt, Ledger, Point
from unclouded.core.profile import Counter, WirePoint
from unclouded.core.sessions.session import ReportedDay
from unclouded.hub.energy.ledger import Counted, DeviceEnergy
from unclouded.hub.energy.rule import EnergyRule, add

KEY, FELL = "energy_import_Wh", "energy_export_Wh"
NOON = 1_800_000_000.0
LIMIT_W = 3600.0  # 1 Wh each second, so 61 Wh at once: a minute of it, and one count
GAP_S = 300.0
TODAY = ReportedDay("2027-01-15", NOON)

Reading = tuple[float, int]  # s after the one before, Wh


def row(counter: Counter = "total", mul: int = 1, div: int = 1, wraps: int | None = None) -> WirePoint:
    falls_to = FELL if counter == "net" else ""
    return WirePoint(
        point=Point(key=KEY, kind="counter", exponent=-3),
        wire="1",
        mul=mul,
        div=div,
        counter=counter,
        wraps=wraps,
        falls_to=falls_to,
    )


def energy_of(*ledgers: Ledger) -> DeviceEnergy:
    return DeviceEnergy("id-1", {one.point: one for one in ledgers}, LIMIT_W, GAP_S)


def last(wire: WirePoint, *readings: Reading) -> Counted:
    """What the last of these readings becomes."""
    energy, at = energy_of(), NOON
    for passed, level in readings:
        at += passed
        counted = energy.count(wire, level, at)
    return counted


def rule(mul: int = 1, div: int = 1, whole: bool = True) -> EnergyRule:
    return EnergyRule(row(mul=mul, div=div), LIMIT_W, GAP_S, whole)


@pytest.mark.parametrize("number", [int, Fraction])
def test_levels_are_read_up_to_2_to_the_62_mwh(number: type[int] | type[Fraction]) -> None:
    counts = rule(div=1000)  # of 1 mWh
    assert [counts.level(number(one)) for one in (-1, 0, 1)] == [None, 0, 1]
    assert [counts.level(number(one)) for one in (2**62, 2**62 + 1)] == [2**62, None]


def test_fractions_of_a_mwh_are_exact_as_long_as_they_are_short() -> None:
    assert rule().level(Fraction(1, 7_000_001)) == Fraction(1000, 7_000_001)
    assert [rule(div=2).level(3), rule(div=2000).level(1)] == [1500, Fraction(1, 2)]
    assert rule(div=7000).level(1) == Fraction(1, 7)
    finest = 10**12
    assert rule(div=1000).level(Fraction(1, finest)) == Fraction(1, finest)
    assert rule(div=1000).level(Fraction(1, finest + 39)) != Fraction(1, finest + 39)
    long = rule().level(Fraction(1, 10**18 + 9))
    assert long is not None and long.denominator <= 10**12


def test_a_total_stops_at_what_a_store_can_hold() -> None:
    full = Ledger(identity="id-1", point=KEY, total=2**63 - 3)
    assert [add(full, more, at=NOON, moved=NOON).total for more in (1, 2, 3)] == [2**63 - 2, 2**63 - 1, 2**63 - 1]
    assert add(full, Fraction(7, 2), at=NOON, moved=NOON).rest == 0


@pytest.mark.parametrize(
    ("counter", "readings", "expected"),
    [
        # a rise: 1 Wh each second since the last reading, a minute of it, and one count
        ("total", [(0, 1000), (15, 1076)], (1076, "good", ())),
        ("total", [(0, 1000), (15, 1077)], (1000, "suspect", ("jump",))),
        ("total", [(0, 1000), (14.9995, 1076)], (1000, "suspect", ("jump",))),
        ("total", [(0, 1000), (-15, 1061)], (1061, "good", ())),
        ("total", [(0, 1000), (-15, 1062)], (1000, "suspect", ("jump",))),
        # a counter that stood still for up to an hour
        ("total", [(0, 1000), (900, 1000), (900, 2861)], (2861, "good", ("gap",))),
        ("total", [(0, 1000), (900, 1000), (900, 2862)], (1000, "suspect", ("jump",))),
        ("total", [(0, 1000), *[(900.0, 1000)] * 6, (900, 4661)], (4661, "good", ("gap",))),
        ("total", [(0, 1000), *[(900.0, 1000)] * 6, (900, 4662)], (1000, "suspect", ("jump",))),
        # a silence is a gap after five minutes, where more than one count came
        ("total", [(0, 1000), (300, 1002)], (1002, "good", ())),
        ("total", [(0, 1000), (301, 1002)], (1002, "good", ("gap",))),
        ("total", [(0, 1000), (301, 1001)], (1001, "good", ())),
        # a first reading is believed up to 1 GWh
        ("total", [(0, 10**9)], (10**9, "good", ())),
        ("total", [(0, 10**9 + 1)], (0, "suspect", ("jump",))),
        # a fall is a dip up to a tenth
        ("total", [(0, 1000), (15, 900)], (1000, "held", ("dip",))),
        ("total", [(0, 1000), (15, 899)], (1000, "held", ("reset",))),
        ("daily", [(0, 1000), (15, 899)], (1000, "held", ("new_day",))),
        # a jump is confirmed by three readings in ten seconds, without a rise
        ("total", [(0, 1000), (15, 90_000), (5, 90_000)], (1000, "suspect", ("jump",))),
        ("total", [(0, 1000), (15, 90_000), (5, 90_000), (5, 90_000)], (1000, "good", ("jump",))),
        ("total", [(0, 1000), (15, 90_000), (5, 90_000), (4.9, 90_000)], (1000, "suspect", ("jump",))),
        ("total", [(0, 1000), (15, 90_000), (60, 90_000)], (1000, "suspect", ("jump",))),
        ("total", [(0, 1000), (400, 90_000), (5, 90_005), (5, 90_010)], (1010, "good", ("jump",))),
        # so is a reset; the readings must follow each other
        ("total", [(0, 90_000), (15, 5000), (5, 5000), (5, 5000)], (90_000, "good", ("reset",))),
        ("total", [(0, 90_000), (15, 5000), (5, 5000), (4.9, 5000)], (90_000, "held", ("reset",))),
        ("total", [(0, 90_000), (15, 5000), (5, 5066), (5, 5132)], (90_132, "good", ("reset",))),
        ("total", [(0, 90_000), (15, 5000), (5, 5067), (5, 5068)], (90_000, "held", ("reset",))),
        ("total", [(0, 90_000), (15, 5000), (5, 4999), (5, 5000)], (90_000, "held", ("reset",))),
        # what it shows since it restarted counts, where the home can have used it
        ("total", [(0, 5000), (15, 83), (15, 84), (15, 106)], (5106, "good", ("reset",))),
        ("total", [(0, 5000), (15, 83), (15, 84), (15, 107)], (5024, "good", ("reset",))),
        ("total", [(0, 5000), (301, 83), (15, 84), (15, 106)], (5106, "good", ("reset", "gap"))),
        ("total", [(0, 5000), (300, 83), (15, 84), (15, 106)], (5106, "good", ("reset",))),
        # a dip is confirmed by four readings in a minute, of which two rose
        ("total", [(0, 1000), (15, 980), (20, 980), (20, 981), (20, 982)], (1002, "good", ("reset",))),
        ("total", [(0, 1000), (15, 980), (20, 980), (20, 981), (19.9, 982)], (1000, "held", ("dip",))),
        ("total", [(0, 1000), (15, 980), (20, 980), (20, 980), (20, 981)], (1000, "held", ("dip",))),
        ("total", [(0, 1000), (15, 980), (40, 981), (40, 982)], (1000, "held", ("dip",))),
        # of a daily counter that begins again so high, all counts
        ("daily", [(0, 100), (15, 91), (20, 92), (20, 93), (20, 94)], (194, "good", ("new_day",))),
        # a net register may fall as it may rise
        ("net", [(0, 1000), (15, 924)], (1000, "good", ())),
        ("net", [(0, 1000), (15, 923)], (1000, "held", ("reset",))),
        ("net", [(0, 1000), (301, 998)], (1000, "good", ("gap",))),
        ("net", [(0, 1000), (301, 999)], (1000, "good", ())),
        # increments: the first may stand for a day
        ("increment", [(0, 86_401)], (86_401, "good", ("increment",))),
        ("increment", [(0, 86_402)], (0, "suspect", ("increment", "jump"))),
        ("increment", [(0, 5), (15, 76)], (81, "good", ("increment",))),
        ("increment", [(0, 5), (15, 77)], (5, "suspect", ("increment", "jump"))),
        ("increment", [(0, 5), (-15, 61)], (66, "good", ("increment",))),
        ("increment", [(0, 5), (-15, 62)], (5, "suspect", ("increment", "jump"))),
    ],
)
def test_the_last_value_on_each_side_of_a_rule(
    counter: Counter, readings: list[Reading], expected: tuple[int, str, tuple[str, ...]]
) -> None:
    counted = last(row(counter), *readings)
    assert (counted.total_mWh / 1000, counted.quality, counted.flags) == expected


@pytest.mark.parametrize(("level", "flags"), [(66, ("wrap",)), (67, ("reset",)), (2**24 - 11, ("dip",))])
def test_a_register_wraps_where_the_home_can_have_used_what_it_rose(level: int, flags: tuple[str, ...]) -> None:
    assert last(row(wraps=2**24), (0, 2**24 - 10), (15, level)).flags == flags


def test_a_register_that_shows_its_end_before_it_wraps_has_used_nothing() -> None:
    assert last(row(wraps=2**24), (0, 2**24), (15, 0)) == Counted(2**24 * 1000, "good", ("wrap",), KEY)


def test_the_one_count_that_a_rise_may_be_off_by_has_the_scale_of_the_register() -> None:
    counts = row(div=1000)  # of 1 mWh
    assert last(counts, (0, 10**6), (15, 10**6 + 75_001)).quality == "good"
    assert last(counts, (0, 10**6), (15, 10**6 + 75_002)).quality == "suspect"


def test_a_first_level_that_is_doubted_may_get_another_scale() -> None:
    energy = energy_of()
    assert energy.count(row(), 10**12, NOON).flags == ("jump",)
    assert energy.count(row(div=10), 5, NOON + 15).total_mWh == 500


def test_a_fall_of_a_net_register_is_exported_exactly() -> None:
    assert last(row("net"), (0, 1000), (15, 924)).fell == Counted(76_000, point=FELL)


def test_a_doubt_lasts_since_its_earliest_reading_where_the_clock_goes_back() -> None:
    readings = [(0.0, 1000), (15.0, 90_000), (-20.0, 90_000), (9.0, 90_000)]
    assert last(row(), *readings).quality == "suspect"
    assert last(row(), *readings, (1.0, 90_000)).quality == "good"


@pytest.mark.parametrize(("level", "quality"), [(90_061, "good"), (90_062, "suspect")])
def test_a_doubt_goes_on_where_the_clock_goes_back_and_the_slack_explains_the_rise(level: int, quality: str) -> None:
    assert last(row(), (0, 1000), (15, 90_000), (-1, level), (12, level)).quality == quality


@pytest.mark.parametrize(("level", "gain"), [(61, 61), (62, 0)])
def test_a_reset_while_the_clock_goes_back_adds_what_the_slack_explains(level: int, gain: int) -> None:
    counted = last(row(), (0, 100_000), (-100, level), (5, level), (6, level))
    assert (counted.total_mWh, counted.flags) == ((100_000 + gain) * 1000, ("reset",))


def test_a_first_level_that_was_doubted_adds_nothing_to_what_was_counted_before() -> None:
    energy = energy_of(Ledger(identity="id-1", point=KEY, total=5000))
    totals = [energy.count(row(), 10**12, NOON + at).total_mWh for at in (0, 6, 12)]
    assert totals == [5000, 5000, 5000] and energy.ledgers[KEY].level == 10**15


def test_fractions_have_no_count_that_a_rise_may_be_off_by() -> None:
    energy = energy_of()
    energy.count(row(), Fraction(1000), NOON)
    assert energy.count(row(), Fraction(1060_001, 1000), NOON).quality == "suspect"
    assert energy.count(row(), Fraction(1060_000, 1000), NOON).quality == "good"


# --- days -------------------------------------------------------------------------------------------


def of_day(*levels: tuple[float, int], energy: DeviceEnergy | None = None) -> tuple[int, str, tuple[str, ...]]:
    """What the last of these readings of today becomes: seconds since its beginning, Wh."""
    energy = energy or energy_of()
    for at, level in levels:
        [*_, (_, counted)] = energy.count_day(row("dated"), level, TODAY, NOON + at, NOON + at)
    return counted.total_mWh // 1000, counted.quality, counted.flags


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        # no more than the home can have used since the day began
        ([(40, 101)], (101, "good", ())),
        ([(40, 102)], (0, "suspect", ("jump",))),
        ([(-5, 61)], (61, "good", ())),
        ([(-5, 62)], (0, "suspect", ("jump",))),
        ([(40, 10), (50, 111)], (111, "good", ())),
        ([(40, 10), (50, 122)], (10, "suspect", ("jump",))),
        # it began again where it fell by more than a tenth, after the reading that it is compared with
        ([(1000, 100), (1001, 89)], (189, "good", ("reset",))),
        ([(1000, 100), (1001, 90)], (100, "held", ("dip",))),
        ([(1000, 100), (1000, 89)], (100, "held", ("dip",))),
        # or once it rose twice within a minute
        ([(1000, 100), (1010, 95), (1040, 96), (1070, 97)], (197, "good", ("reset",))),
        ([(1000, 100), (1010, 95), (1040, 96), (1069, 97)], (100, "held", ("dip",))),
        ([(1000, 100), (1010, 95), (1020, 95), (1040, 96), (1070, 97)], (197, "good", ("reset",))),
        ([(1000, 100), (1010, 95), (1070, 97)], (100, "held", ("dip",))),
        ([(1000, 100), (1010, 95), (1070, 95), (1090, 95)], (100, "held", ("dip",))),
        ([(1000, 100), (1010, 95), (1040, 94), (1070, 96)], (100, "held", ("dip",))),
        ([(1000, 100), (1010, 95), (1040, 94), (1070, 95), (1100, 96)], (196, "good", ("reset",))),
    ],
)
def test_the_last_value_of_a_day_on_each_side_of_a_rule(
    levels: list[tuple[float, int]], expected: tuple[int, str, tuple[str, ...]]
) -> None:
    assert of_day(*levels) == expected


def test_what_is_doubted_of_a_day_is_kept_over_a_restart() -> None:
    energy = energy_of()
    assert of_day((1000, 100), (1010, 95), (1040, 96), energy=energy) == (100, "held", ("dip",))
    [ledger] = energy.changed()
    doubt = Doubt(
        kind="dip", first=95_000, level=96_000, since=NOON + 1010, at=NOON + 1040, seen=2, rises=1, date=TODAY.date
    )
    assert ledger.doubt == doubt
    assert of_day((1070, 97), energy=energy_of(ledger)) == (197, "good", ("reset",))


def test_a_day_that_is_shown_again_is_no_news() -> None:
    energy = energy_of()
    assert of_day((40, 10), (50, 10), energy=energy) == (10, "good", ())
    assert energy.count_day(row("dated"), 10, TODAY, NOON + 60, NOON + 60) == [
        (NOON + 60, Counted(10_000, point=KEY)),
    ]


def test_a_ledger_keeps_62_days_and_counts_no_earlier_one_again() -> None:
    energy, first = energy_of(), date(2027, 1, 1)
    days = [ReportedDay(str(first + timedelta(number)), NOON + 86_400 * number) for number in range(64)]
    for number, day in enumerate(days, 1):
        energy.count_day(row("dated"), 10, day, day.start + 3600, day.start + 3600)
        assert energy.total(KEY) == 10_000 * number
        [ledger] = energy.changed()
        kept = [one.date for one in days[max(number - 62, 0) : number]]
        assert list(ledger.days) == kept and ledger.since == kept[0] and ledger.level == 10_000
    now = days[-1].start + 7200
    assert energy.count_day(row("dated"), 30, days[1], now, now) == []
    energy.count_day(row("dated"), 30, days[2], now, now)
    [ledger] = energy.changed()
    assert (ledger.total, ledger.level) == (660_000, 10_000), "the level is that of the newest day"


def test_what_was_integrated_on_the_first_day_is_not_counted_again() -> None:
    energy = energy_of()
    for passed in (10, 110):
        energy.integrate(KEY, 3600.0, NOON + passed)
    assert of_day((200, 150), (300, 160), energy=energy) == (110, "good", ())
    [ledger] = energy.changed()
    counted = ledger.days[TODAY.date]
    assert (counted.level, counted.counted, counted.at) == (160_000, 10_000, NOON + 300)


# --- the ledgers of a device ------------------------------------------------------------------------

DAY = 86_400.0


def day(number: int, since: float = 0.0) -> ReportedDay:
    """A day by its number; day 0 begins at NOON."""
    return ReportedDay(str(date(2027, 1, 15) + timedelta(number)), NOON + DAY * number, since)


def counted_days(energy: DeviceEnergy, *shown: tuple[ReportedDay, int, float]) -> list[tuple[float, Counted]]:
    """What the last of them becomes: day, Wh, and when the device counted it last. They are read when that is over."""
    now = max(at for *_, at in shown)
    for one, level, at in shown:
        now = max(now, energy.newest(KEY))
        found = energy.count_day(row("dated"), level, one, at, now)
    return found


def test_no_reading_is_filed_in_the_future_nor_before_the_newest_unless_the_clock_was_ahead() -> None:
    energy = energy_of()
    asked = [
        (0.5, 0.5, 0.5),
        (NOON, NOON, NOON),
        (NOON - 10, NOON + 1, NOON),
        (NOON + 50, NOON + 5, NOON + 5),
        (NOON - 400, NOON - 295, NOON + 5),
        (NOON - 400, NOON - 296, NOON - 400),
    ]
    assert [energy.filed(KEY, at, now) for at, now, _ in asked] == [when for *_, when in asked]


def test_what_flows_the_other_way_is_that_of_the_other_point_except_a_first_total() -> None:
    increments, total = (msgspec.structs.replace(row(counter), falls_to=FELL) for counter in ("increment", "total"))
    assert energy_of().count(increments, 7, NOON, falls=True) == Counted(
        0, "good", ("increment",), KEY, Counted(7000, point=FELL)
    )
    energy = energy_of()
    assert energy.count(total, 7, NOON, falls=True) == Counted(7000, point=KEY)
    assert energy.count(total, 9, NOON + 15, falls=True) == Counted(7000, point=KEY, fell=Counted(2000, point=FELL))
    assert energy.count(total, 10, NOON + 30) == Counted(8000, point=KEY, fell=Counted(2000, point=FELL))


def test_what_flows_the_other_way_keeps_the_rest_of_rounding() -> None:
    energy, thirds = energy_of(), msgspec.structs.replace(row("total", div=3), falls_to=FELL)
    energy.count(thirds, 1, NOON)  # 333 1/3 mWh
    energy.count(thirds, 2, NOON + 15, falls=True)
    assert energy.count(thirds, 4, NOON + 30, falls=True) == Counted(333, point=KEY, fell=Counted(1000, point=FELL))
    ledgers = energy.ledgers
    assert (ledgers[KEY].rest, ledgers[FELL].rest) == (Fraction(1, 3), 0)


def test_a_level_that_is_repeated_is_a_duplicate_once_there_is_one() -> None:
    energy = energy_of()
    assert energy.count(row(), 5, NOON, repeated=True).flags == ()
    assert energy.count(row(), 6, NOON + 1, repeated=True) == Counted(5000, "good", ("duplicate",), KEY)


def test_a_day_without_a_number_is_invalid() -> None:
    assert energy_of().count_day(row("dated"), -1, day(0), NOON, NOON) == [
        (NOON, Counted(0, "suspect", ("invalid",), KEY))
    ]


def test_an_earlier_day_is_news_where_it_adds_something_or_cannot_be() -> None:
    energy = energy_of()
    counted_days(energy, (day(0), 10, NOON + 3600), (day(2), 10, NOON + 2 * DAY + 60))
    assert counted_days(energy, (day(1), 0, NOON + DAY + 100)) == []
    [(_, jumped)] = counted_days(energy, (day(1), 10**9, NOON + DAY + 200))
    assert (jumped.flags, jumped.quality) == (("jump",), "suspect")
    [(_, late)] = counted_days(energy, (day(1), 5, NOON + DAY + 300))
    assert (late.total_mWh, late.flags) == (25_000, ("late",))
    ledger = energy.ledgers[KEY]
    assert (ledger.level, ledger.at, ledger.moved) == (10_000, NOON + 2 * DAY + 60, NOON + 2 * DAY + 60)


@pytest.mark.parametrize(("at", "total"), [(-1, 15_000), (0, 10_000), (DAY - 1, 10_000), (DAY, 5000)])
def test_a_ledger_from_before_days_were_kept_has_the_level_of_its_last_day(at: float, total: int) -> None:
    energy = energy_of(Ledger(identity="id-1", point=KEY, total=5000, level=5000, at=NOON + at, moved=NOON + at))
    counted_days(energy, (day(0), 10, NOON + 3600))
    assert energy.total(KEY) == total


def test_the_newest_day_is_read_even_where_it_adds_nothing() -> None:
    energy = energy_of()
    counted_days(energy, (day(0), 10, NOON + 3600))
    first, again = NOON + DAY + 60, NOON + DAY + 90
    assert counted_days(energy, (day(1), 0, first)) == [(first, Counted(10_000, point=KEY))]
    assert counted_days(energy, (day(1), 0, again)) == [(again, Counted(10_000, point=KEY))]


@pytest.mark.parametrize(("before_s", "flags"), [(60, ()), (61, ("late",))])
def test_a_day_is_late_more_than_a_minute_before_the_newest_reading(before_s: int, flags: tuple[str, ...]) -> None:
    energy = energy_of()
    counted_days(energy, (day(0), 10, NOON + DAY - 10), (day(1), 10, NOON + DAY + 50))
    [(when, counted)] = counted_days(energy, (day(0), 15, NOON + DAY + 50 - before_s))
    assert (when, counted.flags) == (NOON + DAY + 50, flags)


def test_energy_of_an_outage_begins_with_its_day_or_where_the_device_says() -> None:
    for one, begin, marks in ((day(1), NOON + DAY, ("gap",)), (day(1, NOON + DAY + 400), NOON + DAY + 400, ())):
        energy = energy_of()
        counted_days(energy, (day(0), 10, NOON + 3600))
        assert counted_days(energy, (one, 5, NOON + DAY + 1000)) == [
            (begin, Counted(10_000, "good", marks, KEY)),
            (NOON + DAY + 1000, Counted(15_000, "good", ("gap",), KEY)),
        ]


@pytest.mark.parametrize(
    ("at", "flags"),
    [
        (NOON + DAY + 300, ()),
        (NOON + DAY + 301, ("gap",)),
        (NOON + 30 * DAY + 3600, ("gap",)),
        (NOON + 30 * DAY + 3601, ("gap", "lost")),
    ],
)
def test_an_outage_is_a_gap_after_five_minutes_and_loses_days_after_thirty(at: float, flags: tuple[str, ...]) -> None:
    energy = energy_of()
    counted_days(energy, (day(0), 10, NOON + 3600))
    found = counted_days(energy, (day(int((at - NOON) // DAY)), 5, at))
    assert found[0][1].flags == flags
    assert [when for when, _ in found] == ([at - (at - NOON) % DAY, at] if flags else [at])


def test_a_gap_within_a_day_begins_with_the_reading_that_is_there() -> None:
    energy = energy_of()
    counted_days(energy, (day(0), 10, NOON + 3600))
    assert counted_days(energy, (day(0), 15, NOON + 4000)) == [(NOON + 4000, Counted(15_000, "good", ("gap",), KEY))]
    assert counted_days(energy, (day(0), 16, NOON + 4400)) == [(NOON + 4400, Counted(16_000, point=KEY))], "one count"


def test_a_day_that_began_within_a_day_of_the_newest_reading_loses_none() -> None:
    """The device shows what it counted since: the days between are not known, but none is missing."""
    for begin, flags in ((NOON + 3600 + DAY, ("gap",)), (NOON + 3601 + DAY, ("gap", "lost"))):
        energy = energy_of()
        counted_days(energy, (day(0), 10, NOON + 3600))
        later = ReportedDay("2027-01-16", begin)
        now = NOON + 40 * DAY
        assert energy.count_day(row("dated"), 5, later, begin + 1000, now)[0][1].flags == flags


def test_power_is_integrated_for_five_minutes_and_a_gap_after_that() -> None:
    energy = energy_of()
    expected = [(0.0, 0, ()), (300.0, 100, ()), (301.0, 200, ("gap",)), (0.0, 200, ()), (-60.0, 200, ())]
    at = NOON
    for passed, total, flags in expected:
        at += passed
        assert energy.integrate(KEY, 1200.0, at) == Counted(total * 1000, "estimated", ("estimated", *flags), KEY)
    [ledger] = energy.changed()
    assert ledger.estimated == ledger.total == 200_000 and ledger.filed == 0


def test_power_is_integrated_to_the_mwh_and_what_flows_out_counts_as_nothing() -> None:
    energy = energy_of()
    totals = [energy.integrate(KEY, power_W, NOON + at) for power_W, at in ((3600.0, 0), (3600.0, 300), (-5.0, 300))]
    assert [one and one.total_mWh for one in totals] == [0, 300_000, 300_000]
    assert energy.integrate(KEY, -5.0, NOON + 600) == Counted(300_000, "estimated", ("estimated",), KEY)
    assert energy.ledgers[KEY].rest == 0 and energy.ledgers[KEY].filed == 0


def test_days_that_a_device_may_still_keep_are_not_integrated() -> None:
    energy = energy_of()
    assert not energy.has_days(KEY, NOON)
    counted_days(energy, (day(0), 10, NOON + 3600))
    assert energy.has_days(KEY, NOON + 3599 + 30 * DAY) and not energy.has_days(KEY, NOON + 3600 + 30 * DAY)
    assert energy.integrate(KEY, 5.0, NOON + 3599 + 30 * DAY) is None
    assert energy.integrate(KEY, 5.0, NOON + 3600 + 30 * DAY) is not None
    assert not energy.has_days(KEY, NOON + 3601 + 30 * DAY)


def test_changed_ledgers_are_in_the_order_of_their_points_with_what_was_filed_last() -> None:
    energy, keys = energy_of(), [f"energy_{letter}_Wh" for letter in "fbdace"]
    for number, key in enumerate(keys):
        energy.integrate(key, 5.0, NOON + number)
        energy.filed(key, NOON + number, NOON + 60)
    assert [(one.point, one.filed) for one in energy.changed()] == sorted(
        (key, NOON + number) for number, key in enumerate(keys)
    )
    assert energy.ledgers["energy_f_Wh"].filed == NOON


def test_the_newest_reading_of_a_total_is_that_which_was_filed_or_else_counted() -> None:
    energy = energy_of(Ledger(identity="id-1", point=KEY, total=5000, at=NOON))
    assert (energy.total(KEY), energy.newest(KEY)) == (5000, NOON)
    energy.filed(KEY, NOON + 5, NOON + 60)
    assert energy.newest(KEY) == NOON + 5
    assert (energy.total(FELL), energy.newest(FELL)) == (None, 0)
    assert energy.ledgers[KEY].filed == NOON + 5
