"""Products as rows of a list: of a profile that has a file, and of a table of the catalogue."""

from collections.abc import Iterable, Iterator, Mapping

from unclouded.core.confidence import sources_text
from unclouded.core.model import Confidence, Kind
from unclouded.core.profile import PointRow, ProfileFile
from unclouded.core.profile.building import usual_counter, usual_kind
from unclouded.core.views.facts import ProductView
from unclouded.profiles.catalogue.table import GATEWAY_ID, KINDS, CatalogueTable, point_rows

SIMULATED = "unclouded"  # product ids of the simulators begin with it

# The kinds of products that have a profile of their own: a word of the profile's name -> kind.
OWN_KINDS: Mapping[str, str] = {
    "mss310": "plug",
    "plug": "plug",
    "breaker": "breaker",
    "meter": "din_meter",
    "metering": "utility",
    "utility": "utility",
    "clamp": "clamp",
    "thermostat": "thermostat",
    "door": "sensor_door",
    "motion": "sensor_pir",
    "water": "sensor_water",
    "hygrometer": "sensor_th",
    "siren": "siren",
    "lock": "lock",
    "gateway": "gateway",
    "infrared": "gateway",
    "chip": "chip",
    "cse7766": "chip",
}
TITLES: Mapping[str, str] = {
    **KINDS,
    "chip": "Metering chip",
    "gateway": "Gateway",
    "utility": "Utility meter",
    "other": "Other device",
}

Rated = tuple[str, Kind, Confidence]  # key, kind and confidence of a point


def kind_title(kind: str) -> str:
    """A kind for people; one that has no title is its own."""
    return TITLES.get(kind, kind.replace("_", " ").capitalize())


def products_of(file: ProfileFile) -> Iterator[ProductView]:
    """The products that a profile lists, one by one, with those of its variants; one without an id where it has none.

    Not those of simulators.
    """
    rated = _rated(file.point)
    listed = [(product, file.title) for product in file.products]
    listed += [(product, one.title or file.title) for one in file.variant for product in one.products]
    real = [(product, title) for product, title in listed if not product.startswith(SIMULATED)]
    for product, title in real or [("", file.title)]:
        yield _view(kind_of(file.name), title, product, file.family, file.name, rated)


def rated_rows(table: CatalogueTable) -> list[Rated]:
    """The points of a table, with those that are packed into raw data points."""
    return _rated(point_rows(table.rows))


def product_in(table: CatalogueTable, product: str, rated: Iterable[Rated]) -> ProductView:
    """A product of a table; ``rated``: its ``rated_rows``."""
    title = table.title_of(product)
    also = tuple(name for id, name in table.models if not id and name not in title)
    return _view(table.kind, title, product, table.family, table.name, rated, also)


def kind_of(profile: str) -> str:
    """The kind of a profile by its name: ``plug`` of ``tuya/plug_metering``."""
    words = profile.rpartition("/")[2].split("_")
    return next((OWN_KINDS[word] for word in words if word in OWN_KINDS), "other")


def confidence_of(rated: Iterable[Rated]) -> Confidence:
    """How sure the scales are, in one word: that of the least sure one."""
    known = {confidence for _, kind, confidence in rated if confidence and kind in ("number", "counter")}
    order: tuple[Confidence, ...] = ("disputed", "single", "confirmed")
    return next((one for one in order if one in known), "")


def _rated(rows: Iterable[PointRow]) -> list[Rated]:
    """A key that several rows have, of which a value picks one, stands once."""
    found: dict[str, Rated] = {}
    for row in rows:
        usual = usual_kind(row.type, row.counter or usual_counter(row.key), row.true_is is not None)
        found.setdefault(row.key, (row.key, row.kind or usual, row.confidence))
    return list(found.values())


def _view(
    kind: str,
    title: str,
    product: str,
    family: str,
    profile: str,
    rated: Iterable[Rated],
    also: tuple[str, ...] = (),
) -> ProductView:
    rated = tuple(rated)
    return ProductView(
        kind=kind,
        title=title,
        also=also,
        product=product,
        zigbee=_zigbee(family, product),
        family=family,
        profile=profile,
        points=tuple(key for key, _, _ in rated),
        confidence=confidence_of(rated),
        sources=sources_text(rated),
    )


def _zigbee(family: str, product: str) -> str:
    """``_TZE204_81yrt3lo`` of itself; ``81yrt3lo`` is the end of such names."""
    if product.startswith("_T"):
        return product
    return f"_T…_{product}" if family == "tuya_gateway" and len(product) == GATEWAY_ID else ""
