"""Each condition in the docs is valid, and each mistake in a rule names the line, the rule and the key."""

import re
from pathlib import Path

import pytest

from unclouded.app.configuration.checks.problems import texts
from unclouded.app.configuration.config import parse_config
from unclouded.core.errors import ConfigError

DOCS = Path(__file__).parents[3] / "docs"
PLACE = "[weather]\nlatitude = 40.4\nlongitude = -3.7\n"
DEVICE = '[[device]]\nid = "boiler"\nfamily = "tuya_wifi"\nlink = "tcp://192.0.2.1:6638"\n'


@pytest.mark.parametrize(
    "text", re.findall(r"^\| `(.+?)`(?:, `(?:.+?)`)* \| (?:a|the|from) ", (DOCS / "rules.md").read_text("utf-8"), re.M)
)
def test_the_conditions_in_the_docs_are_valid(text: str) -> None:
    assert parse_config(f'{PLACE}[[rule]]\nname = "a"\nwhile = "{text}"\nset = "b on"\n', "unclouded.toml").rules


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ('at = "25:00"\nset = "boiler on"', "line 10: `at` of rule Mine: '25:00' is not a time of the day"),
        ('set = "boiler on"', "line 8: rule Mine: a rule begins `at` a time"),
        (
            'at = "07:00"\nset = "boiler on"\nlasst = "2 h"',
            "line 12: rule Mine: there is no key `lasst`. Did you mean `lasts`?",
        ),
        ('at = 7\nset = "boiler on"', "line 10: `at` of rule Mine must be a text or a list"),
        ('when = { any = ["a ~ b"] }\nset = "boiler on"', "line 10: `when` of rule Mine: 'a ~ b' is not a condition"),
    ],
)
def test_a_mistake_names_line_rule_and_key(rule: str, error: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_config(f'{PLACE}{DEVICE}[[rule]]\nname = "Mine"\n{rule}\n', "unclouded.toml")
    assert f"unclouded.toml, {error}" in str(raised.value)


def test_two_rules_of_one_name_the_sun_without_a_place_and_no_holiday_are_refused() -> None:
    rule = '[[rule]]\nname = "Mine"\nat = "sunset"\nset = "boiler on"\n'
    for text, error in [
        (PLACE + rule + rule, "another rule has the name 'Mine'"),
        (rule, "`at` of rule Mine: for the sun the hub needs latitude and longitude in [weather]"),
        ('[calendar]\nholidays = ["noel"]\n', "line 2: `holidays` in [calendar]: 'noel' is not a holiday"),
    ]:
        with pytest.raises(ConfigError) as raised:
            parse_config(text, "unclouded.toml")
        assert error in str(raised.value)


def test_a_rule_that_names_a_device_which_is_not_there_is_a_warning() -> None:
    config = parse_config(f'{DEVICE}[[rule]]\nname = "Mine"\nat = "07:00"\nset = "boler on"\n', "unclouded.toml")
    assert texts(config) == ("rule Mine: there is no device 'boler' in the configuration. Did you mean boiler?",)
