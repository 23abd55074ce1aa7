"""The envelope of every Meross message: a header that is signed, and a payload that is not.

    {"header":{"messageId":"d052…","namespace":"Appliance.Control.ToggleX","method":"SET","payloadVersion":1,
               "from":"/appliance/<uuid>/publish","timestamp":1552215950,"timestampMs":0,"sign":"ef57…"},
     "payload":{"togglex":{"channel":0,"onoff":1}}}

    sign = md5 in hex of messageId + key + timestamp

One message is one HTTP body or one MQTT publish, UTF-8. Newer firmware adds ``triggerSrc`` and ``uuid``.
Reading is lenient: line ends and zero bytes around it, unknown keys, numbers as strings, broken UTF-8.
Source: docs/protocols/meross.md §1.1, §1.2; vectors in §3.1.
"""

import hmac
from functools import cache
from hashlib import md5

import msgspec
from msgspec import UNSET, Raw, UnsetType

from unclouded.core.errors import WireError

GET, SET, PUSH, DELETE, ERROR = "GET", "SET", "PUSH", "DELETE", "ERROR"
ACKS = {GET: "GETACK", SET: "SETACK", DELETE: "DELETEACK"}
LONGEST_ID = 64  # characters of a messageId; real ones have 32
PADDING = b" \t\r\n\0"  # what may surround a message: old hubs end theirs with a line end


class EnvelopeHeader(msgspec.Struct, frozen=True, rename="camel"):
    """The fields in the order in which plugs write them. ``timestamp``: Unix seconds, or seconds since the start."""

    message_id: str = ""
    namespace: str = ""
    method: str = ""
    payload_version: int = 1
    from_: str = msgspec.field(default="", name="from")
    timestamp: int = 0
    timestamp_ms: int = 0
    sign: str = ""
    trigger_src: str | UnsetType | None = UNSET
    uuid: str | UnsetType | None = UNSET


class Envelope(msgspec.Struct, frozen=True):
    """One message. ``bytes(envelope)`` is what goes on the wire; the payload re-encodes as it came."""

    header: EnvelopeHeader
    payload: Raw = Raw(b"{}")

    def __bytes__(self) -> bytes:
        return _encode(self)

    def __str__(self) -> str:
        return f"{self.header.method} {self.header.namespace}"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Envelope).decode
_decode_leniently = msgspec.json.Decoder(Envelope, strict=False).decode
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError)


def parse(data: bytes) -> Envelope:
    """Read one message. Raises WireError."""
    try:
        envelope = _decode(data)
    except _UNREADABLE:
        envelope = _parse_leniently(data)
    header = envelope.header
    if not header.method or not header.namespace or len(header.message_id) > LONGEST_ID:
        raise WireError("no header of a Meross message")
    return envelope


def sign(message_id: str, key: str, timestamp: int) -> str:
    """The signature: 32 lower-case hex digits."""
    return md5(f"{message_id}{key}{timestamp}".encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def verify(header: EnvelopeHeader, key: str) -> bool:
    """Was the header signed with this key? Some firmware writes its hex in capitals."""
    theirs = header.sign.lower().encode("utf-8", "replace")
    return hmac.compare_digest(theirs, sign(header.message_id, key, header.timestamp).encode())


def request(
    method: str, namespace: str, payload: bytes, *, message_id: str, key: str, timestamp: int, from_: str
) -> bytes:
    """A signed message of our own, ready for the wire. ``payload`` is JSON.

    The parts that are the same in every poll are assembled once.
    """
    head, middle, tail = _template(method, namespace, from_, payload)
    digest = md5(f"{message_id}{key}{timestamp}".encode(), usedforsecurity=False).hexdigest()
    return f'{head}{message_id}{middle}{timestamp},"timestampMs":0,"sign":"{digest}{tail}'.encode()


def reply(
    received: EnvelopeHeader, payload: bytes, *, key: str, timestamp: int, from_: str, method: str = "", ms: int = 0
) -> Envelope:
    """The answer to a message: its messageId, and who caused it, are echoed."""
    header = EnvelopeHeader(
        message_id=received.message_id,
        namespace=received.namespace,
        method=method or ACKS.get(received.method, received.method),
        from_=from_,
        timestamp=timestamp,
        timestamp_ms=ms,
        sign=sign(received.message_id, key, timestamp),
        trigger_src=received.trigger_src,
    )
    return Envelope(header, Raw(payload))


def copied(received: EnvelopeHeader, payload: bytes) -> bytes:
    """A message under the other end's own header and signature, as the cloud answers Clock and ConsumptionConfig.

    ``uuid`` is dropped and ``triggerSrc`` says CloudControl (docs/protocols/meross.md §1.6.5).
    """
    header = msgspec.structs.replace(received, uuid=UNSET, trigger_src="CloudControl")
    return bytes(Envelope(header, Raw(payload)))


def _parse_leniently(data: bytes) -> Envelope:
    text = data.strip(PADDING).decode("utf-8", "replace")
    try:
        return _decode_leniently(text)
    except _UNREADABLE as error:
        raise WireError(_why(data, error)) from None


def _why(data: bytes, error: Exception) -> str:
    if not data.strip(PADDING):
        return "empty"
    if isinstance(error, msgspec.ValidationError):
        return "no Meross message"
    return "cut off" if data.lstrip(PADDING).startswith(b"{") else "no JSON"


@cache
def _namespace(text: str) -> str:
    return msgspec.json.encode(text).decode()


_templates: dict[tuple[str, str, str, bytes], tuple[str, str, str]] = {}
TEMPLATES = 4096  # templates that are kept; with more plugs than that some are made again


def _template(method: str, namespace: str, from_: str, payload: bytes) -> tuple[str, str, str]:
    found = _templates.get((method, namespace, from_, payload))
    if found is None:
        if len(_templates) >= TEMPLATES:
            _templates.clear()
        middle = f'","namespace":{_namespace(namespace)},"method":{_namespace(method)},"payloadVersion":1,'
        middle += f'"from":{msgspec.json.encode(from_).decode()},"timestamp":'
        found = ('{"header":{"messageId":"', middle, f'"}},"payload":{payload.decode()}}}')
        _templates[method, namespace, from_, payload] = found
    return found
