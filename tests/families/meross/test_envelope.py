"""The envelope: published signatures, lenient reading, exact writing."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import WireError
from unclouded.families.meross.wire.envelope import (
    Envelope,
    EnvelopeHeader,
    copied,
    parse,
    reply,
    request,
    sign,
    verify,
)

KEY = "3fe8496944c2236b1b6edc8ea29dc8d5"
GOOD = request(
    "GET",
    "Appliance.System.All",
    b'{"all":{}}',
    message_id="d052cd2e1f1d4bd4d76f5f2d93820dce",
    key=KEY,
    timestamp=1552215950,
    from_="/appliance/19011804581223251h0434298f1a4b07/publish",
)


@pytest.mark.parametrize(
    ("message_id", "key", "timestamp", "signature"),
    [
        ("d052cd2e1f1d4bd4d76f5f2d93820dce", KEY, 1552215950, "ef57aef6267c6990d23931ef6c64b871"),
        ("b915b0362e09cb245ffc942c959201f2", "", 1560144444, "44825436289a12c0f6ffde9d475ae425"),
    ],
)
def test_published_signatures(message_id: str, key: str, timestamp: int, signature: str) -> None:
    assert sign(message_id, key, timestamp) == signature
    assert verify(EnvelopeHeader(message_id=message_id, timestamp=timestamp, sign=signature.upper()), key)
    assert not verify(EnvelopeHeader(message_id=message_id, timestamp=timestamp + 1, sign=signature), key)


def test_the_header_stands_in_the_order_of_the_plugs() -> None:
    names = "messageId namespace method payloadVersion from timestamp timestampMs sign"
    assert list(json.loads(GOOD)["header"]) == names.split()
    answer = bytes(reply(parse(GOOD).header, b"{}", key=KEY, timestamp=7, from_="/x"))
    assert list(json.loads(answer)["header"]) == names.split()


@pytest.mark.parametrize(
    "changed",
    [
        GOOD + b"\r\n",
        b"\n" + GOOD + b"\0\0",
        GOOD.replace(b"1552215950", b'"1552215950"'),
        GOOD.replace(b'"method"', b'"mystery":[1,{"a":2}],"method"'),
        GOOD.replace(b'"timestampMs":0', b'"uuid":null,"timestampMs":0.0'),
    ],
)
def test_reading_is_lenient(changed: bytes) -> None:
    envelope = parse(changed)
    assert str(envelope) == "GET Appliance.System.All" and verify(envelope.header, KEY)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "^empty$"),
        (b"<html>", "no JSON"),
        (GOOD[:200], "cut off"),
        (b"[1,2]", "no Meross message"),
        (b'{"header":{},"payload":{}}', "no header of a Meross message"),
        (
            b'{"header":{"method":"GET","namespace":"a","messageId":"' + b"f" * 100 + b'"}}',
            "no header of a Meross message",
        ),
        (b"[" * 100_000, "no Meross message"),
        (b'{"header":' + b"[" * 100_000, "no Meross message"),
    ],
)
def test_what_cannot_be_read_has_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(WireError, match=why):
        parse(data)


def test_a_reply_echoes_the_message_id_and_who_caused_it() -> None:
    asked = msgspec.structs.replace(parse(GOOD).header, trigger_src="Android")
    answer = reply(asked, b'{"a":1}', key=KEY, timestamp=9, from_="/appliance/x/publish", ms=270)
    assert (answer.header.message_id, answer.header.method) == (asked.message_id, "GETACK")
    assert (answer.header.trigger_src, answer.header.timestamp_ms) == ("Android", 270)
    assert verify(answer.header, KEY)


def test_a_copied_header_keeps_its_signature_and_loses_its_uuid() -> None:
    asked = msgspec.structs.replace(parse(GOOD).header, uuid="1901", trigger_src="DevBoot")
    sent = json.loads(copied(asked, b"{}"))["header"]
    assert sent["sign"] == asked.sign and "uuid" not in sent and sent["triggerSrc"] == "CloudControl"


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_message_or_a_wire_error(data: bytes) -> None:
    try:
        parse(data)
    except WireError as error:
        assert str(error)


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(TEXT, TEXT, TEXT, st.integers(0, 2**40), st.dictionaries(TEXT, st.integers() | TEXT | st.none(), max_size=4))
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_again_and_verifies(
    namespace: str, from_: str, key: str, timestamp: int, payload: dict[str, object]
) -> None:
    body = json.dumps(payload).encode()
    data = request("SET", namespace, body, message_id="ab12", key=key, timestamp=timestamp, from_=from_)
    envelope = parse(data)
    assert (envelope.header.namespace, envelope.header.from_) == (namespace, from_)
    assert verify(envelope.header, key) and not verify(envelope.header, key + "x")
    assert json.loads(bytes(envelope)) == json.loads(data)
    assert bytes(parse(bytes(envelope)).payload) == body


@given(st.integers(0, 10_000), st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_damaged_message_never_raises_anything_else(at: int, byte: int) -> None:
    damaged = bytearray(GOOD)
    damaged[at % len(GOOD)] = byte
    try:
        envelope = parse(bytes(damaged))
    except WireError:
        return
    assert isinstance(envelope, Envelope)
    verify(envelope.header, KEY)
