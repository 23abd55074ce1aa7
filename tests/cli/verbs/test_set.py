"""`set`: how the value is parsed."""

import pytest

from unclouded.cli.verbs.set_ import _value
from unclouded.core.model import Point
from unclouded.core.profile import WirePoint


@pytest.mark.parametrize(
    ("word", "value"),
    [("on", True), ("OFF", False), ("7", 7), ("-3", -3), ("21.5", 21.5), ("manual", "manual")],
)
def test_switches_and_numbers_are_parsed(word: str, value: object) -> None:
    assert _value(word) == value and type(_value(word)) is type(value)


@pytest.mark.parametrize("word", ["0101002803010113", "1e10", "007", "1_000", "nan", "inf", "-inf"])
def test_possible_hex_bytes_and_other_text_stay_as_they_were_typed(word: str) -> None:
    assert _value(word) == word


@pytest.mark.parametrize(("word", "on"), [("1", True), ("0", False), ("true", True), ("False", False), ("on", True)])
def test_a_switch_takes_one_zero_true_and_false(word: str, on: bool) -> None:
    row = WirePoint(point=Point(key="on", kind="switch", access="rw"), wire="1")
    assert row.to_wire(_value(word)) is on
