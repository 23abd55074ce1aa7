import asyncio
from pathlib import Path

import pytest

from links.recorder import RecordingInlet
from unclouded.core.errors import LinkRefused
from unclouded.core.sessions.session import LinkPath, Out
from unclouded.links.replay import ReplayLink
from unclouded.recording.capture import CaptureAppender
from virtual_loop import virtual_run

STARTED = 1_795_176_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A meter that reports every ten seconds, from second 5 on, and is asked in between."""
    writer = CaptureAppender(tmp_path / "meter.jsonl", "emporia", STARTED)
    for second in range(5, 45, 10):
        writer.write(STARTED + second - 1, "controller", b"$r\r")
        writer.write(STARTED + second, "device", b"%d\n" % second, path="broker" if second > 30 else "")
    writer.close()
    return tmp_path / "meter.jsonl"


async def played(link: ReplayLink) -> tuple[RecordingInlet, list[float]]:
    """The recorded events, and how many seconds after the start the link ended."""
    inlet = RecordingInlet()
    began = asyncio.get_running_loop().time()
    link.start(inlet)
    assert inlet.kinds == ["up"], "a session may speak before the device does"
    link.send(Out(b"not received", id=1))
    await link.ended.wait()
    took = asyncio.get_running_loop().time() - began
    await link.close()
    return inlet, [took]


@pytest.mark.parametrize("speed, seconds", [(1.0, 30.0), (10.0, 3.0), (0.5, 60.0), (0.0, 0.0)])
def test_lines_are_replayed_with_their_original_timing(path: Path, speed: float, seconds: float) -> None:
    inlet, took = virtual_run(played(ReplayLink(path, speed)))
    assert inlet.data == b"5\n15\n25\n35\n"
    assert took == pytest.approx([seconds])


def test_each_path_is_up_from_its_first_line_and_all_are_down_at_the_end(path: Path) -> None:
    inlet, _ = virtual_run(played(ReplayLink(path)))
    ended = "The capture has ended."
    assert inlet.events == [("up", ""), ("up", "broker"), ("down", "", ended), ("down", "broker", ended)]
    assert inlet.datagrams[-1] == (b"35\n", "broker", 0)


def test_a_session_knows_that_its_data_is_recorded(path: Path) -> None:
    class Listener(RecordingInlet):
        def up(self, path: LinkPath) -> None:
            super().up(path)
            paths.append(path)

    async def story() -> None:
        link = ReplayLink(path, 0)
        link.start(Listener())
        await link.ended.wait()
        await link.close()

    paths: list[LinkPath] = []
    virtual_run(story())
    assert paths == [LinkPath(recorded=True), LinkPath(name="broker", recorded=True)]


def test_the_other_side_can_be_played_too(path: Path) -> None:
    inlet, _ = virtual_run(played(ReplayLink(path, 0, "controller")))
    assert inlet.data == b"$r\r" * 4


def test_a_long_capture_lets_others_have_their_turn(tmp_path: Path) -> None:
    writer = CaptureAppender(tmp_path / "long.jsonl", "", STARTED)
    for _ in range(1_000):
        writer.write(STARTED, "device", b"x")
    writer.close()

    async def story() -> int:
        link, inlet = ReplayLink(tmp_path / "long.jsonl", 0), RecordingInlet()
        link.start(inlet)
        turns = 0
        while not link.ended.is_set():
            turns += 1
            await asyncio.sleep(0)
        await link.close()
        assert len(inlet.data) == 1_000
        return turns

    assert virtual_run(story()) > 10


def test_closing_in_the_middle_is_silent(path: Path) -> None:
    async def story() -> RecordingInlet:
        link, inlet = ReplayLink(path), RecordingInlet()
        link.start(inlet)
        await asyncio.sleep(12.0)
        await link.close()
        await asyncio.sleep(100.0)
        return inlet

    inlet = virtual_run(story())
    assert inlet.data == b"5\n15\n"
    assert inlet.events == [("up", "")]


def test_after_it_was_closed_it_is_played_from_the_beginning_and_up_again(path: Path) -> None:
    """As for a hub that learns the product, and begins again with another session."""

    async def twice() -> tuple[RecordingInlet, RecordingInlet]:
        link = ReplayLink(path)
        first = RecordingInlet()
        link.start(first)
        await asyncio.sleep(1)
        await link.close()
        second, _ = await played(link)
        return first, second

    first, second = virtual_run(twice())
    assert first.data == b"5\n"
    assert second.data == b"5\n15\n25\n35\n"
    assert second.kinds == ["up", "up", "down", "down"]


def test_a_broken_capture_ends_with_its_line(path: Path) -> None:
    path.write_text(path.read_text().replace('"hex":"32350a"', '"hex":"what"'))
    inlet, _ = virtual_run(played(ReplayLink(path)))
    assert inlet.data == b"5\n15\n"
    assert "Line 7 of the capture is broken" in inlet.reasons[0]


@pytest.mark.parametrize(
    "name, words", [("gone", "cannot be read"), (".", "cannot be read"), ("diary", "not a capture")]
)
def test_what_cannot_be_played_is_refused(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "diary").write_text("dear diary\n")

    async def story() -> None:
        link = ReplayLink(tmp_path / name)
        with pytest.raises(LinkRefused, match=words):
            link.start(RecordingInlet())
        await link.close()

    virtual_run(story())


def test_an_empty_capture_ends_at_once(tmp_path: Path) -> None:
    CaptureAppender(tmp_path / "empty.jsonl", "", STARTED).close()
    inlet, took = virtual_run(played(ReplayLink(tmp_path / "empty.jsonl")))
    assert inlet.kinds == ["up", "down"]
    assert took == [0.0]
