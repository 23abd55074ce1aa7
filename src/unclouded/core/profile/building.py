"""A checked Profile of what a file says, with the profiles of its variants."""

from collections import Counter as Tally
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction

import msgspec
from msgspec.structs import replace

from unclouded.core.errors import ConfigError
from unclouded.core.model import Kind, Point, unit_of
from unclouded.core.profile.checks import UNPRINTABLE, check_row, check_rows, check_wire, is_shown
from unclouded.core.profile.derived import BaseOf, file_of, unapplied
from unclouded.core.profile.schema import (
    Condition,
    Counter,
    OneOrMore,
    PointRow,
    ProfileFile,
    VariantRow,
    one_or_more,
    without_rows,
)
from unclouded.core.profile.wire_point import ENERGY_EXPONENT, WireMatch, WirePoint, match_text
from unclouded.core.text.toml_text import read_toml

SettingsOf = Callable[[str], type[msgspec.Struct] | None]
ActionsOf = Callable[[str], Collection[str]]

KIND_OF_TYPE: Mapping[str, Kind] = {
    "bool": "switch",
    "enum": "enum",
    "string": "text",
    "raw": "raw",
    "bitmap": "bitmap",
}


class ScaleVariant(msgspec.Struct, frozen=True, kw_only=True):
    """The scales of a product's numbers, by point key. ``name``: that of the profile, as a configuration has it."""

    name: str
    scales: Mapping[str, Fraction]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A loaded, checked profile. ``session``: an instance of the family's settings type.

    ``actions``: the names of those that the product has; None = every action of the family.
    ``variants``: the profiles of products for which the file has other scales or fewer rows.
    ``scale_variants``: the scales of this profile and its variants, where there are any.
    """

    name: str
    family: str
    title: str
    products: tuple[str, ...]
    main: str
    unknown: bool
    session: msgspec.Struct
    points: tuple[WirePoint, ...]
    actions: tuple[str, ...] | None = None
    variants: tuple["Profile", ...] = ()
    scale_variants: tuple[ScaleVariant, ...] = ()

    def by_key(self, key: str) -> WirePoint | None:
        """The row of the point with this key; None where there is none."""
        return next((row for row in self.points if row.point.key == key), None)

    def for_product(self, product: str) -> "Profile":
        """The variant that lists the product, else the profile itself."""
        return next((variant for variant in self.variants if product in variant.products), self)


def load_profile(
    text: str, where: str, settings_of: SettingsOf, actions_of: ActionsOf | None = None, base_of: BaseOf | None = None
) -> Profile:
    """Read and check one profile file; see ``read_profile`` and ``make_profile``."""
    return make_profile(read_profile(text, where, base_of), where, settings_of, actions_of)


def read_profile(text: str, where: str, base_of: BaseOf | None = None) -> ProfileFile:
    """The file, its base applied. ``base_of``: the file of a profile by its name; raises ConfigError.

    Raises ConfigError naming ``where`` and the key path.
    """
    return file_of(read_toml(text, where), where, base_of)


def read_base(text: str, where: str) -> ProfileFile:
    """The file as the base of another one; of one that has a base itself, which is an error there, no rows."""
    return unapplied(read_toml(text, where), where)


def make_profile(
    file: ProfileFile, where: str, settings_of: SettingsOf, actions_of: ActionsOf | None = None
) -> Profile:
    """Check what a profile file says, and make the profile and its variants.

    ``settings_of``: family name -> its settings type. ``actions_of``: family name -> the names of its actions, of
    devices and of sub-devices; without it they are not checked.
    Raises ConfigError naming ``where`` and the key path.
    """
    settings = settings_of(file.family)
    if settings is None:
        raise ConfigError(f"{where}: `$.family`: there is no family {file.family!r}.")
    session = _session(file, settings, where)
    if actions_of is not None:
        _check_actions(file, actions_of(file.family), where)
    _check_products(file, where)
    _check_title(file.title, f"{where}: `$.title`")
    points = tuple(_wire_point(row, f"{where}: `$.point[{number}]") for number, row in enumerate(file.point))
    check_rows(points, where)
    if file.main and file.main not in {row.point.key for row in points}:
        raise ConfigError(f"{where}: `$.main` names {file.main!r}, which is not a key of a point.")
    profile = Profile(
        name=file.name,
        family=file.family,
        title=file.title,
        products=tuple(file.products),
        main=file.main,
        unknown=file.unknown,
        session=session,
        actions=None if file.actions is None else tuple(file.actions),
        points=points,
    )
    return _with_variants(profile, file, where) if file.variant else profile


def _session(file: ProfileFile, settings: type[msgspec.Struct], where: str) -> msgspec.Struct:
    try:
        return msgspec.convert(file.session, settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: `$.session`: {error}.") from None


def _check_actions(file: ProfileFile, known: Collection[str], where: str) -> None:
    for name in file.actions or ():
        if name not in known:
            raise ConfigError(
                f"{where}: `$.actions`: {file.family} has no action {name!r}. It has: {', '.join(known) or 'none'}."
            )


def _check_title(title: str, path: str) -> None:
    if not is_shown(title):
        raise ConfigError(f"{path} {UNPRINTABLE}.")


def _check_products(file: ProfileFile, where: str) -> None:
    listed = Tally(file.products)
    for row in file.variant:
        listed.update(row.products)
    for product, count in listed.items():
        if count > 1:
            raise ConfigError(f"{where}: the product {product!r} is listed {count} times: which variant is it?")


# --- variants -----------------------------------------------------------------------------------------


def _with_variants(profile: Profile, file: ProfileFile, where: str) -> Profile:
    variants = [_variant(profile, file, number, where) for number in range(len(file.variant))]
    scales = [ScaleVariant(name=profile.name, scales=_scales(profile))]
    scales += [ScaleVariant(name=f"{one.name}@{one.products[0]}", scales=_scales(one)) for one in variants]
    known = tuple({tuple(one.scales.items()): one for one in reversed(scales)}.values())[::-1]
    variants = [replace(one, scale_variants=known) for one in variants]
    return replace(profile, variants=tuple(variants), scale_variants=known)


def _variant(profile: Profile, file: ProfileFile, number: int, where: str) -> Profile:
    """The profile with other scales, and without some rows; rows that stay as they are are shared."""
    variant, path = file.variant[number], f"{where}: `$.variant[{number}]"
    if not variant.products:
        raise ConfigError(f"{path}.products` must list at least one product.")
    if not (variant.scale or variant.drop):
        raise ConfigError(f"{path}` needs `scale` or `drop`; products with the same rows belong to `products` above.")
    _check_title(variant.title, f"{path}.title`")
    shared = dict(zip(map(id, file.point), profile.points, strict=True))
    kept = without_rows(file.point, variant.drop, f"{path}.drop")
    scaled = _rescaled(kept, variant, path)
    points = tuple(shared.get(id(row)) or _wire_point(row, path) for row in scaled)
    check_rows(points, f"{path}`")
    return replace(
        profile,
        title=variant.title or f"{file.title} ({_difference(variant, profile)})",
        products=tuple(variant.products),
        points=points,
        main=profile.main if any(row.point.key == profile.main for row in points) else "",
    )


def _rescaled(rows: list[PointRow], variant: VariantRow, path: str) -> list[PointRow]:
    result = list(rows)
    for wire, scale in variant.scale.items():
        found = [at for at, row in enumerate(rows) if row.wire_key == wire and _is_scalable(row)]
        if not found:
            raise ConfigError(f"{path}.scale.{wire}`: there is no number {wire} in this profile.")
        for at in found:
            result[at] = replace(rows[at], scale=scale)
    return result


def _is_scalable(row: PointRow) -> bool:
    return row.type in ("", "value", "float") and row.kind in (None, "number", "counter") and row.true_is is None


def _difference(variant: VariantRow, profile: Profile) -> str:
    keys: dict[str, str] = {}
    for row in profile.points:
        keys.setdefault(row.wire, row.point.key)
    scales = [f"{keys[wire]} x {scale}" for wire, scale in variant.scale.items()]
    dropped = [str(one if isinstance(one, int | str) else one.wire_key) for one in variant.drop]
    return ", ".join([*scales, *(f"without {keys.get(wire, wire)}" for wire in dropped)])


def _scales(profile: Profile) -> dict[str, Fraction]:
    """Of every number that is measured."""
    return {
        row.point.key: row.scale for row in profile.points if row.point.kind in ("number", "counter") and not row.decode
    }


# --- rows ---------------------------------------------------------------------------------------------


def _wire_point(row: PointRow, path: str) -> WirePoint:
    """``path``: of the row, without the closing backtick."""
    check_wire(row, path)
    scale = Fraction(str(row.scale))
    counter = row.counter or usual_counter(row.key)
    is_alarm = row.true_is is not None
    kind = row.kind if row.kind and not is_alarm else usual_kind(row.type, counter, is_alarm)
    check_row(row, kind, counter, path)
    exponent = usual_exponent(row.key, scale) if row.exponent is None else row.exponent
    point = Point(
        key=row.key,
        kind=kind,
        access=row.access,
        exponent=exponent,
        label=row.label,
        minimum=row.minimum,
        maximum=row.maximum,
        options=tuple(row.options),
        confidence=row.confidence,
    )
    return WirePoint(
        point=point,
        wire=row.wire_key,
        type=row.type,
        mul=scale.numerator,
        div=scale.denominator,
        counter=counter,
        wraps=row.wraps,
        falls_to=row.falls_to,
        decode=row.decode,
        inverted=row.inverted,
        tenth=row.negative == "tenth",
        true_is=None if row.true_is is None else _values(row.true_is, f"{path}.true_is"),
        negative_when=_match(row.negative_when, f"{path}.negative_when"),
        direction_lags=row.direction_lags,
        used_when=_match(row.used_when, f"{path}.used_when"),
    )


def _match(condition: Condition | None, path: str) -> WireMatch | None:
    if condition is None:
        return None
    check_wire(condition, path)
    wire = str(condition.dp) if condition.dp is not None else condition.wire or ""
    return WireMatch(wire, _values(condition.values, f"{path}.is"))


def _values(values: OneOrMore, path: str) -> frozenset[str]:
    if values == []:
        raise ConfigError(f"{path}` must list at least one value.")
    return frozenset(map(match_text, one_or_more(values)))


def usual_counter(key: str) -> Counter:
    """How a point with that key counts, where its row says nothing."""
    return "total" if unit_of(key) in ("Wh", "varh") else "none"


def usual_kind(wire_type: str, counter: Counter, is_alarm: bool) -> Kind:
    """The kind of a point whose row names none. ``is_alarm``: it has ``true_is``."""
    if is_alarm:
        return "switch"
    return "counter" if counter != "none" else KIND_OF_TYPE.get(wire_type, "number")


def usual_exponent(key: str, scale: Fraction) -> int:
    """The exponent of a point whose row names none."""
    return ENERGY_EXPONENT if usual_counter(key) != "none" else _exponent(scale)


def _exponent(scale: Fraction) -> int:
    """The decimal exponent that holds every multiple of ``scale``: 0.1 -> -1, 1 -> 0, 1/3 -> -6."""
    for exponent in range(-6, 1):
        if (scale / Fraction(10) ** exponent).denominator == 1:
            best = exponent
    return best if (scale * 10**6).denominator == 1 else -6
