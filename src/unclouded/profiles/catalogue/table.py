"""A table of the catalogue: the data points of one or more products, and how sure the sources are of each.

The notation of the files is in docs/catalogue.md; ``text`` reads it. ``CatalogueTable.profile_file`` is what a profile
of the same content would say.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from unclouded.core.model import Access, Confidence, unit_of
from unclouded.core.profile import Condition, Counter, PointRow, ProfileFile
from unclouded.profiles.catalogue.packed import FORMS, parts

GATEWAY_ID = 8  # a product id of so many characters is that of a sub-device; Wi-Fi products have 16

# What `set DEVICE VALUE` means: the first of these that the table has.
MAIN = ("on", "action", "setpoint_C", "position_target_percent", "on_1", "open")


# What a table is called whose makers no source names.
KINDS: Mapping[str, str] = {
    "ac": "Air conditioner",
    "breaker": "Breaker",
    "charger_ev": "Charger of an electric vehicle",
    "clamp": "Clamp meter",
    "curtain": "Curtain motor",
    "dehumidifier": "Dehumidifier",
    "din_meter": "DIN meter",
    "fan": "Fan",
    "feeder": "Pet feeder",
    "heater": "Heater",
    "heatpump": "Heat pump",
    "inverter": "Inverter",
    "light": "Light",
    "lock": "Lock",
    "other": "Device",
    "plug": "Plug",
    "pump": "Pump",
    "sensor_door": "Door sensor",
    "sensor_pir": "Motion or presence sensor",
    "sensor_smoke": "Smoke or gas sensor",
    "sensor_th": "Thermometer and hygrometer",
    "sensor_water": "Water sensor",
    "siren": "Siren",
    "strip": "Power strip",
    "thermostat": "Thermostat",
    "trv": "Radiator valve",
    "valve": "Valve",
}


class CatalogueRow(msgspec.Struct, frozen=True, kw_only=True):
    """One data point. ``low``, ``high``: counts on the wire. ``options``: of an enum or a bitmap, in wire order.

    ``possible``: options of an enum whose order on the wire no source gives. ``code``: the maker's own name of the
    data point. ``negative_when``: the data point, and its value, that make this one negative; ``used_when``: that make
    it the point, of several rows with its key. ``decode``: of a raw data point, a form of ``packed.FORMS``.
    """

    dp: int
    type: str
    key: str
    access: Access = "r"
    confidence: Confidence = "single"
    code: str = ""
    scale: Decimal = Decimal(1)
    low: int | None = None
    high: int | None = None
    options: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    counter: Counter | None = None
    decode: str = ""
    inverted: bool = False
    tenth: bool = False
    negative_when: tuple[int, int] | None = None
    direction_lags: bool = False
    used_when: tuple[int, int] | None = None
    true_is: tuple[int, ...] = ()

    @property
    def unit(self) -> str:
        return unit_of(self.key)


class CatalogueTable(msgspec.Struct, frozen=True, kw_only=True):
    """The data points of products that have the same ones. ``models``: product id -> maker and model, where known;
    the key of a name that no id is known of is "".

    ``products``: ids, and names of Zigbee manufacturers where one id has several tables.
    """

    name: str
    kind: str
    products: tuple[str, ...]
    models: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    rows: tuple[CatalogueRow, ...]
    family: str = "tuya_wifi"
    where: str = ""

    @property
    def makers(self) -> tuple[str, ...]:
        """Makers with their models, as the sources name them."""
        return tuple(dict.fromkeys(name for _, name in self.models))

    @property
    def title(self) -> str:
        return self.title_of("")

    def title_of(self, product: str) -> str:
        """The maker and model of a product; of one that is not named, those that share its table."""
        own = dict(self.models).get(product) if product else None
        if own:
            return own
        label = KINDS.get(self.kind, "Device")
        makers = self.makers
        if not makers:
            return label
        return f"{label}: {makers[0]}" if len(self.products) <= 1 else f"{label}: {makers[0]} and the like"

    def profile_file(self, family: str = "", product: str = "") -> ProfileFile:
        """The table as a profile says it."""
        keys = {row.key for row in self.rows}
        return ProfileFile(
            name=self.name,
            family=family or self.family,
            title=self.title_of(product),
            products=list(self.products),
            main=next((key for key in MAIN if key in keys), ""),
            point=list(point_rows(self.rows)),
        )


def family_of(products: Iterable[str]) -> str:
    """The family of products: those with short ids are behind a gateway."""
    products = tuple(products)
    short = sum(len(one) == GATEWAY_ID or one.startswith("_T") for one in products)
    return "tuya_gateway" if products and short == len(products) else "tuya_wifi"


def point_rows(rows: Iterable[CatalogueRow]) -> Iterator[PointRow]:
    """The rows of a profile: one for each data point, and one for each quantity in a raw one."""
    rows = tuple(rows)
    keys = {row.key for row in rows}
    alone = sum(row.decode.startswith("phase") for row in rows) == 1
    for row in rows:
        yield _point_row(row)
        for part in _parts(row, keys, alone) if row.decode else ():
            keys.add(part.key)
            yield part


def _parts(row: CatalogueRow, keys: set[str], alone: bool) -> list[PointRow]:
    """The quantities in a raw data point; ``alone``: its phase is the only one.

    Where data points of their own have these keys, they get the letter of their phase, or a number.
    """
    letter = row.key.removeprefix("phase") if row.key.startswith("phase") else ""
    found: list[PointRow] = []
    for one in ("", letter, f"{letter}_2") if alone else (letter, f"{letter}_2"):
        found = list(parts(row.decode, row.dp, one, row.confidence))
        if not any(part.key in keys for part in found):
            return found
    return [part for part in found if part.key not in keys]


def _point_row(row: CatalogueRow) -> PointRow:
    settable = "w" in row.access and row.type == "value"
    return PointRow(
        dp=row.dp,
        type=row.type,
        key=row.key,
        access=row.access,
        scale=row.scale,
        minimum=_scaled(row.low, row) if settable else None,
        maximum=_scaled(row.high, row) if settable else None,
        options=list(row.options),
        counter=row.counter,
        decode=FORMS[row.decode].decoder if row.decode else "",
        inverted=row.inverted,
        negative="tenth" if row.tenth else None,
        true_is=list(row.true_is) or None,
        negative_when=_condition(row.negative_when),
        direction_lags=row.direction_lags,
        used_when=_condition(row.used_when),
        confidence=row.confidence,
    )


def _condition(when: tuple[int, int] | None) -> Condition | None:
    return None if when is None else Condition(dp=when[0], values=when[1])


def _scaled(count: int | None, row: CatalogueRow) -> float | None:
    return None if count is None else float(count * row.scale)
