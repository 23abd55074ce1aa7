import asyncio
import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from links.recorder import RecordingInlet
from links.text_line_family import LINES
from unclouded.core.errors import LinkRefused
from unclouded.core.family import Family, Piece
from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.links import memory, open_link
from unclouded.links.replay import ReplayLink
from unclouded.recording.capture import CaptureLine, CaptureReader
from unclouded.recording.tap import Tap
from virtual_loop import virtual_run

Talk = list[tuple[str, bytes]]


def lines_of(path: Path) -> list[CaptureLine]:
    with path.open("rb") as file:
        return list(CaptureReader(file))


def events(path: Path, sender: str) -> bytes:
    return b"".join(line.data for line in lines_of(path) if line.sender == sender)


async def talked(
    file: Path, talk: Talk, family: Family | None, path: LinkPath | None = None
) -> tuple[RecordingInlet, RecordingInlet]:
    """A tapped conversation over links in memory: what the hub received, and what the device received."""
    ours, theirs = memory.pair(path)
    hub, device = RecordingInlet(), RecordingInlet()
    tap = Tap(ours, file, family)
    tap.start(hub)
    theirs.start(device)
    await hub.until_events("up")
    for sender, data in talk:
        (tap if sender == "controller" else theirs).send(Out(data, path=path.name if path else ""))
        await asyncio.sleep(0.01)
    await tap.close()
    await theirs.close()
    return hub, device


def test_frames_are_written_not_chunks_and_their_secrets_are_blanked(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    talk: Talk = [
        ("controller", b"hel"),
        ("device", b"PW=hunt"),
        ("controller", b"lo\nPW=sec"),
        ("device", b"er2\n?noise\nhalf PW=cut o"),
    ]
    hub, device = virtual_run(talked(path, talk, LINES))
    assert [(line.sender, line.data, line.redacted) for line in lines_of(path)] == [
        ("controller", b"hello\n", False),
        ("device", b"PW=*******\n", True),
        ("device", b"?noise\n", False),
        ("controller", b"PW=***", True),
        ("device", b"half PW=*****", True),
    ]
    assert "hunter2" not in path.read_text() and "sec" not in path.read_text()
    assert hub.data == b"PW=hunter2\n?noise\nhalf PW=cut o", "the link itself carries every byte"
    assert device.data == b"hello\nPW=sec"


def test_without_a_family_each_datagram_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    virtual_run(
        talked(path, [("controller", b"\x55"), ("device", b"\xaa\x00"), ("device", b"")], None, LinkPath(name="x"))
    )
    assert [(line.sender, line.data, line.path) for line in lines_of(path)] == [
        ("controller", b"\x55", "x"),
        ("device", b"\xaa\x00", "x"),
    ]


def test_time_in_a_capture_is_the_time_of_the_wire(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    virtual_run(talked(path, [("device", b"a\n")] * 101, LINES))
    times = [line.t for line in lines_of(path)]
    assert times[-1] - times[0] == pytest.approx(1.0, abs=0.01)


def test_a_new_connection_begins_with_an_empty_decoder(tmp_path: Path) -> None:
    """Also without a ``down`` of the old one: a plug that connects a second time."""
    path = tmp_path / "c.jsonl"

    async def story() -> RecordingInlet:
        hub = RecordingInlet()
        wire = Puppet()
        tap = Tap(wire, path, LINES)
        tap.start(hub)
        wire.inlet.up(LinkPath())
        wire.inlet.received(b"half a li")
        wire.inlet.down("", "cut")
        assert events(path, "device") == b"half a li"
        wire.inlet.up(LinkPath())
        wire.inlet.received(b"another ha")
        wire.inlet.up(LinkPath())
        wire.inlet.received(b"whole\n")
        wire.inlet.failed(3, Failure.FULL)
        await tap.close()
        return hub

    hub = virtual_run(story())
    assert [line.data for line in lines_of(path)] == [b"half a li", b"another ha", b"whole\n"]
    assert hub.kinds == ["up", "down", "up", "up", "failed"]


class Puppet:
    """A scripted link, which may refuse to start."""

    def __init__(self, refusal: str = "") -> None:
        self._refusal = refusal

    def start(self, inlet: Inlet) -> None:
        if self._refusal:
            raise LinkRefused(self._refusal)
        self.inlet = inlet

    def send(self, out: Out) -> None: ...

    async def close(self) -> None: ...


def test_a_link_that_refuses_is_passed_on(tmp_path: Path) -> None:
    async def story() -> None:
        tap = Tap(Puppet("no"), tmp_path / "c.jsonl", LINES)
        with pytest.raises(LinkRefused):
            tap.start(RecordingInlet())
        assert not tap.recording
        await tap.close()

    virtual_run(story())


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_stops_the_recording_and_not_the_link(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    talk: Talk = [("device", b"%05d\n" % number) for number in range(1_000)]
    with full_disk(20_000):
        hub, _ = virtual_run(talked(tmp_path / "c.jsonl", talk, LINES))
    assert hub.data == b"".join(data for _, data in talk)
    assert len([record for record in caplog.records if record.name == "unclouded.tap"]) == 1
    assert "cannot be written" in caplog.text and "the link continues" in caplog.text
    kept = events(tmp_path / "c.jsonl", "device")
    assert kept and hub.data.startswith(kept)


def test_an_unwritable_path_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "diary").write_text("dear diary")
    for path, words in (
        (tmp_path / "no" / "c.jsonl", "No such file"),
        (tmp_path / "diary", "is not a capture of lines"),
    ):
        caplog.clear()
        hub, device = virtual_run(talked(path, [("device", b"a\n"), ("controller", b"b\n")], LINES))
        assert (hub.data, device.data) == (b"a\n", b"b\n")
        assert words in caplog.text
        assert len(caplog.records) == 1
    assert (tmp_path / "diary").read_text() == "dear diary"


def test_an_error_in_a_family_does_not_break_the_link(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def stumble(sender: object, data: bytes) -> bytes:
        if b"bad" in data:
            raise ZeroDivisionError
        return data

    clumsy = msgspec.structs.replace(LINES, redact=stumble)
    talk: Talk = [("device", b"good\n"), ("device", b"bad PW=hunter2\n"), ("device", b"good again\n")]
    with caplog.at_level(logging.INFO):
        hub, _ = virtual_run(talked(tmp_path / "c.jsonl", talk, clumsy))
    assert hub.data == b"good\nbad PW=hunter2\ngood again\n"
    assert events(tmp_path / "c.jsonl", "device") == b"good\n"
    assert "ZeroDivisionError" in caplog.text
    assert "hunter2" not in caplog.text


PHRASES = st.lists(st.sampled_from([b"a", b"?", b"\n", b"PW", b"=", b"\xff", b"\0", b"on\r\n"]), max_size=30)
TALK = st.lists(st.tuples(st.sampled_from(["controller", "device"]), PHRASES.map(b"".join)), max_size=12)


@given(TALK, st.sampled_from([None, LINES]))
@settings(max_examples=60, deadline=None)
def test_a_recorded_conversation_replays_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, talk: Talk, family: Family | None
) -> None:
    """For any chunks, each side's stream is recorded completely, except for its secrets, which keep their length."""
    path = tmp_path_factory.mktemp("c") / "c.jsonl"

    async def replayed(sender: str) -> bytes:
        inlet = RecordingInlet()
        link = open_link(f"replay:{path}?speed=0&from={sender}")
        assert isinstance(link, ReplayLink)
        link.start(inlet)
        await link.ended.wait()
        await link.close()
        assert inlet.reasons == ["The capture has ended."]
        return inlet.data

    virtual_run(talked(path, talk, family))
    for sender in ("controller", "device"):
        spoken = b"".join(data for who, data in talk if who == sender)
        expected = LINES.redact(None, spoken) if family else spoken
        assert virtual_run(replayed(sender)) == expected


def test_what_a_decoder_names_is_what_is_written() -> None:
    """The small family of these tests keeps the law of every family: pieces add up to the input."""
    decoder = LINES.decoder(None)
    pieces: list[Piece] = [*decoder.feed(b"a\n?b"), *decoder.feed(b"\nc"), *decoder.close()]
    assert b"".join(piece.data for piece in pieces) == b"a\n?b\nc"
    assert [piece.kind for piece in pieces] == ["frame", "noise", "frame"]
