"""The time zone of this computer."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOCALTIME = Path("/etc/localtime")  # a link to the file of the zone


def computer_zone() -> str:
    """The name of this computer's time zone, UTC where it has none."""
    name = os.environ.get("TZ", "").removeprefix(":") or str(LOCALTIME.resolve()).partition("/zoneinfo/")[2]
    return named_zone(name).key


def named_zone(name: str) -> ZoneInfo:
    """The zone of this name, UTC where this computer does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
