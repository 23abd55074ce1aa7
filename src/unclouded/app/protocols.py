"""The protocols that this program reads, their command tables, and the profiles of their devices."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from unclouded import families
from unclouded.core.errors import CommandError
from unclouded.core.family import CommandRow, Family, SimKind

if TYPE_CHECKING:
    from unclouded.core.profile import Profile
    from unclouded.profiles import ProfileLibrary

NAMES = families.NAMES


def settings_of(name: str) -> type[msgspec.Struct] | None:
    """The type of a family's [session] table, None where there is no such family."""
    return families.family(name).settings if name in families.NAMES else None


def actions_of(name: str) -> list[str]:
    """The names of a family's actions, of devices and of sub-devices."""
    family = families.family(name)
    return [action.name for action in (*family.actions, *family.part_actions)]


def decoders_of(name: str) -> list[str]:
    """The names of the forms of raw values that a family can decode."""
    return list(families.family(name).decoders)


def commands_of(name: str, dialect: str = "") -> Sequence[CommandRow]:
    """The command table of a family, or of one of its dialects. Raises CommandError."""
    family = families.family(name)
    if not dialect:
        return family.commands
    if dialect not in family.dialects:
        known = ", ".join(family.dialects) or "one only"
        raise CommandError(f"{name} has no dialect {dialect!r}. It has: {known}.")
    return family.dialects[dialect].commands


def simulated_kinds() -> dict[str, tuple[str, SimKind]]:
    """Every device that can be simulated: kind -> the name of its family and the kind."""
    return {kind.name: (name, kind) for name in families.NAMES for kind in families.family(name).sim_kinds.values()}


# --- profiles -----------------------------------------------------------------------------------------


def profile_library() -> "ProfileLibrary":
    """The profiles that come with this program."""
    from unclouded.profiles import ProfileLibrary  # here, because counting the frames of a recording needs none

    return ProfileLibrary(settings_of, actions_of=actions_of)


def profiles_of(family: str) -> list["Profile"]:
    """All profiles of a family."""
    library = profile_library()
    return [profile for name in library.names() if (profile := library.get(name)).family == family]


def profile_named(family: Family, name: str, library: "ProfileLibrary | None" = None) -> "Profile":
    """The profile of that name, or in that TOML file. Raises CommandError and ConfigError."""
    from unclouded.core.profile import load_profile

    library = library or profile_library()
    if name.endswith(".toml"):
        profile = load_profile(_text_of(Path(name)), name, settings_of, actions_of, library.base)
    else:
        profile = library.get(name)
    if profile.family != family.name:
        raise CommandError(f"The profile {name} is one of {profile.family}, not of {family.name}.")
    return profile


def profile_of(family: Family, product: str, library: "ProfileLibrary | None" = None) -> "Profile | None":
    """The profile that lists the product, if any."""
    return (library or profile_library()).for_product(family.name, product)


def _text_of(path: Path) -> str:
    """Raises CommandError."""
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not a profile: it is not text in UTF-8.") from error
