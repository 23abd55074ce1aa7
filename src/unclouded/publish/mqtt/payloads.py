"""The contents of messages. Pure.

    state      {"on": true, "power_W": 67.3, "energy_import_Wh": 1234.5, "fault": 0, "fault_text": "none",
                "suspect": {"power_W": 4294967295}, "at": "2026-11-20T12:00:00.000Z"}
    outcome    {"device": "heater", "point": "on", "outcome": "confirmed", "reason": "", "ms": 31.5, "id": 7}
    event      {"event": 1812, "at": "…", "device": "heater", "kind": "command", "words": "…", "data": {}}
    command    {"on": true, "id": 7}  or  on, off, 21.5: a bare value

A value that the hub suspects never replaces a good one; it stands in ``suspect``. Keys never change their meaning.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.core.model import Alert, Device, Notice, Outcome, Point, Reading, Value, bits_text, value_text
from unclouded.core.times import iso

LONGEST_COMMAND = 16_384  # bytes
MOST_POINTS = 32  # in one command
ECHOED = ("id", "transaction")  # keys of a command that its outcome repeats
LONGEST_ECHO = 256  # bytes of such a key as JSON
SUSPECT = "suspect"
ADDRESSES = ("address", "mac", "server", "url")  # how keys of a device's info end that are not for all on the broker

_encoder = msgspec.json.Encoder()
encode = _encoder.encode


class WrongPayload(ValueError):
    """A message that is not a command; its text says what one is."""


class SetRequest(msgspec.Struct, frozen=True):
    """The points to set, in order; "" is the main one. ``echo``: what the outcome repeats."""

    values: Sequence[tuple[str, Value]]
    echo: Mapping[str, Any] = {}  # Any: JSON


class DoRequest(msgspec.Struct, frozen=True):
    """An action, as core.model.Action has it."""

    action: str
    args: Mapping[str, str] = {}
    confirmed: bool = False
    echo: Mapping[str, Any] = {}  # Any: JSON


def state(device: Device, readings: Mapping[str, Reading], suspects: Mapping[str, Reading]) -> bytes:
    """The newest good value of each point; of bitmaps their text too. ``suspects``: newer values that are doubted."""
    values: dict[str, object] = {key: reading.value for key, reading in readings.items()}
    for point in device.points:
        if point.kind == "bitmap" and isinstance(bits := values.get(point.key), int):
            values[f"{point.key}_text"] = bits_text(int(bits), point.options)
    if suspects:
        values[SUSPECT] = {key: reading.value for key, reading in suspects.items()}
    newest = max((reading.at for reading in readings.values()), default=0.0)
    values["at"] = iso(newest) if newest else None
    return encode(values)


def flat(value: Value) -> bytes:
    """The value of one point for simple clients: on or off, a number, a text."""
    return (("on" if value else "off") if isinstance(value, bool) else value_text(value)).encode()


def outcome(device: str, point: str, result: Outcome, echo: Mapping[str, Any]) -> bytes:  # Any: JSON
    """What became of a command; ``echo`` repeats what it brought with it."""
    named = {"device": device, "point": point, "outcome": result.result, "reason": result.reason}
    answer = {"answer": result.answer} if result.answer else {}
    return encode({**echo, **named, "ms": round(result.ms, 1), **answer})


def alerts(active: Sequence[Alert]) -> bytes:
    """What needs attention about a device."""
    texts = [{"kind": one.kind, "point": one.point, "since": iso(one.since), "text": one.text} for one in active]
    return encode({"active": bool(active), "alerts": texts})


def event(notice: Notice, number: int) -> bytes:
    """An event of the hub or a device. ``number``: of this run, so that one that comes twice is recognised."""
    named = {"event": number, "at": iso(notice.at), "device": notice.device, "kind": notice.kind}
    return encode({**named, "words": notice.words, "data": notice.data})


def info(device: Device) -> bytes:
    """What the device is, without addresses."""
    return encode(
        {
            "id": device.id,
            "name": device.name or device.id,
            "room": device.room,
            "family": device.family,
            "profile": device.profile,
            "parent": device.parent,
            "produces": device.produces,
            "main": device.main,
            "info": {key: value for key, value in device.info.items() if not key.endswith(ADDRESSES)},
            "points": [_point(point) for point in device.points],
            "actions": [one.name for one in device.actions],
        }
    )


def set_request(payload: bytes, point: str) -> SetRequest:
    """The command in a message; ``point``: of its topic, "" = the topic of the device. Raises WrongPayload."""
    value = _decoded(payload)
    if not isinstance(value, dict):
        return SetRequest([(point, _value(value))])
    keys = {key: one for key, one in value.items() if key not in ECHOED}
    values = [(point or key, _value(one)) for key, one in keys.items()]
    if point:
        if set(keys) != {"value"}:
            raise WrongPayload('Send a value, or JSON {"value": …, "id": …}.')
        values = [(point, _value(keys["value"]))]
    if not values or len(values) > MOST_POINTS:
        raise WrongPayload(f'Send JSON with 1 to {MOST_POINTS} points, as {{"on": true}}, or a bare value.')
    return SetRequest(values, _echo(value))


def do_request(payload: bytes) -> DoRequest:
    """The action in a message: its name, or JSON {"action", "args", "confirmed"}. Raises WrongPayload."""
    value = _decoded(payload)
    if isinstance(value, str):
        return DoRequest(value)
    if not isinstance(value, dict) or not isinstance(value.get("action"), str):
        raise WrongPayload('Send the name of an action, or JSON {"action": "…", "args": {…}, "confirmed": true}.')
    args, confirmed = value.get("args", {}), value.get("confirmed", False)
    if not isinstance(args, dict) or not isinstance(confirmed, bool):
        raise WrongPayload('"args" is an object of texts, "confirmed" is true or false.')
    return DoRequest(
        value["action"], {str(key): value_text(_value(one)) for key, one in args.items()}, confirmed, _echo(value)
    )


def _decoded(payload: bytes) -> object:
    """JSON, or else the text itself: on, off, 21.5."""
    if len(payload) > LONGEST_COMMAND:
        raise WrongPayload(f"A command has {LONGEST_COMMAND} bytes at most.")
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        text = payload.decode().strip()
    except UnicodeDecodeError:
        raise WrongPayload("A command is UTF-8 text.") from None
    if not text or text.startswith(("{", "[")):
        raise WrongPayload('Send JSON as {"on": true}, or a bare value as on, off, 21.5.')
    return text


def _value(value: object) -> Value:
    if isinstance(value, bool | int | float | str):
        return value
    raise WrongPayload("The value of a point is true, false, a number or a text.")


def _echo(value: Mapping[str, Any]) -> Mapping[str, Any]:  # Any: JSON
    return {key: value[key] for key in ECHOED if key in value and len(encode(value[key])) <= LONGEST_ECHO}


def _point(point: Point) -> Mapping[str, object]:
    return dict(_described(point))


def _described(point: Point) -> Iterator[tuple[str, object]]:
    yield from (("key", point.key), ("kind", point.kind), ("unit", point.unit), ("access", point.access))
    if point.label:
        yield "label", point.label
    for name, limit in (("minimum", point.minimum), ("maximum", point.maximum)):
        if limit is not None:
            yield name, limit
    if point.options:
        yield "options", point.options
