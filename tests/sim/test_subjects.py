"""Subjects of simulated devices: a load, a breaker's three phases, a heated room."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import ConfigError
from unclouded.core.family import SimSubject
from unclouded.core.sessions.session import Refusal
from unclouded.sim.subjects import (
    SUBJECTS,
    MeterSubject,
    PhasesSubject,
    PlugSubject,
    RoomSubject,
    Subject,
    scenario_for,
)
from unclouded.sim.world import Scenario, World

START = 1_790_000_000.0


def world(kind: SimSubject) -> tuple[World, str]:
    scenario, name = scenario_for(kind, "kettle")
    return World(1, START, scenario), name


def number(subject: Subject, key: str) -> Fraction:
    value = subject.quantities().get(key, 0)
    assert isinstance(value, int | Fraction)
    return Fraction(value)


def temperature(room: RoomSubject) -> Fraction:
    return number(room, "temperature_C")


@pytest.mark.parametrize("kind", sorted(SUBJECTS))
def test_each_subject_exists_in_its_scenario(kind: SimSubject) -> None:
    simulation, name = world(kind)
    simulation.step(10)
    subject = SUBJECTS[kind](simulation, name)
    assert subject.name == (name or kind)
    assert number(subject, "energy_import_Wh") >= 0


@settings(max_examples=30)
@given(st.integers(5, 3000))
def test_the_breaker_counts_what_its_three_circuits_use(seconds: int) -> None:
    simulation, name = world("phases")
    simulation.step(seconds)
    known = PhasesSubject(simulation, name).quantities()
    plugs = [simulation.plug(f"breaker_{phase}") for phase in "abc"]
    assert known["energy_import_Wh"] == sum(plug.energy_Wh for plug in plugs)
    assert known["power_W"] == known["power_a_W"] + known["power_b_W"] + known["power_c_W"]
    for phase in "abc":
        assert known[f"power_{phase}_W"] <= known[f"voltage_{phase}_V"] * known[f"current_{phase}_A"]


def test_the_breaker_opens_all_three_and_leaks_no_more() -> None:
    simulation, name = world("phases")
    breaker = PhasesSubject(simulation, name)
    assert breaker.command("on", False) is True
    known = breaker.quantities()
    assert not known["on"] and known["power_W"] == known["leakage_current_A"] == 0
    assert not any(simulation.plug(f"breaker_{phase}").on for phase in "abc")


def test_a_register_that_is_cleared_counts_on_from_zero() -> None:
    simulation, name = world("phases")
    breaker = PhasesSubject(simulation, name)
    simulation.step(1000)
    assert breaker.quantities()["energy_import_Wh"] > 0
    assert breaker.command("clear_energy", False) is True
    assert breaker.quantities()["energy_import_Wh"] > 0
    assert breaker.command("clear_energy", True) is True
    assert breaker.quantities()["energy_import_Wh"] == 0
    simulation.step(1000)
    assert breaker.quantities()["energy_import_Wh"] > 0


def test_commands_that_do_not_concern_the_world_are_left_to_the_device() -> None:
    simulation, name = world("room")
    assert RoomSubject(simulation, name).command("eco", True) is None
    assert PlugSubject(simulation, name).command("countdown_s", 5) is None
    assert MeterSubject(simulation).command("wakes_every_min", 60) is None
    assert MeterSubject(simulation).command("on", False) == Refusal("the meter has no relay")


# --- the room -----------------------------------------------------------------------------------------


def test_the_room_is_warmed_by_what_the_meter_sees() -> None:
    simulation, name = world("room")
    room = RoomSubject(simulation, name)
    before = simulation.meter().power_W
    room.command("setpoint_C", 5)
    assert not room.quantities()["heating"] and room.quantities()["power_W"] == 0
    assert before - simulation.meter().power_W > 1400
    cold = temperature(room)
    simulation.step(600)
    assert temperature(room) < cold
    room.command("setpoint_C", "23.5")
    simulation.step(600)
    assert temperature(room) > cold


def test_the_room_cools_towards_the_outside_and_never_below() -> None:
    simulation, name = world("room")
    room = RoomSubject(simulation, name)
    room.command("on", False)
    for _ in range(48):
        before = temperature(room)
        simulation.step(1800)
        assert number(room, "outside_C") - 2 <= temperature(room) < before + 2
    assert temperature(room) < 14


@settings(max_examples=30)
@given(st.lists(st.fractions(Fraction(1, 1000), 500), min_size=1, max_size=8))
def test_the_room_is_the_same_however_time_is_cut_up(pieces: list[Fraction]) -> None:
    (whole, name), (cut, _) = world("room"), world("room")
    whole.step(sum(pieces))
    for piece in pieces:
        cut.step(piece)
    assert whole.room(name) == cut.room(name)


def test_a_room_without_a_heater_is_no_room() -> None:
    simulation = World(1, START, Scenario())
    with pytest.raises(ConfigError, match="There is no heater on the plug 'tv'"):
        simulation.room("tv")
    with pytest.raises(ConfigError, match="There is no heater on the plug 'tv'"):
        simulation.set_setpoint("tv", Fraction(20))
