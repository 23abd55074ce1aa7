"""The energy of a home from its devices: bought, fed in, produced, used; by the rule that the pages have too."""

from collections.abc import Mapping, Sequence
from itertools import starmap
from operator import add, or_

import msgspec

from unclouded.app.configuration.tables.costs import CostsTable
from unclouded.app.costs.quarter_columns import EXPORT, IMPORT, QuarterColumn
from unclouded.core.model import Device
from unclouded.tariffs.quarters import HomeEnergy
from unclouded.web.history.consumption.home import home_plan

Columns = Mapping[str, Mapping[str, QuarterColumn]]  # device -> point


class MeasuredHome(msgspec.Struct, frozen=True, kw_only=True):
    """Which devices measure what. ``outside``: uses that no device of ``grid`` measures; ``uses``: all that count.

    ``inside``: devices whose energy another one measures too, and which one that is.
    """

    grid: tuple[str, ...] = ()
    solar: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    controlled: tuple[str, ...] = ()
    inside: Mapping[str, str] = {}

    @property
    def devices(self) -> tuple[str, ...]:
        """All whose energy is read."""
        return tuple(dict.fromkeys((*self.grid, *self.solar, *self.uses, *self.outside, *self.inside)))


def measured_home(devices: Sequence[Device], costs: CostsTable) -> MeasuredHome:
    """By the structure of the devices, and what [costs] says otherwise."""
    plan = home_plan(devices)
    parents = {one.id: one.parent for one in devices}
    grid = tuple(costs.grid) or plan.meters
    solar = tuple(costs.solar) or plan.producers
    uses = tuple(one for one in dict.fromkeys((*plan.parts, *costs.controlled)) if one not in grid and one not in solar)
    controlled = [one for one in costs.controlled if not _is_behind(one, grid, parents)]
    outside = tuple(dict.fromkeys((*(() if costs.grid else plan.consumers), *controlled)))
    counted = {*grid, *solar, *uses}
    inside = {one.id: one.parent for one in devices if one.parent and one.id not in counted and one.parent in parents}
    return MeasuredHome(
        grid=grid, solar=solar, uses=uses, outside=outside, controlled=tuple(costs.controlled), inside=inside
    )


def home_energy(home: MeasuredHome, columns: Columns, first: int, end: int) -> HomeEnergy:
    """The energy of the home. Without a meter, it buys what its devices use and do not get from the sun."""
    size = end - first
    produced = _sum([_main(columns, one) for one in home.solar], size)
    controlled = _sum([_main(columns, one) for one in home.controlled], size)
    outside = [_main(columns, one) for one in home.outside]
    if home.grid:
        meters = [_of(columns, one, IMPORT) for one in home.grid]
        bought = _sum([*meters, *outside], size)
        fed_in = _sum([_of(columns, one, EXPORT) for one in home.grid], size)
        unknown = _any([one.unknown if one is not None else b"\1" * size for one in meters], size)
    else:
        used = _sum([_main(columns, one) for one in home.uses], size)
        bought = [max(use - made, 0) for use, made in zip(used, produced, strict=True)]
        fed_in = [0] * size
        known = [one for one in (_main(columns, id) for id in home.uses) if one is not None]
        unknown = bytes(map(min, zip(*(one.unknown for one in known), strict=True))) if known else b"\1" * size
        meters = list(known)
    return HomeEnergy(
        first=first,
        bought=bought,
        fed_in=fed_in,
        produced=produced,
        controlled=controlled,
        unknown=unknown,
        estimated=_any([one.estimated for one in meters if one is not None], size),
    )


def used_energy(columns: Columns, device: str) -> QuarterColumn | None:
    """What the import of a device counted in each quarter of an hour, else its export; None = it has neither."""
    return _main(columns, device)


# --- inside -------------------------------------------------------------------------------------------


def _is_behind(device: str, grid: Sequence[str], parents: Mapping[str, str]) -> bool:
    """Whether a device of the grid measures it too."""
    seen = set[str]()
    while device and device not in seen:
        if device in grid:
            return True
        seen.add(device)
        device = parents.get(device, "")
    return False


def _of(columns: Columns, device: str, point: str) -> QuarterColumn | None:
    return columns.get(device, {}).get(point)


def _main(columns: Columns, device: str) -> QuarterColumn | None:
    """Its import, else its export: a plug counts what is produced behind it either way."""
    return _of(columns, device, IMPORT) or _of(columns, device, EXPORT)


def _sum(columns: Sequence[QuarterColumn | None], size: int) -> list[int]:
    total = [0] * size
    for one in columns:
        if one is not None:
            total = list(map(add, total, one.mWh))
    return total


def _any(columns: Sequence[bytes], size: int) -> bytes:
    found = bytes(size)
    for one in columns:
        found = bytes(starmap(or_, zip(found, one, strict=True)))
    return found
