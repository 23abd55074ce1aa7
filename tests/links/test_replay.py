import asyncio
from pathlib import Path

import pytest

from links.recorder import RecordingInlet
from unclouded.core.errors import LinkRefused
from unclouded.core.session import LinkPath, Out
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
    """What was heard, and how many seconds after the start the link ended."""
    heard = RecordingInlet()
    began = asyncio.get_running_loop().time()
    link.start(heard)
    assert heard.kinds == ["up"], "a session may speak before the device does"
    link.send(Out(b"nobody hears this", id=1))
    await link.ended.wait()
    took = asyncio.get_running_loop().time() - began
    await link.close()
    return heard, [took]


@pytest.mark.parametrize("speed, seconds", [(1.0, 30.0), (10.0, 3.0), (0.5, 60.0), (0.0, 0.0)])
def test_the_device_speaks_with_the_pauses_it_had(path: Path, speed: float, seconds: float) -> None:
    heard, took = virtual_run(played(ReplayLink(path, speed)))
    assert heard.data == b"5\n15\n25\n35\n"
    assert took == pytest.approx([seconds])


def test_each_way_comes_up_when_it_first_speaks_and_all_go_down_at_the_end(path: Path) -> None:
    heard, _ = virtual_run(played(ReplayLink(path)))
    ended = "The capture has ended."
    assert heard.said == [("up", ""), ("up", "broker"), ("down", "", ended), ("down", "broker", ended)]
    assert heard.datagrams[-1] == (b"35\n", "broker", 0)


def test_a_session_knows_that_what_it_hears_is_recorded(path: Path) -> None:
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
    heard, _ = virtual_run(played(ReplayLink(path, 0, "controller")))
    assert heard.data == b"$r\r" * 4


def test_a_long_capture_lets_others_have_their_turn(tmp_path: Path) -> None:
    writer = CaptureAppender(tmp_path / "long.jsonl", "", STARTED)
    for _ in range(1_000):
        writer.write(STARTED, "device", b"x")
    writer.close()

    async def story() -> int:
        link, heard = ReplayLink(tmp_path / "long.jsonl", 0), RecordingInlet()
        link.start(heard)
        turns = 0
        while not link.ended.is_set():
            turns += 1
            await asyncio.sleep(0)
        await link.close()
        assert len(heard.data) == 1_000
        return turns

    assert virtual_run(story()) > 10


def test_closing_in_the_middle_is_silent(path: Path) -> None:
    async def story() -> RecordingInlet:
        link, heard = ReplayLink(path), RecordingInlet()
        link.start(heard)
        await asyncio.sleep(12.0)
        await link.close()
        await asyncio.sleep(100.0)
        return heard

    heard = virtual_run(story())
    assert heard.data == b"5\n15\n"
    assert heard.said == [("up", "")]


def test_a_broken_capture_ends_with_its_line(path: Path) -> None:
    path.write_text(path.read_text().replace('"hex":"32350a"', '"hex":"what"'))
    heard, _ = virtual_run(played(ReplayLink(path)))
    assert heard.data == b"5\n15\n"
    assert "Line 7 of the capture is broken" in heard.reasons[0]


@pytest.mark.parametrize("name, words", [("gone", "cannot be read"), (".", "cannot be read"), ("diary", "no capture")])
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
    heard, took = virtual_run(played(ReplayLink(tmp_path / "empty.jsonl")))
    assert heard.kinds == ["up", "down"]
    assert took == [0.0]
