"""What the hub reports to the service manager that started it."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from unclouded.app.service.manager import ServiceManager
from virtual_loop import virtual_run


class Systemd:
    """The end of the service manager."""

    def __init__(self, address: str) -> None:
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.bind("\0" + address[1:] if address.startswith("@") else address)
        self._sock.setblocking(False)
        self.env = {"NOTIFY_SOCKET": address}

    def received(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self._sock.recv(4096).decode())
            except BlockingIOError:
                return found

    def close(self) -> None:
        self._sock.close()


@pytest.fixture(params=["file", "abstract"])
def systemd(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Systemd]:
    one = Systemd(str(tmp_path / "notify") if request.param == "file" else f"@unclouded-test-{tmp_path.name}")
    yield one
    one.close()


def test_it_is_ready_while_the_hub_serves_and_then_stops(systemd: Systemd) -> None:
    async def hub() -> None:
        async with ServiceManager(systemd.env).serving("3 devices; the page:\nhttp://127.0.0.1:8099/"):
            assert systemd.received() == ["READY=1\nSTATUS=3 devices; the page: http://127.0.0.1:8099/"]

    virtual_run(hub())
    (last,) = systemd.received()
    assert last.startswith("STOPPING=1\n")


def test_the_watchdog_is_fed_by_the_loop_of_the_hub(systemd: Systemd) -> None:
    """A loop that is stuck feeds nothing."""
    env = {**systemd.env, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": "77"}

    async def hub() -> None:
        async with ServiceManager(env, pid=77).serving("") as _:
            systemd.received()
            while systemd.received() != ["WATCHDOG=1"]:
                await asyncio.sleep(0)
            while systemd.received() != ["WATCHDOG=1"]:  # and again
                await asyncio.sleep(0.005)

    virtual_run(hub())


@pytest.mark.parametrize("more", [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "78"}])
def test_without_a_watchdog_of_its_own_nothing_is_fed(systemd: Systemd, more: dict[str, str]) -> None:
    assert ServiceManager({**systemd.env, **more}, pid=77).watchdog_s == 0


@pytest.mark.parametrize("env", [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}, {"NOTIFY_SOCKET": "\0"}])
def test_without_a_service_manager_nothing_happens(env: dict[str, str]) -> None:
    ServiceManager(env).report(READY="1")


@pytest.mark.parametrize("usec", ["9" * 400, "9" * 5000, "0"])
def test_a_watchdog_that_asks_for_nonsense_is_none(systemd: Systemd, usec: str) -> None:
    assert ServiceManager({**systemd.env, "WATCHDOG_USEC": usec}).watchdog_s == 0


def test_a_status_of_any_text_is_sent(systemd: Systemd) -> None:
    ServiceManager(systemd.env).report(STATUS="/srv/\udcff: \0 x")
    assert systemd.received() == ["STATUS=/srv/?: \0 x"]
