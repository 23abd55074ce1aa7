"""Rows that share a key: the value of another data point picks the one that is the point."""

import pytest

from hub.test_interpret import profile, values
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.family import Piece
from unclouded.core.sessions.session import Reported
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter
from unclouded.hub.readings.naming import ValueNames

CHARGER = """
name = "toy/charger"
family = "toy"
title = "A charger whose rated current picks its limit"
[[point]]
dp = 112
type = "enum"
key = "rated_current_A"
options = ["16", "32", "40"]
[[point]]
dp = 113
type = "value"
key = "charge_current_limit_A"
access = "rw"
maximum = 16
used_when = { dp = 112, is = 0 }
[[point]]
dp = 114
type = "value"
key = "charge_current_limit_A"
access = "rw"
maximum = 32
used_when = { dp = 112, is = [1, 2] }
"""


def charger(text: str = CHARGER) -> Interpreter:
    return Interpreter("charger", profile(text), DeviceEnergy("toy:1", {}))


def limits(one: Interpreter) -> list[float | None]:
    return [point.maximum for point in one.points if point.key == "charge_current_limit_A"]


def test_only_the_row_in_effect_is_a_point() -> None:
    one = charger()
    assert limits(one) == []
    before = one.row_count
    sent = one.readings(Reported({"112": 1, "113": 16, "114": 20}), at=1.0)
    assert values(sent) == {"rated_current_A": "32", "charge_current_limit_A": 20}
    assert limits(one) == [32.0] and one.row_count != before, "the list of its points is published again"
    assert one.readings(Reported({"113": 10}), at=2.0) == [] and one.ignored == 0
    assert one.command("charge_current_limit_A", 30).values == {"114": 30}
    with pytest.raises(CommandError, match="takes at most 32, not 40"):
        one.command("charge_current_limit_A", 40)


def test_values_that_come_before_the_one_that_picks_are_not_lost() -> None:
    one = charger()
    assert one.readings(Reported({"113": 16, "114": 20}), at=1.0) == []
    assert values(one.readings(Reported({"112": 0}), at=2.0)) == {"rated_current_A": "16", "charge_current_limit_A": 16}
    assert values(one.readings(Reported({"112": 2}), at=3.0))["charge_current_limit_A"] == 20
    assert limits(one) == [32.0]


def test_a_value_in_the_report_that_picks_its_row_is_the_only_one() -> None:
    one = charger()
    one.readings(Reported({"113": 16, "114": 20}), at=1.0)
    sent = one.readings(Reported({"112": 1, "114": 25}), at=2.0)
    assert [reading.value for reading in sent if reading.point == "charge_current_limit_A"] == [25]


def test_nothing_can_be_set_until_it_is_known_which_row_it_is() -> None:
    one = charger()
    with pytest.raises(CommandError) as refused:
        one.command("charge_current_limit_A", 10)
    assert str(refused.value) == (
        "charger has not reported rated_current_A yet, which decides what charge_current_limit_A is. Try it later."
    )
    one.readings(Reported({"112": 7}), at=1.0)
    with pytest.raises(CommandError, match="has no charge_current_limit_A with the rated_current_A that it reports"):
        one.command("charge_current_limit_A", 10)
    with pytest.raises(CommandError, match="What can be set: nothing"):
        one.command("rated_current_A", 1)


def test_frames_name_only_the_row_in_effect() -> None:
    names = ValueNames(profile(CHARGER))
    piece = Piece(offset=0, data=b"", kind="frame", values=(("112", 1), ("113", 16), ("114", 20)))
    assert names.text(piece) == "rated_current_A 32 A, 113 = 16, charge_current_limit_A 20 A"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("used_when = { dp = 112, is = 0 }", "", "the key 'charge_current_limit_A' is there twice"),
        ("used_when = { dp = 112, is = 0 }", "used_when = { dp = 111, is = 0 }", "must name the same data point"),
        ("is = [1, 2]", "is = [0, 1]", "holds at 0: only one may be used"),
        ("is = [1, 2]", 'is = "large"', "takes numbers as they are on the wire, not 'large'"),
        ("dp = 112, is = ", "dp = 113, is = ", "names its own data point"),
        ("maximum = 16", 'maximum = 16\ncounter = "total"', "used_when` does not go with a counter"),
    ],
)
def test_a_wrong_choice_is_an_error_that_names_it(old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        charger(CHARGER.replace(old, new))
