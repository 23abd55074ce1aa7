"""Where the energy rules change their minds: the last value on each side, in a home that draws 1 Wh each second."""

from datetime import date, timedelta
from fractions import Fraction

import pytest

from unclouded.core.model import Ledger, Point
from unclouded.core.profile import Counter, WirePoint
from unclouded.core.session import ReportedDay
from unclouded.hub.energy import Counted, DeviceEnergy
from unclouded.hub.energy_rule import EnergyRule, add

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


def test_a_fall_of_a_net_register_is_exported_exactly() -> None:
    assert last(row("net"), (0, 1000), (15, 924)).fell == Counted(76_000, point=FELL)


def test_a_doubt_lasts_since_its_earliest_reading_where_the_clock_goes_back() -> None:
    readings = [(0.0, 1000), (15.0, 90_000), (-20.0, 90_000), (9.0, 90_000)]
    assert last(row(), *readings).quality == "suspect"
    assert last(row(), *readings, (1.0, 90_000)).quality == "good"


def test_fractions_have_no_count_that_a_rise_may_be_off_by() -> None:
    energy = energy_of()
    energy.count(row(), Fraction(1000), NOON)
    assert energy.count(row(), Fraction(1061), NOON).quality == "suspect"
    assert energy.count(row(), Fraction(1060), NOON).quality == "good"


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
        ([(40, 10), (50, 111)], (111, "good", ())),
        ([(40, 10), (50, 122)], (10, "suspect", ("jump",))),
        # it began again where it fell by more than a tenth, after the reading that it is compared with
        ([(1000, 100), (1001, 89)], (189, "good", ("reset",))),
        ([(1000, 100), (1001, 90)], (100, "held", ("dip",))),
        ([(1000, 100), (1000, 89)], (100, "held", ("dip",))),
        # or once it rose twice within a minute
        ([(1000, 100), (1010, 95), (1040, 96), (1070, 97)], (197, "good", ("reset",))),
        ([(1000, 100), (1010, 95), (1040, 96), (1069, 97)], (100, "held", ("dip",))),
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
        assert list(ledger.days) == kept and ledger.since == kept[0]
    now = days[-1].start + 7200
    assert energy.count_day(row("dated"), 30, days[1], now, now) == []
    energy.count_day(row("dated"), 30, days[2], now, now)
    assert energy.total(KEY) == 660_000
