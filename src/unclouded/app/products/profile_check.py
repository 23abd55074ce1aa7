"""Checks a profile file that is to be contributed: what is wrong with it, and what it would do. No device is touched.

error     it cannot be loaded, or not under its name
warning   it can be loaded, but a key is not one of the vocabulary, or a scale is not that of other products
note      what it replaces
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import PurePath
from typing import Literal

import msgspec

from unclouded.app.configuration.places import did_you_mean
from unclouded.app.protocols import actions_of, decoders_of, settings_of
from unclouded.core.errors import ConfigError
from unclouded.core.model import Access
from unclouded.core.profile import Profile, WirePoint, make_profile, read_profile
from unclouded.profiles import ProfileLibrary
from unclouded.profiles.catalogue import PREFIX
from unclouded.profiles.vocabulary import is_unknown, word_of, words

LEAST_TABLES = 5  # of the catalogue that have a data point, from which on their scale is usual
USUAL_SHARE = 0.9  # of them that must have the same one

Level = Literal["error", "warning", "note"]
Place = tuple[str, str, str]  # wire key, type, point key


class ProfileRemark(msgspec.Struct, frozen=True):
    """One thing that the check of a profile found; the levels are described above."""

    level: Level
    text: str


class CheckedPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the profile, as the hub would use it."""

    wire: str
    type: str
    key: str
    scale: float
    access: Access


class CheckedProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says. ``name`` "": it could not be read; the first remark says why."""

    file: str
    name: str = ""
    family: str = ""
    title: str = ""
    products: tuple[str, ...] = ()
    main: str = ""
    points: tuple[CheckedPoint, ...] = ()
    remarks: tuple[ProfileRemark, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether it can be used; warnings are for people to decide."""
        return not any(one.level == "error" for one in self.remarks)


class ProfileChecker:
    """Checks any number of files; the catalogue is read once, in some tenths of a second."""

    def __init__(self, library: ProfileLibrary) -> None:
        self._library = library

    def check(self, text: str, file: str) -> CheckedProfile:
        """``text``: of the file of that name."""
        try:
            profile = make_profile(read_profile(text, file, self._library.base), file, settings_of, actions_of)
        except ConfigError as error:
            return CheckedProfile(file=file, remarks=(ProfileRemark("error", str(error)),))
        remarks = [
            *_of_decoders(profile),
            *_of_name(profile, file),
            *_of_keys(profile),
            *self._of_products(profile),
            *self._of_scales(profile),
        ]
        return CheckedProfile(
            file=file,
            name=profile.name,
            family=profile.family,
            title=profile.title,
            products=(*profile.products, *(product for one in profile.variants for product in one.products)),
            main=profile.main,
            points=tuple(map(_point, profile.points)),
            remarks=tuple(remarks),
        )

    # --- inside --------------------------------------------------------------------------------

    def _of_products(self, profile: Profile) -> Iterator[ProfileRemark]:
        """Which profiles list its products already, and what it would change."""
        listed = [product for one in (profile, *profile.variants) for product in one.products]
        if not listed and not profile.unknown:
            yield ProfileRemark("note", "It lists no product id, so it is used only where a configuration names it.")
        for product in listed:
            for other in self._others(profile, product):
                yield from _replaced(profile.for_product(product), other, product)

    def _others(self, profile: Profile, product: str) -> Iterator[Profile]:
        """The profiles of this program and of the catalogue that list the product."""
        table = self._library.catalogue.find(profile.family, product)
        today = self._library.for_product(profile.family, product)
        if today is not None and today.name != profile.name and not today.name.startswith(PREFIX):
            yield today
        if table is not None:
            yield self._library.get(table.name)

    def _of_scales(self, profile: Profile) -> Iterator[ProfileRemark]:
        """Numbers whose scale is not that of nearly all products of the catalogue with the same data point and key."""
        for row in filter(_has_scale, profile.points):
            known = self._scales.get((row.wire, row.type, row.point.key), Counter())
            scale, count = max(known.items(), key=lambda item: item[1], default=(0.0, 0))
            if known.total() >= LEAST_TABLES and count >= USUAL_SHARE * known.total() and float(row.scale) != scale:
                yield ProfileRemark(
                    "warning",
                    f"{row.wire} {row.point.key} has the scale {float(row.scale):g}; of {known.total()} tables of the "
                    f"catalogue with this data point {count} have {scale:g}. Does the device show the same value?",
                )

    @cached_property
    def _scales(self) -> Mapping[Place, Counter[float]]:
        """How many tables of the catalogue have which scale, by data point, type and key."""
        found: dict[Place, Counter[float]] = defaultdict(Counter)
        for table in self._library.catalogue.tables():
            for row in table.rows:
                if row.type == "value":
                    found[str(row.dp), row.type, row.key][float(row.scale)] += 1
        return found


def _of_name(profile: Profile, file: str) -> Iterator[ProfileRemark]:
    """A profile's name is its path in the profiles folder."""
    path = PurePath(file).with_suffix("").parts
    name = tuple(profile.name.split("/"))
    if path[-len(name) :] != name:
        yield ProfileRemark(
            "error", f"Its `name` is {profile.name!r}, which must equal the file's path. Rename it, or move the file."
        )


def _of_decoders(profile: Profile) -> Iterator[ProfileRemark]:
    known = decoders_of(profile.family)
    for row in profile.points:
        if row.decode and row.decode not in known:
            has = f"It has: {', '.join(known) or 'none'}."
            text = f"`decode` of {row.point.key}: {profile.family} has no form {row.decode!r}. {has}"
            yield ProfileRemark("error", text)


def _of_keys(profile: Profile) -> Iterator[ProfileRemark]:
    """Only Tuya's: the keys of other families follow what their devices have."""
    if not profile.family.startswith("tuya"):
        return
    known = [key for word in words() for key in word.keys]
    for row in profile.points:
        key = row.point.key
        if is_unknown(key):
            yield ProfileRemark("warning", f"{row.wire} has no name yet: {key}. What moves it?")
        elif word_of(key) is None:
            like = did_you_mean(key, known)
            yield ProfileRemark("warning", f"{row.wire} has the key {key!r}, which is not one of docs/points.md.{like}")


def _replaced(profile: Profile, other: Profile, product: str) -> Iterator[ProfileRemark]:
    """What the profile does otherwise than the one that is used for the product today."""
    yield ProfileRemark("note", f"{product} is one of {other.name} too; this profile is used in its place.")
    theirs = {(row.wire, row.type): row for row in other.points}
    mine = {(row.wire, row.type): row for row in profile.points}
    for place, row in mine.items():
        known = theirs.get(place)
        if known is not None and (difference := _difference(row, known)):
            level: Level = "warning" if known.point.confidence == "confirmed" else "note"
            yield ProfileRemark(level, f"{row.wire}: {difference}")
    missing = [row.point.key for place, row in theirs.items() if place not in mine]
    if missing:
        yield ProfileRemark("note", f"It has no {', '.join(missing)}.")


def _difference(row: WirePoint, known: WirePoint) -> str:
    """What is different of two rows of one data point, "" = nothing."""
    sources = " (two sources agree)" if known.point.confidence == "confirmed" else ""
    if row.point.key != known.point.key:
        return f"{row.point.key} is {known.point.key} there{sources}"
    if _has_scale(row) and row.scale != known.scale:
        return f"{row.point.key} has the scale {float(row.scale):g}, there {float(known.scale):g}{sources}"
    if row.point.options and known.point.options and row.point.options != known.point.options:
        return f"{row.point.key} has the options {_options(row)}, there {_options(known)}{sources}"
    return ""


def _options(row: WirePoint) -> str:
    return ", ".join(row.point.options)


def _has_scale(row: WirePoint) -> bool:
    return row.type == "value" and row.point.kind in ("number", "counter")


def _point(row: WirePoint) -> CheckedPoint:
    return CheckedPoint(
        wire=row.wire, type=row.type, key=row.point.key, scale=float(row.scale), access=row.point.access
    )


def counts_of(remarks: Sequence[ProfileRemark]) -> str:
    """``1 error, 2 warnings``; "" = neither."""
    counts = Counter(one.level for one in remarks)
    levels: tuple[Level, ...] = ("error", "warning")
    return ", ".join(f"{counts[one]} {one}{'' if counts[one] == 1 else 's'}" for one in levels if counts[one])
