"""The library of device profiles: TOML files of a user's folder and of this package, tables of the catalogue."""

import tomllib
from collections.abc import Callable, Collection, Iterator, Sequence
from fractions import Fraction
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.core.profile import (
    Profile,
    ProfileFile,
    ScaleVariant,
    WirePoint,
    make_profile,
    read_base,
    read_profile,
)
from unclouded.profiles.catalogue import PREFIX, Catalogue


class ProfileLibrary:
    """Finds profiles by name and by product: in a user's folder, then in this package, then in the catalogue.

    A file or table is read when it is first requested. The ``base`` of a file may be in any of them; a profile that
    overrides a shipped one may have that as its base.

    ``settings_of``: family name -> the type of its [session] table. ``own``: a folder that overrides shipped profiles.
    ``actions_of``: see ``load_profile``.
    """

    def __init__(
        self,
        settings_of: Callable[[str], type[msgspec.Struct] | None],
        own: Path | None = None,
        actions_of: Callable[[str], Collection[str]] | None = None,
    ) -> None:
        self._settings_of = settings_of
        self._actions_of = actions_of
        self._loaded: dict[str, Profile] = {}
        self._of_product: dict[tuple[str, str], Profile] = {}  # tables of the catalogue
        self.catalogue = Catalogue()
        if own is not None and not own.is_dir():
            raise ConfigError(f"The profile folder {own} does not exist.")
        mine = dict(_walk(own, "")) if own is not None else {}
        shipped = dict(_walk(files("unclouded.profiles"), ""))
        self._shipped = shipped
        self._files = {**mine, **shipped, **mine}  # own profiles first, and they override

    def names(self) -> list[str]:
        """The names of the profiles that have a file. Those of the catalogue: ``catalogue.names()``."""
        return sorted(self._files)

    def is_own(self, name: str) -> bool:
        """Whether the profile is of the user's folder, not of this package or the catalogue."""
        name = name.partition("@")[0]
        return name in self._files and self._files[name] is not self._shipped.get(name)

    def get(self, name: str) -> Profile:
        """The profile of that name; ``NAME@PRODUCT``: its variant for a product. Raises ConfigError."""
        name, at, product = name.partition("@")
        if not at:
            return self._get(name)
        profile = self._get(name)
        if product in profile.products or profile.for_product(product) is not profile:
            return profile.for_product(product)
        listed = [product for one in profile.variants for product in one.products]
        raise ConfigError(
            f"The profile {name} has no variant for the product {product!r}. It has some for: "
            f"{', '.join(listed) or 'none'}."
        )

    def similar(self, profile: Profile) -> list[ScaleVariant]:
        """The scales that other profiles of its folder have for its points, where those have the same place and type.

        Without those that cannot be read.
        """
        folder = profile.name.rpartition("/")[0]
        others = [name for name in self.names() if name.rpartition("/")[0] == folder and name != profile.name]
        variants = [ScaleVariant(name=name, scales=_shared_scales(profile, self._readable(name))) for name in others]
        return [variant for variant in variants if variant.scales]

    def _readable(self, name: str) -> Sequence[WirePoint]:
        try:
            return self._get(name).points
        except ConfigError:
            return ()

    def base(self, name: str, overrides: str = "") -> ProfileFile:
        """The file of a profile, as the ``base`` of another one, which may override it. Raises ConfigError."""
        if name.startswith(PREFIX) and name not in self._files:
            return self.catalogue.get(name).profile_file()
        file = (self._shipped if name == overrides else self._files).get(name)
        if file is None:
            raise ConfigError(self._unknown(name))
        return read_base(file.read_text("utf-8"), f"profile {name}")

    def file(self, name: str) -> ProfileFile:
        """A profile that has a file, its base applied, without what only its family can check. Raises ConfigError."""
        if name not in self._files:
            raise ConfigError(self._unknown(name))
        text = self._files[name].read_text("utf-8")
        file = read_profile(text, f"profile {name}", partial(self.base, overrides=name))
        if file.name != name:
            raise ConfigError(f"profile {name}: its `name` is {file.name!r}, which must equal the file's path.")
        return file

    def _unknown(self, name: str) -> str:
        return (
            f"There is no profile {name!r}. Known profiles: {', '.join(self.names())}, "
            f"and {len(self.catalogue.names())} of the catalogue."
        )

    def _get(self, name: str) -> Profile:
        if name not in self._loaded and name.startswith(PREFIX) and name not in self._files:
            table = self.catalogue.get(name)
            self._loaded[name] = make_profile(table.profile_file(), table.where, self._settings_of, self._actions_of)
        if name not in self._loaded:
            where = f"profile {name}"
            self._loaded[name] = make_profile(self.file(name), where, self._settings_of, self._actions_of)
        return self._loaded[name]

    def for_product(self, family: str, product: str) -> Profile | None:
        """The profile that lists the product, if any."""
        if not product:
            return None
        for name, file in self._files.items():
            label = _label(file, product)
            if label is not None and label.family == family and label.lists(product):
                return self.get(name).for_product(product)
        return self._from_catalogue(family, product)

    def _from_catalogue(self, family: str, product: str) -> Profile | None:
        if (family, product) not in self._of_product:
            table = self.catalogue.find(family, product)
            if table is None:
                return None
            file = table.profile_file(family, product)
            self._of_product[family, product] = make_profile(file, table.where, self._settings_of, self._actions_of)
        return self._of_product[family, product]


def _shared_scales(profile: Profile, others: Sequence[WirePoint]) -> dict[str, Fraction]:
    places = {(row.point.key, row.wire, row.type) for row in profile.points}
    return {row.point.key: row.scale for row in others if (row.point.key, row.wire, row.type) in places}


class _VariantLabel(msgspec.Struct):
    products: list[str] = []


class _Label(msgspec.Struct):
    """The keys of a profile that can be read without its family."""

    family: str = ""
    products: list[str] = []
    variant: list[_VariantLabel] = []

    def lists(self, product: str) -> bool:
        return product in self.products or any(product in one.products for one in self.variant)


def _label(file: Traversable, product: str) -> _Label | None:
    """The label of a file that names the product; None of any other, which is not parsed."""
    try:
        text = file.read_text("utf-8")
        return msgspec.convert(tomllib.loads(text), _Label) if product in text else None
    except (ValueError, RecursionError):  # no text, no TOML, or other types
        return None  # get() reports what is wrong with it


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".toml"):
            yield f"{prefix}{entry.name.removesuffix('.toml')}", entry
