"""Readings and commands at the limits of the rules: times, types, scales, rows that one value picks."""

from fractions import Fraction

import pytest

from hub.test_interpret import PLUG, interpreter, profile, values
from unclouded.core.errors import CommandError
from unclouded.core.model import Ledger, Reading, Value
from unclouded.core.sessions.session import Reported, ReportedDay, WireCommand, WireValue
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter

NOW = 1_800_000_000.0
THREE_YEARS_S = 3 * 366 * 86_400.0
HEAD = 'name = "toy/one"\nfamily = "toy"\ntitle = "O"\n'


def point(dp: int, key: str, more: str = "") -> str:
    return f'[[point]]\ndp = {dp}\nkey = "{key}"\n{more}\n'


def flags(readings: list[Reading]) -> dict[str, tuple[str, ...]]:
    return {reading.point: reading.flags for reading in readings}


@pytest.mark.parametrize(
    ("ahead_s", "when", "marks"),
    [
        (0.0, NOW, ()),
        (5.0, NOW, ()),
        (5.5, NOW, ("clock",)),
        (-THREE_YEARS_S, NOW - THREE_YEARS_S, ()),
        (-THREE_YEARS_S - 1, NOW, ("clock",)),
    ],
)
def test_a_devices_own_time_counts_for_three_years_and_may_be_five_seconds_ahead(
    ahead_s: float, when: float, marks: tuple[str, ...]
) -> None:
    found = interpreter().readings(Reported({"18": 3, "1": True}, at=NOW + ahead_s), at=NOW)
    assert [(one.at, one.flags) for one in found] == [(when, marks)] * 2


def test_a_wrong_time_marks_the_readings_of_its_own_report_only() -> None:
    found: list[Reading] = []
    reports = [Reported({"18": 3}), Reported({"18": 4}, at=5.0), Reported({"18": 5}), Reported({"18": 6}, part="x")]
    reports.append(Reported({"18": 7}))
    assert interpreter().read(reports, 0, "", NOW, found) == 3
    assert [(one.value, one.flags) for one in found] == [(0.003, ()), (0.004, ("clock",)), (0.005, ())]
    assert interpreter().read(reports, 1, "", NOW, []) == 3


@pytest.mark.parametrize(("scale", "value"), [("1", 7), ("4", 28), ("0.5", 3.5), ("0.3", 2.1), ("1.5", 10.5)])
def test_a_whole_count_times_the_scale_is_the_value(scale: str, value: float) -> None:
    (reading,) = interpreter(HEAD + point(5, "speed_rpm", f"scale = {scale}")).readings(Reported({"5": 7}), at=NOW)
    assert reading == Reading("heater", "speed_rpm", value, NOW)


@pytest.mark.parametrize(("wire", "raw"), [("19", b"\1"), ("19", True), ("3", "21")])
def test_what_is_no_number_is_no_reading_of_a_number_and_named_once(wire: str, raw: WireValue) -> None:
    read = interpreter()
    for _ in range(2):
        assert read.readings(Reported({wire: raw}), at=NOW) == []
    assert read.ignored == 2
    assert [at for at, _ in read.decode_problems()] == [NOW] and list(read.decode_problems()) == []


def test_a_fraction_of_a_count_is_a_value_too() -> None:
    (reading,) = interpreter().readings(Reported({"18": Fraction(500, 2)}), at=NOW)
    assert (reading.value, type(reading.value)) == (0.25, float)


@pytest.mark.parametrize(("key", "raw", "value"), [("power_factor", 9, 9), ("energy_import_Wh", 9, 9.0)])
def test_a_number_whose_row_is_a_guess_is_suspect(key: str, raw: int, value: Value) -> None:
    guessed = HEAD + point(5, key, 'confidence = "guessed"') + point(6, "on", 'type = "bool"\nconfidence = "guessed"')
    number, switch = interpreter(guessed).readings(Reported({"5": raw, "6": True}), at=NOW)
    assert (number.value, number.quality, number.flags) == (value, "suspect", ("guessed",))
    assert (switch.quality, switch.flags) == ("good", ())


def test_a_dated_counter_without_a_day_counts_nothing() -> None:
    read = interpreter(HEAD + point(5, "energy_import_Wh", 'counter = "dated"'))
    assert read.readings(Reported({"5": 9}), at=NOW) == [] and read.ignored == 1
    (reading,) = read.readings(Reported({"5": 9}, day=ReportedDay("2027-01-15", NOW - 3600)), at=NOW)
    assert reading == Reading("heater", "energy_import_Wh", 9.0, NOW)


def test_a_counter_that_shows_text_counts_nothing() -> None:
    read = interpreter(HEAD + point(5, "energy_import_Wh"))
    assert read.readings(Reported({"5": "9"}), at=NOW) == [] and read.ignored == 1


def test_a_restored_total_is_shown_from_the_moment_on_at_which_it_was_filed() -> None:
    plug, before = profile(PLUG + point(17, "energy_import_Wh", 'counter = "increment"')), DeviceEnergy("x", {})
    Interpreter("heater", plug, before).readings(Reported({"17": 3}), at=NOW)
    after = Interpreter("heater", plug, DeviceEnergy("x", {one.point: one for one in before.changed()}))
    assert after.restored(NOW) == [Reading("heater", "energy_import_Wh", 3.0, NOW, "good", ("increment",))]
    assert after.restored(NOW - 1) == []
    never_filed = DeviceEnergy("x", {"energy_import_Wh": Ledger(identity="x", point="energy_import_Wh", total=5)})
    assert Interpreter("heater", plug, never_filed).restored(NOW) == []


def test_two_values_that_pick_rows_are_looked_at_each() -> None:
    picks = "".join(
        point(dp, key, f'type = "value"\nused_when = {{ dp = {picker}, is = {number} }}')
        for dp, key, picker, number in ((113, "first_A", 112, 0), (115, "second_A", 114, 1), (116, "third_A", 114, 1))
    )
    read = interpreter(HEAD + picks + point(112, "one") + point(114, "two"))
    assert read.readings(Reported({"113": 5, "115": 6, "116": 7}), at=NOW) == []
    before = read.row_count
    assert values(read.readings(Reported({"114": 1}), at=NOW)) == {"two": 1, "second_A": 6, "third_A": 7}
    assert read.row_count == before + 2
    assert values(read.readings(Reported({"112": 0}), at=NOW)) == {"one": 0, "first_A": 5}
    assert read.row_count == before + 3


def test_a_point_that_nothing_picked_yet_is_refused_with_what_decides() -> None:
    text = HEAD + point(113, "limit_A", 'type = "value"\naccess = "rw"\nused_when = { dp = 112, is = 0 }')
    for more, picker in (("", "data point 112"), (point(112, "rated_A"), "rated_A")):
        read = interpreter(text + more)
        with pytest.raises(CommandError, match=f"^heater has not reported {picker} yet, which decides what limit_A is"):
            read.command("limit_A", 5)
        read.readings(Reported({"112": 3}), at=NOW)
        with pytest.raises(CommandError, match=f"^heater has no limit_A with the {picker} that it reports"):
            read.command("limit_A", 5)
        read.readings(Reported({"112": 0}), at=NOW)
        assert read.command("limit_A", 5) == WireCommand({"113": 5}, types={"113": "value"})


def test_a_refused_command_names_what_can_be_set() -> None:
    with pytest.raises(CommandError, match=r"^heater has no point 'colour'\. It has: on, mode, target_C\.$"):
        interpreter().command("colour", 1)
    with pytest.raises(CommandError, match=r"can only be read\. What can be set: on, mode, target_C\.$"):
        interpreter().command("power_W", 1)
    only_read = interpreter(HEAD + point(5, "speed_rpm"))
    with pytest.raises(CommandError, match="It has: none"):
        only_read.command("colour", 1)
    with pytest.raises(CommandError, match=r"What can be set: nothing\.$"):
        only_read.command("speed_rpm", 1)


def test_power_counts_from_when_it_was_counted_last_and_once_more_without_a_report() -> None:
    read = interpreter()
    assert read.integrated(NOW) == []
    read.readings(Reported({"19": 36_000}), at=NOW)
    assert values(read.integrated(NOW + 10)) == {"energy_import_Wh": 10.0}
    late = read.readings(Reported({"19": 36_000}, at=NOW + 5), at=NOW + 10)
    assert [(one.point, one.value, one.at) for one in late] == [
        ("power_W", 3600.0, NOW + 5),
        ("energy_import_Wh", 10.0, NOW + 10),
    ]
    assert values(read.integrated(NOW + 20)) == {"energy_import_Wh": 20.0}


def test_what_is_fed_in_becomes_a_point_with_the_first_power_below_zero() -> None:
    read = interpreter()
    for raw in (0, 5):
        read.readings(Reported({"19": raw}), at=NOW)
    counters, rows = [one.key for one in read.points if one.kind == "counter"], read.row_count
    assert counters == ["energy_import_Wh"]
    assert values(read.readings(Reported({"19": -5}), at=NOW + 10))["energy_export_Wh"] == 0.0
    counters = [one.key for one in read.points if one.kind == "counter"]
    assert counters == ["energy_import_Wh", "energy_export_Wh"] and read.row_count == rows + 1


def test_a_command_of_a_row_that_is_gone_is_not_rounded() -> None:
    assert interpreter().rounding(WireCommand({"99": 5}), 5.5) == ""


def test_a_raw_value_without_its_decoder_or_of_another_type_is_named_until_one_is_read() -> None:
    text = HEAD + point(6, "phase_a", 'decode = "phase"') + '[[point]]\nwire = "6.voltage"\nkey = "phase_a_voltage_V"'
    assert interpreter(text).readings(Reported({"6": b"\1"}), at=NOW) == []
    read = interpreter(text, decoders={"phase": lambda raw: {"voltage": raw[0], "other": 1}})
    wrong = (NOW, "data point 6 cannot be read as phase: it is not a raw value")
    for raw, named in ((5, [wrong]), (5, []), (b"\1", []), (5, [wrong])):
        found = read.readings(Reported({"6": raw}), at=NOW)
        assert values(found) == ({"phase_a_voltage_V": 1} if raw == b"\1" else {})
        assert list(read.decode_problems()) == named
    assert read.ignored == 3


def test_a_point_that_the_profile_does_not_list_has_the_kind_of_its_first_value() -> None:
    text = 'name = "toy/any"\nfamily = "toy"\ntitle = "Any"\nunknown = true'
    read = interpreter(text)
    read.readings(Reported({"1": True, "2": "text", "3": b"\1", "4": 7, "5": Fraction(1, 2)}), at=NOW)
    assert [(one.key, one.kind, one.access) for one in read.points] == [
        ("dp_1", "switch", "rw"),
        ("dp_2", "text", "rw"),
        ("dp_3", "raw", "rw"),
        ("dp_4", "number", "rw"),
        ("dp_5", "number", "rw"),
    ]
    assert interpreter(HEAD).readings(Reported({"1": True}), at=NOW) == []
