"""Which products are simulated: found by id, by the name of a Zigbee manufacturer, or by the name of a profile.

tuya --product 37mnhia3pojleqfh ──► profile ──► SimulatedProduct ──► the kind that plays it, its circuits
"""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded.app.configuration.places import did_you_mean
from unclouded.app.products.search import ProductSearch
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.family import PlayedProduct, SimKind
from unclouded.core.profile import Profile
from unclouded.profiles import ProfileLibrary
from unclouded.profiles.catalogue import PREFIX, CatalogueTable
from unclouded.sim.loads import LoadKind
from unclouded.sim.product.circuits import NOON, plan_of, scenario_of
from unclouded.sim.product.simulated_product import SimulatedProduct
from unclouded.sim.serve import WorldProduct
from unclouded.sim.world import Scenario

SIM_KINDS: Mapping[str, str] = {"tuya_wifi": "tuya", "tuya_gateway": "tuya-gateway"}  # what plays products, by family
UNLISTED = f"{'unlisted':0<16}"  # the product id of a profile that lists none
QUESTION = "?"  # asks which products there are
SEARCH = "Search them with: unclouded products WORD."
NEAR = 5  # products that are named where one is not known …
MOST_NEAR = 50  # … of so many, which may be of other families


class PlayedKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind that plays products. ``products``: by the id of the sub-device, "" = the device itself."""

    kind: SimKind
    products: Mapping[str, WorldProduct] = {}

    def scenario(self, scenario: Scenario) -> Scenario:
        """The home of the kind with the circuits of its products."""
        for one in self.products.values():
            own = scenario_of(one.plan)
            scenario = msgspec.structs.replace(
                scenario,
                plugs={**scenario.plugs, **own.plugs},
                used={**scenario.used, **own.used},
                hour=NOON if one.plan.has_sun else scenario.hour,
            )
        return scenario


def played_kind(
    library: ProfileLibrary, family: str, kind: SimKind, names: Sequence[str], load: LoadKind
) -> PlayedKind:
    """The kind with the products of these names. Raises CommandError, with products that are like an unknown one."""
    if not names:
        if kind.subject == "product":
            raise CommandError(f"Name the product: sim {kind.name} --product 37mnhia3pojleqfh. {SEARCH}")
        return PlayedKind(kind=kind)
    if kind.plays is None:
        raise CommandError(f"{kind.name} plays no product of the catalogue. These do: {', '.join(SIM_KINDS.values())}.")
    if kind.subject == "product" and len(names) > 1:
        raise CommandError(f"{kind.name} is one product: name one. A gateway has several: {SIM_KINDS['tuya_gateway']}.")
    found = [find_product(library, family, name) for name in names]
    made = kind.plays([played(one) for one in found])
    ids = [part.id for part in made.parts if part.subject == "product"] or [""]
    return PlayedKind(
        kind=made,
        products={
            id: WorldProduct(one, plan_of(one, load, f"product {number}"))
            for number, (id, one) in enumerate(zip(ids, found, strict=True), 1)
        },
    )


def find_product(library: ProfileLibrary, family: str, name: str) -> SimulatedProduct:
    """The product of a family. Raises CommandError, with products that are like it."""
    if name.startswith(QUESTION):
        raise CommandError(_choices(library, name.removeprefix(QUESTION)))
    found = _by_profile(library, name) if "/" in name else _by_id(library, family, name)
    if found is None:
        raise CommandError(_unknown(library, name))
    profile, id = found
    if profile.family != family:
        raise CommandError(_of_other_family(profile.family, name))
    return simulated(library, profile, id)


def simulated(library: ProfileLibrary, profile: Profile, id: str = "") -> SimulatedProduct:
    """The product of a profile. ``id``: which of those that the profile lists, "" = the first."""
    id = id or next(iter(profile.products), UNLISTED)
    if not profile.name.startswith(PREFIX):
        return SimulatedProduct(id=id, profile=profile)
    return of_table(library.catalogue.get(profile.name), profile, id)


def of_table(table: CatalogueTable, profile: Profile, id: str) -> SimulatedProduct:
    """The product of a table of the catalogue, and of the profile that was made of it."""
    spans = {str(row.dp): (row.low, row.high) for row in table.rows if (row.low, row.high) != (None, None)}
    return SimulatedProduct(id=id, profile=profile, kind=table.kind, spans=spans)


def played(product: SimulatedProduct) -> PlayedProduct:
    """As the kind that plays it needs it."""
    return PlayedProduct(
        id=product.id,
        title=product.profile.title,
        profile=product.profile.name,
        increments=product.increments,
        directions=product.directions,
        settings=product.settings(),
    )


def _by_id(library: ProfileLibrary, family: str, name: str) -> tuple[Profile, str] | None:
    """Of this family first; the id that the name of a Zigbee manufacturer carries, where the profile lists that."""
    for one in (family, *(other for other in SIM_KINDS if other != family)):
        profile = library.for_product(one, name)
        if profile is not None and _is_of(library, profile, one):
            return profile, name if name in profile.products else name.rpartition("_")[2]
    return None


def _is_of(library: ProfileLibrary, profile: Profile, family: str) -> bool:
    """Whether the products of a profile are of that family; a table of the catalogue can be read as either."""
    return not profile.name.startswith(PREFIX) or library.catalogue.get(profile.name).family == family


def _by_profile(library: ProfileLibrary, name: str) -> tuple[Profile, str] | None:
    for one in (name, f"{PREFIX}{name}"):
        try:
            return library.get(one), name.partition("@")[2]
        except ConfigError:
            continue
    return None


def _of_other_family(family: str, name: str) -> str:
    if family not in SIM_KINDS:
        return f"{name} is a product of {family}, which no simulated kind plays."
    what = "a sub-device of a gateway" if family == "tuya_gateway" else "a product with a line of its own"
    return f"{name} is {what}: {SIM_KINDS[family]} plays it."


def _choices(library: ProfileLibrary, words: str) -> str:
    found = [one for one in ProductSearch(library).find(words, limit=MOST_NEAR).products if one.family in SIM_KINDS]
    if not found:
        return f"There is none with {words.strip()}. {SEARCH}"
    listed = ", ".join(f"{one.product or one.profile} ({one.title})" for one in found[:NEAR])
    return f"There are: {listed}{', …' if len(found) > NEAR else ''}. {SEARCH}"


def _unknown(library: ProfileLibrary, name: str) -> str:
    near = ProductSearch(library).find(name, limit=NEAR)
    if near.total:
        return f"There is no product {name!r}. {_choices(library, name)}"
    ids = [one for outline in library.catalogue.outlines() for one in (*outline.products, outline.section.name)]
    return f"There is no product {name!r}.{did_you_mean(name, ids)} {SEARCH}"
