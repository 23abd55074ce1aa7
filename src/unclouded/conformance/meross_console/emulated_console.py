"""The console that we play against a client: the simulated one, and what scripts do to what it prints.

Source: docs/protocols/meross_console.md §1, §2.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from unclouded.conformance.line import CheckLine, EmulatedEnd, LineEntry, Wanted
from unclouded.core.sessions.session import LinkPath, WireAction
from unclouded.families.meross import PlugOptions, simulated_uuid
from unclouded.families.meross.console.plug.console_device import ConsoleDevice

CR, LF, CTRL_C = b"\r", b"\n", b"\x03"
LONGEST_HELD = 4_096  # of a line that a client never ends
DIALECT = "hw2.1.7"
_END = re.compile(rb"\r\n|[\r\n\x03]")
_NOT_TYPED = bytes({*range(0x20)} - {*b"\x03\b\t\n\r\x1b"})

Printed = Sequence[tuple[float, bytes]]
Alter = Callable[[bytes], Printed]
ClientLine = CheckLine[Any]  # Any: an EmulatedConsole


class TypedLine(msgspec.Struct, frozen=True):
    """A line as it was typed, and what ended it."""

    text: str
    end: bytes


class TypedReader:
    """The FrameReader of what a client types."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes, now: float) -> Sequence[tuple[bytes, Any, str]]:  # Any: a TypedLine, or None
        self._held += data
        pieces: list[tuple[bytes, Any, str]] = []  # Any: as above
        done = 0
        for found in _END.finditer(self._held):
            text = self._held[done : found.start()].decode("latin-1")
            pieces.append((self._held[done : found.end()], TypedLine(text, found[0]), ""))
            done = found.end()
        self._held = self._held[done:]
        odd = "a line without an end" if len(self._held) > LONGEST_HELD else ""
        if self._held.translate(None, _NOT_TYPED) != self._held:
            odd = "no text"
        if odd:
            pieces.append((self._held, None, odd))
            self._held = b""
        return pieces

    def tick(self, now: float) -> Sequence[tuple[bytes, Any, str]]:  # Any: as above
        return ()

    def deadline(self) -> float | None:
        return None


def is_typed(*texts: str) -> Wanted:
    """A line that a client typed, one of these where some are named."""
    return lambda entry: (
        entry.sender == "controller" and entry.frame is not None and (not texts or entry.frame.text in texts)
    )


def is_command(entry: LineEntry) -> bool:
    """A line that is not empty."""
    return is_typed()(entry) and bool(entry.frame.text.strip())


def as_it_is(data: bytes) -> Printed:
    """Bytes in one part, at once."""
    return ((0.0, data),)


class EmulatedConsole(EmulatedEnd):
    """``alter``: when and what is printed of each piece. ``is_silent``: it neither receives nor prints."""

    def __init__(self, line: ClientLine) -> None:
        self.line = line
        options = PlugOptions(uuid=simulated_uuid(0), key="", dialect=DIALECT, unconfigured=True)
        self._console = ConsoleDevice(options, line.ambient)
        self._echoes = True
        self.reset()

    def reset(self) -> None:
        self.alter: Alter = as_it_is
        self.is_silent = False
        self.set_echo(True)

    def set_echo(self, is_on: bool) -> None:
        """Whether what is typed comes back."""
        if self._echoes != is_on:
            self._echoes = is_on
            state = "off" if is_on else "on"  # of the fault
            self._console.submit(WireAction("set_fault", {"name": "echoes-nothing", "state": state}), self.line.now)

    def connected(self, path: LinkPath) -> None:
        self._console.up(LinkPath(), self.line.now)
        self._print()

    def disconnected(self) -> None:
        self._console.down("", "", self.line.now)

    def received(self, entry: LineEntry) -> None:
        if not self.is_silent:
            self._console.receive(entry.data, self.line.now)
        self._print()

    def tick(self, now: float) -> None:
        self._console.tick(now)
        self._print()

    def deadline(self) -> float | None:
        return self._console.deadline()

    def print(self, text: bytes, *, after: float = 0.0) -> None:
        """Whatever the simulated console does."""
        self.line.send(text, after=after)

    def _print(self) -> None:
        for out in self._console.outgoing(self.line.now):
            for after, data in () if self.is_silent else self.alter(out.data):
                self.line.send(data, after=after)
