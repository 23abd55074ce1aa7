"""Wishes for devices that sleep: kept until they wake, the newest of each point, over restarts. Pure.

    hold ──► held ──wake──► handed out ──settled──► forgotten
              ▲                 │
              └── keep ◄────────┘ it did not get there         a newer wish for the point: dropped

A wish is forgotten only when it has its fate: a hub that is killed while it hands one out finds it again, and hands
it out again at the next wake. A wish says what shall be, so twice is as good as once.
"""

import msgspec

from unclouded.core.model import Command, Memory
from unclouded.hub.clock import TRUSTED_FROM

LIFE = 7 * 86_400.0  # s after which a wish that could not be delivered is forgotten

PREFIX = "wish:"


class HeldCommand(msgspec.Struct, frozen=True):
    """A command that waits, and until when (Unix seconds) it is worth something."""

    command: Command
    until: float

    def has_expired(self, at: float) -> bool:
        """One that was made before the computer had a clock never does: nobody knows how old it is."""
        return TRUSTED_FROM + LIFE <= self.until < at


class HeldCommands:
    """What waits for whom. Each change is a Memory fact that the store keeps."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], HeldCommand] = {}
        self._under: dict[tuple[str, str], str] = {}  # the identity that each is kept under; a device may get another
        self._out: set[tuple[str, str]] = set()  # handed out, not yet settled

    def restore(self, memory: dict[str, bytes], identity: str) -> None:
        """Take up what an earlier run kept for one identity."""
        for key, value in memory.items():
            if key.startswith(PREFIX) and value:
                command = msgspec.json.decode(value, type=HeldCommand)
                self._held[command.command.device, command.command.point] = command
                self._under[command.command.device, command.command.point] = identity

    def hold(self, command: Command, identity: str, at: float) -> list[Memory]:
        """Keep a wish instead of an older one for the same point."""
        forget = self.drop(command.device, command.point)
        key = command.device, command.point
        held = self._held[key] = HeldCommand(command, at + LIFE)
        self._under[key] = identity
        return [*forget, Memory(identity, _name(key), msgspec.json.encode(held))]

    def wake(self, device: str, at: float) -> tuple[list[Command], list[Command], list[Memory]]:
        """The device woke: what to deliver now, what has expired, and what to forget."""
        mine = {key: held for key, held in self._held.items() if key[0] == device and key not in self._out}
        stale = [held.command for held in mine.values() if held.has_expired(at)]
        fresh = [held.command for held in mine.values() if not held.has_expired(at)]
        self._out |= {(command.device, command.point) for command in fresh}
        return fresh, stale, [fact for command in stale for fact in self.settled(command)]

    def settled(self, command: Command) -> list[Memory]:
        """It has its fate: what to forget. Nothing where a newer wish has taken its place."""
        return self.drop(command.device, command.point) if self._is_newest(command) else []

    def keep(self, command: Command) -> bool:
        """It did not get there. Says whether it waits on, as long as before; not where there is a newer one."""
        newest = self._is_newest(command)
        if newest:
            self._out.discard((command.device, command.point))
        return newest

    def drop(self, device: str, point: str) -> list[Memory]:
        """Whatever waits for this point is not wished any more: what to forget."""
        key = device, point
        self._out.discard(key)
        return [Memory(self._under.pop(key), _name(key), b"")] if self._held.pop(key, None) else []

    def _is_newest(self, command: Command) -> bool:
        held = self._held.get((command.device, command.point))
        return held is not None and held.command is command


def _name(key: tuple[str, str]) -> str:
    return f"{PREFIX}{key[0]}:{key[1]}"
