"""An MCU that receives nothing more after a long frame: that is said, remembered, and not done to it again."""

import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pair import Pair, ambient, usual_answers
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Answer,
    AskBlock,
    AskFile,
    Identified,
    Offline,
    Online,
    Question,
    Refusal,
    Remember,
    Settled,
    Waiting,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.buffer import MEMORY, McuBuffer
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module

LONG = WireCommand({"1": True, "9": 5, "10": 6, "18": 7})  # 36 bytes in one frame
STOPPED = (
    ": it stopped after a frame of {} bytes. Switch it off and on, and try mcu_buffer = {} in its profile"
    "; until then the hub keeps its frames shorter"
)
LEARNED = Remember(MEMORY, b"35")


def line(*faults: str, memory: Mapping[str, bytes] | None = None, mcu_buffer: int = 0) -> Pair:
    module = wifi_module(WifiSettings(mcu_buffer=mcu_buffer), ambient(memory=memory))
    pair = Pair(module, wifi_mcu(McuOptions(faults=frozenset(faults))))
    pair.submit(WireCommand({"1": True, "19": 673}), "device")
    pair.run(until=3.0)
    return pair


def sizes(pair: Pair) -> list[int]:
    """Of the commands that were sent."""
    return [len(data) for data in pair.sent_by("controller") if data[3] == 6]


def switch_off_and_on(pair: Pair) -> None:
    pair.cut()
    pair.mend()
    pair.run(until=pair.now + 3.0)


def dead(data: bytes, rng: random.Random) -> bytes:
    """What the MCU sends is lost; it sends with version 3."""
    return b"" if data[2] == 3 else data


def test_an_mcu_that_stops_after_a_long_frame_is_offline_at_once_with_that_reason() -> None:
    pair = line("stops-after-long-frame")
    ticket = pair.submit(LONG)
    pair.run(until=20.0)
    reason = "no heartbeat answer" + STOPPED.format(36, 35)
    assert pair.of("controller", Offline) == [Offline(reason)]
    assert pair.when("controller", Offline)[0] < 3.0 + 5.0  # sooner than the command times out
    assert pair.of("controller", Settled) == [Settled(ticket, "unreachable", reason)]
    assert pair.of("controller", Remember) == [LEARNED]
    later = pair.submit(WireCommand({"1": False}))
    pair.run(until=21.0)
    assert pair.of("controller", Settled)[-1] == Settled(later, "unreachable", reason)
    assert pair.of("controller", Waiting) == []


def test_reports_that_an_mcu_still_sends_which_receives_nothing_do_not_delay_that() -> None:
    pair = line("stops-after-long-frame")
    ticket = pair.submit(LONG)
    for tenth in range(30, 90):
        pair.run(until=tenth / 10)
        pair.submit(WireCommand({"19": tenth}), "device")
    assert pair.when("controller", Offline)[0] < 3.0 + 4.0
    assert pair.of("controller", Settled)[0].ticket == ticket
    assert pair.of("controller", Settled)[0].reason == "no heartbeat answer" + STOPPED.format(36, 35)


def test_from_then_on_commands_go_in_frames_below_that_length() -> None:
    pair = line("stops-after-long-frame")
    pair.submit(LONG)
    pair.run(until=20.0)
    switch_off_and_on(pair)
    ticket = pair.submit(LONG)
    pair.run(until=30.0)
    assert pair.of("controller", Settled)[-1] == Settled(ticket)
    assert sizes(pair) == [36, 28, 15]
    assert len(pair.of("controller", Online)) == 2


def test_the_length_is_known_after_a_restart_of_the_hub() -> None:
    pair = line("stops-after-long-frame", memory={MEMORY: b"35"})
    ticket = pair.submit(LONG)
    pair.run(until=10.0)
    assert pair.of("controller", Settled) == [Settled(ticket)] and sizes(pair) == [28, 15]


def test_a_data_point_that_is_too_long_for_the_learned_length_is_refused_with_what_to_do() -> None:
    pair = line(memory={MEMORY: b"31"})
    text = (
        "Data point 101 needs 25 bytes; this MCU takes 24 at once. "
        "It stopped after a frame of 32 bytes once; if it can take more, set mcu_buffer."
    )
    with pytest.raises(CommandError) as error:
        pair.submit(WireCommand({"101": bytes(21)}))
    assert str(error.value) == text
    configured = line(memory={MEMORY: b"31"}, mcu_buffer=64)
    configured.submit(WireCommand({"101": bytes(21)}))
    configured.run(until=5.0)
    assert sizes(configured) == [32]
    limited = line(mcu_buffer=31)
    with pytest.raises(CommandError, match=r"takes 24 at once\.$"):
        limited.submit(WireCommand({"101": bytes(21)}))


@pytest.mark.parametrize("memory", [b"", b"abc", b"-31", b"3", b"14", b"9" * 5000, "٣١".encode(), b"31.5"])
def test_a_memory_that_is_no_length_is_ignored(memory: bytes) -> None:
    buffer = McuBuffer(WifiSettings(), {MEMORY: memory})
    assert (buffer.size, buffer.why()) == (0, "")


def test_one_that_recovers_by_itself_is_only_slow_to_answer() -> None:
    pair = line("loses-long-frames")
    pair.submit(LONG)
    pair.run(until=60.0)
    assert pair.of("controller", Offline) == [] and pair.of("controller", Remember) == []


def test_an_mcu_that_has_answered_since_did_not_stop_because_of_a_frame() -> None:
    pair = line()
    pair.submit(LONG)
    pair.run(until=8.0)
    pair._damage = dead
    pair.run(until=60.0)
    assert pair.of("controller", Offline) == [Offline("no heartbeat answer")]
    assert pair.of("controller", Remember) == []


def test_an_mcu_without_heartbeats_that_stops_is_reported_with_the_same_reason() -> None:
    pair = line("stops-after-long-frame")
    pair.send("device", bytes(Frame(3, 0x25)))
    pair.run(until=5.0)
    pair.submit(LONG)
    pair.run(until=20.0)
    assert pair.of("controller", Offline) == [Offline("no answer to product info" + STOPPED.format(36, 35))]


def test_not_only_commands_stop_an_mcu() -> None:
    """The answer to 34/07 has 55 bytes; nothing answers it, so the next heartbeat shows it."""
    pair = line("stops-after-long-frame")
    pair.submit(WireAction("ask", {"what": "module"}), "device")
    pair.run(until=40.0)
    assert [event.reason.partition(" bytes")[0] for event in pair.of("controller", Offline)] == [
        "no heartbeat answer: it stopped after a frame of 55"
    ]


def test_a_cut_line_teaches_nothing() -> None:
    pair = line("stops-after-long-frame")
    pair.submit(LONG)
    pair.run(until=3.1)
    pair.cut()
    pair.mend()
    pair.run(until=3.2)
    pair._damage = dead
    pair.run(until=40.0)
    assert all("stopped" not in event.reason for event in pair.of("controller", Offline))
    assert pair.of("controller", Remember) == []


def test_a_configured_length_is_not_learned_but_questioned() -> None:
    pair = line("stops-after-long-frame", mcu_buffer=64)
    pair.submit(LONG)
    pair.run(until=20.0)
    reason = STOPPED.format(36, 35).partition(";")[0]
    assert pair.of("controller", Offline) == [Offline(f"no heartbeat answer{reason}")]
    assert pair.of("controller", Remember) == []


def test_a_length_that_turns_out_too_small_is_forgotten() -> None:
    """It takes the 55 bytes of the answer to 34/07, and answers."""
    pair = line(memory={MEMORY: b"31"})
    pair.submit(WireAction("ask", {"what": "module"}), "device")
    pair.run(until=40.0)
    assert pair.of("controller", Remember) == [Remember(MEMORY, b"")]
    pair.submit(LONG)
    pair.run(until=45.0)
    assert sizes(pair) == [36]


def test_the_length_that_it_reports_itself_counts_if_it_is_smaller() -> None:
    for reported, expected in ((20, [20, 15, 15]), (256, [28, 15])):
        pair = line(memory={MEMORY: b"35"})
        pair.send("device", bytes(Frame(3, 0x37, b'\0{"buf":%d}' % reported)))
        pair.run(until=4.0)
        pair.submit(LONG)
        pair.run(until=8.0)
        assert sizes(pair) == expected


def test_the_blocks_of_an_update_are_as_long_as_the_mcu_said() -> None:
    buffer = McuBuffer(WifiSettings(), {MEMORY: b"31"})
    buffer.sent(267, is_request=True, is_update=True)
    assert not buffer.is_suspected and buffer.declared == 0
    assert buffer.answered() == [Remember(MEMORY, b"")] and buffer.size == 0


@given(st.integers(15, 60), st.lists(st.integers(8, 60), max_size=40))
@settings(max_examples=200)
def test_however_long_the_frames_are_it_stops_less_and_less_often(capacity: int, wanted: list[int]) -> None:
    """Each time that an MCU stops, the limit is below the frame that did it, and never below what it takes."""
    buffer, stops, limits = McuBuffer(WifiSettings(), {}), 0, [10**6]
    for size in wanted:
        size = min(size, buffer.size or size)
        buffer.sent(size, is_request=True, is_update=False)
        if size <= capacity:
            assert buffer.answered() == []
            continue
        assert buffer.hint()
        [remembered] = buffer.stopped()
        stops += 1
        limits.append(buffer.size)
        assert isinstance(remembered, Remember) and int(remembered.value) == buffer.size
        assert capacity <= buffer.size == size - 1 < limits[-2]
    assert stops <= 60 - capacity


def test_short_frames_are_never_suspected() -> None:
    """A frame with one number has 15 bytes; every MCU takes that."""
    pair = line()
    pair.submit(WireCommand({"19": 5}))
    pair._damage = dead
    pair.run(until=40.0)
    assert pair.of("controller", Offline) == [Offline("no heartbeat answer")]
    assert pair.of("controller", Identified)


# --- what is evidence, and what is not --------------------------------------------------------------------


def test_a_length_that_it_has_taken_once_is_never_suspected_again() -> None:
    pair = line()
    for _ in range(2):
        pair.submit(LONG)
        pair.run(until=pair.now + 3.0)
        pair._damage = dead
    pair.run(until=60.0)
    assert pair.of("controller", Offline) == [Offline("no heartbeat answer")]


def test_the_first_of_several_long_frames_is_the_one_that_stopped_it() -> None:
    buffer = McuBuffer(WifiSettings(), {})
    for size in (15, 40, 32, 48):
        buffer.sent(size, is_request=True, is_update=False)
    assert "a frame of 40 bytes" in buffer.hint()


def test_an_answer_proves_what_was_sent_before_its_request_only() -> None:
    buffer = McuBuffer(WifiSettings(), {})
    buffer.sent(20, is_request=True, is_update=False)
    buffer.sent(40, is_request=False, is_update=False)  # an answer of ours, while the MCU's is on its way
    buffer.answered()
    assert "a frame of 40 bytes" in buffer.hint()
    buffer.sent(7, is_request=True, is_update=False)
    buffer.answered()
    assert buffer.hint() == ""
    buffer.sent(40, is_request=True, is_update=False)
    assert buffer.hint() == ""


def test_a_configured_length_overrides_what_the_mcu_reports() -> None:
    configured, open_ = McuBuffer(WifiSettings(mcu_buffer=31), {}), McuBuffer(WifiSettings(), {})
    for buffer in (configured, open_):
        buffer.reported(256)
        buffer.reported(3)
    assert (configured.size, open_.size) == (31, 256)


def test_a_frame_that_was_lost_with_its_connection_proves_nothing_afterwards() -> None:
    pair = line("stops-after-long-frame")
    pair.submit(LONG)
    pair.run(until=3.1)
    switch_off_and_on(pair)
    pair.submit(LONG)
    pair.run(until=30.0)
    assert [event.reason for event in pair.of("controller", Offline)][-1] == "no heartbeat answer" + STOPPED.format(
        36, 35
    )


def test_an_update_goes_in_blocks_as_the_mcu_asks_for_them_whatever_length_was_learned() -> None:
    file = bytes(600)

    def hub(side: str, question: Question) -> Answer | Refusal | None:
        match question:
            case AskFile():
                return {"size": len(file), "md5": "0" * 32}
            case AskBlock(offset=offset, size=size):
                return file[offset : offset + size]
        return usual_answers(side, question)

    pair = Pair(wifi_module(WifiSettings(), ambient(memory={MEMORY: b"31"})), wifi_mcu(McuOptions()), answers=hub)
    pair.run(until=10.0)
    pair.submit(WireAction("update", {"file": "new.bin"}))
    pair.run(until=20.0)
    assert [len(data) for data in pair.sent_by("controller") if data[3] == 0x0B] == [611, 11]
