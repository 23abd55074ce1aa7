"""The fields of a payload, as the rows of the command tables list them: names and sizes, in the order of the bytes.

    (("offset", 4), ("data", REST))          a number in 4 bytes, then bytes to the end
    (*each("ok", "code"),)                   one byte each
    (("sub_id", COUNTED), POINTS)            a text with its length before it, then data points

A payload may end at any field. The names are those of the fields of its message, where that has some.
Source: docs/protocols/tuya_wifi.md §2.2, §2.4; docs/protocols/tuya_gateway.md §1.2, §1.3;
docs/protocols/tuya_zigbee_module.md §1.
"""

Field = tuple[str, int]  # its name; its size in bytes, or one of these:

REST = -1  # all that is left
COUNTED = -2  # a text with its length in one byte before it
COUNTED_MANY = -3  # such texts to the end
UNITS = -4  # data points to the end
JSON_TEXT = -5  # JSON to the end
WEATHER = -6  # to the end: text with its length, type, length, value; a byte 0 may stand before the first
CHANNEL = -7  # one byte, in frames to one of several MCUs only

PLAIN_HEAD: tuple[Field, ...] = (("header", 2), ("version", 1), ("command", 1), ("length", 2))
SEQUENCED_HEAD: tuple[Field, ...] = (("header", 2), ("version", 1), ("sequence", 2), ("command", 1), ("length", 2))
POINTS: Field = ("data points", UNITS)
JSON: Field = ("JSON", JSON_TEXT)


def each(*names: str) -> tuple[Field, ...]:
    """Fields of one byte."""
    return tuple((name, 1) for name in names)


DATE = each("year", "month", "day", "hour", "minute", "second")
CLOCK = (*each("ok"), *DATE)
