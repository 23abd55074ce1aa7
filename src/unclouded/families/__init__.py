"""The protocol families, by name. Each is imported at its first use."""

from functools import cache
from importlib import import_module

from unclouded.core.errors import ConfigError
from unclouded.core.family import Family

_WHERE = {
    "emporia": ("unclouded.families.emporia", "FAMILY"),
    "tuya_wifi": ("unclouded.families.tuya", "FAMILY_WIFI"),
    "tuya_gateway": ("unclouded.families.tuya", "FAMILY_GATEWAY"),
    "meross": ("unclouded.families.meross", "FAMILY"),
    "meross_console": ("unclouded.families.meross.console", "FAMILY"),
    "hlw8032": ("unclouded.families.hlw8032", "FAMILY"),
}

NAMES = tuple(_WHERE)


@cache
def family(name: str) -> Family:
    """The family of that name. Raises ConfigError that names the known ones."""
    if name not in _WHERE:
        raise ConfigError(f"There is no family {name!r}. There are: {', '.join(NAMES)}.")
    module, attribute = _WHERE[name]
    found = getattr(import_module(module), attribute)
    if not isinstance(found, Family):
        raise TypeError(f"{module}.{attribute} is not a Family")
    return found
