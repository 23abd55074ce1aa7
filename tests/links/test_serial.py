import asyncio
import errno
import os
import pty
import socket
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from links.recorder import RecordingInlet
from links.telnet_server import TelnetServer
from unclouded.core.sessions.session import Out
from unclouded.core.system import retry_delays
from unclouded.links import open_link
from unclouded.links.serial.port import UartSettings, why_not_open, why_unplugged
from unclouded.links.serial.pty import PtyLink


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redial at once: real ports need real time."""
    monkeypatch.setattr(retry_delays, "FIRST_DELAY_S", 0.001)


class Adapter:
    """A USB adapter: a pseudo terminal under a name that stays the same when it is plugged in again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.master = -1
        self.plug_in()

    def plug_in(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)

    def unplug(self) -> None:
        if self.master >= 0:
            self.path.unlink()
            os.close(self.master)
            self.master = -1

    async def says(self, data: bytes) -> None:
        await asyncio.to_thread(os.write, self.master, data)

    async def receives(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            data += await asyncio.to_thread(os.read, self.master, length)
        return data


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Adapter]:
    adapter = Adapter(tmp_path / "ttyUSB0")
    yield adapter
    adapter.unplug()


async def test_a_port_carries_every_byte_both_ways(adapter: Adapter) -> None:
    inlet = RecordingInlet()
    link = open_link(f"serial://{adapter.path}?baud=115200")
    link.start(inlet)
    await inlet.until_events("up")
    everything = bytes(range(256))
    link.send(Out(everything))
    assert await adapter.receives(256) == everything
    await adapter.says(everything)
    await inlet.until_data(everything)
    await link.close()
    assert inlet.events == [("up", "")]


async def test_the_line_settings_are_those_of_the_address(adapter: Adapter) -> None:
    inlet = RecordingInlet()
    link = open_link(f"serial://{adapter.path}?parity=even&stopbits=2", baud=4800)
    link.start(inlet)
    await inlet.until_events("up")
    cflag, speed = (termios.tcgetattr(adapter.master)[at] for at in (2, 5))
    assert speed == termios.B4800
    assert cflag & termios.CSTOPB  # the kernel lets no pseudo terminal have parity; the RFC 2217 test sees that
    await link.close()


async def test_unplugged_and_plugged_in_again(adapter: Adapter) -> None:
    inlet = RecordingInlet()
    link = open_link(f"serial://{adapter.path}")
    link.start(inlet)
    await inlet.until_events("up")
    adapter.unplug()
    link.send(Out(b"not received"))
    await inlet.until_events("up", "down", "down")
    assert inlet.reasons[0] == f"{adapter.path} disappeared. Was the adapter unplugged?"
    assert inlet.reasons[1].startswith(f"{adapter.path} does not exist. Is the adapter plugged in? ")
    adapter.plug_in()
    await inlet.until_events("up", "down", "down", "up")
    await adapter.says(b"back")
    await inlet.until_data(b"back")
    await link.close()


async def test_a_missing_port_is_reported_before_the_first_up_and_opened_when_it_appears(adapter: Adapter) -> None:
    adapter.unplug()
    inlet = RecordingInlet()
    link = open_link(f"serial://{adapter.path}")
    link.start(inlet)
    await inlet.until_events("down")
    assert "does not exist. Is the adapter plugged in?" in inlet.reasons[0]
    adapter.plug_in()
    await inlet.until_events("down", "up")
    await link.close()


async def test_two_programs_on_one_port(adapter: Adapter) -> None:
    first, second = RecordingInlet(), RecordingInlet()
    one, two = open_link(f"serial://{adapter.path}"), open_link(f"serial://{adapter.path}")
    one.start(first)
    await first.until_events("up")
    two.start(second)
    await second.until_events("down")
    assert "is in use by another program" in second.reasons[0]
    await one.close()
    await second.until_events("down", "up")
    await two.close()


@pytest.mark.parametrize(
    "place, words", [("folder", "is a folder, not a serial port"), ("file", "is not a serial port")]
)
async def test_paths_that_are_no_serial_port_are_reported(tmp_path: Path, place: str, words: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("hello")
    inlet = RecordingInlet()
    link = open_link(f"serial:{place}", base=tmp_path)
    link.start(inlet)
    await inlet.until_events("down")
    assert words in inlet.reasons[0]
    assert (tmp_path / "file").read_text() == "hello"
    await link.close()


def test_each_cause_has_an_instruction(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    port.touch()
    line = UartSettings(baud=12_345)

    def words(number: int) -> str:
        return why_not_open(port, line, OSError(number, os.strerror(number)))

    assert f"sudo usermod -aG {port.group()} $USER" in words(errno.EACCES)
    assert "cannot be set to 12345 baud" in words(errno.EINVAL)
    assert words(errno.EMFILE) == f"{port} cannot be opened: Too many open files."
    assert "dialout" in why_not_open(tmp_path / "gone", line, PermissionError(errno.EACCES, "no"))
    assert "unplugged" in why_unplugged(port, None)
    assert why_unplugged(port, OSError(errno.EFAULT, "Bad address")) == f"{port} failed: Bad address."


async def test_a_simulated_device_on_a_pty_is_opened_like_a_real_one(tmp_path: Path) -> None:
    device, hub = RecordingInlet(), RecordingInlet()
    simulated = open_link("pty:meter", base=tmp_path)
    assert isinstance(simulated, PtyLink)
    simulated.start(device)
    link = open_link(f"serial://{simulated.path}?baud=115200&exclusive=yes")
    link.start(hub)
    await hub.until_events("up")
    link.send(Out(b"$f\r"))
    await device.until_data(b"$f\r")
    simulated.send(Out(b"$f07\r"))
    await hub.until_data(b"$f07\r")
    await link.close()
    await simulated.close()


@pytest.mark.parametrize("acks_masks", [True, False])
async def test_a_port_behind_an_rfc2217_server_is_set_and_carries_every_byte(acks_masks: bool) -> None:
    server = TelnetServer(acks_masks)
    await server.start()
    inlet = RecordingInlet()
    link = open_link(f"rfc2217://127.0.0.1:{server.port}?baud=9600&parity=even")
    link.start(inlet)
    await inlet.until_events("up")
    assert (server.baud, server.parity) == (9600, 3)
    everything = bytes(range(256))
    link.send(Out(everything))
    await inlet.until_data(everything)  # the server has a loop-back plug on its port
    await server.close()
    await inlet.until(lambda: "down" in inlet.kinds)
    await link.close()


@pytest.mark.parametrize(("query", "parity"), [("", 3), ("?parity=odd", 2), ("?parity=none", 1)])
async def test_the_parity_of_the_family_holds_where_the_address_names_none(query: str, parity: int) -> None:
    server = TelnetServer(True)
    await server.start()
    inlet = RecordingInlet()
    link = open_link(f"rfc2217://127.0.0.1:{server.port}{query}", baud=4800, parity="even")
    link.start(inlet)
    await inlet.until_events("up")
    assert (server.baud, server.parity) == (4800, parity)
    await server.close()
    await inlet.until(lambda: "down" in inlet.kinds)
    await link.close()


async def test_a_plain_tcp_server_is_not_an_rfc2217_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unclouded.links.serial.port.DIAL_TIMEOUT_S", 0.05)
    inlet = RecordingInlet()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        link = open_link(f"rfc2217://127.0.0.1:{port}")
        link.start(inlet)
        await inlet.until_events("down")
        assert f"For a plain TCP serial server, use tcp://127.0.0.1:{port}." in inlet.reasons[0]
        await link.close()


def test_who_has_no_serial_port_does_not_load_serialx() -> None:
    code = "import sys; from unclouded.links import open_link; open_link(sys.argv[1]); print('serialx' in sys.modules)"
    for url in ("tcp://127.0.0.1:6638", "pty:meter", "serial:///dev/ttyUSB0"):
        done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=True)
        assert done.stdout == "False\n"
