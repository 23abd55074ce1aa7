"""446 frames of every operation and both senders with their fields, made from the vendor's text by others.

``vectors/frames.json``: a frame has ``fields``, or ``refuse`` with a ``level``. "format": it cannot be read.
"range": it can, and says what its command does not allow; a decoder may show it, and a session must not act upon it.
Where our fields are others, OURS says which and why; docs/protocols/tuya_gateway.md §4.3.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from unclouded.core.family import MASKED, MEANS, Piece, Sender
from unclouded.families.tuya.gateway.decoder import gateway_decoder
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.message_parts import OutOfRange
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import Unknown

Vector = Mapping[str, Any]  # Any: JSON

VECTORS: list[Vector] = json.loads(Path(__file__).with_name("vectors").joinpath("frames.json").read_text("utf-8"))
READABLE = [one for one in VECTORS if "fields" in one]
REFUSED = [one for one in VECTORS if "refuse" in one]
SENDERS: Mapping[str, Sender] = {"mcu": "device", "module": "controller"}

SECRETS = {"23": ("s", "p", "t"), "09": ("devkey",), "13": ("key", "virt_id"), "2D": ("e_val",)}
OURS: dict[str, dict[str, Any]] = {
    "A069": {"sub_id": "1234", "lp": 0, "hb_time": 60},  # read as the cycle of this sub-device, so it is shown
}
# Members that are absent in the frame are written with their default values, and escapes as characters.
WRITTEN_OTHERWISE = {"A002", "A004", "A050", "A140", "A261"}


def title(vector: Vector) -> str:
    return f"{vector['id']} {vector['op']} {vector['sender']}: {vector['what']}"


def pieces(vector: Vector) -> list[Piece]:
    decoder = gateway_decoder(SENDERS[vector["sender"]])
    return [*decoder.feed(bytes.fromhex(vector["frame"])), *decoder.close()]


def message_of(vector: Vector) -> Message:
    data = bytes.fromhex(vector["frame"])
    return GATEWAY.read(SENDERS[vector["sender"]], Frame(data[2], data[3], data[6:-1]))


def expected(vector: Vector) -> Vector:
    """The fields of the vector by our names: ``points`` for ``dps``, secrets hidden, pass-through as its length."""
    fields: dict[str, Any] = dict(OURS.get(vector["id"]) or vector["fields"])
    if "dps" in fields:
        fields["points"] = [point(one) for one in fields.pop("dps")]
    if vector["op"] in ("24", "25", "26") and "data" in fields:
        return {"bytes": MASKED if fields["data"] else 0}
    return {name: MASKED if name in SECRETS.get(vector["op"], ()) else value for name, value in fields.items()}


def point(one: Vector) -> Vector:
    """Widths are no field of ours: that of a bitmap follows from its value, an enum's is remarked on."""
    named = {"id": one["dpid"], "type": one["type"], "value": one["value"]}
    return {**named, "odd": f"an enum of {one['width']} bytes"} if one["type"] == "enum" and "width" in one else named


def without_meanings(fields: Any) -> Any:
    if isinstance(fields, Mapping):
        return {name: without_meanings(value) for name, value in fields.items() if name != MEANS}
    return [without_meanings(one) for one in fields] if isinstance(fields, list) else fields


def test_the_vectors_are_of_every_operation_and_both_senders() -> None:
    named = {(spec.code, spec.sub) for spec in GATEWAY.specs}
    found = {(int(one["op"][:2], 16), int(one["op"][3:], 16) if len(one["op"]) > 2 else None) for one in VECTORS}
    assert (len(VECTORS), len(READABLE), len(REFUSED)) == (446, 340, 106)
    assert found == named
    assert len({(one["op"], one["sender"]) for one in VECTORS}) == 123


@pytest.mark.parametrize("vector", READABLE, ids=title)
def test_a_frame_has_the_fields_of_the_vector(vector: Vector) -> None:
    (piece,) = pieces(vector)
    assert piece.kind == "frame"
    assert without_meanings(piece.message) == expected(vector)
    assert not isinstance(message_of(vector), Unknown | OutOfRange)


@pytest.mark.parametrize("vector", [one for one in READABLE if "odd" not in one], ids=title)
def test_a_regular_frame_is_not_remarked_on_and_is_written_again_byte_for_byte(vector: Vector) -> None:
    (piece,) = pieces(vector)
    assert piece.reason == ""
    payload = bytes.fromhex(vector["frame"])[6:-1]
    assert (message_of(vector).payload() == payload) is (vector["id"] not in WRITTEN_OTHERWISE)


@pytest.mark.parametrize("vector", READABLE, ids=title)
def test_what_is_written_is_read_as_the_same_message(vector: Vector) -> None:
    message = message_of(vector)
    frame = Frame(bytes.fromhex(vector["frame"])[2], message.command, message.payload())
    assert GATEWAY.read(SENDERS[vector["sender"]], frame) == message


@pytest.mark.parametrize("vector", [one for one in REFUSED if one["level"] == "format"], ids=title)
def test_a_frame_without_a_valid_form_is_rejected_with_a_reason(vector: Vector) -> None:
    found = pieces(vector)
    assert all(piece.reason for piece in found)
    assert all(piece.kind == "noise" or piece.message is None for piece in found)
    assert found[0].kind == "noise" or isinstance(message_of(vector), Unknown)


@pytest.mark.parametrize("vector", [one for one in REFUSED if one["level"] == "range"], ids=title)
def test_a_frame_out_of_range_gives_a_session_nothing_to_act_upon(vector: Vector) -> None:
    found = pieces(vector)
    assert all(piece.reason for piece in found)
    assert found[0].kind == "noise" or isinstance(message_of(vector), Unknown | OutOfRange)
