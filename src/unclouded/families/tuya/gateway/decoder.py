"""Reading a recorded Tuya gateway line: each frame explained, and what of it is not as it should be.

    55 AA 00 0D 00 0A | 04 31 32 33 34 | 01 01 00 01 01 | E8     report of sub-device "1234": data point 1 is on

JSON on this line is unreliable (trailing commas, unquoted keys, typographic quotes): it is read leniently, what is
irregular is reported, and never an error. Secrets are hidden. Source: docs/protocols/tuya_gateway.md §1.5, §1.6, §2.
"""

from collections.abc import Mapping
from typing import Any

from unclouded.core.family import MASKED, Sender
from unclouded.families.tuya.gateway.meanings import MEANINGS, TIME_KINDS
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.fields import GatewayFields, record_time
from unclouded.families.tuya.gateway.wire.messages import GatewayJson, GatewayPoints
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.decoder import DialectReading, FrameReading, LineDecoder
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import Unknown, oddities, point_fields, with_meanings

SHORT = 2  # bytes of payload up to which an answer to JSON need not be JSON

SENDERS: tuple[Sender, ...] = ("controller", "device")

# Commands whose payload is JSON in a direction, and those that only one end sends.
JSON = frozenset((spec.code, spec.sub) for spec in GATEWAY.specs if spec.request.json or spec.response.json)
ONE_WAY: Mapping[int, Sender] = {
    spec.code: spec.senders[0] for spec in GATEWAY.specs if spec.response.sent is False and len(spec.senders) == 1
}


def sender_of(frame: Frame) -> Sender | None:
    """Who must have sent this; None for most: an answer has the same code as its request."""
    return ONE_WAY.get(frame.command)


def read(sender: Sender | None, frame: Frame) -> FrameReading:
    """The frame explained. Where the sender is not known, what either reading gives, unless the two differ."""
    sender = sender or sender_of(frame)
    messages = [GATEWAY.read(one, frame) for one in ((sender,) if sender else SENDERS)]
    known = [one for one in messages if not isinstance(one, Unknown)]
    readings = [_fields(message, frame) for message in known]
    fields = readings[0] if readings and all(one == readings[0] for one in readings) else None
    odd = next((found for one in known if (found := _odd(one))), "")
    return FrameReading(sender, odd or ("" if known else _no_json(frame)), fields)


def _fields(message: Message, frame: Frame) -> Mapping[str, Any]:  # Any: JSON types
    """What a message holds, its secrets hidden, and its numbers with their meaning."""
    named = _named(message)
    secret = GATEWAY.secret_of(frame)
    if secret is not None:
        named = {key: MASKED if secret.hides(key) else value for key, value in named.items()}
    code, sub = frame.command, GATEWAY.sub_of(frame.command, frame.payload)
    return with_meanings(named, MEANINGS.get((code, sub), {}))


def _named(message: Message) -> Mapping[str, Any]:  # Any: JSON types
    """Data points with whose they are, members of JSON, or fields of a layout."""
    match message:
        case GatewayPoints(command=command, ids=ids, points=points, head=head):
            texts = [id.decode("ascii", "replace") for id in ids]
            names = ("group", "sub_id") if len(texts) > 1 else ("group",) if command == codes.GROUP_SET else ("sub_id",)
            whose: dict[str, Any] = dict(zip(names, texts, strict=True))
            time = {"time": _record_time(head)} if head else {}
            return {**time, **whose, "points": [point_fields(point) for point in points]}
        case GatewayJson(fields=fields) | GatewayFields(fields=fields):
            return fields
    return {}


def _record_time(head: bytes) -> Mapping[str, Any]:
    try:
        return with_meanings(record_time(head), TIME_KINDS)
    except ValueError:  # no such date
        return with_meanings({"kind": head[0], "bytes": head[1:].hex()}, TIME_KINDS)


def _odd(message: Message) -> str:
    match message:
        case GatewayPoints(points=points):
            return oddities(points)
        case GatewayJson(odd=odd) if odd:
            return f"irregular JSON: {odd}"
    return ""


def _no_json(frame: Frame) -> str:
    """Whether JSON should stand in this frame and does not."""
    sub = GATEWAY.sub_of(frame.command, frame.payload)
    if (frame.command, sub) not in JSON or len(frame.payload) <= SHORT:
        return ""
    return f"{GATEWAY.name_of(frame.command, frame.payload)} must be JSON, and this is not"


GATEWAY_READING = DialectReading(shapes=GATEWAY.shapes, name_of=GATEWAY.name_of, sub_of=GATEWAY.sub_of, read=read)


def gateway_decoder(sender: Sender | None) -> LineDecoder:
    """Reads the line between a gateway's Wi-Fi module and its MCU."""
    return LineDecoder(GATEWAY_READING, sender)
