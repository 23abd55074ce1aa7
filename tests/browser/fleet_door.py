"""What a fleet answers to homes that join and leave, on a socket of this computer; its NATS is away."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

CODE = "K7QX-9MPT-4W2H"
HUB = "a" * 20


class FleetDoor:
    """``invitation``: of it. ``asked``: the paths of requests. ``is_open``: whether it takes those that leave."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_open = True
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                door.asked.append(self.path)
                if self.path == "/api/enrol/leave":
                    self._answer(204 if door.is_open else 503, {"detail": "The fleet cannot answer just now."})
                elif body["code"].replace("-", "") == CODE.replace("-", ""):
                    self._answer(200, door.membership())
                else:
                    self._answer(403, {"detail": "This code is not valid."})

            def log_message(self, format: str, *args: object) -> None:
                pass

            def _answer(self, status: int, body: object) -> None:
                data = b"" if status == 204 else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if status == 200 else "application/problem+json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="fleet door")

    @property
    def invitation(self) -> str:
        return f"{CODE}@http://127.0.0.1:{self._server.server_port}"

    def membership(self) -> dict[str, object]:
        """What a home gets that has joined."""
        token = {"hub": HUB, "token": "e30.e30.x", "expires": time.time() + 90 * 86_400}
        return {**token, "shard": 0, "servers": ["nats://127.0.0.1:1"], "authority": "", "organisation": "Costa homes"}

    def __enter__(self) -> "FleetDoor":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
