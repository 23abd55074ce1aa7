"""The state of the home for the fleet's list, of what is let out. Source: docs/protocols/fleet.md §7"""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded import VERSION
from unclouded.app.configuration.tables.costs import CostsTable
from unclouded.app.costs.measured_home import MeasuredHome, measured_home
from unclouded.app.uplink.home_energy import lets_out_grid
from unclouded.core.model import Alert, Device, Fact, Reading, Status
from unclouded.uplink.messages import HubState
from unclouded.web.schemas import Today

POWER, IMPORT, EXPORT = "power_W", "energy_import_Wh", "energy_export_Wh"
WORKING = frozenset({"online", "asleep"})
NOT_COUNTED = frozenset({"seen"})  # a plug that is not a device of the home


class HomeNow(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub has: its facts, its alerts, and the counters at the beginning of the local day.

    ``out``: ids of devices that are let out; ``energy``: those of them whose energy is.
    """

    at: float
    facts: Sequence[Fact]
    alerts: Sequence[Alert]
    today: Today
    costs: CostsTable
    out: frozenset[str]
    energy: frozenset[str]
    behind: int


def hub_state(now: HomeNow) -> HubState:
    """The state at this moment."""
    states = {one.device: one.state for one in now.facts if type(one) is Status}
    devices = [one for one in now.facts if type(one) is Device and states.get(one.id) not in NOT_COUNTED]
    shown = [one for one in devices if one.id in now.out]
    home = measured_home(devices, now.costs)
    has_grid, has_solar = lets_out_grid(home, now.energy), now.energy.issuperset(home.solar)
    values = {(one.device, one.point): one for one in now.facts if type(one) is Reading}
    energy = _today(home, values, now.today)
    return HubState(
        at=now.at,
        version=VERSION,
        power_W=_power(home, values, states) if has_grid and has_solar else None,
        import_mWh=energy[0] if has_grid else None,
        export_mWh=energy[1] if has_grid else None,
        solar_mWh=energy[2] if has_solar else None,
        devices=len(shown),
        devices_offline=sum(states.get(one.id, "offline") not in WORKING for one in shown),
        alerts=tuple(sorted({one.kind for one in now.alerts if not one.device or one.device in now.out})),
        behind=now.behind,
    )


# --- inside -------------------------------------------------------------------------------------------

Values = Mapping[tuple[str, str], Reading]


def _power(home: MeasuredHome, values: Values, states: Mapping[str, str]) -> float | None:
    """What the grid gives now; None where a device that it follows from is not reachable."""
    plus, minus = (home.grid, ()) if home.grid else (home.uses, home.solar)
    if not plus:
        return None
    found = [_number(values, states, id) for id in plus], [_number(values, states, id) for id in minus]
    if any(one is None for part in found for one in part):
        return None
    return round(sum(one or 0.0 for one in found[0]) - sum(one or 0.0 for one in found[1]), 1)


def _number(values: Values, states: Mapping[str, str], device: str) -> float | None:
    reading = values.get((device, POWER))
    is_there = states.get(device) == "online" and reading is not None
    value = reading.value if reading is not None and is_there else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _today(home: MeasuredHome, values: Values, today: Today) -> tuple[int | None, int | None, int | None]:
    """Import, export and solar since the beginning of the day, mWh."""
    begin = {(one.device, one.point): one.value for one in today.levels}

    def rise(device: str, points: Sequence[str]) -> int | None:
        for point in points:
            reading, start = values.get((device, point)), begin.get((device, point))
            if reading is not None and start is not None and isinstance(reading.value, int | float):
                return max(round((float(reading.value) - float(start)) * 1000), 0)
        return None

    solar = _sum([rise(one, (IMPORT, EXPORT)) for one in home.solar])
    if home.grid:
        bought = _sum([rise(one, (IMPORT,)) for one in (*home.grid, *home.outside)])
        return bought, _sum([rise(one, (EXPORT,)) or 0 for one in home.grid]), solar
    used = _sum([rise(one, (IMPORT, EXPORT)) for one in home.uses])
    return (None if used is None else max(used - (solar or 0), 0)), 0, solar


def _sum(parts: Sequence[int | None]) -> int | None:
    known = [one for one in parts if one is not None]
    return sum(known) if known else None
