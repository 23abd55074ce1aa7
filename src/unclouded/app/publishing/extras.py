"""Libraries that are installed only where someone asks for them: whether they are there, and how to get them."""

import importlib.metadata
from collections.abc import Mapping

from unclouded.core.errors import ConfigError

LIBRARIES: Mapping[str, str] = {"homekit": "HAP-python", "notifications": "apprise"}  # extra -> what it installs
TABLES: Mapping[str, str] = {"homekit": "[homekit]", "notifications": "[[notification]]"}


def require_extra(extra: str) -> None:
    """Raises ConfigError with the commands that install it."""
    library = LIBRARIES[extra]
    try:
        importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        raise ConfigError(
            f"{library} is not installed, which {TABLES[extra]} needs. Install it and start the hub again: "
            f"pip install 'unclouded[{extra}]', or uv tool install 'unclouded[{extra}]', or pipx inject unclouded "
            f"{library}."
        ) from None
