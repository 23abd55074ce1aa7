"""Payloads of a gateway's line that are neither JSON nor data points, as named fields.

    15   result | detail                    1c   flags, packet | count | { length | id } …
    1a   allow | seconds 2                  30   00 | total, index | repeat | Hz 4 | length 2 | offset 2 | code …

A layout reads one payload and raises ValueError or IndexError where it has another form.
Source: docs/protocols/tuya_gateway.md §2.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from unclouded.families.tuya.line.command import Reader
from unclouded.families.tuya.line.framing import Frame

Fields = dict[str, Any]  # Any: JSON types
Layout = Callable[[bytes], Fields]

PACKET_SIZES = (256, 512, 1024, 128)  # bytes of an update block, by code
TIME = ("year", "month", "day", "hour", "minute", "second")
NO_TIME, LOCAL, GMT, UNIX = range(4)  # kinds of the time of a record


class GatewayFields(msgspec.Struct, frozen=True):
    """A payload with a layout of its own. ``data``: as it is on the line."""

    command: int
    data: bytes
    fields: Mapping[str, Any]  # Any: JSON types

    def payload(self) -> bytes:
        return self.data


def fields_reader(layout: Layout, sub: int | None = None) -> Reader:
    """A Reader by a layout of what stands behind the sub-command."""

    def read(frame: Frame) -> GatewayFields | None:
        data = frame.payload
        if sub is not None and data[:1] != bytes((sub,)):
            return None
        return GatewayFields(frame.command, data, layout(data if sub is None else data[1:]))

    return read


def numbers(*parts: tuple[str, int]) -> Layout:
    """Numbers of so many bytes, one behind the other, and nothing else."""
    sizes = sum(size for _, size in parts)

    def layout(data: bytes) -> Fields:
        _must(len(data) == sizes)
        fields, at = {}, 0
        for name, size in parts:
            fields[name] = int.from_bytes(data[at : at + size])
            at += size
        return fields

    return layout


def byte(*names: str) -> Layout:
    return numbers(*((name, 1) for name in names))


def nothing(data: bytes) -> Fields:
    _must(not data)
    return {}


def hidden(data: bytes) -> Fields:
    """Bytes that are a secret as a whole: only how many."""
    return {"bytes": len(data)}


def working_mode(data: bytes) -> Fields:
    if not data:
        return {"mode": "cooperative"}
    _must(len(data) == 4 and max(data[0], data[2]) < 4 and max(data[1], data[3]) < 8)
    ports = "ABCD"
    return {
        "mode": "self",
        "led_port": ports[data[0]],
        "led_pin": data[1],
        "key_port": ports[data[2]],
        "key_pin": data[3],
    }


def clock(data: bytes) -> Fields:
    """10: ok, then GMT."""
    _must(len(data) == 7 and data[0] < 2)
    return {"ok": True, **date_fields(data[1:])} if data[0] else {"ok": False}


def local_clock(data: bytes) -> Fields:
    """11: as 10, and the weekday."""
    fields = clock(data[:-1])
    return {**fields, "weekday": data[-1]} if fields["ok"] else fields


def zoned_clock(data: bytes) -> Fields:
    """33/03: the zone in hundredths of an hour, summer time, then as 10."""
    _must(len(data) == 10)
    return {"zone": int.from_bytes(data[:2], signed=True), "dst": data[2] == 1, **clock(data[3:])}


def date_fields(data: bytes) -> Fields:
    """Six bytes: year - 2000 to second."""
    _must(len(data) == len(TIME))
    year, month, day, hour, minute, second = data
    # Whose zone it is, another field says.
    at = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
    return {name: getattr(at, name) for name in TIME}


def record_time(head: bytes) -> Fields:
    """The kind of time of a record, and its six bytes."""
    kind, data = head[0], head[1:]
    if kind == UNIX:
        return {"kind": kind, "unix": int.from_bytes(data[:4])}
    return {"kind": kind, **date_fields(data)} if kind in (LOCAL, GMT) else {"kind": kind}


def sub_devices(data: bytes) -> Fields:
    """1c: one packet of the list."""
    ids = _texts(data[2:])
    _must(len(ids) == data[1])
    return {"packet": data[0] & 0x7F, "more": data[0] > 0x7F, "ids": ids}


def packet_size(data: bytes) -> Fields:
    _must(len(data) == 1)
    return {"packet_size": PACKET_SIZES[data[0]]}


def update_block(data: bytes) -> Fields:
    _must(len(data) >= 4)
    return {"offset": int.from_bytes(data[:4]), "data": data[4:].hex()}


def of_sub_device(layout: Layout) -> Layout:
    """The same behind the id of a sub-device."""

    def read(data: bytes) -> Fields:
        behind = 1 + data[0]
        return {"sub_id": data[1:behind].decode(), **layout(data[behind:])}

    return read


def mac(data: bytes) -> Fields:
    _must(len(data) == 7)
    return {"result": data[0]} if data[0] else {"result": 0, "mac": data[1:].hex(":")}


def infrared_code(data: bytes) -> Fields:
    """Durations in microseconds, mark and space in turn. The offset counts units; some senders count bytes."""
    _must(len(data) >= 8 and len(data) % 2 == 0)
    code = [int.from_bytes(data[at : at + 2]) for at in range(8, len(data), 2)]
    lengths = {"freq": int.from_bytes(data[:4]), "len": int.from_bytes(data[4:6]), "offset": int.from_bytes(data[6:8])}
    return {**lengths, "code": code}


def infrared_send(data: bytes) -> Fields:
    head = {"total": data[0] >> 4 or 1, "index": data[0] & 15, "repeat": data[1]}
    return {**head, **infrared_code(data[2:])}


def weather_on(data: bytes) -> Fields:
    return {"interval": data[0], "names": _texts(data[1:])}


def weather_names(data: bytes) -> Fields:
    return {"names": _texts(data)}


def weather_answer(data: bytes) -> Fields:
    _must(len(data) == 2)
    return {"result": data[0], "error": data[1]}


def weather(data: bytes) -> Fields:
    """33/01: a status, then names, types and values; the status may be absent."""
    if data == b"\0\1":
        return {"ok": False, "error": 1}
    _must(bool(data))
    at, found = (0 if data[0] else 1), []
    while at < len(data):
        name, at = _text(data, at)
        kind, (raw, at) = data[at], _part(data, at + 1)
        _must(kind < 2)
        value = raw.decode() if kind else int.from_bytes(raw, signed=True)
        found.append({"name": name, "type": "string" if kind else "integer", "value": value})
    return {"ok": True, "data": found}


# --- inside -----------------------------------------------------------------------------------------


def _must(fits: bool) -> None:
    if not fits:
        raise ValueError


def _part(data: bytes, at: int) -> tuple[bytes, int]:
    """What stands behind its length, and where the next part begins."""
    end = at + 1 + data[at]
    _must(end <= len(data))
    return data[at + 1 : end], end


def _text(data: bytes, at: int) -> tuple[str, int]:
    raw, end = _part(data, at)
    return raw.decode(), end


def _texts(data: bytes) -> Sequence[str]:
    texts, at = [], 0
    while at < len(data):
        text, at = _text(data, at)
        texts.append(text)
    return texts
