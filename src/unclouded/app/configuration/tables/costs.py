"""[costs]: which tariff counts, and where the energy of the home is measured. [[tariff]] is in tariffs/tables."""

from decimal import Decimal

import msgspec


class CostsTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[costs]"""

    tariff: str = ""  # the name of a [[tariff]]
    grid: list[str] = []  # devices that measure the connection; left out: found as on the page
    solar: list[str] = []  # devices that measure production; left out: those with `produces`
    controlled: list[str] = []  # devices on a circuit with prices of its own (`load = "controlled"`)
    carbon_g_per_kWh: Decimal | int | None = None  # CO₂ of a kWh from the grid, where it is always the same
    carbon_feed: str = ""  # the [[feed]] of the carbon intensity, g/kWh
