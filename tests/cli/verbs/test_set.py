"""`set`: how the value is parsed, and when a person is asked."""

from contextlib import nullcontext
from typing import Any

import click
import pytest

from unclouded.cli.options import typed_value
from unclouded.cli.verbs.set_ import _confirm
from unclouded.core.errors import CommandError
from unclouded.core.model import Point
from unclouded.core.profile import WirePoint


@pytest.mark.parametrize(
    ("word", "value"),
    [("on", True), ("OFF", False), ("7", 7), ("-3", -3), ("21.5", 21.5), ("manual", "manual")],
)
def test_switches_and_numbers_are_parsed(word: str, value: object) -> None:
    assert typed_value(word) == value and type(typed_value(word)) is type(value)


@pytest.mark.parametrize("word", ["0101002803010113", "1e10", "007", "1_000", "nan", "inf", "-inf"])
def test_possible_hex_bytes_and_other_text_stay_as_they_were_typed(word: str) -> None:
    assert typed_value(word) == word


@pytest.mark.parametrize(("word", "on"), [("1", True), ("0", False), ("true", True), ("False", False), ("on", True)])
def test_a_switch_takes_one_zero_true_and_false(word: str, on: bool) -> None:
    row = WirePoint(point=Point(key="on", kind="switch", access="rw"), wire="1")
    assert row.to_wire(typed_value(word)) is on


FRIDGE = {
    "name": "Fridge\x1b[2J",
    "main": "on",
    "critical": True,
    "points": [
        {"key": "on", "kind": "switch"},
        {"key": "on_2", "kind": "switch"},
        {"key": "child_lock", "kind": "switch"},
        {"key": "setpoint_C", "kind": "number"},
    ],
}


@pytest.mark.parametrize(
    ("point", "value", "question"),
    [
        ("", "off", "Switch it off?"),
        ("on_2", "1", "Switch it on?"),
        ("on", "toggle", "Switch it?"),
        ("child_lock", "on", ""),
        ("setpoint_C", "21", ""),
    ],
)
def test_a_person_is_asked_before_a_critical_device_is_switched(
    monkeypatch: pytest.MonkeyPatch, point: str, value: str, question: str
) -> None:
    asked: list[str] = []

    def confirm(text: str, **options: Any) -> bool:  # Any: click's
        assert options == {"err": True}
        asked.append(text)
        return value != "off"

    monkeypatch.setattr(click, "confirm", confirm)
    with pytest.raises(CommandError, match="Nothing was sent") if value == "off" else nullcontext():
        _confirm(FRIDGE, point, typed_value(value))
    assert asked == ([f"Fridge\\x1b[2J is marked as critical. {question}"] if question else [])
    _confirm({**FRIDGE, "critical": False}, point, typed_value(value))
    assert len(asked) == bool(question)
