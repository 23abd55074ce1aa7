"""Lines about homes, their energy and their commands, as the verbs of `fleet` print them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from unclouded.cli.output.terminal.text_width import padded
from unclouded.core.times import iso
from unclouded.fleet.base.views import GivenCommand, HomeDetail, HomeEnergyRow, HomeLine

SPANS = ((86_400, "d"), (3600, "h"), (60, "min"))
MWH = 1_000_000  # in one kWh
NAME_WIDTH = 24


def span_text(seconds: float) -> str:
    """``3 min``, ``2 h``, ``5 d``; rounded down."""
    for length, unit in SPANS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(seconds, 0):.0f} s"


def home_lines(homes: Iterable[HomeLine], now: float) -> Iterator[str]:
    """A table of homes."""
    yield _home_row("HUB", "HOME", "STATE", "SEEN", "NOW", "TODAY", "BEHIND", "ALERTS")
    for one in homes:
        yield _home_row(
            one.hub,
            one.name or "(no name)",
            one.state,
            "never" if one.seen is None else span_text(now - one.seen),
            "" if one.power_W is None else f"{one.power_W:.0f} W",
            _kWh(one.import_mWh),
            str(one.behind or ""),
            ", ".join(one.alerts),
        )


def home_json(one: HomeLine) -> Mapping[str, object]:
    """A home as one object; times in ISO 8601."""
    return {**msgspec.to_builtins(one), "seen": None if one.seen is None else iso(one.seen)}


def detail_lines(detail: HomeDetail, now: float) -> Iterator[str]:
    """Everything about one home."""
    home = detail.home
    seen = "never" if home.seen is None else f"{span_text(now - home.seen)} ago"
    yield f"{home.name or '(no name)'} ({home.hub}), {home.organisation_name}"
    yield f"  state     {home.state}; last report {seen}; version {home.version or 'unknown'}"
    yield f"  alerts    {', '.join(home.alerts) or 'none'}"
    yield f"  energy    now {_watts(home.power_W)}; today {_kWh(home.import_mWh) or 'unknown'} from the grid"
    yield f"  lets out  {', '.join([*home.levels, *detail.let_out]) or 'nothing'}"
    yield f"  joined    {_date(detail.joined)}" + (f"; revoked {_date(detail.revoked)}" if detail.revoked else "")
    yield f"  behind    {home.behind} windows"
    for one in detail.stored:
        days = f"{_date(one.first)} to {_date(one.last)}"
        yield f"  stored    {one.level:<10} {days}, {one.size / 1000:.0f} kB, {one.sealed_days} sealed days"
    yield f"  devices   {len(detail.catalogue.devices)}"
    for device in detail.catalogue.devices:
        points = ", ".join(dict.fromkeys(series.point for series in device.series))
        yield f"    {padded(device.id, 16)} {padded(device.name, NAME_WIDTH)} {points}".rstrip()


def energy_lines(rows: Iterable[HomeEnergyRow]) -> Iterator[str]:
    """Energy by period, in kWh."""
    yield f"{'PERIOD':<12}{'FROM GRID':>14}{'TO GRID':>14}{'SOLAR':>14}{'HOMES':>8}"
    for one in rows:
        values = (_kWh(one.import_mWh), _kWh(one.export_mWh), _kWh(one.solar_mWh))
        cells = "".join(f"{value or 'unknown':>14}" for value in values)
        yield f"{one.period:<12}{cells}{one.homes:>8}{'' if one.complete else '  incomplete'}"


def command_lines(commands: Iterable[GivenCommand]) -> Iterator[str]:
    """What became of commands."""
    for one in commands:
        because = f": {one.reason}" if one.reason else ""
        what = f"{one.device} {one.point} = {value_text(one.value)}".replace("  ", " ")
        yield f"{_date(one.created)}  {one.id}  {one.home or one.hub}: {what}  {one.fate}{because}"


def command_json(one: GivenCommand) -> Mapping[str, object]:
    """A command as one object; times in ISO 8601."""
    times = {name: getattr(one, name) for name in ("created", "until", "tried", "changed")}
    return {**msgspec.to_builtins(one), **{name: None if at is None else iso(at) for name, at in times.items()}}


def value_text(value: object) -> str:
    """On and off of switches."""
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


# --- inside -------------------------------------------------------------------------------------------


def _home_row(*cells: str) -> str:
    hub, name, state, seen, now, today, behind, alerts = cells
    start = f"{hub:<21}{padded(name, NAME_WIDTH)} {state:<10}{seen:>7}"
    return f"{start}{now:>9}{today:>11}{behind:>8}  {alerts}".rstrip()


def _kWh(energy_mWh: int | None) -> str:
    return "" if energy_mWh is None else f"{energy_mWh / MWH:.1f} kWh"


def _watts(power_W: float | None) -> str:
    return "unknown" if power_W is None else f"{power_W:.0f} W"


def _date(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"
