"""The rules of a configuration, read and checked; what they name is checked when the devices are known."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any

import msgspec

from unclouded.app.configuration.places import did_you_mean
from unclouded.app.configuration.tables.rules import CalendarTable, RuleTable, rule_keys
from unclouded.core.calendar.days import HolidayList
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.sessions.session import WireValue
from unclouded.rules.calendar.calendar import DayMoment, HomeCalendar
from unclouded.rules.calendar.sun import HomePlace
from unclouded.rules.conditions import Between, leaves
from unclouded.rules.rule import Rule
from unclouded.rules.text.rule_text import RuleError, rule_of

MOST_RULES = 2000


def rules_of(tables: Sequence[RuleTable], where: str, has_place: bool) -> tuple[Rule, ...]:
    """``has_place``: the configuration says where the home is. Raises ConfigError, which names rule and key."""
    if len(tables) > MOST_RULES:
        raise ConfigError(f"{where}: `$.rule`: there are more than {MOST_RULES} rules.")
    names: set[str] = set()
    return tuple(_rule(table, number, where, names, has_place) for number, table in enumerate(tables))


def calendar_of(table: CalendarTable, zone: tzinfo, place: Mapping[str, WireValue] | None, where: str) -> HomeCalendar:
    """Raises ConfigError where a text is not a holiday."""
    try:
        holidays = HolidayList(table.holidays)
    except CommandError as error:
        raise ConfigError(f"{where}: `$.calendar.holidays`: {error}") from None
    return HomeCalendar(zone, _place(place), holidays)


def drafted_rule(keys: Mapping[str, Any], has_place: bool) -> Rule:  # Any: TOML as JSON
    """A rule that is not in the configuration yet. Raises CommandError, which names the key."""
    where = "the rule"
    try:
        table = msgspec.convert({"name": "new rule", **keys}, RuleTable)
        return _rule(table, 0, where, set(), has_place)
    except msgspec.ValidationError as error:
        raise CommandError(f"{str(error).replace(' - at `$.', ' in `')}.") from None
    except ConfigError as error:
        raise CommandError(
            str(error).removeprefix(f"{where}: ").replace("`$.rule[0].", "`").replace("`$.rule[0]`: ", "")
        ) from None


def unknown_devices(rules: Sequence[Rule], known: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Devices that rules name and the configuration does not have, as texts with the place of the rule.

    Sub-devices begin with the id of their gateway.
    """
    for number, rule in enumerate(rules):
        for device in rule.devices:
            if not any(device == one or device.startswith(f"{one}_") for one in known):
                yield number, f"there is no device {device!r} in the configuration.{did_you_mean(device, known)}"


# --- inside -------------------------------------------------------------------------------------------


def _rule(table: RuleTable, number: int, where: str, names: set[str], has_place: bool) -> Rule:
    path = f"{where}: `$.rule[{number}]"
    if table.name in names:
        raise ConfigError(f"{path}.name`: another rule has the name {table.name!r}.")
    names.add(table.name)
    try:
        rule = rule_of(rule_keys(table), number)
    except RuleError as error:
        raise ConfigError(f"{path}{f'.{error.key}' if error.key else ''}`: {error}") from None
    if not has_place and (key := _sun_key(rule)):
        raise ConfigError(f"{path}.{key}`: for the sun the hub needs latitude and longitude in [weather].")
    return rule


def _sun_key(rule: Rule) -> str:
    """The key that needs the sun; "" = none."""
    if any(map(_is_sun, rule.at)):
        return "at"
    for key, condition in ((rule.trigger, rule.condition), ("if", rule.guard)):
        for leaf in leaves(condition):
            if isinstance(leaf, Between) and (_is_sun(leaf.start) or _is_sun(leaf.end)):
                return key
    return ""


def _is_sun(moment: DayMoment) -> bool:
    return moment.kind != "clock"


def _place(place: Mapping[str, WireValue] | None) -> HomePlace | None:
    if place is None:
        return None
    latitude, longitude = place["latitude"], place["longitude"]
    assert isinstance(latitude, float) and isinstance(longitude, float)
    return HomePlace(latitude, longitude)
