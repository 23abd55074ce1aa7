"""Rules for the command line: of the hub that runs, else as the configuration has them."""

import time
from collections.abc import Sequence

import msgspec

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.app.rules.testing import day_range, replayed
from unclouded.core.errors import CommandError, LinkError, StoreError
from unclouded.core.times import parse_time
from unclouded.core.views.rules import RulesView, RuleTestView, RuleView
from unclouded.rules.engine.rule_engine import RuleEngine
from unclouded.rules.engine.rule_states import rules_view
from unclouded.rules.text.spans import LONGEST_S
from unclouded.store.reading.reader import StoreReader

PATH = "/api/rules"
TIMERS = "/api/timers"
ORIGIN = "cli"


def all_rules(config: Config) -> tuple[RulesView, bool]:
    """All rules, and whether they are those of a running hub; else their states are not known."""
    if is_running(config):
        return msgspec.convert(HubClient(config.control).get(PATH), RulesView), True
    wall = time.time()
    engine = RuleEngine(config.rules, config.calendar, 0.0, wall)
    try:
        with StoreReader(config.store) as reader:
            devices = [msgspec.structs.replace(one.device, id=one.id) for one in reader.devices() if one.id]
        engine.describe(devices, 0.0, wall)
    except StoreError:
        pass  # no hub has run yet
    return rules_view(engine, 0.0, wall), False


def one_rule(config: Config, name: str) -> tuple[RuleView, bool]:
    """One rule. Raises CommandError where there is none of that name."""
    view, is_live = all_rules(config)
    return view.rules[_place([one.name for one in view.rules], name)], is_live


def hub_of_rules(config: Config) -> HubClient:
    """The hub that runs. Raises LinkError where none does."""
    if not is_running(config):
        raise LinkError("Rules are carried out by a running hub. Start it first: unclouded run.")
    return HubClient(config.control)


def check_timer(for_s: float) -> None:
    """Raises CommandError for a time span that no timer has."""
    if not 0 < for_s <= LONGEST_S:
        raise CommandError(f"A timer lasts more than 0 s and up to {LONGEST_S / 86_400:.0f} days.")


def test_of(config: Config, name: str, day: str, start: str, end: str) -> RuleTestView:
    """What rules would have done by the stored history, whether a hub runs or not. ``name`` "": all.

    Raises CommandError where there is no such rule or time, and StoreError.
    """
    now = time.time()
    if name:
        _place([one.name for one in config.rules], name)
    begin, finish = day_range(day or "yesterday", now, config.zone)
    if start or end:
        begin = _time(start, config) if start else now - 86_400
        finish = _time(end, config) if end else now
    rules = [one for one in config.rules if name in ("", one.name)]
    return replayed(config.store, rules, config.calendar, begin, finish)


# --- inside -------------------------------------------------------------------------------------------


def _place(names: Sequence[str], name: str) -> int:
    if name not in names:
        raise CommandError(f"There is no rule {name[:80]!r}. There are: {', '.join(names) or 'none'}.")
    return names.index(name)


def _time(text: str, config: Config) -> float:
    try:
        return parse_time(text, config.zone)
    except (ValueError, OverflowError):
        raise CommandError(f"{text[:40]!r} is not a time; write 2026-11-20 or 2026-11-20T08:00.") from None
