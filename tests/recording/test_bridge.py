"""A module and an MCU, connected by a bridge with a capture writer."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from links.recorder import RecordingInlet
from recording.test_line_monitor import ENDS_IN_55
from recording.test_tap import events, full_disk, lines_of
from unclouded.core.errors import CommandError
from unclouded.core.family import Family, Sender
from unclouded.core.sessions.session import Out
from unclouded.families import family
from unclouded.families.tuya.line.framing import Frame
from unclouded.links import memory
from unclouded.links.serial.pty import PtyLink
from unclouded.recording.bridge import Bridge
from unclouded.recording.capture_writer import CaptureWriter, Report
from unclouded.recording.line_monitor import MonitoredPiece
from virtual_loop import virtual_run

TUYA = family("tuya_wifi")
QUERY = bytes.fromhex("55 aa 00 08 00 00 07")
REPORT = bytes.fromhex("55 aa 03 07 00 08 05 02 00 04 00 00 00 1e 3a")
CREDENTIALS = bytes(Frame(3, 0x2C, b'{"ssid":"Attic 5G","password":"hunter2!"}'))


class Line:
    """``module`` and ``mcu``: the two ends of an appliance's line; the bridge stands where the line was cut."""

    def __init__(
        self, path: Path, spoken_of: Family = TUYA, *, forward: bool = True, report: Report | None = None
    ) -> None:
        self.module, ours = memory.pair()
        self.mcu, theirs = memory.pair()
        self.at_module, self.at_mcu = RecordingInlet(), RecordingInlet()
        self.news: list[tuple[object, ...]] = []
        self.writer = CaptureWriter(path, spoken_of, report)
        self.bridge = Bridge({"controller": ours, "device": theirs}, self, forward=forward)

    async def start(self) -> None:
        self.module.start(self.at_module)
        self.mcu.start(self.at_mcu)
        self.bridge.start()
        await asyncio.gather(self.at_module.until_events("up"), self.at_mcu.until_events("up"))

    async def say(self, sender: Sender, data: bytes) -> None:
        (self.module if sender == "controller" else self.mcu).send(Out(data))
        await asyncio.sleep(0.01)

    async def close(self) -> None:
        await self.bridge.close()
        await self.writer.close()
        await self.module.close()
        await self.mcu.close()

    def received(self, sender: Sender, data: bytes, path: str = "") -> None:
        self.writer.received(sender, data, path)

    def up(self, sender: Sender) -> None:
        self.news.append(("up", sender))

    def down(self, sender: Sender, reason: str) -> None:
        self.writer.paused(sender)
        self.news.append(("down", sender))

    def dropped(self, sender: Sender, size: int) -> None:
        self.news.append(("dropped", sender, size))


def talked(line_of: Callable[[], Line], talk: Sequence[tuple[Sender, bytes]]) -> Line:
    """A line over which ``talk`` went."""

    async def story() -> Line:
        line = line_of()
        await line.start()
        for sender, data in talk:
            await line.say(sender, data)
        await line.close()
        return line

    return virtual_run(story())


def test_each_side_gets_the_others_bytes_and_the_capture_gets_frames(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    talk: list[tuple[Sender, bytes]] = [("controller", QUERY[:3]), ("device", REPORT), ("controller", QUERY[3:])]
    line = talked(lambda: Line(path), talk)
    assert (line.at_mcu.data, line.at_module.data) == (QUERY, REPORT)
    assert line.at_mcu.datagrams[0][0] == QUERY[:3], "half a frame waits for nothing"
    assert [(one.sender, one.data) for one in lines_of(path)] == [("device", REPORT), ("controller", QUERY)]
    assert line.news == [("up", "controller"), ("up", "device")]
    counts = line.writer.counts
    assert (counts["controller"].frames, counts["device"].frames) == (1, 1)
    assert (counts["controller"].bytes, counts["device"].bytes) == (len(QUERY), len(REPORT))


TALK = st.lists(st.tuples(st.sampled_from(["controller", "device"]), st.binary(min_size=1, max_size=60)), max_size=20)


@given(TALK)
@settings(max_examples=60, deadline=None)
def test_any_bytes_in_any_chunks_come_out_equal_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, talk: list[tuple[Sender, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("c") / "c.jsonl"
    line = talked(lambda: Line(path), talk)
    for sender, arrived in (("controller", line.at_mcu), ("device", line.at_module)):
        spoken = [data for who, data in talk if who == sender]
        assert [data for data, _, _ in arrived.datagrams] == spoken
        assert len(events(path, sender)) == len(b"".join(spoken)), "and every byte of it is in the capture, or blanked"


def test_time_is_reported_only_up_to_held_bytes(tmp_path: Path) -> None:
    """A complete frame that is held until the next byte was received in time: it must not be reported as missing."""
    ordered: list[tuple[float, list[bytes]]] = []
    talk: list[tuple[Sender, bytes]] = [("controller", QUERY), ("device", ENDS_IN_55), ("controller", QUERY)]
    line = talked(
        lambda: Line(
            tmp_path / "c.jsonl", report=lambda at, events: ordered.append((at, [one.piece.data for one in events]))
        ),
        talk,
    )
    assert [data for _, many in ordered for data in many] == [data for _, data in talk]
    news = next(number for number, (_, many) in enumerate(ordered) if ENDS_IN_55 in many)
    came = lines_of(tmp_path / "c.jsonl")[1].t
    assert all(at - line.writer.began <= came + 1e-5 for at, _ in ordered[:news])


def test_damage_crosses_the_bridge_and_is_noise_in_the_capture(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    damaged = REPORT[:-1] + b"\x00"
    line = talked(lambda: Line(path), [("device", damaged), ("device", REPORT)])
    assert line.at_module.data == damaged + REPORT
    assert (line.writer.counts["device"].frames, line.writer.counts["device"].noise_bytes) == (1, len(damaged))


def test_passwords_cross_the_bridge_and_reach_neither_the_file_nor_the_screen(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    shown: list[MonitoredPiece] = []
    halves = [CREDENTIALS, CREDENTIALS[:30], CREDENTIALS[:40]]
    line = talked(
        lambda: Line(path, report=lambda at, events: shown.extend(events)), [("device", data) for data in halves]
    )
    assert line.at_module.data == b"".join(halves)
    assert len(events(path, "device")) == sum(map(len, halves))
    everything = path.read_text() + repr(shown) + repr([one.piece.data.hex() for one in shown])
    for secret in (b"hunter2", b"Attic"):
        assert secret.decode() not in everything
        assert secret.hex() not in everything
    assert shown[0].redacted and shown[0].piece.name == "connection test"


def test_two_taps_send_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    line = talked(lambda: Line(path, forward=False), [("controller", QUERY), ("device", REPORT)])
    assert (line.at_mcu.data, line.at_module.data) == (b"", b"")
    assert [one.sender for one in lines_of(path)] == ["controller", "device"]


def until_written(path: Path, data: bytes) -> None:
    """The capture writer's thread has its own clock."""
    for _ in range(2_000):
        if lines_of(path) and lines_of(path)[-1].data == data:
            return
        time.sleep(0.001)
    raise AssertionError(f"never written: {data.hex(' ')}")


def test_a_frame_ends_where_a_side_falls_silent(tmp_path: Path) -> None:
    """Half a frame, a pause, a complete one: the half is written first, with its own time."""
    path = tmp_path / "c.jsonl"

    async def story() -> None:
        line = Line(path)
        await line.start()
        await line.say("device", REPORT[:6])
        await asyncio.sleep(5)
        until_written(path, REPORT[:6])
        await line.say("device", REPORT)
        await line.close()

    virtual_run(story())
    half, whole = lines_of(path)
    assert (half.data, whole.data) == (REPORT[:6], REPORT)
    assert whole.t - half.t == pytest.approx(5.0, abs=0.1)


async def test_bytes_for_an_end_that_is_down_are_dropped_and_counted(tmp_path: Path) -> None:
    """The MCU's end is a terminal that people close and open."""
    module, ours = memory.pair()
    at_module = RecordingInlet()
    mcu = PtyLink(tmp_path / "mcu")
    line = Line(tmp_path / "c.jsonl")
    bridge = Bridge({"controller": ours, "device": mcu}, line)
    module.start(at_module)
    bridge.start()
    module.send(Out(QUERY))
    module.send(Out(QUERY))
    await asyncio.sleep(0.01)
    assert line.news[-2:] == [("dropped", "device", len(QUERY)), ("dropped", "device", len(QUERY))]
    with mcu.path.open("r+b", buffering=0) as port:
        module.send(Out(QUERY))
        assert await asyncio.to_thread(port.read, 100) == QUERY, "what came meanwhile is not delivered late"
    assert line.writer.counts["controller"].bytes == 3 * len(QUERY), "the capture has it all"
    await bridge.close()
    await line.close()
    await module.close()


def test_a_closed_connection_ends_its_incomplete_frame(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"

    async def story() -> Line:
        line = Line(path)
        await line.start()
        await line.say("device", REPORT[:8])
        await line.mcu.close()
        await asyncio.sleep(0.01)
        until_written(path, REPORT[:8])
        await line.say("controller", QUERY)
        line.mcu.start(line.at_mcu)
        await line.say("device", REPORT)
        await line.say("controller", QUERY)
        await line.close()
        return line

    line = virtual_run(story())
    assert [one.data for one in lines_of(path)] == [REPORT[:8], QUERY, REPORT, QUERY]
    assert ("down", "device") in line.news
    assert ("dropped", "device", len(QUERY)) in line.news
    assert line.at_mcu.data == QUERY


def test_a_full_disk_stops_the_recording_and_not_the_bridge(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "c.jsonl"
    shown: list[MonitoredPiece] = []
    with full_disk(20_000):
        line = talked(lambda: Line(path, report=lambda at, events: shown.extend(events)), [("device", REPORT)] * 500)
    assert line.at_module.data == REPORT * 500
    assert not line.writer.recording
    assert len(shown) == 500, "what is said is still shown"
    assert len([record for record in caplog.records if record.name == "unclouded.record"]) == 1
    assert "cannot be written" in caplog.text and "the line continues" in caplog.text
    kept = events(path, "device")
    assert kept and (REPORT * 500).startswith(kept)
    assert line.writer.counts["device"].missed_bytes == 500 * len(REPORT) - len(kept)


def test_an_error_in_a_family_stops_the_recording_and_not_the_bridge(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(sender: object, data: bytes) -> bytes:
        raise ZeroDivisionError

    clumsy = msgspec.structs.replace(TUYA, redact=stumble, dialects={}, detector=None)
    with caplog.at_level(logging.INFO):
        line = talked(lambda: Line(tmp_path / "c.jsonl", clumsy), [("device", REPORT), ("device", REPORT)])
    assert line.at_module.data == REPORT * 2
    assert not line.writer.recording
    assert line.writer.counts["device"].missed_bytes == 2 * len(REPORT)
    assert len([record for record in caplog.records if record.name == "unclouded.record"]) == 1
    assert "ZeroDivisionError" in caplog.text


def test_a_file_that_is_something_else_is_refused_before_anything_is_joined(tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("dear diary")

    async def opened(path: Path) -> None:
        CaptureWriter(path, TUYA)

    for path, words in ((tmp_path / "diary", "is not a capture of tuya_wifi"), (tmp_path / "no" / "c", "No such file")):
        with pytest.raises(CommandError, match=words):
            virtual_run(opened(path))
    assert (tmp_path / "diary").read_text() == "dear diary"


def waits_for(event: threading.Event) -> None:
    event.wait(10)


def test_a_disk_that_is_too_slow_costs_lines_and_not_the_bridge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer's thread is blocked until the conversation is over; bytes beyond the backlog are counted."""
    monkeypatch.setattr("unclouded.recording.capture_writer.BACKLOG_LIMIT", 10 * len(REPORT))
    path = tmp_path / "c.jsonl"

    async def story() -> Line:
        free = threading.Event()
        line = Line(path, report=lambda at, events: waits_for(free))
        await line.start()
        for _ in range(50):
            await line.say("device", REPORT)
        free.set()
        await line.close()
        return line

    line = virtual_run(story())
    count = line.writer.counts["device"]
    assert line.at_module.data == REPORT * 50
    assert count.bytes == 50 * len(REPORT)
    assert count.missed_bytes == count.bytes - len(events(path, "device")) > 0
    assert count.noise_bytes == 0, "a hole in what was received makes no false frames"


def test_close_does_not_wait_for_a_blocked_disk_and_counts_missing_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("unclouded.recording.capture_writer.CLOSE_TIMEOUT_S", 0.01)
    free = threading.Event()

    async def story() -> Line:
        line = Line(tmp_path / "c.jsonl", report=lambda at, events: waits_for(free))
        await line.start()
        for _ in range(3):
            await line.say("device", REPORT)
        await line.close()
        return line

    try:
        line = virtual_run(story())
    finally:
        free.set()
    assert "could not be written in time" in caplog.text
    assert line.writer.counts["device"].missed_bytes == 2 * len(REPORT)
