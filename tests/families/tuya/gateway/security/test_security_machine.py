"""Arming and alarms: every transition of docs/protocols/tuya_gateway.md §2.12.12, and delays and restarts."""

from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.families.tuya.gateway.security.security_machine import MOST_CAUSES, WRONG_CODE, SecurityMachine
from unclouded.families.tuya.gateway.security.security_settings import SecuritySettings
from unclouded.families.tuya.gateway.security.security_status import SecurityCause, SecurityStatus, SecurityStep
from unclouded.families.tuya.gateway.security.sensors import AlarmSensor, SensorTrigger, triggers_in
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.security_messages import (
    AlarmCancel,
    AlarmDelay,
    AlarmInfo,
    AlarmState,
    SecurityEvent,
    SecurityInfo,
    SecurityState,
)
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import ENUM, DataPoint
from unclouded.families.tuya.messages import frame_of

PAGE = Path(__file__).parents[5] / "docs/protocols/tuya_gateway.md"

DELAYS = SecuritySettings(arming_delay_s=30, alarm_delay_s=20)
NO_DELAYS = SecuritySettings()
USER, KEYPAD = SecurityCause("user"), SecurityCause("keypad", "key1")
DOOR = SensorTrigger("d001", detail='{"1":true}')
SMOKE = SensorTrigger("e001", environmental=True, detail='{"1":true}')

Input = Callable[[SecurityMachine], SecurityStep]

INPUTS: Mapping[str, Input] = {
    "arm home": lambda one: one.arm("home", USER, 1000.0),
    "arm away": lambda one: one.arm("away", USER, 1000.0),
    "disarm": lambda one: one.disarm(USER),
    "cancel": lambda one: one.cancel(USER),
    "intruder": lambda one: one.triggered(SensorTrigger("d002"), 1000.0),
    "fire": lambda one: one.triggered(SensorTrigger("e002", environmental=True), 1000.0),
    "time": lambda one: one.tick(1000.0),
    "siren on": lambda one: one.siren(True),
    "siren off": lambda one: one.siren(False),
}


def machine_in(state: str, settings: SecuritySettings = DELAYS, new_alarms: bool = False) -> SecurityMachine:
    """A machine that has come into the state at 0 s: ``alarm delay home``."""
    mode = state.rpartition(" ")[2]
    machine = SecurityMachine(msgspec.structs.replace(settings, arming_delay_s=0), b"", new_alarms)
    if state.startswith("arming"):
        machine.arm("home" if mode == "home" else "away", USER, 0.0, 30)
    elif mode != "disarmed":
        machine.arm("home" if mode == "home" else "away", USER, 0.0)
    if state.startswith("alarm delay"):
        machine.triggered(DOOR, 0.0)
    elif state.startswith("alarm"):
        machine.triggered(SMOKE, 0.0)
    machine._settings = settings
    assert title(machine.status) == state
    return machine


def title(status: SecurityStatus) -> str:
    return status.mode if status.phase == "quiet" else f"{status.phase} {status.mode}"


def sent(messages: tuple[Message, ...]) -> str:
    frames = map(frame_of, messages)
    return " ".join(f"{frame.command:02X}/{frame.payload[0]:02X}" for frame in frames)


def table() -> Mapping[str, Mapping[str, str]]:
    """The cells of the page, by state and input."""
    block = PAGE.read_text("utf-8").partition("<!-- security transitions -->\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
    inputs = rows[0][1:]
    return {row[0]: dict(zip(inputs, row[1:], strict=True)) for row in rows[2:]}


TABLE = table()


def cell_of(state: str, step: SecurityStep, after: SecurityStatus) -> str:
    if step.refused:
        assert (title(after), step.messages, step.changes) == (state, (), ())
        return "no"
    if not step.changes:
        assert title(after) == state
    to = title(after) if step.changes else "–"
    return f"{to}: {sent(step.messages)}" if step.messages else to


def test_the_table_has_every_state_and_every_input() -> None:
    assert len(TABLE) == 10
    assert all(set(row) == set(INPUTS) for row in TABLE.values())


@pytest.mark.parametrize(("state", "name"), list(product(TABLE, INPUTS)), ids=str)
def test_every_transition_is_that_of_the_table(state: str, name: str) -> None:
    machine = machine_in(state)
    step = INPUTS[name](machine)
    assert cell_of(state, step, machine.status) == TABLE[state][name]


@pytest.mark.parametrize(("state", "name"), list(product(TABLE, INPUTS)), ids=str)
def test_gateways_with_the_new_form_of_alarms_are_sent_that_form(state: str, name: str) -> None:
    """Bit 0 of ``a``: c1/01 and c1/02 need not be processed, and are not sent."""
    machine = machine_in(state, new_alarms=True)
    step = INPUTS[name](machine)
    expected = TABLE[state][name].replace("C1/02", "C1/04 C1/05").replace("C1/01", "C1/05")
    assert cell_of(state, step, machine.status) == expected


@pytest.mark.parametrize(("state", "name"), list(product(TABLE, INPUTS)), ids=str)
def test_every_change_names_its_cause_and_is_remembered(state: str, name: str) -> None:
    machine = machine_in(state)
    step = INPUTS[name](machine)
    for change in step.changes:
        assert change.after == machine.status and change.before != change.after
        kinds = {"intruder": "sensor", "fire": "sensor", "siren on": "gateway", "siren off": "gateway", "time": "time"}
        expected = kinds.get(name, "user")
        if name == "time" and change.after.phase == "alarm":
            expected = "sensor"  # the one that began the delay
        assert change.after.cause.kind == expected
    assert SecurityMachine(DELAYS, machine.memory()).status == machine.status


@pytest.mark.parametrize("state", TABLE)
@pytest.mark.parametrize("name", ["arm home", "arm away", "disarm", "cancel"])
def test_a_wrong_code_changes_nothing(state: str, name: str) -> None:
    machine = machine_in(state)
    commands: Mapping[str, Input] = {
        "arm home": lambda one: one.arm("home", USER, 0.0, allowed=False),
        "arm away": lambda one: one.arm("away", USER, 0.0, allowed=False),
        "disarm": lambda one: one.disarm(USER, allowed=False),
        "cancel": lambda one: one.cancel(USER, allowed=False),
    }
    before = machine.status
    assert commands[name](machine) == SecurityStep(refused=WRONG_CODE)
    assert machine.status == before


# --- delays -----------------------------------------------------------------------------------------


def test_arming_away_takes_its_delay() -> None:
    machine = SecurityMachine(DELAYS)
    step = machine.arm("away", USER, 100.0)
    assert step.messages == (SecurityState(2, 30, 0), SecurityEvent(3))
    assert machine.info() == SecurityInfo(2, alarm=1, countdown=0)
    assert machine.deadline() == 130.0
    assert machine.tick(129.9) == SecurityStep()
    assert machine.tick(130.0).messages == (SecurityEvent(1),)
    assert (machine.status.name, machine.deadline()) == ("away", None)
    assert machine.info() == SecurityInfo(2, alarm=1, countdown=1)


def test_without_delays_their_states_are_skipped() -> None:
    machine = SecurityMachine(NO_DELAYS)
    assert machine.arm("home", KEYPAD, 0.0).messages == (SecurityState(1, 0, 0), SecurityEvent(1))
    assert machine.status.name == "home" and machine.deadline() is None
    assert machine.triggered(DOOR, 1.0).messages == (AlarmInfo(codes.ALARM_INFO, 0, "d001", '{"1":true}'),)
    assert machine.status.name == "alarm" and machine.deadline() is None


@pytest.mark.parametrize(("given", "kept"), [(None, 30), (0, 0), (90, 90), (-5, 0), (100_000, 600)])
def test_the_delay_of_a_command_overrides_that_of_the_settings(given: int | None, kept: int) -> None:
    machine = SecurityMachine(DELAYS)
    machine.arm("away", USER, 0.0, given)
    assert (machine.deadline() or 0) == kept


def test_an_intruder_has_the_alarm_delay_and_no_longer() -> None:
    machine = SecurityMachine(DELAYS)
    machine.arm("away", USER, 0.0, 0)
    assert machine.triggered(DOOR, 10.0).messages == (AlarmDelay(1), SecurityEvent(3, "20"))
    assert machine.info() == SecurityInfo(2, alarm=0, countdown=1)
    assert machine.triggered(SensorTrigger("d002"), 25.0) == SecurityStep()  # it does not begin anew
    step = machine.tick(30.0)
    assert step.messages == (AlarmDelay(2), AlarmInfo(codes.ALARM_INFO, 0, "d001", '{"1":true}'))
    assert machine.status.cause.sub_id == "d001"


def test_a_disarmed_alarm_delay_leaves_nothing_to_come() -> None:
    machine = SecurityMachine(DELAYS)
    machine.arm("away", USER, 0.0, 0)
    machine.triggered(DOOR, 10.0)
    assert machine.disarm(KEYPAD).messages == (AlarmDelay(2), SecurityState(0, 0, 0), SecurityEvent(0))
    assert machine.deadline() is None and machine.tick(1e9) == SecurityStep()


# --- sensors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "sensor", "alarm"),
    [
        ("disarmed", DOOR, False),
        ("disarmed", SMOKE, True),
        ("home", SensorTrigger("p", alarms_in=("away",)), False),
        ("away", SensorTrigger("p", alarms_in=("away",)), True),
        ("home", SensorTrigger("p", alarms_in=("home",)), True),
        ("home", SensorTrigger("s", True, alarms_in=()), True),
    ],
)
def test_environmental_sensors_always_count_and_others_in_their_modes(
    mode: str, sensor: SensorTrigger, alarm: bool
) -> None:
    machine = machine_in(mode, NO_DELAYS)
    step = machine.triggered(sensor, 0.0)
    assert (machine.status.phase == "alarm") is alarm is bool(step.messages)


def test_each_sub_device_is_reported_once_in_an_alarm() -> None:
    machine = machine_in("away", NO_DELAYS)
    first = [machine.triggered(SensorTrigger(f"d{number:03}"), 0.0) for number in range(MOST_CAUSES + 10)]
    again = [machine.triggered(SensorTrigger(f"d{number:03}"), 0.0) for number in range(MOST_CAUSES + 10)]
    assert sum(bool(step.messages) for step in first) == MOST_CAUSES
    assert not any(step.messages for step in again)
    machine.cancel(USER)
    assert machine.triggered(SensorTrigger("d000"), 0.0).messages


def test_a_sensor_of_an_earlier_alarm_is_reported_again_in_that_of_the_siren() -> None:
    machine = machine_in("away", NO_DELAYS)
    machine.triggered(DOOR, 0.0)
    machine.cancel(USER)
    assert machine.siren(True).messages == ()
    assert machine.triggered(DOOR, 1.0).messages and not machine.triggered(DOOR, 2.0).messages


def test_a_sensor_that_is_no_alarm_chimes_where_that_is_set() -> None:
    machine = SecurityMachine(SecuritySettings(chime=True))
    assert machine.triggered(DOOR, 0.0) == SecurityStep((SecurityEvent(2),))


def test_alarms_are_found_in_the_points_of_a_report() -> None:
    sensors = {
        "doorsensor000001": AlarmSensor(point=1),
        "smokesensor00001": AlarmSensor(point=1, alarm=1, environmental=True),
        "own": AlarmSensor(point=7, alarm="pir"),
    }
    opened, closed = DataPoint(1, 1, True), DataPoint(1, 1, False)
    assert triggers_in(sensors, "d001", "doorsensor000001", [opened]) == [DOOR] and SensorTrigger("d001").detail == ""
    assert triggers_in(sensors, "d001", "doorsensor000001", [closed, DataPoint(2, 1, True)]) == []
    assert triggers_in(sensors, "d001", "another", [opened]) == []
    smoke = triggers_in(sensors, "e001", "smokesensor00001", [DataPoint(1, ENUM, 1)])
    assert smoke == [SensorTrigger("e001", True, detail='{"1":1}')]
    assert triggers_in(sensors, "e001", "smokesensor00001", [opened]) == []  # a bool is no enum
    assert [one.detail for one in triggers_in(sensors, "own", "doorsensor000001", [DataPoint(7, 3, "pir")])] == [
        '{"7":"pir"}'
    ]


# --- settings ---------------------------------------------------------------------------------------


def test_a_cancelled_alarm_can_disarm() -> None:
    machine = machine_in("alarm away", SecuritySettings(cancel_disarms=True))
    assert machine.cancel(USER).messages == (AlarmCancel(), SecurityState(0, 0, 0), SecurityEvent(0))
    machine = machine_in("alarm disarmed", SecuritySettings(cancel_disarms=True))
    assert machine.cancel(USER).messages == (AlarmCancel(),)


def test_sound_and_the_form_of_the_mode_are_settings() -> None:
    machine = SecurityMachine(SecuritySettings(sound=False, mode_as_text=False))
    (state, _) = machine.arm("away", USER, 0.0).messages
    assert state.payload() == b'\x02{"mode":2,"delay":0,"sound":1}'
    (state, _) = SecurityMachine(NO_DELAYS).arm("away", USER, 0.0).messages
    assert state.payload() == b'\x02{"mode":"2","delay":0,"sound":0}'


def test_the_data_points_of_alarms_are_those_of_the_vendor_unless_set() -> None:
    usual = SecuritySettings()
    assert (usual.alarm_point, usual.text_point, usual.state_point) == (2, 26, 32)
    edge = SecuritySettings(alarm_point=1, text_point=255, arming_delay_s=600, alarm_delay_s=600)
    assert edge.state_point == 32


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"alarm_point": 0}, "three different numbers"),
        ({"arming_delay_s": 601}, "arming_delay_s is 0 to 600"),
        ({"alarm_delay_s": -1}, "alarm_delay_s is 0 to 600"),
        ({"text_point": 2}, "three different numbers"),
        ({"state_point": 256}, "three different numbers"),
        ({"sensors": {"p": {}}}, "point"),
        ({"sirens": 1}, "sirens"),
    ],
)
def test_wrong_settings_are_named(table: Mapping[str, object], why: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert(table, SecuritySettings)


# --- restarts ---------------------------------------------------------------------------------------


def test_a_siren_goes_on_when_the_hub_restarts_during_an_alarm() -> None:
    before = machine_in("alarm away")
    after = SecurityMachine(DELAYS, before.memory())
    step = after.synchronise(False, 5.0)
    assert step.messages == (SecurityState(2, 0, 1), AlarmInfo(codes.ALARM_INFO, 1, "e001", '{"1":true}'))
    assert after.deadline() is None
    assert after.cancel(USER).messages == (AlarmCancel(),)
    new = SecurityMachine(DELAYS, before.memory()).synchronise(True, 5.0)
    assert new.messages[1:] == (AlarmInfo(codes.ALARM_INFO_NEW, 1, "e001", '{"1":true}'), AlarmState(1))


def test_the_end_of_an_alarm_has_the_form_that_the_gateway_knows() -> None:
    assert machine_in("alarm away").cancel(USER).messages == (AlarmCancel(0),)
    assert machine_in("alarm away", new_alarms=True).cancel(USER).messages == (AlarmState(0),)


@pytest.mark.parametrize(
    ("state", "delay", "sends"),
    [
        ("arming away", 30, (SecurityState(2, 30, 1), SecurityEvent(3))),
        ("alarm delay away", 20, (SecurityState(2, 0, 1), AlarmDelay(1), SecurityEvent(3, "20"))),
    ],
)
def test_a_delay_begins_anew_after_a_restart(state: str, delay: int, sends: tuple[Message, ...]) -> None:
    after = SecurityMachine(DELAYS, machine_in(state).memory())
    assert after.deadline() is None and after.tick(1e6) == SecurityStep()  # without the MCU there are no sensors
    assert after.synchronise(False, 1000.0).messages == sends
    assert after.deadline() == 1000.0 + delay
    assert after.tick(1000.0 + delay).changes


def test_a_line_that_comes_back_does_not_begin_a_delay_anew() -> None:
    machine = machine_in("alarm delay away")
    machine.synchronise(False, 15.0)
    assert machine.deadline() == 20.0


@pytest.mark.parametrize(
    "memory",
    [b"", b"{", b"[]", b"\xff", b'{"mode":"open"}', b'{"phase":"alarm delay"}', b'{"mode":"home","phase":"noise"}'],
)
def test_memory_that_cannot_be_read_is_as_none(memory: bytes) -> None:
    assert SecurityMachine(DELAYS, memory).status == SecurityStatus()


def test_delays_of_a_damaged_memory_end() -> None:
    machine = SecurityMachine(DELAYS, b'{"mode":"away","phase":"alarm delay","delay_s":-5}')
    machine.synchronise(False, 0.0)
    assert machine.deadline() == 0.0 and machine.tick(0.0).changes
    assert SecurityMachine(DELAYS, b'{"mode":"away","phase":"arming","delay_s":100000}').status.delay_s == 600


# --- laws -------------------------------------------------------------------------------------------


@given(
    names=st.lists(st.tuples(st.sampled_from(sorted(INPUTS)), st.floats(0, 100)), max_size=30),
    new_alarms=st.booleans(),
    settings=st.sampled_from((DELAYS, NO_DELAYS, SecuritySettings(alarm_delay_s=20, cancel_disarms=True))),
)
def test_whatever_happens_the_states_are_those_of_the_table(
    names: list[tuple[str, float]], new_alarms: bool, settings: SecuritySettings
) -> None:
    machine, now = SecurityMachine(settings, b"", new_alarms), 0.0
    for name, passed in names:
        now += passed
        machine.tick(now)
        step = INPUTS[name](machine)
        status = machine.status
        assert title(status) in TABLE
        assert (machine.deadline() is not None) == (status.phase in ("arming", "alarm delay"))
        assert not (step.refused and (step.messages or step.changes))
        frames = [frame_of(message) for message in step.messages]
        assert [GATEWAY.read("controller", frame) for frame in frames] == list(step.messages)
    machine.disarm(USER)
    assert machine.status.name == "disarmed"
