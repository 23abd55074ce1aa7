"""Reading a recorded Tuya gateway line: each frame explained, and what of it is not as it should be.

    55 AA 00 0D 00 0A | 04 31 32 33 34 | 01 01 00 01 01 | E8     report of sub-device "1234": data point 1 is on

JSON on this line is unreliable (trailing commas, unquoted keys, typographic quotes): what cannot be read is
reported, and never an error. Source: docs/protocols/tuya_gateway.md §1.5, §1.6, §2.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from unclouded.core.family import Sender
from unclouded.families.tuya.gateway.commands import GATEWAY
from unclouded.families.tuya.gateway.messages import NO_JSON, GatewayJson, GatewayPoints
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.decoder import DialectReading, FrameReading, LineDecoder
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import Unknown, oddities, point_fields

SHORT = 2  # bytes of payload up to which an answer to JSON need not be JSON

# Commands whose payload is JSON in a direction, and those that only one end sends.
JSON = frozenset(spec.code for spec in GATEWAY.specs if spec.request.json or spec.response.json)
ONE_WAY: Mapping[int, Sender] = {
    spec.code: spec.senders[0] for spec in GATEWAY.specs if spec.response.sent is False and len(spec.senders) == 1
}


def sender_of(frame: Frame) -> Sender | None:
    """Who must have sent this; None for most: an answer has the same code as its request."""
    return ONE_WAY.get(frame.command)


def read(sender: Sender | None, frame: Frame) -> FrameReading:
    """The frame explained. Where the sender is not known, what either reading gives."""
    sender = sender or sender_of(frame)
    message = _message(GATEWAY.without_secrets(frame))
    odd = oddities(message.points) if isinstance(message, GatewayPoints) else ""
    return FrameReading(sender, odd or _no_json(frame, message), _fields(message))


def _message(frame: Frame) -> Message:
    message = GATEWAY.read("controller", frame)
    return GATEWAY.read("device", frame) if isinstance(message, Unknown) else message


def _fields(message: Message) -> Mapping[str, Any] | None:  # Any: JSON types
    """Data points with whose they are, JSON as it stands; None where the payload is neither."""
    match message:
        case GatewayPoints(ids=ids, points=points):
            texts = [id.decode("ascii", "replace") for id in ids]
            whose = {"group": texts[0], "sub_id": texts[1]} if len(texts) > 1 else {"sub_id": texts[0]}
            return {**whose, "points": [point_fields(point) for point in points]}
        case GatewayJson(fields=fields):
            return fields
    return None


def _no_json(frame: Frame, message: Message) -> str:
    """Whether JSON should stand in this frame and does not."""
    if frame.command not in JSON or not isinstance(message, Unknown) or len(frame.payload) <= SHORT:
        return ""
    sub = GATEWAY.sub_of(frame.command, frame.payload)
    try:
        msgspec.json.decode(frame.payload if sub is None else frame.payload[1:].lstrip(b"\x00\x01"))
    except NO_JSON:
        return f"{GATEWAY.name_of(frame.command, frame.payload)} must be JSON, and this is not"
    return ""


GATEWAY_READING = DialectReading(shapes=GATEWAY.shapes, name_of=GATEWAY.name_of, sub_of=GATEWAY.sub_of, read=read)


def gateway_decoder(sender: Sender | None) -> LineDecoder:
    """Reads the line between a gateway's Wi-Fi module and its MCU."""
    return LineDecoder(GATEWAY_READING, sender)
