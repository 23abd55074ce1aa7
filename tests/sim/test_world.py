"""The simulated home: its loads, its meter, and the balance of energy."""

import itertools
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import ConfigError
from unclouded.sim.loads import HOUR, LOADS
from unclouded.sim.world import Counters, PlugState, Scenario, World

START = 1_790_000_000.0  # 2026-09-21 14:13:20 UTC
EVENING = Scenario(hour=18.5)
NOON = Scenario(hour=13)
MS = st.integers(0, 90_000)  # milliseconds


def evening(seed: int = 1) -> World:
    return World(seed, START, EVENING)


def everything(world: World) -> tuple[object, ...]:
    return (world.meter(), world.base_W, world.solar_W, *(world.plug(name) for name in world.scenario.plugs))


def states(world: World, name: str, seconds: int) -> list[PlugState]:
    seen = []
    for _ in range(seconds):
        seen.append(world.plug(name))
        world.step(1)
    return seen


def watts(world: World, name: str, seconds: int) -> list[float]:
    return [float(state.power_W) for state in states(world, name, seconds)]


# --- time and energy ------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.lists(MS, max_size=12), st.integers(0, 5))
def test_however_time_is_cut_up_the_same_happens(cuts: Sequence[int], seed: int) -> None:
    whole, pieces = evening(seed), evening(seed)
    whole.step(Fraction(sum(cuts), 1000))
    for cut in cuts:
        pieces.step(Fraction(cut, 1000))
    assert everything(whole) == everything(pieces)


def test_sixty_single_seconds_are_one_minute_exactly() -> None:
    one, other = evening(), evening()
    one.step(60)
    for _ in range(60):
        other.step(1)
    assert everything(one) == everything(other)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(MS, st.sampled_from(["kettle", "fridge", "tv", "pump", "roof"]), st.booleans()), max_size=12),
    st.sampled_from([EVENING, NOON]),
)
def test_the_meter_sees_base_and_plugs_less_the_roof_whatever_is_switched(
    switching: Sequence[tuple[int, str, bool]], scenario: Scenario
) -> None:
    world = World(7, START, scenario)
    for ms, name, on in switching:
        world.step(Fraction(ms, 1000))
        world.switch(name, on)
        plugs = sum(world.plug(plug).power_W for plug in world.scenario.plugs)
        assert world.meter().power_W == world.base_W + plugs - world.solar_W
        assert world.plug("roof").power_W == world.solar_W
        assert world.plug(name).on == on
        assert on or world.plug(name).power_W == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(MS, max_size=12), st.sampled_from([EVENING, NOON]))
def test_counters_never_fall_and_only_one_side_of_the_meter_moves_at_a_time(
    steps: Sequence[int], scenario: Scenario
) -> None:
    world = World(3, START, scenario)
    for ms in steps:
        before, plugs = world.meter(), [world.plug(name).energy_Wh for name in world.scenario.plugs]
        world.step(Fraction(ms % 1000, 1000))
        after = world.meter()
        assert all(world.plug(name).energy_Wh >= was for name, was in zip(world.scenario.plugs, plugs, strict=True))
        assert after.import_Wh >= before.import_Wh
        assert after.export_Wh >= before.export_Wh


def test_energy_is_power_times_time_to_the_last_digit() -> None:
    world = evening()
    total = Fraction(0)
    for _ in range(300):
        total += world.plug("pump").power_W / 3600
        world.step(1)
    assert world.plug("pump").energy_Wh == total


def test_what_the_meter_counts_is_what_it_shows() -> None:
    world, begin = World(1, START, NOON), World(1, START, NOON).meter()
    bought = sold = nothing = Fraction(0)
    for _ in range(300):
        power = world.meter().power_W
        bought, sold = bought + max(power, nothing) / 3600, sold - min(power, nothing) / 3600
        world.step(1)
    assert bought > 0 < sold  # the kettle turns the flow round
    assert world.meter().import_Wh - begin.import_Wh == bought
    assert world.meter().export_Wh - begin.export_Wh == sold


def test_an_inverter_without_a_grid_produces_nothing_and_restarts_after_a_delay() -> None:
    world = World(1, START, NOON)
    assert world.solar_W > 500
    world.switch("roof", False)
    assert world.plug("roof").power_W == world.plug("roof").current_A == 0
    assert world.meter().power_W > 0, "what the roof gave comes from the grid now"
    world.step(60)
    world.switch("roof", True)
    assert world.solar_W == 0
    world.step(8)
    rising = world.solar_W
    world.step(20)
    assert 0 < rising < world.solar_W


def test_the_roof_counts_its_production_across_restarts() -> None:
    world, given = World(1, START, NOON), Fraction(0)
    for _ in range(120):
        given += world.solar_W / 3600
        world.step(1)
    assert world.plug("roof").energy_Wh == given
    later = World(1, START, NOON, world.counters())
    assert 0 <= world.plug("roof").energy_Wh - later.plug("roof").energy_Wh < Fraction(1, 1000)


def test_a_home_without_a_roof_has_no_plug_for_it() -> None:
    with pytest.raises(ConfigError, match="no plug 'roof'"):
        World(1, START, Scenario(solar=False)).plug("roof")


def test_what_is_used_may_be_used_again_and_again() -> None:
    world = World(1, START, Scenario(hour=3, used={"kettle": 4}, again_s=900))
    power = watts(world, "kettle", 2000)
    began = [second for second in range(1, 2000) if power[second - 1] == 0 < power[second]]
    assert began == [4, 904, 1804]


def test_a_negative_time_step_is_an_error() -> None:
    with pytest.raises(ValueError, match="negative"):
        evening().step(-1)


def test_the_day_of_a_plug_begins_at_local_midnight() -> None:
    world = World(1, START, Scenario(hour=23.5))
    world.step(HOUR // 2 - 1)
    assert world.plug("pump").energy_today_Wh > 20
    world.step(1)
    assert world.plug("pump").energy_today_Wh == 0
    assert world.plug("pump").energy_Wh > 20


# --- the same life for the same seed ----------------------------------------------------------------


def test_the_same_seed_lives_the_same_life_and_another_seed_another() -> None:
    one, same, other = evening(1), evening(1), evening(2)
    for world in (one, same, other):
        world.step(100)
    assert everything(one) == everything(same)
    assert everything(one) != everything(other)


def test_a_restart_continues_the_counters() -> None:
    world = evening()
    world.step(500)
    again = World(1, START + 500, EVENING, world.counters())
    assert world.meter().import_Wh - again.meter().import_Wh < Fraction(1, 1000)
    assert 0 <= world.plug("fridge").energy_Wh - again.plug("fridge").energy_Wh < Fraction(1, 1000)
    assert again.counters() == world.counters()


def test_a_plug_can_begin_with_a_count_of_its_own() -> None:
    world = World(1, START, EVENING, Counters(plugs={"fridge": 310_000}))
    assert world.plug("fridge").energy_Wh == 310
    assert world.plug("tv").energy_Wh == 0


def test_a_missing_plug_is_reported_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no plug 'oven'. It has: kettle, fridge, tv, pump, roof\."):
        evening().plug("oven")


# --- shapes -----------------------------------------------------------------------------------------


def test_the_kettle_boils_for_some_minutes_and_clicks_off() -> None:
    power = watts(evening(), "kettle", 600)
    assert power[:4] == [0, 0, 0, 0]  # it is used four seconds after the start
    heating = [one for one in power if one]
    assert 150 < len(heating) < 300
    assert all(1900 < one < 2100 for one in heating)
    assert power[-1] == 0


def test_a_kettle_switched_off_while_it_boils_continues_afterwards() -> None:
    world = evening()
    world.step(60)
    world.switch("kettle", False)
    world.step(30)
    world.switch("kettle", True)
    assert world.plug("kettle").power_W > 1900
    rest = [one for one in watts(world, "kettle", 600) if one]
    assert 60 < len(rest) < 240


def test_the_fridge_starts_with_an_inrush_and_settles_at_85_W() -> None:
    power = watts(evening(), "fridge", 2 * HOUR)
    starts = [n for n in range(1, len(power)) if power[n - 1] < 5 < power[n]]
    assert len(starts) >= 2
    assert power[starts[0]] > 550
    assert all(75 < one < 105 for one in power[starts[0] + 2 : starts[0] + 600])
    running = sum(1 for one in power if one > 5) / len(power)
    assert 0.3 < running < 0.6


def test_power_given_back_to_the_fridge_is_another_inrush() -> None:
    world = evening()
    world.switch("fridge", False)
    world.step(5)
    world.switch("fridge", True)
    assert world.plug("fridge").power_W > 550
    assert [one for one in watts(world, "fridge", 5) if one > 550] != []


def test_a_watched_television_follows_its_scenes_and_rests_in_standby() -> None:
    watched = watts(World(1, START, Scenario(hour=3)), "tv", 300)
    assert all(59 < one < 110 for one in watched)
    assert len({round(one, 1) for one in watched}) > 50
    unwatched = watts(World(1, START, Scenario(hour=3, used={})), "tv", 60)
    assert all(0.5 < one < 0.7 for one in unwatched)


def test_the_pump_seeks_its_speed_between_45_and_250_W() -> None:
    power = watts(evening(), "pump", 2 * HOUR)
    assert min(power) >= 44
    assert max(power) <= 250
    assert max(power) - min(power) > 100
    assert max(abs(b - a) for a, b in itertools.pairwise(power)) < 10


def test_every_plug_shows_something_new_within_ten_seconds_of_the_start() -> None:
    for name in ("kettle", "fridge", "tv", "pump"):
        assert len(set(watts(evening(), name, 10))) >= 5


def test_the_roof_gives_most_at_noon_and_nothing_at_night() -> None:
    def sun(hour: float) -> float:
        return float(World(1, START, Scenario(hour=hour)).solar_W)

    assert sun(2) == sun(5.9) == sun(20.1) == 0
    assert 0 < sun(8) < sun(13) < 2400
    assert World(1, START, Scenario(hour=13, solar=False)).solar_W == 0


def test_the_local_hour_is_that_of_the_clock_unless_the_scenario_sets_it() -> None:
    utc = World(1, START, Scenario())
    there = World(1, START, Scenario(utc_offset_s=8 * HOUR))  # 22:13 local
    assert utc.solar_W > 0 == there.solar_W


@pytest.mark.parametrize("kind", sorted(LOADS))
def test_power_is_voltage_times_current_times_power_factor(kind: str) -> None:
    world = World(1, START, Scenario(plugs={"it": kind}, used={"it": 0}, hour=18))  # type: ignore[dict-item]  # a key
    for state in states(world, "it", 60):
        assert state.power_W == state.voltage_V * state.current_A * state.power_factor
        assert state.apparent_power_VA == state.voltage_V * state.current_A
        assert 226 < state.voltage_V < 234
        assert 0 <= state.power_factor <= 1


def test_the_voltage_wanders_slowly() -> None:
    volts = [float(state.voltage_V) for state in states(evening(), "tv", 600)]
    assert max(abs(b - a) for a, b in itertools.pairwise(volts)) < 0.5
    assert max(volts) - min(volts) > 1


def test_a_relay_open_at_the_start_leaves_its_load_dark_and_uncounted() -> None:
    world = World(1, START, Scenario(hour=18.5, open=frozenset({"pump"})))
    world.step(100)
    assert world.plug("pump").power_W == world.plug("pump").energy_Wh == 0
    world.switch("pump", True)
    assert world.plug("pump").power_W > 40


def test_the_kettle_can_be_used_at_any_time() -> None:
    world = World(1, START, Scenario(hour=3, used={}))
    assert world.plug("kettle").power_W == 0
    world.use("kettle")
    assert world.plug("kettle").power_W > 1900
