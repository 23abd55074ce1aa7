r"""InfluxDB's line protocol. Pure.

    unclouded,device=kettle power_W=67.3,on=true,mode="eco" 1795262400000000000
    measurement,tag         fields                          nanoseconds

The values of one device at one time are one line. Numbers are floats, so that a field never changes its type; numbers
that are not finite are left out. Source: "Line protocol" in the documentation of InfluxDB 2.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from unclouded.core.model import Reading, Value

LONGEST_TEXT = 1_000  # characters of a value
MEASUREMENT = str.maketrans({",": "\\,", " ": "\\ ", "\n": "\\ ", "\r": "\\ "})
KEY = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\=", "\n": "\\ ", "\r": "\\ "})
TEXT = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": " ", "\r": " "})


def line_protocol(measurement: str, readings: Iterable[Reading]) -> bytes:
    """The lines of readings; of two of one point at one time the later counts."""
    groups: dict[tuple[str, int], dict[str, str]] = {}
    for one in readings:
        if (text := field_text(one.value)) is not None:
            groups.setdefault((one.device, nanoseconds(one.at)), {})[_key(one.point)] = text
    start = measurement.translate(MEASUREMENT)
    return "".join(_line(start, device, at, fields) for (device, at), fields in groups.items()).encode(
        "utf-8", "replace"
    )


def nanoseconds(at: float) -> int:
    """Unix nanoseconds, exact to the millisecond."""
    return round(at * 1000) * 1_000_000


def field_text(value: Value) -> str | None:
    """A value as a field; None where it cannot be one."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value[:LONGEST_TEXT].translate(TEXT)}"'
        case float() if not math.isfinite(value):
            return None
    try:
        return repr(float(value))
    except OverflowError:
        return None


def without_suspect(facts: Sequence[object], devices: Mapping[str, None]) -> list[Reading]:
    """The readings to send: of these devices (none = all), without those that the hub doubts."""
    return [
        one
        for one in facts
        if type(one) is Reading and one.quality != "suspect" and (not devices or one.device in devices)
    ]


def _key(text: str) -> str:
    """A key may not end with a backslash, which would escape what follows."""
    return text.translate(KEY).rstrip("\\") or "_"


def _line(start: str, device: str, at: int, fields: Mapping[str, str]) -> str:
    return f"{start},device={_key(device)} {','.join(f'{key}={value}' for key, value in fields.items())} {at}\n"
