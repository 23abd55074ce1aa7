"""The accept loop: a few connections at a time; a pause instead of a loop where no file is free."""

import asyncio
import errno
import logging
import resource
import socket

import pytest

from unclouded.core.system import sockets
from unclouded.core.system.sockets import ACCEPTS_PER_TURN, AcceptLoop, listening_socket, open_file_share


async def test_connections_are_accepted_with_the_address_of_their_client() -> None:
    accepted: list[tuple[socket.socket, str]] = []
    with listening_socket(("127.0.0.1", 0)) as sock:
        loop = AcceptLoop(sock, lambda connection, host: accepted.append((connection, host)))
        clients = [socket.create_connection(sock.getsockname(), 5) for _ in range(ACCEPTS_PER_TURN + 8)]
        while not accepted:
            await asyncio.sleep(0)
        assert 0 < len(accepted) <= ACCEPTS_PER_TURN, "the rest waits for the next turn"
        while len(accepted) < len(clients):
            await asyncio.sleep(0)
        assert {host for _, host in accepted} == {"127.0.0.1"} and not accepted[0][0].getblocking()
        loop.close()
        late = socket.create_connection(sock.getsockname(), 5)
        await asyncio.sleep(0.01)
        assert len(accepted) == len(clients)
        for one in (*clients, late, *(connection for connection, _ in accepted)):
            one.close()


class FullSocket:
    """A listening socket of a process that has no free file."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.full = True
        self.tries = 0

    def fileno(self) -> int:
        return self._sock.fileno()

    def setblocking(self, blocking: bool) -> None:
        self._sock.setblocking(blocking)

    def accept(self) -> tuple[socket.socket, object]:
        self.tries += 1
        if self.full:
            raise OSError(errno.EMFILE, "Too many open files")
        return self._sock.accept()


async def test_without_free_files_it_waits_and_logs_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sockets, "PAUSE_S", 0.05)
    caplog.set_level(logging.WARNING)
    accepted: list[socket.socket] = []
    with listening_socket(("127.0.0.1", 0)) as sock:
        full = FullSocket(sock)
        loop = AcceptLoop(full, lambda connection, host: accepted.append(connection))  # type: ignore[arg-type]
        with socket.create_connection(sock.getsockname(), 5):
            await asyncio.sleep(0.02)
            assert full.tries == 1 and "Too many open files" in caplog.messages[0]
            full.full = False
            async with asyncio.timeout(30):
                while not accepted:
                    await asyncio.sleep(0.01)
        loop.close()
        accepted[0].close()
    assert len(caplog.messages) == 1


def test_the_shares_of_all_listeners_leave_files_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in (64, 256, 600, 1_024, 8_192, 1_000_000):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        assert open_file_share(2, 4_096) + open_file_share(4, 1_000) + open_file_share(8, 256) <= limit * 7 // 8
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert open_file_share(2, 4_096) == 4_096
