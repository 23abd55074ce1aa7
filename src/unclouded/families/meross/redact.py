"""Keeping secrets out of logs and captures: keys, Wi-Fi names and passwords cross a Meross line in the clear.

    {"header":{…,"sign":"········"},"payload":{"key":{"gateway":{…},"key":"··········","userId":"0"}}}
    {"header":{…,"sign":"········"},"payload":{"wifi":{"ssid":"········","password":"········"}}}

A signature is md5 of messageId + key + timestamp: with it and the other two weak keys can be guessed offline, so it
is a secret too. Lengths stay. Bytes that are no whole message lose all their text.
"""

import re

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.family import Sender
from unclouded.families.meross.envelope import GET, Envelope, EnvelopeHeader, parse
from unclouded.families.meross.namespaces import TABLE

SECRET = re.compile(
    rb'("(?:sign|password|key|ssid|pmk|pubkey|prikey)"\s*:\s*)("(?:[^"\\]|\\.)*"|[^\s",{}\[\]]+)', re.IGNORECASE
)
SECRET_NAMESPACES = frozenset(row.name for row in TABLE if row.secret)
ESCAPED_NAME = re.compile(rb'"[^"\\]*\\(?:[^"\\]|\\.)*"\s*:')  # a key whose name is escaped
VALUE = re.compile(rb'(:\s*|[\[,]\s*)("(?:[^"\\]|\\.)*"(?!\s*:)|[^\s",{}\[\]:]+)')
_HIDDEN = bytes(byte if chr(byte) in '{}[]":, \r\n\t' or byte >= 0x7F or byte < 0x20 else 0x2A for byte in range(256))


def redact(sender: Sender | None, data: bytes) -> bytes:  # the message itself shows what is secret
    """The same bytes with secrets blanked; the message stays one, of the same length."""
    try:
        envelope = parse(data)
    except WireError:
        return data.translate(_HIDDEN)
    if ESCAPED_NAME.search(data):
        return VALUE.sub(_blank, data)
    payload = bytes(envelope.payload)
    if payload not in data:
        return data.translate(_HIDDEN)
    return SECRET.sub(_blank, data.replace(payload, blanked(envelope)))


def unsigned(header: EnvelopeHeader) -> EnvelopeHeader:
    """The header with its signature blanked."""
    return msgspec.structs.replace(header, sign="*" * len(header.sign))


def blanked(envelope: Envelope) -> bytes:
    """The payload with its secrets blanked."""
    payload = bytes(envelope.payload)
    whole = envelope.header.namespace in SECRET_NAMESPACES and envelope.header.method != GET
    if whole or ESCAPED_NAME.search(payload):
        return VALUE.sub(_blank, payload)
    return SECRET.sub(_blank, payload)


def _blank(found: re.Match[bytes]) -> bytes:
    value = found[2]
    stars = b'"' + b"*" * (len(value) - 2) + b'"' if value.startswith(b'"') else b"0" * len(value)
    return found[1] + stars
