"""Keeping secrets out of logs and captures: keys, Wi-Fi names and passwords cross a Meross line in the clear.

    {"header":{…,"sign":"········"},"payload":{"key":{"gateway":{…},"key":"··········","userId":"0"}}}
    {"header":{…,"sign":"········"},"payload":{"wifi":{"ssid":"········","password":"········"}}}

A signature is md5 of messageId + key + timestamp: with it and the other two weak keys can be guessed offline, so it
is a secret too. Lengths stay, and the message stays one. Bytes that are not a whole message lose all their text.

A message is read once, token by token; no token is read twice, whatever the bytes are.
"""

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.family import Sender
from unclouded.core.views.json_parts import TOKEN
from unclouded.families.meross.wire.envelope import GET, PADDING, Envelope, EnvelopeHeader, parse
from unclouded.families.meross.wire.namespaces import TABLE

SECRET_NAMES = frozenset({"sign", "password", "passwd", "key", "ssid", "psk", "pmk", "token", "pubkey", "prikey"})
SECRET_NAMESPACES = frozenset(row.name.lower() for row in TABLE if row.secret)
_HIDDEN = bytes(byte if chr(byte) in '{}[]":, \r\n\t' or byte >= 0x7F or byte < 0x20 else 0x2A for byte in range(256))


def redact(sender: Sender | None, data: bytes) -> bytes:  # the message itself shows what is secret
    """The same bytes with secrets blanked; the message stays one, of the same length."""
    try:
        envelope = parse(data)
    except WireError:
        return data.translate(_HIDDEN)
    start = len(data) - len(data.lstrip(PADDING))
    end = len(data.rstrip(PADDING))
    return data[:start] + _blank_secrets(data[start:end], "payload" if _is_secret(envelope) else "") + data[end:]


def unsigned(header: EnvelopeHeader) -> EnvelopeHeader:
    """The header with its signature blanked."""
    return msgspec.structs.replace(header, sign="*" * len(header.sign))


def blanked(envelope: Envelope) -> bytes:
    """The payload with its secrets blanked."""
    payload = bytes(envelope.payload)
    hidden = _blank_secrets(b'{"payload":' + payload + b"}", "payload" if _is_secret(envelope) else "")
    return hidden[len(b'{"payload":') : -1]


def _is_secret(envelope: Envelope) -> bool:
    return envelope.header.namespace.lower() in SECRET_NAMESPACES and envelope.header.method.upper() != GET


def _blank_secrets(text: bytes, member: str) -> bytes:
    """JSON with the values of secret names blanked, nested ones too, and all values of one member of the object."""
    parts: list[bytes] = []
    copied = 0  # bytes of the text that are in the parts
    depth = 0
    hidden_from = 0  # the depth from which all values are blanked; 0 = none are
    is_secret = False  # the next value is that of a secret name
    string = b""  # the token before, if it was a string: a name where a colon follows, else a value
    place = (0, 0)  # of that string
    for found in TOKEN.finditer(text + b","):  # the comma ends a string at the end
        token = found[0]
        if token == b":":
            name = _name(string)
            is_secret = name in SECRET_NAMES or (depth == 1 and name == member)
            string = b""
            continue
        if string:
            if is_secret or hidden_from:
                parts += text[copied : place[0]], _blanked(string)
                copied = place[1]
            is_secret, string = False, b""
        match token[:1]:
            case b"{" | b"[":
                depth += 1
                if is_secret and not hidden_from:
                    hidden_from = depth
                is_secret = False
            case b"}" | b"]":
                hidden_from = 0 if depth == hidden_from else hidden_from
                depth -= 1
            case b'"':
                string, place = token, found.span()
            case first if first != b"," and (is_secret or hidden_from):
                parts += text[copied : found.start()], _blanked(token)
                copied, is_secret = found.end(), False
    return b"".join((*parts, text[copied:]))


def _name(token: bytes) -> str:
    """The name that a string is, in lower case; one that cannot be read counts as a secret name."""
    if b"\\" not in token:
        return token[1:-1].decode("utf-8", "replace").lower()
    try:
        return msgspec.json.decode(token, type=str).lower()
    except (msgspec.MsgspecError, ValueError):
        return "password"


def _blanked(value: bytes) -> bytes:
    """A value of the same length that shows nothing."""
    if value.startswith(b'"'):
        return b'"' + b"*" * (len(value) - 2) + b'"'
    return b"0".ljust(len(value))
