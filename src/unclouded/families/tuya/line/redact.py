"""Keeping secrets out of logs and captures: Wi-Fi names, passwords and tokens cross a Tuya line in the clear.

    55 AA 03 2A 00 24 {"s":"···","p":"········","t":"···"} SS      pairing over the line
    55 AA 03 2C …     {"ssid":"···","password":"···"} SS           connection test
    55 AA 00 34 …  07 00 {"ap":"···", … "wcfg":{"ssid":"···","pwd":"···"}} SS

Which commands carry secrets, and where, is in the dialects' command tables. Lengths stay, checksums are made good.
Bytes that are not a whole frame lose all their text, of whatever alphabet.
"""

import json
import operator
import re
from collections.abc import Collection, Mapping

import msgspec

from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.resync import HEADER
from unclouded.families.tuya.line.shapes import HEADER_SIZE, OVERHEAD

# A key, a text, a bracket, or a bare value.
JSON_TOKEN = re.compile(rb'("(?:[^"\\]|\\.)*+"?)(\s*+:)?|([{}\[\]])|[^\s",:{}\[\]]+')
LETTER = re.compile(  # in UTF-8; the first and the last one may be cut off
    rb"[ -~]|\A[\x80-\xBF]{1,3}"
    rb"|[\xC2-\xDF][\x80-\xBF]|[\xE0-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3}"
    rb"|[\xC2-\xF4][\x80-\xBF]{0,2}\Z"
)

TEXT = re.compile(rb"[ -~\x80-\xF4]{4,}")  # what may be text in UTF-8

_HIDDEN = bytes(ord("*") if 0x20 <= byte < 0x7F or 0x80 <= byte <= 0xF4 else byte for byte in range(256))


class Secret(msgspec.Struct, frozen=True):
    """What of a payload is secret: all behind ``head`` bytes, or of its JSON only these ``members``.

    ``longer_than``: a payload that is not longer holds none; it is the answer to the one that does, or its head.
    """

    head: int = 0
    members: tuple[str, ...] = ()
    longer_than: int = 0

    def hides(self, member: str) -> bool:
        """Whether the value of a JSON member is secret."""
        return not self.members or member.casefold() in {one.casefold() for one in self.members}


Secrets = Mapping[tuple[int, int | None], Secret]  # by code and sub-command


def redact(secrets: Secrets, data: bytes) -> bytes:
    """The same bytes with secrets blanked: a frame stays a frame of the same length."""
    if not _is_frame(data):
        return veil(data)
    frame = Frame(data[2], data[3], data[HEADER_SIZE:-1])
    hidden = redacted(frame, secrets)
    return data if hidden is frame else bytes(hidden)


def secret_in(frame: Frame, secrets: Secrets) -> Secret | None:
    """What is secret in a frame, whoever sends it; None = nothing."""
    payload = frame.payload
    secret = secrets.get((frame.command, None))
    if secret is None and payload:
        secret = secrets.get((frame.command, payload[0]))
    return None if secret is None or len(payload) <= secret.longer_than else secret


def redacted(frame: Frame, secrets: Secrets) -> Frame:
    """The frame itself where there are no secrets in it, whoever sends it."""
    secret, payload = secret_in(frame, secrets), frame.payload
    if secret is None:
        return frame
    blanked = payload[: secret.head] + _blank(payload[secret.head :], secret.members)
    return frame if blanked == payload else Frame(frame.version, frame.command, blanked)


def hidden_in(secrets: Secrets, before: bytes, data: bytes) -> bytes:
    """Which bytes of a frame, or of noise behind other noise, are secret: one byte for each, not 0 = hidden.

    Of a frame the secret fields, and the checksum over them; of noise what may be a part of such a frame.
    """
    if not _is_frame(data):
        return _hidden_noise(secrets, before, data)
    frame = Frame(data[2], data[3], data[HEADER_SIZE:-1])
    secret = secret_in(frame, secrets)
    if secret is None:
        return b""
    payload = frame.payload.replace(b"*", b"+")  # so that a star in a secret is hidden too
    blanked = payload[: secret.head] + _blank(payload[secret.head :], secret.members)
    if blanked == payload:
        return b""
    return bytes(HEADER_SIZE) + bytes(map(operator.ne, payload, blanked)) + b"\1"


def _hidden_noise(secrets: Secrets, before: bytes, data: bytes) -> bytes:
    """Behind each header of a command with secrets all to the next header; elsewhere text that may be JSON's rest."""
    whole = before + data
    hidden = bytearray(len(whole))
    at = whole.find(HEADER)
    _hide_json(whole, 0, len(whole) if at < 0 else at, hidden)
    commands = {command for command, _ in secrets}
    while at >= 0:
        end = whole.find(HEADER, at + len(HEADER))
        end = len(whole) if end < 0 else end
        payload = min(at + HEADER_SIZE, end)
        if whole[at + 3 : at + 4] and whole[at + 3] in commands:
            hidden[payload:end] = b"\1" * (end - payload)
        else:
            _hide_json(whole, payload, end, hidden)
        at = end if end < len(whole) else -1
    return bytes(hidden[len(before) :])


def _hide_json(data: bytes, start: int, end: int, hidden: bytearray) -> None:
    for run in TEXT.finditer(data, start, end):
        if b'"' in run[0]:
            hidden[run.start() : run.end()] = b"\1" * len(run[0])


def veil(data: bytes) -> bytes:
    """Noise with its text blanked: half a pairing frame still holds a password. Headers stay to be seen."""
    return HEADER.join(LETTER.sub(_stars, stretch) for stretch in data.split(HEADER))


def veil_piece(data: bytes) -> bytes:
    """The same for noise in pieces, which may cut a letter in two: each byte that letters have is blanked."""
    return HEADER.join(stretch.translate(_HIDDEN) for stretch in data.split(HEADER))


def _is_frame(data: bytes) -> bool:
    whole = len(data) >= OVERHEAD and data.startswith(HEADER)
    return whole and int.from_bytes(data[4:6]) == len(data) - OVERHEAD and sum(data[:-1]) & 0xFF == data[-1]


def _blank(text: bytes, members: Collection[str]) -> bytes:
    """JSON with its values blanked, keys and shape kept; anything else is blanked whole."""
    try:
        json.loads(text.decode())
    except (ValueError, RecursionError):
        return b"*" * len(text)
    return _Blanker(members).blank(text)


class _Blanker:
    """Blanks the values of a JSON text, all of them or those of some members."""

    def __init__(self, members: Collection[str]) -> None:
        self._members = {member.casefold() for member in members}
        self._depth = 0  # of brackets that are open
        self._since: int | None = None if members else -1  # the depth of the member that is being blanked

    def blank(self, text: bytes) -> bytes:
        return JSON_TOKEN.sub(self._token, text)

    def _token(self, found: re.Match[bytes]) -> bytes:
        if found[3] is not None:
            self._depth += 1 if found[3] in b"{[" else -1
        elif found[2] is not None:
            self._key(found[1])
        elif self._since is not None:
            return _blank_value(found)
        return found[0]

    def _key(self, key: bytes) -> None:
        """A member begins; what was blanked of the one before it ends, unless this one is inside it."""
        if self._since is None or self._depth <= self._since:
            secret = _name_of(key).casefold() in self._members
            self._since = self._depth if secret else None


def _name_of(key: bytes) -> str:
    """The name that a key of valid JSON is: its characters may be escapes, and blanks may stand around it."""
    name = str(json.loads(key)) if b"\\" in key else key[1:-1].decode(errors="replace")
    return name.strip()


def _blank_value(found: re.Match[bytes]) -> bytes:
    size = len(found[0])
    return b'"' + b"*" * (size - 2) + b'"' if found[1] else b"1" + b"0" * (size - 1)  # it stays JSON


def _stars(found: re.Match[bytes]) -> bytes:
    return b"*" * len(found[0])
