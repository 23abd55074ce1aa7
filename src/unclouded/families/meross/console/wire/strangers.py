"""What a line is that is not this console, as a sentence that says what to do.

Source: docs/protocols/meross_console.md §1.3.
"""

import re
from collections.abc import Sequence

EXAMINED = 4_096  # bytes: the newest

WRONG_BAUD = (
    "These bytes are no text. This console has 115200 baud, 8 data bits, no parity; hardware version 1 has 57600 baud."
    " Check the baud rate, and that GND is connected."
)
_REALTEK = re.compile(rb"8710c>|8720c>|\[ATW[A-Z]\]|AmebaZ|ROM:\[V\d|Unknown (?:ATC|AT) ?command", re.IGNORECASE)
_SIGNS: Sequence[tuple[re.Pattern[bytes], str]] = (
    (
        re.compile(rb"U-Boot|Please choose the operation|System Enter Boot Command Line|MT76[28]8 #|RT\d{4} #"),
        "This looks like a U-Boot prompt of hardware version 1, whose console has 57600 baud. It is another computer:"
        " these commands are not known there.",
    ),
    (
        _REALTEK,
        "This looks like the shell of a Realtek chip, of hardware version 6 or later. It is not this console, and some"
        " of its commands erase the chip: type nothing there.",
    ),
    (
        re.compile(
            rb"BusyBox v|(?:^|[\r\n])(?:(?:[\w.@-]{1,40}:)?[~/][\w/.-]{0,40} ?# ?(?:[\r\n]|\Z)|[\w.-]{1,40} login: )"
        ),
        "This looks like the shell of a Linux system, as plugs of hardware version 1 have one at 57600 baud. It is"
        " another computer: these commands are not known there.",
    ),
    (
        re.compile(rb"\x55\xaa[\x00-\x03][\x00-\xf0]\x00"),
        "These look like Tuya frames (55 AA): this line belongs to a Tuya module. Use the family tuya_wifi.",
    ),
    (
        re.compile(rb"[\x55\xf0-\xff]\x5a.{22}[\x55\xf0-\xff]\x5a", re.DOTALL),
        "These look like frames of the metering chip HLW8032, which has 4800 baud 8E1. Use the family hlw8032.",
    ),
)


def recognised(data: bytes) -> str:
    """What these bytes are, as a sentence; "" where that is not certain."""
    newest = data[-EXAMINED:]
    return next((text for sign, text in _SIGNS if sign.search(newest)), "")


def forbids_typing(data: bytes) -> bool:
    """Whether these bytes are of a shell in which nothing may be typed, not even Return."""
    return _REALTEK.search(data[-EXAMINED:]) is not None
