import asyncio
import os
import tty
from functools import partial
from pathlib import Path

import pytest

from links.recorder import RecordingInlet
from unclouded.core.errors import LinkRefused
from unclouded.core.sessions.session import Failure, Out
from unclouded.links.dial import PENDING_LIMIT
from unclouded.links.serial.pty import PtyLink


def opened(path: Path) -> int:
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port)
    return port


async def read(port: int, length: int) -> bytes:
    data = b""
    while len(data) < length:
        data += await asyncio.to_thread(os.read, port, length)
    return data


async def test_the_symlink_exists_from_start_to_close(tmp_path: Path) -> None:
    device = RecordingInlet()
    link = PtyLink(tmp_path / "meter")
    link.start(device)
    assert device.events == [("up", "")]
    assert str(link.path.readlink()) == link.terminal
    await link.close()
    await link.close()
    assert not link.path.is_symlink()
    assert not any(os.scandir(tmp_path)), "nothing is left behind"


def ends_with(device: RecordingInlet, words: bytes) -> bool:
    return device.data.endswith(words)


async def test_peers_come_and_go(tmp_path: Path) -> None:
    device = RecordingInlet()
    link = PtyLink(tmp_path / "meter")
    link.start(device)
    for words in (b"\x00first\xff", b"second"):
        port = opened(link.path)
        os.write(port, words)
        await device.until(partial(ends_with, device, words))
        link.send(Out(b"\x03\x04 answer \r\n"))
        assert await read(port, 12) == b"\x03\x04 answer \r\n"
        os.close(port)
    assert device.events == [("up", "")], "a device does not learn who listens"
    await link.close()


async def test_data_sent_while_the_terminal_is_not_open_is_lost(tmp_path: Path) -> None:
    link = PtyLink(tmp_path / "meter")
    link.start(RecordingInlet())
    for _ in range(10_000):
        link.send(Out(b"report from long ago"))
    assert link.undelivered == 10_000
    port = opened(link.path)
    link.send(Out(b"now"))
    assert await read(port, 3) == b"now"
    os.close(port)
    await link.close()


async def test_a_peer_that_reads_nothing_fills_up(tmp_path: Path) -> None:
    device = RecordingInlet()
    link = PtyLink(tmp_path / "meter")
    link.start(device)
    port = opened(link.path)
    link.send(Out(b"a" * PENDING_LIMIT))
    link.send(Out(b"b" * PENDING_LIMIT, id=3))
    await device.until_events("up", "failed")
    assert device.events[-1] == ("failed", 3, Failure.FULL)
    assert await read(port, PENDING_LIMIT) == b"a" * PENDING_LIMIT
    os.close(port)
    await link.close()


async def test_a_link_left_by_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "meter"
    for stale in ("/dev/pts/9999", "/nowhere/at/all"):
        path.symlink_to(stale)
        link = PtyLink(path)
        link.start(RecordingInlet())
        assert str(path.readlink()) == link.terminal
        await link.close()


async def test_other_files_are_never_replaced(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("data")
    (tmp_path / "link").symlink_to(precious)
    for name in ("precious", "link", "missing/meter"):
        link = PtyLink(tmp_path / name)
        with pytest.raises(LinkRefused, match="Choose another path"):
            link.start(RecordingInlet())
        await link.close()
    assert precious.read_text() == "data"
    assert (tmp_path / "link").readlink() == precious


async def test_close_leaves_the_symlink_of_a_successor(tmp_path: Path) -> None:
    old, new = PtyLink(tmp_path / "meter"), PtyLink(tmp_path / "meter")
    old.start(RecordingInlet())
    new.start(RecordingInlet())
    await old.close()
    assert str(new.path.readlink()) == new.terminal
    await new.close()
