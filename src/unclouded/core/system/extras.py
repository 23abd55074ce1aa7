"""Libraries that are installed only where someone asks for them: which they are, and how to get them."""

import importlib.metadata
import shlex
import sys
from collections.abc import Mapping

LIBRARIES: Mapping[str, str] = {  # extra -> what it installs, as in pyproject.toml
    "fleet": "psycopg[binary,pool]",
    "homekit": "HAP-python",
    "notifications": "apprise",
    "parquet": "pyarrow",
}
MODULES: Mapping[str, str] = {"psycopg": "fleet", "psycopg_pool": "fleet"}  # imported without a check before


def is_installed(extra: str) -> bool:
    """Whether its library is there."""
    try:
        importlib.metadata.version(LIBRARIES[extra].partition("[")[0])
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def how_to_install(extra: str) -> str:
    """The commands, for whatever environment this program runs in. docs/installing.md, Extras."""
    library = shlex.quote(LIBRARIES[extra])
    by_pip = f"python3 -m pip --python {shlex.quote(sys.executable)} install {library}"
    return f"Install it: {by_pip} (or with pipx: pipx inject unclouded {library})."


def missing_extra(error: ModuleNotFoundError) -> str:
    """What to do about a module that could not be imported; "" where it is of no extra."""
    extra = MODULES.get((error.name or "").partition(".")[0])
    return f"{error.name} is not installed, which this needs. {how_to_install(extra)}" if extra else ""
