from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import WireError
from unclouded.links.mqtt.codec import PACKET_LIMIT, Parser, decode, encode
from unclouded.links.mqtt.packets import (
    V5,
    V31,
    V311,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
TOPIC = st.text(st.characters(exclude_characters="\0#+", exclude_categories=["Cs"]), min_size=1, max_size=40)
ID = st.integers(1, 65_535)
BLOB = st.binary(max_size=200)
CODE = st.integers(0, 255)
QOS = st.integers(0, 2)
WORDS = TEXT.map(str.encode)
PROPERTY = st.one_of(
    st.tuples(st.sampled_from([0x01, 0x24, 0x25, 0x28]), st.integers(0, 255)),
    st.tuples(st.sampled_from([0x13, 0x21, 0x23]), st.integers(0, 65_535)),
    st.tuples(st.sampled_from([0x11, 0x27]), st.integers(0, 2**32 - 1)),
    st.tuples(st.sampled_from([0x12, 0x1F]), WORDS),
    st.tuples(st.just(0x16), BLOB),
    st.tuples(st.just(0x0B), st.integers(0, 2**28 - 1)),
    st.tuples(st.just(0x26), st.tuples(WORDS, WORDS)),
)


def packets(version: int) -> st.SearchStrategy[Packet]:
    """Any packet that this version can encode."""
    properties = st.lists(PROPERTY, max_size=4).map(tuple) if version == V5 else st.just(())
    code = CODE if version == V5 else st.just(0)
    loud = st.builds(Publish, TOPIC, BLOB, st.integers(1, 2), ID, st.booleans(), st.booleans(), properties)
    quiet = st.builds(Publish, TOPIC, BLOB, retain=st.booleans(), properties=properties)
    return st.one_of(
        st.builds(
            Connect,
            client_id=TEXT,
            user=st.none() | TEXT,
            password=st.none() | BLOB,
            keep_alive=st.integers(0, 65_535),
            clean=st.booleans(),
            version=st.just(version),
            will=st.none() | st.builds(Will, TOPIC, BLOB, QOS, st.booleans()),
            properties=properties,
        ),
        st.builds(Connack, CODE, st.booleans(), properties),
        quiet,
        loud,
        st.builds(Puback, ID, code),
        st.builds(Subscribe, ID, st.lists(st.tuples(TEXT, QOS), min_size=1, max_size=4).map(tuple)),
        st.builds(Suback, ID, st.lists(CODE, max_size=4).map(tuple)),
        st.builds(Unsubscribe, ID, st.lists(TEXT, min_size=1, max_size=4).map(tuple)),
        st.builds(Unsuback, ID, st.lists(CODE, max_size=4).map(tuple) if version == V5 else st.just(())),
        st.sampled_from([Pingreq(), Pingresp()]),
        st.builds(Disconnect, code, properties),
    )


SAID = st.sampled_from([V31, V311, V5]).flatmap(
    lambda version: st.tuples(st.just(version), st.lists(packets(version), min_size=1, max_size=4))
)


def read(parser: Parser, chunks: Sequence[bytes]) -> list[Packet]:
    found = []
    for chunk in chunks:
        parser.feed(chunk)
        while (packet := parser.next()) is not None:
            found.append(packet)
    return found


@settings(max_examples=100, deadline=None)
@given(SAID, st.integers(1, 50))
def test_what_is_written_is_read_again_however_it_is_cut(events: tuple[int, list[Packet]], size: int) -> None:
    version, wanted = events
    stream = b"".join(encode(packet, version) for packet in wanted)
    parser = Parser(version)
    assert read(parser, [stream[at : at + size] for at in range(0, len(stream), size)]) == wanted
    assert parser.held == 0


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=120), st.sampled_from([V31, V311, V5]))
def test_bytes_of_any_kind_raise_nothing_but_wire_errors(data: bytes, version: int) -> None:
    parser = Parser(version, limit=64)
    try:
        read(parser, [data])
    except WireError as error:
        assert str(error)
    else:
        assert parser.held < 64 + 5


@settings(max_examples=100, deadline=None)
@given(SAID, st.data())
def test_packets_with_one_wrong_byte_raise_nothing_but_wire_errors(
    events: tuple[int, list[Packet]], data: st.DataObject
) -> None:
    version, wanted = events
    stream = bytearray(encode(wanted[0], version))
    stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(Parser(version), [bytes(stream)])
    except WireError as error:
        assert str(error)


def test_the_client_hello_of_an_old_plug_is_decoded() -> None:
    """MQTT 3.1 as firmware of 2018 uses it: MQIsdp, level 3, a client id of 56 characters."""
    client_id = "fmware:19010000000000000000" + "34298f000001" + "_0123456789abcdef"
    name = b"\x00\x06MQIsdp\x03\xc2\x00\x1e"
    rest = b"".join(len(x).to_bytes(2, "big") + x for x in (client_id.encode(), b"34:29:8f:00:00:01", b"0_secret"))
    connect = read(Parser(), [b"\x10" + bytes([len(name + rest)]) + name + rest])
    assert connect == [
        Connect(client_id=client_id, user="34:29:8f:00:00:01", password=b"0_secret", keep_alive=30, version=V31)
    ]
    assert encode(connect[0]) == b"\x10" + bytes([len(name + rest)]) + name + rest


def test_a_31_client_may_leave_out_what_its_flags_announce() -> None:
    connect = decode(0x10, b"\x00\x06MQIsdp\x03\xc2\x00\x1e\x00\x01x")
    assert isinstance(connect, Connect)
    assert (connect.user, connect.password) == (None, None)
    with pytest.raises(WireError, match="ends too early"):
        decode(0x10, b"\x00\x04MQTT\x04\xc2\x00\x1e\x00\x01x")


def test_a_password_is_never_shown() -> None:
    assert "secret" not in repr(Connect(client_id="x", user="u", password=b"secret"))


def test_the_server_learns_the_version_from_the_connect() -> None:
    parser = Parser()
    hello, message = Connect(client_id="x", version=V5), Publish("a", b"b", 1, 7, properties=((0x23, 3),))
    assert read(parser, [encode(hello, V5) + encode(message, V5)]) == [hello, message]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x30\x80\x80\x80\x80\x01", "more than four bytes"),
        (b"\x30\xff\xff\x7f", "the limit is 65536"),
        (b"\x00\x00", "type 0"),
        (b"\xf0\x00", "type 15"),
        (b"\x62\x02\x00\x01", "QoS 2"),
        (b"\x36\x03\x00\x01a", "QoS 3"),
        (b"\x32\x05\x00\x01a\x00\x00", "packet id 0"),
        (b"\x30\x03\x00\x01#", "wildcard"),
        (b"\x30\x03\x00\x01\xff", "not UTF-8"),
        (b"\x30\x03\x00\x01\x00", "zero character"),
        (b"\x82\x02\x00\x01", "SUBSCRIBE without topics"),
        (b"\xa2\x02\x00\x01", "UNSUBSCRIBE without topics"),
        (b"\x10\x0c\x00\x04MQTT\x06\x02\x00\x1e\x00\x00", "level 6"),
        (b"\x10\x0c\x00\x04MQTT\x04\x03\x00\x1e\x00\x00", "reserved flag"),
    ],
)
def test_each_error_has_a_readable_message(data: bytes, words: str) -> None:
    with pytest.raises(WireError, match=words):
        read(Parser(), [data])


def test_an_endless_packet_is_rejected_before_it_is_buffered() -> None:
    parser = Parser(limit=1_000)
    with pytest.raises(WireError, match="the limit is 1000"):
        read(parser, [b"\x30\xe9\x07"])
    assert Parser().limit == PACKET_LIMIT


def test_an_unknown_property_is_refused() -> None:
    with pytest.raises(WireError, match="unknown property 0x7e"):
        decode(0x30, b"\x00\x01a\x02\x7e\x00", V5)


def test_fields_that_are_too_long_are_not_encoded() -> None:
    with pytest.raises(WireError, match="the limit is"):
        encode(Publish("x" * 65_536, b""))
