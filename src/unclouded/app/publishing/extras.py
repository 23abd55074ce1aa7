"""Publishers whose library is installed only where someone asks for it."""

from collections.abc import Mapping

from unclouded.core.errors import ConfigError
from unclouded.core.system.extras import LIBRARIES, how_to_install, is_installed

TABLES: Mapping[str, str] = {"homekit": "[homekit]", "notifications": "[[notification]]"}  # extra -> what needs it


def require_extra(extra: str) -> None:
    """Raises ConfigError with the commands that install it."""
    if not is_installed(extra):
        raise ConfigError(
            f"{LIBRARIES[extra]} is not installed, which {TABLES[extra]} needs. {how_to_install(extra)} Then start "
            "the hub again."
        )
