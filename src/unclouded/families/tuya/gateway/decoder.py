"""Reading a recorded Tuya gateway line: each frame explained, and what of it is not as it should be.

    55 AA 00 0D 00 0A | 04 31 32 33 34 | 01 01 00 01 01 | E8     report of sub-device "1234": data point 1 is on

JSON on this line is unreliable (trailing commas, unquoted keys, typographic quotes): it is read leniently, what is
irregular is reported, and never an error. Secrets are hidden. Source: docs/protocols/tuya_gateway.md §1.5, §1.6, §2.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from unclouded.core.errors import WireError
from unclouded.core.family import MASKED, Sender
from unclouded.families.tuya.gateway.meanings import MEANINGS, TIME_KINDS
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.message_fields import Fields, fields_of, json_of, points_of
from unclouded.families.tuya.gateway.wire.message_parts import GATEWAY_ID, OutOfRange
from unclouded.families.tuya.gateway.wire.service_messages import WeatherReport, WeatherRequest, WeatherSubscription
from unclouded.families.tuya.gateway.wire.start_messages import ProductInfo
from unclouded.families.tuya.gateway.wire.sub_device_messages import AddSubDevice, AddSubDevices
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.decoder import DialectReading, FrameReading, LineDecoder
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.redact import Secret
from unclouded.families.tuya.messages import Unknown, oddities, values_of, with_meanings
from unclouded.families.tuya.weather import is_known

SENDERS: tuple[Sender, ...] = ("controller", "device")
SHOWN = 5  # unknown names of one frame

# Commands whose payload is JSON in a direction, and those that only one end sends.
JSON = frozenset((spec.code, spec.sub) for spec in GATEWAY.specs if spec.request.json or spec.response.json)
ONE_WAY: Mapping[int, Sender] = {
    spec.code: spec.senders[0] for spec in GATEWAY.specs if spec.response.sent is False and len(spec.senders) == 1
}


def sender_of(frame: Frame) -> Sender | None:
    """Who must have sent this; None where both ends may have: an answer has the same code as its request."""
    if frame.command in ONE_WAY:
        return ONE_WAY[frame.command]
    fitting = [one for one in SENDERS if not isinstance(GATEWAY.read(one, frame), Unknown)]
    return fitting[0] if len(fitting) == 1 else None


def read(sender: Sender | None, frame: Frame) -> FrameReading:
    """The frame explained. Where the sender is not known, what either reading gives, unless the two differ."""
    sender = sender or sender_of(frame)
    messages = [GATEWAY.read(one, frame) for one in ((sender,) if sender else SENDERS)]
    known = [one for one in messages if not isinstance(one, Unknown)]
    good = [one for one in known if not isinstance(one, OutOfRange)] or known
    if not good:
        return FrameReading(sender, _unread(frame), None)
    members, irregular = _json(frame)
    readings = [members or fields_of(message) for message in good]
    fields = _shown(readings[0], frame) if all(one == readings[0] for one in readings) else None
    odd = next((found for one in good if (found := _odd(one))), irregular)
    values, products = values_of(points_of(good[0])), _products(good[0])
    return FrameReading(sender, odd, fields, values, _part(fields or {}), products)


def _products(message: Message) -> Mapping[str, str]:
    """By sub-device, or "" for the gateway, the product ids that a message names."""
    match message:
        case ProductInfo(p=str(product)):
            return {"": product}
        case AddSubDevice(sub_id=id, pid=product):
            return {id: product}
        case AddSubDevices(cids=ids, pid=product):
            return dict.fromkeys(ids, product)
    return {}


def _part(fields: Fields) -> str:
    """The sub-device that a frame is about; the gateway itself has none."""
    id = fields.get("sub_id")
    return id if isinstance(id, str) and id != GATEWAY_ID else ""


def _json(frame: Frame) -> tuple[Fields, str]:
    """The members of the JSON in a frame, unknown ones too, and what is irregular in it."""
    sub = GATEWAY.sub_of(frame.command, frame.payload)
    if (frame.command, sub) not in JSON:
        return {}, ""
    try:
        members, odd = json_of(frame, sub)
    except WireError:
        return {}, ""
    return members, f"irregular JSON: {odd}" if odd else ""


def _shown(fields: Fields, frame: Frame) -> Fields:
    """The fields, secrets hidden, and their numbers with their meaning."""
    secret = GATEWAY.secret_of(frame)
    if secret is not None:
        fields = _without(fields, secret)
    if "time" in fields:
        fields = {**fields, "time": with_meanings(fields["time"], TIME_KINDS)}
    code, sub = frame.command, GATEWAY.sub_of(frame.command, frame.payload)
    return with_meanings(fields, MEANINGS.get((code, sub), {}))


def _without(value: Any, secret: Secret) -> Any:  # Any: JSON types
    """The value with dots in place of secret members, however deep they are."""
    if isinstance(value, Mapping):
        return {name: MASKED if secret.hides(name) else _without(one, secret) for name, one in value.items()}
    return [_without(one, secret) for one in value] if isinstance(value, list) else value


def _odd(message: Message) -> str:
    match message:
        case OutOfRange(reason=reason):
            return f"out of range: {reason}"
        case WeatherSubscription(names=names) | WeatherRequest(names=names):
            return _unknown_names(names)
        case WeatherReport(values=tuple(values)):
            return _unknown_names(name for name, _ in values)
    return oddities(points_of(message))


def _unknown_names(names: Iterable[str]) -> str:
    unknown = [name for name in names if not is_known(name)]
    return f"unknown weather names: {', '.join(unknown[:SHOWN])}" if unknown else ""


def _unread(frame: Frame) -> str:
    """Why a frame has no meaning."""
    name = GATEWAY.name_of(frame.command, frame.payload)
    if not name:
        return "the sub-command is missing or not known" if frame.command in GATEWAY.with_sub else ""
    is_json = (frame.command, GATEWAY.sub_of(frame.command, frame.payload)) in JSON
    return f"{name} must be JSON, and this is not" if is_json else f"the payload is not that of {name}"


GATEWAY_READING = DialectReading(shapes=GATEWAY.shapes, name_of=GATEWAY.name_of, sub_of=GATEWAY.sub_of, read=read)


def gateway_decoder(sender: Sender | None) -> LineDecoder:
    """Reads the line between a gateway's Wi-Fi module and its MCU."""
    return LineDecoder(GATEWAY_READING, sender)
