"""What a client makes of the API's answers, and of a hub that is gone."""

import gc
import http.server
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from unclouded.app.access.hub_client import HubClient, implausible_points, is_listening
from unclouded.core.errors import CommandError, LinkError


def test_points_with_an_implausible_scale_are_named() -> None:
    readings = [
        {"device": "plug", "point": "power_W", "flags": ["scale"]},
        {"device": "plug", "point": "voltage_V", "flags": []},
    ]
    assert implausible_points(readings) == {"plug": ["power_W"]}


def test_a_hub_that_is_gone_is_reported_and_the_socket_is_closed(tmp_path: Path) -> None:
    for left in ("nothing", "a socket that nothing reads"):
        if left != "nothing":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(tmp_path / "control"))
        with pytest.raises(LinkError, match=r"No hub runs on .*/control\. Start it, or name the socket"):
            HubClient(str(tmp_path / "control")).get("/api/hub")
    gc.collect()  # a socket that was left open fails the test here


@pytest.mark.parametrize("path", ["/api/a plug", "/api/a\r\nX: y", "/api/kühler", "api/devices"])
def test_a_path_that_no_request_can_have_is_refused_with_what_to_do(tmp_path: Path, path: str) -> None:
    with pytest.raises(CommandError, match=r"urllib\.parse\.quote|begin with a slash"):
        HubClient(tmp_path / "control").get(path)


def test_a_refusal_that_comes_before_the_request_was_sent_is_the_answer(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "control"))
        listener.listen(1)

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b'HTTP/1.1 404 No\r\nContent-Length: 30\r\n\r\n{"detail":"There is nothing."}')

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(CommandError, match=r"There is nothing\."):
            HubClient(tmp_path / "control").post("/api/nothing", "x" * 1_000_000)
        thread.join()


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Path]:
    """The socket of a process that was stopped: connections wait in its queue."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "control"))
        listener.listen(1)
        yield tmp_path / "control"


def test_a_hub_that_hangs_is_named_whether_its_queue_has_room_or_not(stopped: Path) -> None:
    hub = HubClient(stopped, answer_s=0.05)
    with pytest.raises(LinkError, match=r"does not answer within 0\.05 s: it hangs.*unclouded doctor"):
        hub.get("/api/devices")
    with pytest.raises(LinkError, match="it hangs"):
        next(hub.lines("/api/watch"))
    waiting = [socket.socket(socket.AF_UNIX) for _ in range(4)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(str(stopped))
    with pytest.raises(LinkError, match="it hangs"):
        hub.get("/api/devices")
    assert is_listening(stopped)
    for one in waiting:
        one.close()


class Busy(http.server.BaseHTTPRequestHandler):
    """Takes its time for everything but itself."""

    asked: threading.Event

    def do_GET(self) -> None:
        if self.path == "/api/hub":
            self.asked.set()
        else:
            self.asked.wait(10.0)
            time.sleep(0.05)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[1]")

    def log_message(self, format: str, *args: object) -> None:
        """The address of a Unix socket is empty."""


def test_a_request_that_takes_long_is_waited_for_while_the_hub_works(tmp_path: Path) -> None:
    Busy.asked = threading.Event()
    server = socketserver.ThreadingUnixStreamServer(str(tmp_path / "control"), Busy)
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        assert HubClient(tmp_path / "control", answer_s=0.2).get("/api/stores") == [1]
        server.shutdown()
        thread.join()
