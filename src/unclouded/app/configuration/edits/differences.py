"""What is different between two versions of a configuration, key by key, without secrets. Pure."""

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from unclouded.app.configuration.edits.device_edits import devices_of
from unclouded.core.errors import ConfigError
from unclouded.core.text.toml_text import read_toml
from unclouded.core.views.configuration import HIDDEN, ConfigDifference
from unclouded.links.url import redacted

WIRES = ("family", "link", "uuid", "channel")  # by which a device with another id is found again
PLAIN_URL = re.compile(r"(?:https?|mqtts?)://", re.IGNORECASE)  # other addresses are those of Apprise: secrets all over
PLAIN_PATHS = frozenset({"", "write", "api/v2/write", "api/v3/write_lp"})  # others may be the key of a webhook
SECRET_KEYS = frozenset({("notification", "url")})  # secrets of tables whose names do not say it
SECRET = re.compile(r"(^|_)(key|password|passwd|psk|token|secret|code|pin)$")


def differences(before: str, after: str) -> list[ConfigDifference]:
    """The keys that are different; nothing where one of the texts is not TOML."""
    try:
        old, new = read_toml(before, ""), read_toml(after, "")
    except ConfigError:
        return []
    return [*_of_devices(old, new), *_of_tables(old, new)]


def shown(keys: Mapping[str, Any], table: str = "") -> dict[str, Any]:  # Any: TOML, JSON
    """The keys of a table as JSON, secrets hidden. ``table``: of the hub."""
    return {key: HIDDEN if value and (table, key) in SECRET_KEYS else _shown(key, value) for key, value in keys.items()}


# --- inside -------------------------------------------------------------------------------------------


def _of_devices(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ConfigDifference]:  # Any: TOML
    was = {str(one.get("id")): one for one in devices_of(old)}
    now = {str(one.get("id")): one for one in devices_of(new)}
    renamed = _renamed(was, now)
    new_names = frozenset(renamed.values())
    for id in dict.fromkeys((*was, *now)):
        if id in renamed:
            yield from _of_keys(renamed[id], "", was[id], now[renamed[id]])
        elif id in now and id in was:
            yield from _of_keys(id, "", was[id], now[id])
        elif id not in new_names:
            yield ConfigDifference(device=id, key="", before=_table(was.get(id)), after=_table(now.get(id)))


def _renamed(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:  # Any: TOML
    """The devices with another id on the same wires: the old id -> the new one."""
    new = defaultdict[str, deque[str]](deque)  # the new ids on the same wires, in order
    for id in [one for one in now if one not in was]:
        new[_wires(now[id])].append(id)
    gone = [one for one in was if one not in now]
    return {id: new[wires].popleft() for id in gone if new.get(wires := _wires(was[id]))}


def _wires(device: Mapping[str, Any]) -> str:  # Any: TOML
    return repr([device.get(key) for key in WIRES])


def _of_tables(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ConfigDifference]:  # Any: TOML
    for name in dict.fromkeys((*old, *new)):
        if name != "device":
            before, after = old.get(name, {}), new.get(name, {})
            if isinstance(before, Mapping) and isinstance(after, Mapping):
                yield from _of_keys("", f"{name}.", before, after)
            elif before != after:  # a list of tables
                yield ConfigDifference(device="", key=name, before=_items(name, before), after=_items(name, after))


def _items(table: str, items: object) -> object:
    """The items of a list of the hub as JSON; None where there are none."""
    return [shown(one, table) for one in items] if items and isinstance(items, list) else None


def _of_keys(
    device: str, prefix: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[ConfigDifference]:  # Any: TOML
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if isinstance(before, Mapping | None) and isinstance(after, Mapping | None):
            yield from _of_keys(device, f"{prefix}{key}.", before or {}, after or {})
            continue
        table = prefix.partition(".")[0] if not device else ""
        hidden = [None if one is None else shown({key: one}, table)[key] for one in (before, after)]
        yield ConfigDifference(device=device, key=f"{prefix}{key}", before=hidden[0], after=hidden[1])


def _table(keys: Mapping[str, Any] | None) -> dict[str, Any] | None:  # Any: TOML, JSON
    return None if keys is None else shown(keys)


def _shown(key: str, value: object) -> object:
    match value:
        case Mapping():
            return shown(value)
        case list() if all(isinstance(one, Mapping) for one in value):
            return [shown(one) for one in value]
        case list():
            return [_shown(key, one) for one in value]
        case Decimal():
            return float(value)
        case str() if SECRET.search(key):
            return HIDDEN if value else ""
        case str() if key == "url" and not PLAIN_URL.match(value):
            return f"{value.partition('://')[0][:20]}://{HIDDEN}"
        case str() if key == "url":
            return _shown_url(value)
        case str() if key == "link":
            return redacted(value)
        case bool() | int() | str():
            return value
    return str(value)  # dates and times, which no key takes


def _shown_url(url: str) -> str:
    """The address without what may be a secret; its path only where that is one of those that databases have."""
    address, mark, query = redacted(url).partition("?")
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    shown_path = path if path.strip("/") in PLAIN_PATHS else HIDDEN
    return f"{scheme}://{host}{slash}{shown_path}{mark}{query}"
