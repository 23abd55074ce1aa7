"""Profiles with several rows for one data point, negative numbers written as a tenth, and alarms that are 0."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.test_interpret import NoSettings, profile, values
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.family import Piece
from unclouded.core.profile import PointRow, Profile, ProfileFile, make_profile
from unclouded.core.sessions.session import Reported, WireValue
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter
from unclouded.hub.readings.naming import ValueNames

SHARED = """
name = "toy/shared"
family = "toy"
title = "A meter of two revisions"
main = "on"
[[point]]
dp = 1
type = "bool"
key = "on"
access = "rw"
[[point]]
dp = 1
type = "raw"
key = "timers"
access = "rw"
[[point]]
dp = 6
type = "value"
key = "voltage_V"
scale = 0.1
[[point]]
dp = 6
type = "raw"
key = "phase_6"
decode = "pair"
[[point]]
dp = 8
type = "value"
key = "level_percent"
[[point]]
dp = 8
type = "string"
key = "level_text"
[[point]]
wire = "6.first"
key = "first_V"
[[point]]
wire = "6.second"
key = "second_A"
"""


def pair(raw: bytes) -> dict[str, WireValue]:
    return {"first": raw[0], "second": raw[1]}


def interpreter(text: str) -> Interpreter:
    return Interpreter("thing", profile(text), DeviceEnergy("toy:1", {}), {"pair": pair})


def keys(one: Interpreter) -> set[str]:
    return {point.key for point in one.points}


def test_the_type_of_a_value_picks_its_row() -> None:
    numbers, bytes_ = interpreter(SHARED), interpreter(SHARED)
    assert values(numbers.readings(Reported({"1": True, "6": 2301}), at=1.0)) == {"on": True, "voltage_V": 230.1}
    assert values(bytes_.readings(Reported({"1": b"\1", "6": b"\7\3"}), at=1.0)) == {
        "timers": "01",
        "first_V": 7,
        "second_A": 3,
    }
    assert not numbers.decode_problems() and not bytes_.decode_problems()


def test_a_product_has_only_the_points_that_its_values_show() -> None:
    one = interpreter(SHARED)
    assert {"on", "timers", "voltage_V"} <= keys(one)
    before = one.row_count
    one.readings(Reported({"1": True, "6": 2301}), at=1.0)
    assert one.row_count != before, "the list of its points is published again"
    assert "timers" not in keys(one) and {"on", "voltage_V"} <= keys(one)
    one.readings(Reported({"8": 40}), at=2.0)
    assert "level_percent" in keys(one) and "level_text" not in keys(one)
    with pytest.raises(CommandError, match="another type than raw"):
        one.command("timers", "01")
    assert one.command("on", True).values == {"1": True}


def test_a_value_of_a_type_that_no_row_has_is_reported() -> None:
    one = interpreter(SHARED)
    assert one.readings(Reported({"6": "text"}), at=1.0) == []
    assert "data point 6 has another type" in one.decode_problems()[0][1]


def test_frames_are_named_by_the_row_of_their_type() -> None:
    names = ValueNames(profile(SHARED), {"pair": pair})
    piece = Piece(offset=0, data=b"", kind="frame", values=(("1", True), ("6", b"\7\3"), ("6", 2301)))
    assert names.text(piece) == "on true, first_V 7 V, second_A 3 A, voltage_V 230.1 V"


def changed(old: str, new: str) -> Profile:
    assert old in SHARED
    return profile(SHARED.replace(old, new))


@pytest.mark.parametrize("type_", ["value", "", "float"])
def test_rows_that_no_value_can_distinguish_are_refused(type_: str) -> None:
    with pytest.raises(ConfigError, match="8 is there 2 times"):
        changed('dp = 8\ntype = "string"', f'dp = 8\ntype = "{type_}"')


NUMBERS = """
name = "toy/numbers"
family = "toy"
title = "A breaker, or a meter"
[[point]]
dp = 9
type = "value"
key = "power_W"
[[point]]
dp = 9
type = "bitmap"
key = "fault"
options = ["short_circuit", "surge"]
[[point]]
dp = 9
type = "enum"
key = "mode"
options = ["home", "away"]
"""


def test_the_type_of_a_number_on_the_wire_picks_its_row() -> None:
    def of(reported: Reported) -> dict[str, object]:
        return dict(values(interpreter(NUMBERS).readings(reported, at=1.0)))

    assert of(Reported({"9": 1}))["power_W"] == 1
    assert of(Reported({"9": 1}, types={"9": "enum"})) == {"mode": "away"}
    assert list(of(Reported({"9": 1}, types={"9": "bitmap"}))) == ["fault"]


TENTH = """
name = "toy/tenth"
family = "toy"
title = "A rail meter"
[[point]]
dp = 29
type = "value"
key = "power_W"
negative = "tenth"
"""


def tenth(number: int) -> int:
    """As the firmware writes it: divided by ten as if it had no sign."""
    return (number % 2**32) // 10


@given(st.integers(-1_000_000, 1_000_000))
def test_a_negative_number_that_was_divided_as_if_it_had_no_sign(deci_W: int) -> None:
    """docs/protocols/tuya_wifi.md §2.8.3: the same fault of the firmware as in phases."""
    reading = values(interpreter(TENTH).readings(Reported({"29": tenth(deci_W)}), at=1.0))["power_W"]
    assert isinstance(reading, int) and abs(reading - deci_W / 10) < 1.5
    assert reading < 0 or deci_W > -20


@pytest.mark.parametrize("key", ["power_W", "power_a_W"])
def test_known_values_of_exporting_meters(key: str) -> None:
    one = interpreter(TENTH.replace("power_W", key))
    assert values(one.readings(Reported({"29": 0x1999999A - 1511}), at=1.0))[key] == -1511
    assert values(one.readings(Reported({"29": 1511}), at=2.0))[key] == 1511
    assert values(one.readings(Reported({"29": -5}), at=3.0))[key] == -5, "one that has a sign keeps it"


@pytest.mark.parametrize(
    "text",
    [
        TENTH.replace('type = "value"', 'type = "raw"'),
        TENTH + 'access = "rw"\n',
        TENTH + "negative_when = { dp = 102, is = 1 }\n",
        TENTH.replace('key = "power_W"', 'key = "energy_import_Wh"'),
    ],
)
def test_only_a_value_that_is_read_can_be_written_as_a_tenth(text: str) -> None:
    with pytest.raises(ConfigError, match="negative` is for a point of type value"):
        profile(text)


ALARM = """
name = "toy/alarm"
family = "toy"
title = "A leak sensor"
[[point]]
dp = 1
type = "enum"
key = "water"
true_is = 0
[[point]]
dp = 2
type = "enum"
key = "smoke"
true_is = [1, 2]
"""


@pytest.mark.parametrize(
    ("raw", "water", "smoke"), [(0, True, False), (1, False, True), (2, False, True), (3, False, False)]
)
def test_an_alarm_is_on_at_the_values_that_the_profile_names(raw: int, water: bool, smoke: bool) -> None:
    one = interpreter(ALARM)
    assert values(one.readings(Reported({"1": raw, "2": raw}), at=1.0)) == {"water": water, "smoke": smoke}
    assert {point.kind for point in one.points} == {"switch"}


def test_an_alarm_in_bool_can_be_on_at_false() -> None:
    one = interpreter(ALARM.replace('type = "enum"\nkey = "water"', 'type = "bool"\nkey = "water"'))
    assert values(one.readings(Reported({"1": False}), at=1.0)) == {"water": True}


@pytest.mark.parametrize(
    "extra", ['access = "rw"', "inverted = true", 'kind = "number"', 'counter = "total"', 'decode = "pair"']
)
def test_only_a_switch_that_is_read_has_true_is(extra: str) -> None:
    with pytest.raises(ConfigError, match="true_is` is for a switch"):
        profile(ALARM.replace("true_is = 0", f"true_is = 0\n{extra}"))


def test_true_is_lists_a_value() -> None:
    with pytest.raises(ConfigError, match="true_is` must list"):
        profile(ALARM.replace("true_is = 0", "true_is = []"))


def test_a_row_keeps_how_sure_its_sources_are() -> None:
    text = ALARM.replace("true_is = 0", 'true_is = 0\nconfidence = "confirmed"')
    assert [row.point.confidence for row in profile(text).points] == ["confirmed", ""]
    with pytest.raises(ConfigError, match="confidence"):
        profile(text.replace('"confirmed"', '"sure"'))


def test_a_profile_is_made_from_structs_with_the_same_checks() -> None:
    row = PointRow(dp=19, type="value", key="power_W", scale=Decimal("0.1"))
    file = ProfileFile(name="toy/one", family="toy", title="One", point=[row])
    head = 'name = "toy/one"\nfamily = "toy"\ntitle = "One"\n[[point]]\n'
    written = profile(head + 'dp = 19\ntype = "value"\nkey = "power_W"\nscale = 0.1')
    assert make_profile(file, "catalogue", lambda _: NoSettings) == written
    with pytest.raises(ConfigError, match="catalogue: the key 'power_W' is there twice"):
        make_profile(replace(file, point=[row, row]), "catalogue", lambda _: NoSettings)
