"""Who speaks when: what waits in line, what may be left out of it, and what must not be said any more."""

from collections import Counter

import pytest

from pair import Pair, ambient, usual_answers
from unclouded.core.sessions.session import (
    Answer,
    AskBlock,
    AskFile,
    Question,
    Refusal,
    Settled,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import QUEUE, AnsweredBy, Request, RequestQueue
from unclouded.families.tuya.low_power.mcu import LowOptions, low_mcu
from unclouded.families.tuya.low_power.module import low_module
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module

FILE = bytes(3000)
MANY = 2 * QUEUE


def hub(side: str, question: Question) -> Answer | Refusal | None:
    match question:
        case AskFile():
            return {"size": len(FILE), "md5": ""}
        case AskBlock(offset=offset, size=size):
            return FILE[offset : offset + size]
    return usual_answers(side, question)


def plug(settings: WifiSettings | None = None, latency: float = 0.002) -> Pair:
    """One that is online."""
    module = wifi_module(settings or WifiSettings(), ambient())
    pair = Pair(module, wifi_mcu(McuOptions()), answers=hub, latency=latency)
    pair.submit(WireCommand({"1": True, "19": 673}), "device")
    pair.run(until=5.0)
    return pair


def said(pair: Pair, command: int, since: float = 0.0) -> list[float]:
    """When the module said it."""
    return [t for t, side, data in pair.sent if side == "controller" and data[3] == command and t > since]


def fate(pair: Pair, ticket: int) -> str:
    (settled,) = [event for event in pair.of("controller", Settled) if event.ticket == ticket]
    return str(settled.result)


# --- the line is full -------------------------------------------------------------------------------


def test_a_full_queue_drops_what_comes_last_but_nothing_that_must_be_sent() -> None:
    counts: Counter[str] = Counter()
    queue = RequestQueue(0.0, counts)
    for number in range(MANY):
        queue.add(Request(b"set", ticket=number))
    assert counts["unsent"] == MANY - QUEUE
    queue.add(Request(b"step", must=True))
    queue.add(Request(b"beat", must=True), first=True)
    sent = [request.data for request in queue.ready(0.0)]
    assert (sent[0], sent[-1], len(sent)) == (b"beat", b"step", QUEUE + 2)


def test_a_burst_of_commands_does_not_end_the_heartbeats() -> None:
    pair = plug()
    pair._damage = lambda data, rng: b"" if data[3] == 0x06 else data  # the MCU takes none, so each waits
    pair.run(until=14.95)
    for number in range(MANY):
        pair.submit(WireCommand({"9": number}))
    pair.run(until=120.0)
    assert len(said(pair, 0x00, since=15.0)) >= 6


def test_a_restarted_mcu_gets_its_start_though_the_line_is_full() -> None:
    pair = plug()
    pair._damage = lambda data, rng: b"" if data[3] == 0x06 else data
    for number in range(MANY):
        pair.submit(WireCommand({"9": number}))
    pair.send("device", bytes(Frame(3, 0, b"\0")))
    start = pair.now
    pair.run(until=60.0)
    assert all(said(pair, command, since=start) for command in (1, 2, 3, 8))


def test_an_update_goes_through_though_the_line_is_full() -> None:
    pair = plug()
    for number in range(MANY):
        pair.submit(WireCommand({"9": number}))
    ticket = pair.submit(WireAction("update", {"file": "new.bin"}))
    pair.run(until=200.0)
    assert fate(pair, ticket) == "confirmed"


# --- too late ---------------------------------------------------------------------------------------


def test_what_was_reported_as_failed_is_not_done_later() -> None:
    """A relay that moves a minute after its command had timed out would be a nasty surprise."""
    pair = plug(latency=0.3)
    first, second = pair.submit(WireCommand({"9": 1})), pair.submit(WireCommand({"1": False}))
    update = pair.submit(WireAction("update", {"file": "new.bin"}))  # it goes before the second
    pair._damage = lambda data, rng: b"" if data[3] == 0x0B and data[2] == 3 else data
    pair.run(until=200.0)
    assert [fate(pair, one) for one in (first, second, update)] == ["confirmed", "timeout", "timeout"]
    assert len(said(pair, 0x06)) == 1


def test_a_battery_device_is_not_set_after_the_command_has_timed_out() -> None:
    module = low_module(LineSettings(command_timeout_s=1.5), ambient())
    pair = Pair(module, low_mcu(LowOptions()), answers=hub)
    pair.submit(WireCommand({"1": False}), "device")
    pair.run(until=1.0)
    pair._damage = lambda data, rng: b"" if data[3] == 0x09 else data
    tickets = [pair.submit(WireCommand({"17": number}, types={"17": "value"})) for number in (1, 2)]
    pair.run(until=20.0)
    assert [fate(pair, ticket) for ticket in tickets] == ["timeout", "timeout"]
    late = said(pair, 0x09, since=1.0 + 1.5)
    assert late == []


def test_a_heartbeat_is_queued_once_however_often_it_is_due() -> None:
    queue = RequestQueue(0.0)
    queue.reserve({"packet"})
    queue.add(Request(b"\0", AnsweredBy(0), 1.0, name="heartbeat"))
    assert queue.holds("heartbeat") and not queue.holds("poll")
    assert queue.ready(0.0) == []
    queue.release()
    assert len(queue.ready(0.0)) == 1 and queue.holds("heartbeat")  # it waits for its answer
    queue.received(Frame(3, 0, b"\1"), 0.1)
    assert not queue.holds("heartbeat")


def test_only_a_prompt_request_follows_another_without_a_pause() -> None:
    queue = RequestQueue(0.01)
    for name, prompt in (("block 1", True), ("block 2", True), ("heartbeat", False)):
        queue.add(Request(b"x", AnsweredBy(1), 5.0, name=name, prompt=prompt))
    sent = []
    for now in (0.0, 0.001, 0.002, 0.003, 0.012):
        queue.received(Frame(3, 1), now)
        sent += [(request.name, now) for request in queue.ready(now)]
    assert sent == [("block 1", 0.0), ("block 2", 0.001), ("heartbeat", 0.012)]


# --- which frame answers ----------------------------------------------------------------------------


def waiting(rule: AnsweredBy) -> RequestQueue:
    queue = RequestQueue(0.0)
    queue.add(Request(b"x", rule, 5.0, name="request"))
    queue.ready(0.0)
    return queue


@pytest.mark.parametrize(
    ("rule", "frame", "answers"),
    [
        (AnsweredBy(0x34, b"\x02"), Frame(3, 0x34, b"\x02"), True),
        (AnsweredBy(0x34, b"\x02"), Frame(3, 0x34, b"\x05"), False),  # another sub-command's acknowledgement
        (AnsweredBy(0x34, b"\x02"), Frame(3, 0x34, b"\x01\x01"), False),  # a question of the MCU
        (AnsweredBy(0x00, least=1), Frame(3, 0x00, b"\x01"), True),
        (AnsweredBy(0x00, least=1), Frame(0, 0x00), False),  # our own heartbeat, echoed
        (AnsweredBy(0x07, also=0x22), Frame(3, 0x22, b"\x01\x01\x00\x01\x01"), True),
        (AnsweredBy(0x07), Frame(3, 0x22, b"\x01\x01\x00\x01\x01"), False),
    ],
)
def test_a_request_is_answered_by_more_than_a_command_byte(rule: AnsweredBy, frame: Frame, answers: bool) -> None:
    queue = waiting(rule)
    assert (queue.received(frame, 0.1) is not None) == answers
    assert queue.holds("request") != answers


def test_nothing_is_sent_while_the_other_end_is_sending() -> None:
    queue = RequestQueue(0.01)
    queue.hush(1.0)
    queue.add(Request(b"x"))
    assert queue.ready(0.5) == [] and queue.deadline() == 1.0
    assert [request.data for request in queue.ready(1.0)] == [b"x"]
