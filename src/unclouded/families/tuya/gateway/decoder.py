"""Reading a recorded Tuya gateway line: what it says in words, and what of it is not as it should be.

    55 AA 00 0D 00 0A | 04 31 32 33 34 | 01 01 00 01 01 | E8     report of sub-device "1234": data point 1 is on

JSON on this line is unreliable (trailing commas, unquoted keys, typographic quotes): what cannot be read is
said, and never an error. Source: docs/protocols/tuya_gateway.md §1.5, §1.6, §2.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.family import Sender
from unclouded.families.tuya.gateway.commands import JSON, ONE_WAY, SECRET, name_of, sub_of
from unclouded.families.tuya.line.datapoint import read_points
from unclouded.families.tuya.line.decoder import DialectReading, LineDecoder, point_fields
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.redact import redact
from unclouded.families.tuya.line.shapes import GATEWAY, ID

NO_JSON = (ValueError, RecursionError)  # no JSON, no UTF-8, nested without end
SHORT = 2  # bytes of payload up to which an answer to JSON need not be JSON


def sender_of(frame: Frame) -> Sender | None:
    """Who must have said this; most commands are answered under their own number, so mostly nobody can tell."""
    sender = ONE_WAY.get(frame.command)
    return sender if sender in ("controller", "device") else None


def fields(sender: Sender | None, frame: Frame) -> Mapping[str, Any] | None:  # Any: JSON types
    """Data points with whose they are, JSON as it stands; None where the payload is neither."""
    shape = GATEWAY.shapes.get(frame.command)
    if shape is not None and shape.units and len(frame.payload) > max(shape.plain, 0):
        return _points(frame.payload, shape.before)
    text = _json_text(frame)
    if text is None or frame.command in SECRET:
        return None
    try:
        said = msgspec.json.decode(text)
    except NO_JSON:
        return None
    return said if isinstance(said, dict) else None


def odd(sender: Sender | None, frame: Frame) -> str:
    """What is not as the protocol wants it, in words; "" = nothing."""
    text = _json_text(frame)
    if text is not None:
        try:
            msgspec.json.decode(text)
        except NO_JSON:
            return f"{name_of(frame.command, frame.payload)} wants JSON, and this is none"
    message = fields(sender, frame)
    points = message.get("points", []) if message and text is None else []
    return "; ".join(f"data point {point['id']}: {point['odd']}" for point in points if "odd" in point)


def _json_text(frame: Frame) -> bytes | None:
    """What should be JSON in this frame, None where nothing needs to be."""
    if frame.command not in JSON or len(frame.payload) <= SHORT:
        return None
    payload = frame.payload[1:] if sub_of(frame.command, frame.payload) is not None else frame.payload
    return payload.lstrip(b"\x00\x01") if frame.command >= 0xC0 else payload


def _points(payload: bytes, before: tuple[int, ...]) -> Mapping[str, Any] | None:  # Any: JSON types
    ids: list[str] = []
    at = 0
    for part in before:
        if part == ID:
            ids.append(payload[at + 1 : at + 1 + payload[at]].decode("ascii", "replace"))
            at += 1 + payload[at]
        else:
            at += part
    try:
        points = read_points(payload[at:])
    except WireError:
        return None
    named = {"group": ids[0], "sub_id": ids[1]} if len(ids) > 1 else {"sub_id": ids[0]}
    return {**named, "points": [point_fields(point) for point in points]}


GATEWAY_READING = DialectReading(
    dialect=GATEWAY, sender_of=sender_of, name_of=name_of, sub_of=sub_of, fields=fields, odd=odd
)


def gateway_decoder(sender: Sender | None) -> LineDecoder:
    """Reads the line between a gateway's Wi-Fi module and its MCU."""
    return LineDecoder(GATEWAY_READING, sender)


def gateway_redact(sender: Sender | None, data: bytes) -> bytes:
    """The same bytes with the pairing frame's Wi-Fi name, password and token blanked."""
    return redact(sender, data, SECRET)
