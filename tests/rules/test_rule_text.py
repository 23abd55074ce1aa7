"""Rules as people write them: what is understood, and what each mistake says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.errors import CommandError
from unclouded.core.model import Point
from unclouded.rules.text.amounts import amount_of, value_for
from unclouded.rules.text.condition_text import condition_of, condition_text
from unclouded.rules.text.rule_text import RuleError, rule_of, setting_of
from unclouded.rules.text.sentences import rule_text, setting_text

CONDITIONS = {
    "meter.export_W > 1 kW for 5 min": "meter.export_W > 1 kW for 5 min",
    "meter.power_W above 2300 W for 10 s": "meter.power_W > 2300 W for 10 s",
    "freezer.temperature_C > -15, until < -18 for 2 min": "freezer.temperature_C > -15, until < -18 for 2 min",
    "kettle is on for 15 minutes": "kettle is on for 15 min",
    "lamp.mode is not eco": "lamp.mode is not eco",
    "price<0.10": "price < 0.10",
    "plug is offline": "plug is offline",
    "plug is not online for 1h": "plug is offline for 1 h",
    "between  sunset and 23:00": "between sunset and 23:00",
    "not between 22:00 and 06:00": "not between 22:00 and 06:00",
    "on workdays": "on workdays",
    "not on holidays": "not on holidays",
}


@pytest.mark.parametrize(("text", "shown"), CONDITIONS.items())
def test_conditions_are_read_and_shown(text: str, shown: str) -> None:
    condition = condition_of(text)
    assert condition_text(condition) == shown
    assert condition_of(shown) == condition


def test_conditions_are_combined() -> None:
    given = {"any": ["price < 0.1", ["meter.export_W > 1 kW", "not on holidays"]]}
    assert condition_text(condition_of(given)) == "price < 0.1 or (meter.export_W > 1 kW and not on holidays)"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("meter.power_W ~ 3", "is not a condition; write it as in: meter.export_W > 1 kW for 5 min"),
        ("meter.power_W > much", "> compares numbers, and 'much' is none"),
        ("meter.power_W > 1,500 W", "> compares numbers, and '1,500 W' is none"),
        ("meter.power_W > 5 for ever", "'ever' is not a time span"),
        ("between 22:00", "write it as in: between 22:00 and 06:00"),
        ("between 22:00 and 6", "'6' is not a time of the day"),
        ("not kettle is on", "only `not between …` and `not on …` are possible"),
        ("a.b > 3, until lower 2", "write the end as in"),
        ("on firday", "is not a day"),
        ("x" * 400, "at most 300 characters"),
        ([], "1 to 50 entries"),
        ({"all": "a.b > 3"}, "`all` is a list"),
        ({"one": ["a.b > 3"]}, "a table with `all` or `any`"),
        (3, "A condition is a text"),
        ([[[[[["a.b > 3"]]]]]], "lists inside it 5 deep"),
    ],
)
def test_a_mistake_in_a_condition_says_what_to_write(given: object, error: str) -> None:
    with pytest.raises(CommandError) as raised:
        condition_of(given)
    assert error in str(raised.value)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    for read in (condition_of, setting_of, amount_of):
        try:
            read(text)
        except CommandError as error:
            assert str(error)


@pytest.mark.parametrize(
    ("table", "key", "error"),
    [
        ({"set": "a on"}, "", "it has none"),
        ({"at": "07:00", "when": "a is on", "set": "a on"}, "", "it has at and when"),
        ({"at": "07:00"}, "set", "needs `set`"),
        ({"at": "07:00", "set": "a"}, "set", "'a' sets nothing"),
        ({"at": "07:00", "set": ["a on", "a off"]}, "set", "set twice"),
        ({"at": "07:00", "set": "a on", "at_least": "1 h"}, "at_least", "belongs to `while`"),
        ({"while": "a is on", "set": "b on", "lasts": "1 h"}, "lasts", "belongs to `at` or `when`"),
        ({"while": "a is on", "set": "b on", "at_least": "1 h", "at_most": "5 min"}, "at_most", "shorter"),
        ({"at": "07:00", "set": "a on", "end": "a off"}, "end", "has an end"),
        ({"at": "07:00", "set": "a on", "after_manual": "never"}, "after_manual", "none of: next, ignore"),
        ({"at": "07:00", "set": "a on", "name": "a\nb"}, "name", "one line"),
        ({"at": "07:00", "notify": "x", "lasts": "1 h"}, "lasts", "only what is set can last"),
        ({"at": "07:00", "set": "a on", "lasts": "9 days"}, "lasts", "up to 7 days"),
    ],
)
def test_a_mistake_in_a_rule_names_its_key(table: dict[str, Any], key: str, error: str) -> None:
    with pytest.raises(RuleError) as raised:
        rule_of({"name": "a rule", **table})
    assert raised.value.key == key and error in str(raised.value)


def test_a_rule_is_shown_as_a_sentence() -> None:
    table = {"name": "x", "while": "meter.export_W > 1 kW for 5 min", "days": "workdays", "set": "boiler on"}
    table |= {"at_least": "20 min", "at_most": "3 h a day", "notify": "Sun!"}
    assert rule_text(rule_of(table)) == (
        "while meter.export_W > 1 kW for 5 min, workdays: set boiler on at least 20 min, at most 3 h a day, "
        "then back to what it was; notify: Sun!"
    )
    assert setting_text(setting_of("a.setpoint_C=21 °C")) == "a.setpoint_C = 21 °C"


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [("1.4 kW", "W", 1400.0), ("-5", "°C", -5.0), ("21 C", "°C", 21.0), ("2 kWh", "Wh", 2000.0), ("500 mA", "A", 0.5)],
)
def test_amounts_in_other_units(text: str, unit: str, value: float) -> None:
    assert amount_of(text, unit) == value


def test_a_value_is_that_of_its_point() -> None:
    assert value_for(Point(key="on", kind="switch"), "ON") is True
    assert value_for(Point(key="level"), "3") == 3
    with pytest.raises(CommandError, match="is on or off"):
        value_for(Point(key="on", kind="switch"), "3")
