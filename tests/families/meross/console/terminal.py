"""A terminal on the console of a simulated plug, under a virtual clock: what is typed, and the lines that come back."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from families.meross.meross_pair import UUID
from pair import ambient
from unclouded.core.sessions.session import Answer, AskBlock, Asked, AskServer, Event, LinkPath, Noticed, Out, Refusal
from unclouded.families.meross import PlugOptions
from unclouded.families.meross.console.plug.console_device import ConsoleDevice
from unclouded.families.meross.wire.envelope import Envelope, parse

CONSOLE = LinkPath(name="console")
SERVED = LinkPath(name="http", asks=True)


class Terminal:
    """``download``: what the plug finds at the address of an update. ``seen``: all that the console has sent."""

    def __init__(self, *faults: str, download: bytes | None = None, **options: Any) -> None:
        usual = PlugOptions(uuid=UUID, dialect="hw2.1.7", unconfigured=True, faults=frozenset(faults))
        self.device = ConsoleDevice(msgspec.structs.replace(usual, **options), ambient(3))
        self.now = 0.0
        self.seen = b""
        self.http: list[Out] = []
        self.servers: list[AskServer] = []
        self.notices: list[str] = []
        self._download = download
        self._take(self.device.up(CONSOLE, 0.0))
        self.wait(3.0)

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while (at := self.device.deadline()) is not None and at <= until:
            self.now = max(self.now, at)
            self._take(self.device.tick(self.now))
            after = self.device.deadline()
            assert after is None or after > self.now
        self.now = until

    def send(self, data: bytes) -> bytes:
        """Bytes as they are; what comes back at once."""
        before = len(self.seen)
        self._take(self.device.receive(data, self.now, CONSOLE.name))
        return self.seen[before:]

    def type(self, command: str, wait_s: float = 3.0) -> list[str]:
        """A command; the lines of its answer, without blank ones, its echo and the prompts."""
        before = len(self.seen)
        self.send(command.encode() + b"\r")
        self.wait(wait_s)
        lines = lines_of(self.seen[before:])
        return lines[1:] if lines[:1] == [" ".join(command.split())] else lines

    def config(self) -> dict[str, str]:
        """The settings, by [group]item."""
        entries = (line.partition(":") for line in self.type("config show") if line.startswith("["))
        return {key: value.strip() for key, _, value in entries}

    def ask(self, data: bytes) -> Envelope | None:
        """A request by HTTP."""
        self._take(self.device.up(SERVED, self.now))
        self.http.clear()
        self._take(self.device.receive(data, self.now, "http", 1))
        self.wait(0.0)
        return parse(self.http[0].data) if self.http and self.http[0].data else None

    def take(self, events: Sequence[Event]) -> None:
        self._take(events)

    def _take(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case Asked(id=id, question=AskServer() as server):
                    self.servers.append(server)
                    self._answer(id, True)
                case Asked(id=id, question=AskBlock()):
                    self._answer(id, self._download if self._download is not None else Refusal("no file"))
                case Asked(id=id):
                    self._answer(id, True)
                case Noticed(reason=reason):
                    self.notices.append(reason)
        for out in self.device.outgoing(self.now):
            if out.path == CONSOLE.name:
                self.seen += out.data
            else:
                self.http.append(out)

    def _answer(self, id: int, value: Answer | Refusal) -> None:
        self._take(self.device.answer(id, value, self.now))


def lines_of(data: bytes) -> list[str]:
    """Lines with their white space squeezed, without blank lines and prompts."""
    lines = (re.sub(r"^(?:\$ ?)+", "", line) for line in data.decode("utf-8", "replace").split("\r\n"))
    return [squeezed for line in lines if (squeezed := " ".join(line.split()))]
