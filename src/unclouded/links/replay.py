"""`replay:FILE?speed=1&from=device`: a capture file in place of a connection.

The recorded bytes of one side (the device, unless ``from`` names the controller) are received with their original
timing, divided by ``speed``; 0 = as fast as possible. What is sent is discarded. The first line is received at once;
after the last one the link is down, and ``ended`` is set.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from unclouded.core.errors import LinkRefused, WireError
from unclouded.core.family import Sender
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import LinkPath, Out
from unclouded.links.url import Url
from unclouded.recording.capture import CaptureLine, CaptureReader

MAX_SPEED = 1_000_000.0  # times the speed of the recording; 0 is faster still
LINES_PER_TURN = 64  # lines per loop iteration, so that other tasks run too
SENDERS: dict[str, Sender] = {"device": "device", "controller": "controller"}
ENDED = "The capture has ended."


def open_replay(url: Url, baud: int, base: Path) -> Link:
    """Raises ConfigError where the address is wrong."""
    url.only("speed", "from")
    path = url.path("replay:heater.jsonl", base)
    return ReplayLink(path, url.number("speed", 1.0, MAX_SPEED), SENDERS[url.one_of("from", "device", SENDERS)])


class ReplayLink:
    """Replays what ``sender`` sent in the capture at ``path``. ``ended`` is set after the last line."""

    def __init__(self, path: Path, speed: float = 1.0, sender: Sender = "device") -> None:
        self.ended = asyncio.Event()
        self._path = path
        self._speed = speed
        self._sender = sender
        self._inlet: Inlet | None = None
        self._file: IO[bytes] | None = None
        self._lines: Iterator[CaptureLine] = iter(())
        self._paths: list[str] = []
        self._first_t = 0.0
        self._began = 0.0
        self._timer: asyncio.Handle | None = None

    def start(self, inlet: Inlet) -> None:
        """Raises LinkRefused where the file is not a capture."""
        try:
            self._file = self._path.open("rb")
            self._lines = (line for line in CaptureReader(self._file) if line.sender == self._sender)
            first = next(self._lines, None)
        except OSError as error:
            self._release()
            raise LinkRefused(f"{self._path} cannot be read: {error.strerror}. Give the path of a capture.") from error
        except WireError as error:
            self._release()
            raise LinkRefused(f"{self._path}: {error}") from error
        loop = asyncio.get_running_loop()
        self._inlet = inlet
        self._paths = []
        self._began = loop.time()
        self._first_t = first.t if first is not None else 0.0
        self._timer = loop.call_soon(self._play, first)
        self._up(first.path if first is not None else "")

    def send(self, out: Out) -> None:
        """Discarded: there is no device."""

    async def close(self) -> None:
        self._inlet = None
        if self._timer is not None:
            self._timer.cancel()
        self._release()

    # --- inside --------------------------------------------------------------------------------

    def _play(self, line: CaptureLine | None) -> None:
        """Deliver the lines that are due, beginning with ``line``; None = the end of the capture."""
        loop = asyncio.get_running_loop()
        for _ in range(LINES_PER_TURN):
            if line is None or self._inlet is None:
                return self._end(ENDED)
            due = self._due(line)
            if due > loop.time():
                self._timer = loop.call_at(due, self._play, line)
                return None
            self._up(line.path)
            self._inlet.received(line.data, line.path)
            try:
                line = next(self._lines, None)
            except (WireError, OSError) as error:
                return self._end(f"{self._path}: {error}")
        self._timer = loop.call_soon(self._play, line)
        return None

    def _due(self, line: CaptureLine) -> float:
        return self._began + ((line.t - self._first_t) / self._speed if self._speed else 0.0)

    def _up(self, path: str) -> None:
        if path not in self._paths and self._inlet is not None:
            self._paths.append(path)
            self._inlet.up(LinkPath(name=path, recorded=True))

    def _end(self, reason: str) -> None:
        for path in self._paths:
            if self._inlet is not None:
                self._inlet.down(path, reason)
        self._release()
        self.ended.set()

    def _release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
