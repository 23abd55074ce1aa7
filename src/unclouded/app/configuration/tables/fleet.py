"""The table [fleet]: what a home lets a fleet have. Source: docs/protocols/fleet.md §11"""

import ipaddress
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from unclouded.core.errors import ConfigError

LevelChoice = Literal["nothing", "energy", "quarter", "minute", "raw"]  # each includes those before it


class FleetTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[fleet]: written by `unclouded join`. Without it nothing leaves the home."""

    url: str  # of the fleet that the home has joined
    level: LevelChoice = "quarter"  # of devices that say nothing else
    names: bool = False  # names of devices and rooms
    events: bool = False  # states, outcomes of commands, warnings
    questions: bool = False  # the fleet may look at this hub's page and API
    control: bool = False  # the fleet may switch
    ping_s: Annotated[int, msgspec.Meta(ge=15, le=600)] = 120  # between two looks at whether the fleet is still there


def check_fleet(table: FleetTable | None, where: str) -> None:
    """Raises ConfigError."""
    if table is not None and (why := why_no_fleet(table.url)):
        raise ConfigError(f"{where}: `$.fleet.url`: {why}")


def why_no_fleet(url: str) -> str:
    """Why this is not an address of a fleet, "" = it is one. On this computer it needs no TLS."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or parts.scheme not in ("https", "http") or parts.query or parts.fragment:
        return "write the whole address, as in https://fleet.example.org."
    if parts.username or parts.password:
        return "it contains a name or a password, which a fleet does not need."
    if parts.scheme == "http" and not _is_this_computer(parts.hostname or ""):
        return "it must begin with https://, because a code and keys are sent there."
    return ""


def _is_this_computer(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
