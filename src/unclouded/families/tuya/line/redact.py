"""Keeping secrets out of logs and captures: Wi-Fi names, passwords and tokens cross a Tuya line in the clear.

    55 AA 03 2A 00 24 {"s":"···","p":"········","t":"···"} SS      pairing over the line
    55 AA 03 2C …     {"ssid":"···","password":"···"} SS           connection test
    55 AA 00 34 …  07 00 {"ap":"···", … "wcfg":{"ssid":"···","pwd":"···"}} SS

Lengths stay, checksums are made good. Bytes that are no whole frame lose all their text, of whatever alphabet.
"""

import json
import re
from collections.abc import Collection

from unclouded.core.family import Sender
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.resync import HEADER
from unclouded.families.tuya.line.shapes import HEADER_SIZE, OVERHEAD

SECRET = frozenset({0x2A, 0x2C})  # commands whose payload is nothing but secrets
EXTENDED, MODULE_INFO = 0x34, 0x07
JSON_TOKEN = re.compile(rb'("(?:[^"\\]|\\.)*")(\s*:)?|[^\s",:{}\[\]]+')  # a key, a text, or a bare value
LETTER = re.compile(  # in UTF-8; the first and the last one may be cut off
    rb"[ -~]|\A[\x80-\xBF]{1,3}"
    rb"|[\xC2-\xDF][\x80-\xBF]|[\xE0-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3}"
    rb"|[\xC2-\xF4][\x80-\xBF]{0,2}\Z"
)

_HIDDEN = bytes(ord("*") if 0x20 <= byte < 0x7F or 0x80 <= byte <= 0xF4 else byte for byte in range(256))


def redact(sender: Sender | None, data: bytes, secret: Collection[int] = SECRET) -> bytes:
    """The same bytes with secrets blanked: a frame stays a frame of the same length."""
    if not _is_frame(data):
        return veil(data)
    frame = Frame(data[2], data[3], data[HEADER_SIZE:-1])
    hidden = without_secrets(frame, secret)
    return data if hidden is frame else bytes(hidden)


def without_secrets(frame: Frame, secret: Collection[int] = SECRET) -> Frame:
    """The frame itself where there are none in it, whoever says it."""
    head = _head(frame, secret)
    if head is None:
        return frame
    return Frame(frame.version, frame.command, frame.payload[:head] + _blank(frame.payload[head:]))


def veil(data: bytes) -> bytes:
    """Noise with its text blanked: half a pairing frame still holds a password. Headers stay to be seen."""
    return HEADER.join(LETTER.sub(_stars, stretch) for stretch in data.split(HEADER))


def veil_piece(data: bytes) -> bytes:
    """The same for noise in pieces, which may cut a letter in two: each byte that letters have is blanked."""
    return HEADER.join(stretch.translate(_HIDDEN) for stretch in data.split(HEADER))


def _is_frame(data: bytes) -> bool:
    whole = len(data) >= OVERHEAD and data.startswith(HEADER)
    return whole and int.from_bytes(data[4:6]) == len(data) - OVERHEAD and sum(data[:-1]) & 0xFF == data[-1]


def _head(frame: Frame, secret: Collection[int]) -> int | None:
    """How many bytes of the payload stand before the secret; None = there is no secret.

    One byte is the answer: how it went.
    """
    if frame.command in secret:
        return 0 if len(frame.payload) > 1 else None
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
        json.loads(text.decode())
    except (ValueError, RecursionError):
        return b"*" * len(text)
    return JSON_TOKEN.sub(_blank_token, text)


def _blank_token(found: re.Match[bytes]) -> bytes:
    if found[2] is not None:  # a key
        return found[0]
    size = len(found[0])
    return b'"' + b"*" * (size - 2) + b'"' if found[1] else b"1" + b"0" * (size - 1)  # it stays JSON


def _stars(found: re.Match[bytes]) -> bytes:
    return b"*" * len(found[0])
