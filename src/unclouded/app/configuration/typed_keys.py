"""Keys of a device as they are typed: ``name="Kitchen lamp"``, ``produces=true``, ``scale.power_W=40``. Pure."""

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from unclouded.app.configuration.places import did_you_mean
from unclouded.app.configuration.tables import DeviceTable
from unclouded.core.errors import CommandError

TEXTS = frozenset(field.encode_name for field in msgspec.structs.fields(DeviceTable) if field.type is str)
TABLES = ("scale", "session", "alert_above", "alert_below")  # their keys are written behind a dot
KNOWN = tuple(field.encode_name for field in msgspec.structs.fields(DeviceTable))


def typed_keys(words: Sequence[str]) -> dict[str, Any]:  # Any: TOML
    """The keys and their values; None where nothing is behind the =, which removes a key. Raises CommandError."""
    found: dict[str, Any] = {}
    for word in words:
        path, equals, text = word.partition("=")
        if not equals or not path:
            raise CommandError(f"{word[:80]!r} is no key with a value. Write KEY=VALUE, as in room=Kitchen.")
        key, dot, inner = path.partition(".")
        if key not in KNOWN:
            raise CommandError(
                f"A device has no key {key[:80]!r}.{did_you_mean(key, KNOWN)} It has: {', '.join(KNOWN)}."
            )
        if dot and key in TABLES and found.get(key, {}) is not None:
            found.setdefault(key, {})[inner] = _value(text, is_text=False)
        elif dot:
            raise CommandError(f"{path[:80]!r} is no key: only {' and '.join(TABLES)} have keys behind a dot.")
        else:
            found[key] = _value(text, is_text=key in TEXTS)
    return found


def _value(text: str, *, is_text: bool) -> Any:  # Any: TOML
    """A value of TOML, else the text itself."""
    if not text:
        return None
    if is_text:
        return text
    try:
        return tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except (tomllib.TOMLDecodeError, KeyError, RecursionError, ValueError):
        return text
