"""A simulated plug with its console: the session of the plug, and the shell on one more path.

    "http", "broker", "discovery"   the plug's own paths          "" or "console"   the serial line of the opened plug

It is one plug: what is switched or written here is so there, and the reverse.
"""

from collections.abc import Mapping, Sequence

from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    Event,
    Failure,
    LinkPath,
    Out,
    Refusal,
    SessionCommand,
    Ticket,
)
from unclouded.core.sessions.session_parts import Presence, earliest
from unclouded.families.meross.console.plug.console_faults import CONSOLE_FAULTS
from unclouded.families.meross.console.plug.shell import ConsoleShell
from unclouded.families.meross.plug.device import MerossDevice
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug
from unclouded.families.meross.plug.state.plug_options import PlugOptions

CONSOLE_PATHS = ("", "console")


class ConsoleDevice:
    """A session in the device role; the plug of ``options`` must be one of hardware 2."""

    def __init__(self, options: PlugOptions, ambient: Ambient) -> None:
        self._device = MerossDevice(options, ambient, CONSOLE_FAULTS)
        self._shell = ConsoleShell(self._device, ambient.token)
        self._presence = Presence()

    @property
    def plug(self) -> SimulatedPlug:
        return self._device.plug

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        if path.name not in CONSOLE_PATHS:
            return self._after(self._device.up(path, now), now)
        self._shell.up(path.name, now)
        return self._after(self._presence.found(), now)

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        if path not in CONSOLE_PATHS:
            return self._after(self._device.down(path, reason, now), now)
        self._shell.down()
        return self._after(self._presence.lost(reason), now)

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        if path in CONSOLE_PATHS:
            return self._after(self._shell.receive(data, now), now)
        self._shell.dump("recv", data, now)
        return self._after(self._device.receive(data, now, path, re), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return self._device.failed(id, why, now)

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        ticket = self._device.submit(command, now)
        self._after((), now)
        return ticket

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        return self._after(self._device.answer(id, value, now), now)

    def tick(self, now: float) -> Sequence[Event]:
        events = self._shell.tick(now)
        events = self._after([*events, *self._device.tick(now)], now)
        self._shell.release(now)
        return events

    def deadline(self) -> float | None:
        return earliest(self._device.deadline(), self._shell.deadline())

    def outgoing(self, now: float) -> list[Out]:
        outs = self._device.outgoing(now)
        for out in outs:
            self._shell.dump("send", out.data, now)
        return [*outs, *self._shell.output.take(now)]

    def stats(self) -> Mapping[str, float]:
        """The counts of both."""
        plug, console = self._device.stats(), self._shell.stats()
        return {name: plug.get(name, 0) + console.get(name, 0) for name in {**plug, **console}}

    def _after(self, events: Sequence[Event], now: float) -> list[Event]:
        """What the plug's changes print, and what they ask for."""
        self._shell.follow(now)
        return list(events)
