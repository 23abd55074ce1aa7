"""The keys of a [[rule]] table with other ids of devices; everything else in its texts stays as it is."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from unclouded.core.errors import CommandError
from unclouded.rules.conditions import Comparison, DeviceState
from unclouded.rules.text.condition_text import leaf_of
from unclouded.rules.text.rule_text import setting_of

Rename = Callable[[str], str]  # the id that a device has now -> the one that it gets
_CONDITIONS = ("when", "while", "if")
_SETTINGS = ("set", "end")
_FIRST_ID = re.compile(r"(\s*)([a-z0-9_]+)")  # conditions and settings begin with the id of their device


def with_ids(keys: Mapping[str, Any], rename: Rename) -> dict[str, Any]:  # Any: TOML
    """The keys, the devices of which have other ids. Raises CommandError where an id cannot stand in a condition."""
    readers = {**dict.fromkeys(_CONDITIONS, _device_of_condition), **dict.fromkeys(_SETTINGS, _device_of_setting)}
    return {key: _renamed(value, readers[key], rename) if key in readers else value for key, value in keys.items()}


# --- inside -------------------------------------------------------------------------------------------


def _renamed(given: Any, device_of: Callable[[str], str], rename: Rename) -> Any:  # Any: TOML
    match given:
        case str():
            return _renamed_text(given, device_of, rename)
        case Mapping():
            return {key: _renamed(one, device_of, rename) for key, one in given.items()}
        case list():
            return [_renamed(one, device_of, rename) for one in given]
    return given


def _renamed_text(text: str, device_of: Callable[[str], str], rename: Rename) -> str:
    old = device_of(text)
    new = rename(old) if old else old
    if new == old:
        return text
    changed = _FIRST_ID.sub(lambda found: found[1] + new, text, count=1)
    if device_of(changed) != new:
        raise CommandError(
            f"{new!r} cannot be the id of a device that rules name: {changed[:80]!r} means another thing."
        )
    return changed


def _device_of_condition(text: str) -> str:
    """ "" where it names none, or is not a condition."""
    try:
        leaf = leaf_of(text)
    except CommandError:
        return ""
    return leaf.device if isinstance(leaf, Comparison | DeviceState) else ""


def _device_of_setting(text: str) -> str:
    try:
        return setting_of(text).device
    except CommandError:  # `back` and `stay` as well
        return ""
