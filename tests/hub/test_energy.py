"""The energy ledger against what real counters do."""

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.model import Ledger, Point
from unclouded.core.profile import Counter, WirePoint
from unclouded.core.sessions.session import ReportedDay
from unclouded.hub.energy.ledger import Counted, DeviceEnergy
from unclouded.store.encoding.codec import ledger_from_json, ledger_to_json

KEY = "energy_import_Wh"
NOON = 1_800_000_000.0


def row(counter: Counter = "total", mul: int = 1, div: int = 1, wraps: int | None = None) -> WirePoint:
    falls_to = "energy_export_Wh" if counter == "net" else ""
    point = Point(key=KEY, kind="counter", exponent=-3)
    return WirePoint(point=point, wire="1", mul=mul, div=div, counter=counter, wraps=wraps, falls_to=falls_to)


class Meter:
    """A meter read every ``step`` seconds into its energy ledgers."""

    def __init__(self, wire: WirePoint, step: float = 15.0) -> None:
        self.energy = DeviceEnergy("id-1", {})
        self.row, self.step, self.at = wire, step, NOON

    def reads(self, *raws: int | float | Fraction, repeated: bool = False) -> Counted:
        for raw in raws:
            counted = self.energy.count(self.row, raw, self.at, repeated)
            self.at += self.step
        return counted

    def restart(self) -> None:
        self.energy = DeviceEnergy("id-1", {ledger.point: ledger for ledger in self.energy.changed()})

    @property
    def Wh(self) -> float:
        total = self.energy.total(KEY)
        assert total is not None
        return total / 1000


@pytest.fixture
def meter() -> Meter:
    return Meter(row())


def test_the_first_reading_is_the_meters_own_total(meter: Meter) -> None:
    assert meter.reads(318_458) == Counted(318_458_000, point=KEY)


def test_a_counter_that_counts_is_followed_exactly(meter: Meter) -> None:
    assert meter.reads(1000, 1004, 1004, 1009) == Counted(1_009_000, point=KEY)


def test_a_hub_restart_counts_the_energy_of_the_outage_and_flags_it(meter: Meter) -> None:
    meter.reads(1000, 1004)
    meter.restart()
    meter.at += 3600
    assert meter.reads(2500) == Counted(2_500_000, "good", ("gap",), KEY)


def test_a_coarse_counter_that_moves_one_count_after_an_hour_had_no_gap() -> None:
    meter = Meter(row(mul=10))
    meter.reads(100)
    meter.at += 3600
    assert meter.reads(101).flags == ()


def test_a_device_that_restarts_from_zero_goes_on_above_its_old_total(meter: Meter) -> None:
    meter.reads(5000, 5001)
    assert meter.reads(0) == Counted(5_001_000, "held", ("reset",), KEY)
    meter.reads(1)
    assert meter.reads(2) == Counted(5_003_000, "good", ("reset",), KEY)
    assert meter.reads(4) == Counted(5_005_000, point=KEY)


def test_zeros_of_a_booting_device_change_nothing(meter: Meter) -> None:
    meter.step = 1.0
    assert meter.reads(100, 0, 0, 0, 0, 0, 101) == Counted(101_000, point=KEY)


def test_a_meter_exchanged_for_a_used_one_goes_on_without_its_old_total(meter: Meter) -> None:
    meter.reads(50_000_000, 12_000_000, 12_000_001, 12_000_002)
    assert meter.Wh == 50_000_002
    meter.reads(12_000_005)
    assert meter.Wh == 50_000_005


def test_a_meter_exchanged_for_a_higher_one_goes_on_without_the_jump(meter: Meter) -> None:
    meter.reads(1000)
    assert meter.reads(90_000_000) == Counted(1_000_000, "suspect", ("jump",), KEY)
    meter.reads(90_000_003)
    assert meter.reads(90_000_005) == Counted(1_005_000, "good", ("jump",), KEY)


@pytest.mark.parametrize("blip", [2**32, 1000 + 2**32, 500_000, 0, 1, 950, 999])
def test_a_blip_of_one_sample_changes_nothing(meter: Meter, blip: int) -> None:
    meter.reads(1000)
    held = meter.reads(blip)
    assert held.total_mWh == 1_000_000 and held.quality != "good"
    assert meter.reads(1001) == Counted(1_001_000, point=KEY)


def test_a_blip_as_the_first_reading_of_all_does_not_poison_the_total(meter: Meter) -> None:
    assert meter.reads(2**32) == Counted(0, "suspect", ("jump",), KEY)
    assert meter.reads(318_458) == Counted(318_458_000, point=KEY)


def test_a_huge_first_reading_that_is_confirmed_is_accepted(meter: Meter) -> None:
    assert meter.reads(2**32, 2**32 + 1, 2**32 + 2).total_mWh == (2**32 + 2) * 1000


def test_a_small_dip_is_held(meter: Meter) -> None:
    meter.reads(1000)
    assert meter.reads(998) == Counted(1_000_000, "held", ("dip",), KEY)


def test_a_device_that_counts_on_from_an_older_saved_value_loses_nothing(meter: Meter) -> None:
    meter.reads(1000, *range(950, 955))
    assert meter.Wh == 1004
    assert meter.reads(955) == Counted(1_005_000, point=KEY)


@pytest.mark.parametrize(("rise_Wh", "quality"), [(2084, "good"), (2085, "suspect")])
def test_a_rise_is_counted_that_the_limit_explains_since_the_last_reading_and_a_minute(
    meter: Meter, rise_Wh: int, quality: str
) -> None:
    meter.reads(1000)
    assert meter.reads(1000 + rise_Wh).quality == quality  # 100 kW for 15 s and 60 s are 2083.3 Wh, and one count


def test_a_dip_is_a_reset_once_the_counter_has_risen_twice(meter: Meter) -> None:
    meter.reads(1000, 980, 980, 980, 980, 980, 981)
    assert meter.reads(981).flags == ("dip",)
    assert meter.reads(982).flags == ("reset",)
    assert meter.Wh == 1002


def test_a_register_that_wraps_is_counted_over_its_top() -> None:
    meter = Meter(row(wraps=2**24))
    assert meter.reads(2**24 - 5, 3).flags == ("wrap",)
    assert meter.Wh == 2**24 + 3


def test_a_counter_that_stood_still_may_show_its_energy_all_at_once(meter: Meter) -> None:
    meter.reads(*[1000] * 100)
    assert meter.reads(9000).quality == "good"
    assert meter.Wh == 9000


def test_a_clock_that_goes_back_costs_no_energy(meter: Meter) -> None:
    meter.reads(1000)
    meter.at -= 86_400
    meter.reads(1010, 1020)
    assert meter.Wh == 1020


def test_two_readings_of_the_same_time_are_both_counted(meter: Meter) -> None:
    meter.step = 0.0
    meter.reads(1000, 1001, 1002)
    assert meter.Wh == 1002


@pytest.mark.parametrize("nonsense", [-1, float("nan"), float("inf"), 1e300, 2**80])
def test_nonsense_is_marked_and_changes_nothing(meter: Meter, nonsense: float) -> None:
    meter.reads(1000)
    assert meter.reads(nonsense) == Counted(1_000_000, "suspect", ("invalid",), KEY)


def test_increments_add_up_and_keep_the_rest_of_rounding() -> None:
    meter = Meter(row("increment", div=3))
    meter.reads(1, 1)
    meter.restart()
    assert meter.reads(1) == Counted(1000, "good", ("increment",), KEY)


def test_a_repeated_increment_is_not_counted_again() -> None:
    meter = Meter(row("increment"))
    meter.reads(7)
    assert meter.reads(7, repeated=True) == Counted(7000, "good", ("duplicate",), KEY)


def test_a_new_increment_among_the_answers_to_a_query_is_counted() -> None:
    meter = Meter(row("increment"))
    meter.reads(7)
    meter.restart()
    assert meter.reads(5, repeated=True) == Counted(12_000, "good", ("increment",), KEY)
    assert meter.reads(5, repeated=True) == Counted(12_000, "good", ("duplicate",), KEY)


def test_an_impossible_increment_is_not_counted() -> None:
    meter = Meter(row("increment"))
    assert meter.reads(7, 2**31).quality == "suspect"
    assert meter.reads(3).total_mWh == 10_000


def test_a_daily_counter_adds_up_over_midnight() -> None:
    meter = Meter(row("daily"))
    meter.reads(8000, 8004, 0, 3)
    assert meter.reads(5) == Counted(8_009_000, "good", ("new_day",), KEY)


def test_a_fall_of_a_net_register_is_export() -> None:
    meter = Meter(row("net"))
    assert meter.reads(1000, 1010).fell is None
    counted = meter.reads(1004)
    assert counted.total_mWh == 1_010_000
    assert counted.fell == Counted(6000, point="energy_export_Wh")
    assert meter.reads(1005).total_mWh == 1_011_000


def test_a_net_register_that_is_exchanged_exports_nothing() -> None:
    meter = Meter(row("net"))
    counted = meter.reads(9_000_000, 0, 1, 2)
    assert (counted.total_mWh, counted.fell) == (9_000_002_000, None)


def test_an_emporia_meter_of_three_five_thousandths_is_exact() -> None:
    meter = Meter(row())
    meter.reads(Fraction(0x0697D0F4 * 3 * 1000, 5000))
    assert meter.energy.total(KEY) == 66_367_634_400


def test_power_is_integrated_where_nothing_is_counted() -> None:
    energy = DeviceEnergy("id-1", {})
    energy.integrate(KEY, 100.0, NOON)
    assert energy.integrate(KEY, 200.0, NOON + 36) == Counted(1500, "estimated", ("estimated",), KEY)
    assert energy.changed()[0].estimated == 1500


def test_an_outage_is_integrated_for_five_minutes_at_most() -> None:
    energy = DeviceEnergy("id-1", {})
    energy.integrate(KEY, 1200.0, NOON)
    assert energy.integrate(KEY, 1200.0, NOON + 9000) == Counted(100_000, "estimated", ("estimated", "gap"), KEY)


def test_feeding_in_is_not_integrated_as_use_and_nonsense_not_at_all() -> None:
    energy = DeviceEnergy("id-1", {})
    energy.integrate(KEY, -500.0, NOON)
    counted = energy.integrate(KEY, -500.0, NOON + 60)
    assert counted is not None and counted.total_mWh == 0
    assert energy.integrate(KEY, float("nan"), NOON + 60) is None


def test_a_counter_found_after_integrating_goes_on_from_there(meter: Meter) -> None:
    meter.energy.integrate(KEY, 1000.0, NOON - 72)
    meter.energy.integrate(KEY, 1000.0, NOON - 36)
    assert meter.reads(700).total_mWh == 10_000
    assert meter.reads(701).total_mWh == 11_000


def test_a_changed_ledger_is_returned_once(meter: Meter) -> None:
    meter.reads(1000)
    assert [ledger.total for ledger in meter.energy.changed()] == [1_000_000]
    assert meter.energy.changed() == []


def test_a_dated_counter_does_not_count_days_before_its_first_one() -> None:
    energy, wire = DeviceEnergy("id-1", {}), row("dated")
    first, earlier = ReportedDay("2027-01-15", NOON), ReportedDay("2027-01-14", NOON - 86_400)
    assert [one.total_mWh for _, one in energy.count_day(wire, 7, first, NOON + 60, NOON + 60)] == [7000]
    assert energy.count_day(wire, 9, earlier, NOON - 60, NOON + 120) == []
    assert energy.total(KEY) == 7000


# --- for any sequence -------------------------------------------------------------------------------

raws = st.one_of(
    st.integers(-10, 3000),
    st.integers(0, 2**48),
    st.floats(),
    st.fractions(0, 10**6, max_denominator=5000),
    st.sampled_from([0, 2**32, 2**24 - 1, 1000, 1001, 1002, 999]),
)
steps = st.one_of(st.floats(-100, 1000), st.sampled_from([0.0, 1.0, 15.0, 86_400.0, -86_400.0]))
counters: st.SearchStrategy[Counter] = st.sampled_from(["total", "increment", "daily", "net"])
rows = st.builds(row, counters, st.integers(1, 1000), st.integers(1, 5000), st.sampled_from([None, 2**24, 2**32]))
readings = st.lists(st.tuples(raws, steps, st.booleans()), max_size=40)


@settings(max_examples=200)
@given(rows, readings)
def test_totals_never_fall(wire: WirePoint, story: list[tuple[float, float, bool]]) -> None:
    energy, at, last, fell = DeviceEnergy("id-1", {}), NOON, 0, 0
    for raw, step, repeated in story:
        at += step
        counted = energy.count(wire, raw, at, repeated)
        assert counted.total_mWh >= last
        last = counted.total_mWh
        if counted.fell is not None:
            assert counted.fell.total_mWh >= fell
            fell = counted.fell.total_mWh


@settings(max_examples=200)
@given(rows, readings, st.integers(0, 40))
def test_energy_restored_from_its_ledgers_goes_on_as_without_a_restart(
    wire: WirePoint, story: list[tuple[float, float, bool]], cut: int
) -> None:
    straight, at = DeviceEnergy("id-1", {}), NOON
    kept: dict[str, Ledger] = {}
    restarted = DeviceEnergy("id-1", {})
    for number, (raw, step, repeated) in enumerate(story):
        at += step
        if number == cut:
            restarted = DeviceEnergy("id-1", kept)
        assert restarted.count(wire, raw, at, repeated) == straight.count(wire, raw, at, repeated)
        kept |= {ledger.point: ledger for ledger in restarted.changed()}


@settings(max_examples=100)
@given(st.integers(1, 100), st.integers(1, 5000), st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_clean_increments_add_up_exactly(mul: int, div: int, amounts: list[int]) -> None:
    meter = Meter(row("increment", mul, div))
    meter.reads(*amounts)
    assert meter.energy.total(KEY) == round(Fraction(sum(amounts) * mul * 1000, div))


@settings(max_examples=100)
@given(
    st.integers(10_000, 10**6),
    st.lists(st.integers(0, 3), min_size=2, max_size=30),
    st.data(),
)
def test_blips_between_clean_readings_leave_no_trace(start: int, rises: list[int], data: st.DataObject) -> None:
    clean, blown, level = Meter(row()), Meter(row()), start
    for meter in (clean, blown):
        meter.reads(start)
    for rise in rises:
        level += rise
        blip = data.draw(st.none() | st.integers(0, level - 1) | st.integers(level + 10**6, 2**60))
        clean.at = blown.at
        if blip is not None:
            blown.reads(blip)
            clean.at = blown.at
        assert blown.reads(level) == clean.reads(level)


def test_a_ledger_has_the_identity_of_its_device(meter: Meter) -> None:
    meter.reads(5)
    ledger = meter.energy.changed()[0]
    assert isinstance(ledger, Ledger) and (ledger.identity, ledger.point) == ("id-1", KEY)


@pytest.mark.parametrize("counter", ["total", "daily", "net", "increment"])
@pytest.mark.parametrize(("before", "after"), [("10", "1"), ("1", "10"), ("0.1", "100"), ("0.3", "0.7")])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_counter_of_which_the_profile_changes_the_scale_counts_on_without_a_jump(
    counter: Counter, before: str, after: str, is_restarted: bool
) -> None:
    scales = [Fraction(before), Fraction(after)]
    old, new = (row(counter, mul=scale.numerator, div=scale.denominator) for scale in scales)

    def raw(number: int) -> int:
        return 1 if counter == "increment" else 1000 + number

    meter = Meter(old, 60.0)
    known = meter.reads(*map(raw, range(3))).total_mWh
    if is_restarted:
        kept = [ledger_from_json(ledger_to_json(one)) for one in meter.energy.changed()]
        meter.energy = DeviceEnergy("id-1", {one.point: one for one in kept})
    meter.row = new
    for number in range(3, 20):
        counted = meter.reads(raw(number))
        assert counted.quality == "good" and set(counted.flags) <= {"increment"}
        risen = counted.total_mWh - known
        assert abs(risen - (number - 2) * 1000 * scales[1]) <= 1


def test_a_ledger_from_before_scales_were_kept_is_read() -> None:
    meter = Meter(row())
    meter.reads(1000)
    [kept] = meter.energy.changed()
    assert kept.count_mWh == 1000
    text = ledger_to_json(kept).replace(',"count_mWh":1000', "")
    assert ledger_from_json(text) == msgspec.structs.replace(kept, count_mWh=0)
