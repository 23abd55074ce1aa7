"""A client of NATS that says whatever a test wants, and shows what the server says to it."""

import base64
import json
import socket
import ssl
import time
from types import TracebackType

from unclouded.fleet.keys.issuer import Credentials

DEADLINE_S = 60.0


class RawNats:
    """One connection. ``with RawNats(address, credentials) as client``: ``client.lines`` is all that came."""

    def __init__(
        self, address: tuple[str, int], credentials: Credentials | None, context: ssl.SSLContext | None = None
    ):
        self.socket: socket.socket = socket.create_connection(address, DEADLINE_S)
        self.data = b""
        self.info = json.loads(self._line().removeprefix(b"INFO "))
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        options: dict[str, object] = {"verbose": False, "headers": True, "no_responders": True, "protocol": 0}
        if credentials is not None:
            signature = base64.urlsafe_b64encode(credentials.key.sign(self.info["nonce"].encode())).decode().rstrip("=")
            options |= {"jwt": credentials.token, "sig": signature}
        self.say(f"CONNECT {json.dumps(options)}")

    def __enter__(self) -> "RawNats":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def say(self, line: str, payload: bytes | None = None) -> None:
        try:
            self.socket.sendall(line.encode() + b"\r\n" + (b"" if payload is None else payload + b"\r\n"))
        except OSError:
            pass  # what the server said before it closed is still there to read

    def publish(self, subject: str, payload: bytes = b"", reply: str = "") -> None:
        self.say(f"PUB {subject} {f'{reply} ' if reply else ''}{len(payload)}", payload)

    def subscribe(self, subject: str, number: int = 1) -> None:
        self.say(f"SUB {subject} {number}")

    def answers(self) -> list[str]:
        """Everything that has come, up to the answer to a PING that is sent now; or to the end of the connection."""
        self.say("PING")
        return self.until(b"PONG\r\n")

    def until(self, end: bytes) -> list[str]:
        """Everything that has come up to these bytes, or the end of the connection ("closed")."""
        deadline = time.monotonic() + DEADLINE_S
        while end not in self.data:
            assert time.monotonic() < deadline, self.data
            if not (piece := self._receive()):
                self.data += b"closed\r\n"
                break
            self.data += piece
        lines, self.data = self.data.decode().splitlines(), b""
        return lines

    def closed(self) -> list[str]:
        """Wait until the server ends the connection; what it said."""
        return self.until(b"closed\r\n")

    def _receive(self) -> bytes:
        try:
            return self.socket.recv(65_536)
        except ConnectionError:
            return b""

    def _line(self) -> bytes:
        while b"\r\n" not in self.data:
            self.data += self.socket.recv(65_536)
        line, _, self.data = self.data.partition(b"\r\n")
        return line
