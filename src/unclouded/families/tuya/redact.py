"""Keeping secrets out of logs and captures: Wi-Fi names, passwords and tokens cross a Tuya line in the clear.

    55 AA 03 2A 00 24 {"s":"···","p":"········","t":"···"} SS      pairing over the line
    55 AA 03 2C …     {"ssid":"···","password":"···"} SS           connection test
    55 AA 00 34 …  07 00 {"ap":"···", … "wcfg":{"ssid":"···","pwd":"···"}} SS

Lengths stay, checksums are made good. Bytes that are no whole frame lose all their text.
"""

import json
import re
from collections.abc import Collection

from unclouded.families.tuya.claim import HEADER
from unclouded.families.tuya.dialect import HEADER_SIZE, OVERHEAD
from unclouded.families.tuya.frame import Frame
from unclouded.family import Sender

SECRET = frozenset({0x2A, 0x2C})  # commands whose payload is nothing but secrets
EXTENDED, MODULE_INFO = 0x34, 0x07
JSON_VALUE = re.compile(rb'(:\s*)("(?:[^"\\]|\\.)*"|[^\s",{}\[\]]+)')
_HIDDEN = bytes(ord("*") if 0x20 <= byte < 0x7F else byte for byte in range(256))


def redact(sender: Sender | None, data: bytes, secret: Collection[int] = SECRET) -> bytes:
    """The same bytes with secrets blanked: a frame stays a frame of the same length."""
    if not _is_frame(data):
        return veil(data)
    frame = Frame(data[2], data[3], data[HEADER_SIZE:-1])
    head = _head(frame, secret)
    if head is None:
        return data
    return bytes(Frame(frame.version, frame.command, frame.payload[:head] + _blank(frame.payload[head:])))


def veil(data: bytes) -> bytes:
    """Noise with its text blanked: half a pairing frame still holds a password. Headers stay to be seen."""
    return HEADER.join(stretch.translate(_HIDDEN) for stretch in data.split(HEADER))


def _is_frame(data: bytes) -> bool:
    whole = len(data) >= OVERHEAD and data.startswith(HEADER)
    return whole and int.from_bytes(data[4:6]) == len(data) - OVERHEAD and sum(data[:-1]) & 0xFF == data[-1]


def _head(frame: Frame, secret: Collection[int]) -> int | None:
    """How many bytes of the payload stand before the secret; None = there is no secret."""
    if frame.command in secret:
        return 0
    if (
        secret is SECRET
        and frame.command == EXTENDED
        and frame.payload[:1] == bytes((MODULE_INFO,))
        and len(frame.payload) > 2
    ):
        return 2
    return None


def _blank(text: bytes) -> bytes:
    """JSON with its values blanked, keys and shape kept; anything else is blanked whole."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return b"*" * len(text)
    return JSON_VALUE.sub(_blank_value, text)


def _blank_value(found: re.Match[bytes]) -> bytes:
    value = found[2]
    stars = b'"' + b"*" * (len(value) - 2) + b'"' if value.startswith(b'"') else b"0" * len(value)
    return found[1] + stars
