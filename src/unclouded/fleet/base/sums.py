"""Sums of homes that are in several databases."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from unclouded.fleet.base.views import HomeEnergyRow, HomeSums

N = TypeVar("N", int, float)


def added_sums(parts: Sequence[HomeSums]) -> HomeSums:
    """The sums of several groups of homes as those of one group."""
    return HomeSums(
        homes=sum(one.homes for one in parts),
        states=_counts(one.states for one in parts),
        flags=_counts(one.flags for one in parts),
        versions=_counts(one.versions for one in parts),
        power_W=_added([one.power_W for one in parts]),
        import_mWh=_added([one.import_mWh for one in parts]),
        export_mWh=_added([one.export_mWh for one in parts]),
        solar_mWh=_added([one.solar_mWh for one in parts]),
    )


def added_energy(parts: Sequence[Sequence[HomeEnergyRow]]) -> list[HomeEnergyRow]:
    """A row for each period, in their order."""
    found: dict[str, HomeEnergyRow] = {}
    for row in (one for rows in parts for one in rows):
        known = found.get(row.period)
        found[row.period] = row if known is None else _both(known, row)
    return [found[period] for period in sorted(found)]


def _both(one: HomeEnergyRow, other: HomeEnergyRow) -> HomeEnergyRow:
    return msgspec.structs.replace(
        one,
        import_mWh=_added([one.import_mWh, other.import_mWh]),
        export_mWh=_added([one.export_mWh, other.export_mWh]),
        solar_mWh=_added([one.solar_mWh, other.solar_mWh]),
        homes=one.homes + other.homes,
        complete=one.complete and other.complete,
    )


def _counts(parts: Iterable[object]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for one in parts:
        found.update(one)  # type: ignore[call-overload]  # a mapping of counts
    return dict(found)


def _added(values: Sequence[N | None]) -> N | None:
    """None: none of them is known."""
    known = [one for one in values if one is not None]
    return sum(known[1:], known[0]) if known else None
