"""One recorded case: an entry of tests/captures/index.toml. The form: docs/test_cases.md.

[[case]]
id = "plug_boot"
file = "tuya/plug_boot.jsonl"
…
[case.expected]
frame_count = 24
[case.expected.readings]
power_W = { unit = "W", values = [0.0, 67.3] }
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.core.model import Quality, Value
from unclouded.core.text.toml_text import read_toml

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
LINE_WIDTH = 116  # characters of a line of TOML; longer lists are broken


class ExpectedPoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The values of one point in order, equal ones in succession once. ``quality``: of the newest one."""

    unit: str = ""
    values: tuple[Value, ...]
    quality: Quality = "good"


class ExpectedResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a recording holds. Times are seconds since the first frame with a time.

    ``frames``: ``"0.012 device 55aa…"``, with ``-`` for a time or a side that is not known; empty = only counted.
    ``commands``: frames by name. ``remarks``: by kind. ``values``: data points without frames. ``messages``: without
    frames. ``refused``: the input is not read, and the reason is printed. ``readings``: by point; of a sub-device
    ``part/point``. ``notices``: ``kind: text``, or the beginning of it.
    """

    frame_count: int = 0
    noise_bytes: int = 0
    noise_count: int = 0
    cut_count: int = 0
    rebuilt_count: int = 0
    frames: tuple[str, ...] = ()
    commands: Mapping[str, int] = {}
    remarks: Mapping[str, int] = {}
    values: Mapping[str, Value] = {}
    messages: tuple[str, ...] = ()
    refused: bool = False
    readings: Mapping[str, ExpectedPoint] = {}
    notices: tuple[str, ...] = ()


class RecordedCase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """``file``: below the folder of the index. ``shows``: in one sentence, why the case is kept.

    ``source``: ``report: …``, ``simulator: …``, ``published: …`` or ``made: …``. ``verified``: how a person found that
    what is expected is right, "" = not verified. ``format``, ``family``, ``dialect``: what is found in the file.
    ``profile``: that names the values, "" = the one that lists the product. ``notes``: what else is to be known.
    """

    id: str
    file: str
    shows: str
    source: str
    verified: str
    device: str = ""
    firmware: str = ""
    format: str = ""
    family: str = ""
    dialect: str = ""
    profile: str = ""
    notes: str = ""
    expected: ExpectedResult


class CaseIndex(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All cases of a folder."""

    case: tuple[RecordedCase, ...]


def read_index(text: str, where: str) -> Sequence[RecordedCase]:
    """The cases of an index, or of a draft. Raises ConfigError that names the place."""
    try:
        return msgspec.convert(read_toml(text, where), CaseIndex, strict=False).case
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}.") from None


def case_text(case: RecordedCase) -> str:
    """The entry as TOML, to be appended to an index."""
    fields = msgspec.to_builtins(case)
    expected = fields.pop("expected")
    tables = {name: expected.pop(name) for name in ("commands", "remarks", "values", "readings") if name in expected}
    lines = ["[[case]]", *_pairs(fields), "", "[case.expected]", *_pairs(expected)]
    for name in ("commands", "remarks", "values"):
        if name in tables:
            lines.append(f"{name} = {_inline(tables[name])}")
    if "readings" in tables:
        lines += ["", "[case.expected.readings]", *_pairs(tables["readings"])]
    return "\n".join(lines) + "\n"


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:  # Any: JSON types, here and below
    for key, value in table.items():
        yield f"{_key(key)} = {_value(value)}"


def _value(value: Any) -> str:
    text = _inline(value)
    if isinstance(value, list | tuple) and len(text) > LINE_WIDTH and all(isinstance(one, str) for one in value):
        return "\n".join(["[", *(f"  {_inline(one)}," for one in value), "]"])
    return text


def _inline(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _string(value)
        case list() | tuple():
            return f"[{', '.join(_inline(one) for one in value)}]"
        case _:
            return f"{{ {', '.join(f'{_key(key)} = {_inline(one)}' for key, one in value.items())} }}"


def _key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    """As it is between single quotes, where it has double ones and nothing that they cannot hold."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
