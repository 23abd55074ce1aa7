"""Which events a home lets out, and what is never in their texts. Source: docs/protocols/fleet.md §11

States, outcomes of commands and warnings are let out. Others are about the computer, its network or what its owner
configures (``configuration``, ``publishing``, ``backup`` …): a kind that is not in the table stays at home.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

Kind = Literal["state", "outcome", "warning", "own words"]

KINDS: Mapping[str, Kind] = {
    "state": "state",
    "started": "state",
    "restarted": "state",
    "joined": "state",
    "removed": "state",
    "left": "state",
    "reset": "state",
    "clock": "state",
    "command": "outcome",
    "action": "outcome",
    "refused": "outcome",
    "alert": "warning",
    "warning": "warning",
    "too_hot": "warning",
    "energy": "warning",
    "energy_differs": "warning",
    "disk": "warning",
    "store_failed": "warning",
    "store_works": "warning",
    "store_damaged": "warning",
    "store_future": "warning",
    "retention": "warning",
    "rule": "own words",  # of the owner: rules and what is written in them
    "rule_problem": "own words",
    "notify": "own words",
    "history_edited": "own words",
}
HEX = "[0-9A-Fa-f]"
ADDRESS = re.compile(
    rf"""[A-Za-z][A-Za-z0-9+.-]{{1,15}}://[^\s"'<>]*                    # a link
    | \b[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}(?::[0-9]{{1,5}})?             # IPv4
    | \b{HEX}{{2}}(?:[:-]{HEX}{{2}}){{5,7}}\b                           # MAC, EUI-64
    | \b{HEX}{{1,4}}(?::{HEX}{{0,4}}){{4,7}}(?:%[A-Za-z0-9]{{1,16}})?   # IPv6
    | \b{HEX}{{1,4}}::[0-9A-Fa-f:]{{0,40}}(?:%[A-Za-z0-9]{{1,16}})?
    | \b{HEX}{{8}}(?:-{HEX}{{4}}){{3}}-{HEX}{{12}}\b                    # UUID
    | \b(?=[0-9]*[A-Fa-f]){HEX}{{12,64}}\b                            # MAC or UUID without separators
    | \b[A-Za-z0-9_-]{{1,63}}\.(?:local|lan|home|fritz\.box)\b        # a name of the home's network
    """,
    re.VERBOSE,
)
HIDDEN = "…"


def is_let_out(kind: str, names: bool) -> bool:
    """Whether events of a kind leave the home; those in words of its owner only together with ``names``."""
    found = KINDS.get(kind)
    return found is not None and (names or found != "own words")


def without_addresses(text: str) -> str:
    """A text without addresses and ids of the home's network."""
    return ADDRESS.sub(HIDDEN, text)


def each_text(thing: Any, change: Callable[[str], str]) -> Any:  # Any: JSON
    """JSON with each of its texts changed, also keys."""
    match thing:
        case str():
            return change(thing)
        case list():
            return [each_text(one, change) for one in thing]
        case dict():
            return {change(key): each_text(one, change) for key, one in thing.items()}
    return thing
