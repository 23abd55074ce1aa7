"""The client's protocol without a broker, the outbox and its file."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_story import device
from unclouded.links.mqtt.codec import Parser, encode
from unclouded.links.mqtt.packets import V5, V311, Connack, Disconnect, Puback, Publish, Suback
from unclouded.publish.mqtt import payloads
from unclouded.publish.mqtt.journal import OutboxJournal
from unclouded.publish.mqtt.outbox import MqttOutbox
from unclouded.publish.mqtt.payloads import WrongPayload
from unclouded.publish.mqtt.retained import foreign_text
from unclouded.publish.mqtt.session import (
    INCOMING_LIMIT,
    RECEIVE_MAXIMUM,
    WINDOW,
    Accepted,
    Acknowledged,
    BrokerMessage,
    ClientSession,
    Granted,
    Lost,
    Refused,
)
from unclouded.publish.mqtt.topics import TopicRequest, Topics, is_topic
from unclouded.publish.mqtt.updates import UpdateOffer, update_payload


def opened(version: int = V5, connack: Connack | None = None) -> ClientSession:
    session = ClientSession("me", version)
    assert session.receive(encode(connack or Connack(), version)) == [Accepted()]
    return session


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_nothing_that_comes_raises(data: bytes) -> None:
    for event in ClientSession("me").receive(data):
        assert event
    ClientSession("me").answers()


@given(st.lists(st.integers(1, 7), min_size=1, max_size=30))
@settings(max_examples=30)
def test_any_chunks_give_the_same_events(sizes: list[int]) -> None:
    data = b"".join(
        encode(one, V5) for one in (Connack(), Suback(1, (0, 0x87)), Publish("a/b", b"x", 1, 9, True), Disconnect(0x8E))
    )
    whole, parts = ClientSession("me"), ClientSession("me")
    for session in (whole, parts):
        session.subscribe(["a", "b"])
    events, at = [], 0
    while at < len(data):
        size = sizes[at % len(sizes)]
        events += parts.receive(data[at : at + size])
        at += size
    assert events == whole.receive(data) and parts.answers() == whole.answers() == encode(Puback(9), V5)
    assert [type(one) for one in events] == [Accepted, Granted, BrokerMessage, Lost]
    assert events[1] == Granted(1, ["b"]) and "same client id" in events[3].text  # type: ignore[union-attr]


@pytest.mark.parametrize("version", [V5, V311])
@given(size=st.integers(1_000, 100_000), qos=st.integers(0, 1))
@settings(max_examples=10)
def test_of_a_message_that_is_too_long_only_the_topic_is_read(version: int, size: int, qos: int) -> None:
    stream = b"".join(
        encode(one, version)
        for one in (
            Publish("a/b", b"x" * (INCOMING_LIMIT + 1), qos, 9 if qos else 0, True, False, ((0x08, b"r"),)),
            Publish("c", b"y", 0, 0, False),
        )
    )
    session, events = opened(version), []
    for at in range(0, len(stream), size):
        events += session.receive(stream[at : at + size])
    assert [(one.topic, one.payload) for one in events] == [("a/b", b""), ("c", b"y")]  # type: ignore[union-attr]
    assert session.answers() == (encode(Puback(9), version) if qos else b"")


@pytest.mark.parametrize("start", [b"\x20\xff\xff\x7f", b"\x30\xff\xff\x7f\x00\x01#", b"\xff" * 5])
def test_a_long_packet_that_is_no_message_ends_the_connection(start: bytes) -> None:
    (event,) = opened().receive(start + b"x" * 4)
    assert isinstance(event, Lost)


@pytest.mark.parametrize(
    ("topic", "fit"),
    [("a/b", True), ("a/#", False), ("+", False), ("$SYS/a", False), ("a\x1b", False), ("", False), ("a" * 513, False)],
)
def test_an_answer_is_published_only_where_a_broker_takes_it(topic: str, fit: bool) -> None:
    assert is_topic(topic) is fit


def test_topics_of_others_are_short_and_printable_in_texts() -> None:
    text = foreign_text(["unclouded/\x1b[31m\u202e/state", "unclouded/" + "a" * 60_000], ())
    assert text.isprintable() and len(text) < 500


@pytest.mark.parametrize(("version", "code"), [(V5, 0x86), (V311, 5)])
def test_a_refusal_says_what_to_do(version: int, code: int) -> None:
    (event,) = ClientSession("me", version).receive(encode(Connack(code), version))
    assert isinstance(event, Refused) and "password_file" in event.text


def test_the_window_of_the_broker_is_kept_and_freed_by_acknowledgements() -> None:
    session = opened(V5, Connack(properties=((RECEIVE_MAXIMUM, 3),)))
    sent = Parser(V5)
    for token in (11, 12, 13):
        sent.feed(session.publish_once(token, "a", b"x"))
    assert session.room == 0
    packet = sent.next()
    assert isinstance(packet, Publish)
    assert session.receive(encode(Puback(packet.id), V5)) == [Acknowledged(11)]
    assert session.room == 1 and opened().room == WINDOW
    (refused,) = session.receive(encode(Puback(packet.id + 1, 0x87), V5))
    assert isinstance(refused, Acknowledged) and refused.token == 12 and "0x87" in refused.text


def test_what_was_not_acknowledged_goes_again_in_its_order_and_the_oldest_gives_way() -> None:
    outbox = MqttOutbox(limit=3)
    for text in (b"1", b"2", b"3"):
        outbox.accept("t", text)
    first, second = outbox.next(), outbox.next()
    assert first is not None and second is not None
    assert outbox.done(second.number) and not outbox.done(99)
    outbox.returned()
    assert [one.payload for one in outbox.all()] == [b"1", b"3"]
    outbox.accept("t", b"4")
    assert outbox.accept("t", b"5")[1] == [first.number] and outbox.dropped == 1


def test_the_file_survives_torn_lines_and_is_written_anew(tmp_path: Path) -> None:
    file = tmp_path / "outbox.jsonl"
    journal, outbox = OutboxJournal(file), MqttOutbox()
    assert journal.load() == []
    messages = [outbox.accept("t", f"{number}".encode(), b"\x01")[0] for number in range(4)]
    journal.accepted(messages)
    journal.done([messages[1].number], outbox.all())
    journal.close()
    file.write_bytes(file.read_bytes() + b'{"number": 9, "topic": "t", "payl')
    assert journal.load() == [messages[0], *messages[2:]]
    journal.close()
    assert b"payl\n" not in file.read_bytes()


def test_a_file_that_cannot_be_written_costs_only_the_file(tmp_path: Path) -> None:
    (tmp_path / "outbox.jsonl").mkdir()
    journal = OutboxJournal(tmp_path / "outbox.jsonl")
    assert journal.load() == [] and "lost when the hub ends" in journal.problem
    journal.accepted([MqttOutbox().accept("t", b"x")[0]])


@pytest.mark.parametrize("payload", [b"", b"{", b"[1]", b'{"on": [1]}', b"{}", b"\xff", b"null", b"x" * 20_000])
def test_what_is_no_command_is_refused_with_what_one_is(payload: bytes) -> None:
    with pytest.raises(WrongPayload, match=r"."):
        payloads.set_request(payload, "")


@given(st.binary(max_size=60))
@settings(max_examples=60)
def test_a_command_is_read_or_refused(payload: bytes) -> None:
    for read in (lambda: payloads.set_request(payload, "on"), lambda: payloads.do_request(payload)):
        try:
            assert read()
        except WrongPayload as error:
            assert str(error).endswith(".")


def test_a_command_of_bytes_that_are_no_text_is_refused_also_within_json() -> None:
    for payload in (b"\x80", b'"\x80"', b'{"on": "\xff"}'):
        with pytest.raises(WrongPayload):
            payloads.set_request(payload, "on")


def test_a_device_that_is_called_as_the_hub_has_topics_of_its_own() -> None:
    topics = Topics("home/unclouded")
    assert topics.state("bridge") != topics.bridge_state
    assert topics.request("home/unclouded/bridge_/set") == TopicRequest("set", "bridge")
    assert topics.request("home/unclouded/a/points/on/set") == TopicRequest("set", "a", "on")
    assert topics.request("home/unclouded/a/state") is None


def test_what_a_device_is_contains_no_address() -> None:
    named = {"address": "10.0.0.2", "mac": "02:00", "second_server": "a:1", "server": "b:2"}
    found = json.loads(payloads.info(device("plug", info={"product": "mss310", **named})))
    assert found["info"] == {"product": "mss310"}


def test_firmware_that_is_installed_already_is_not_offered() -> None:
    one = device("pump", info={"version": "1.0.2"})
    for version, newest in (("1.0.3", "1.0.3"), ("1.0.2", "1.0.2")):
        found = json.loads(update_payload(one, UpdateOffer("pump.bin", version), None))
        assert (found["latest_version"], bool(found["release_summary"])) == (newest, version == "1.0.3")
    assert json.loads(update_payload(one, None, 40))["update_percentage"] == 40
