"""Commands for sleeping devices: held until the device wakes, one for each point, over restarts of the hub. Pure.

    hold ──► held ──wake──► delivered ──settled──► forgotten
              ▲                 │
              └── keep ◄────────┘ it was not delivered         a newer command for the point: dropped

A command is forgotten only when its outcome is known. A hub that is killed during a delivery finds the command again
and delivers it at the next wake-up. That does no harm: a command names the value that a point is to have, so it may
arrive twice.
"""

import msgspec
from msgspec.structs import replace

from unclouded.core.model import Command, Memory
from unclouded.hub.clock import TRUSTED_FROM

LIFE_S = 7 * 86_400.0  # s after which a command that could not be delivered is forgotten

PREFIX = "command:"


class HeldCommand(msgspec.Struct, frozen=True):
    """A command that waits, and when it expires (Unix seconds)."""

    command: Command
    until: float

    def has_expired(self, at: float) -> bool:
        """Whether it is too old. One that was given before the computer had a clock is of unknown age: never."""
        return TRUSTED_FROM + LIFE_S <= self.until < at


class HeldCommands:
    """The commands that wait, by device and point. Each change is a Memory fact for the store."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], HeldCommand] = {}
        self._identities: dict[tuple[str, str], str] = {}  # that each is stored under; a device may get another one
        self._in_delivery: set[tuple[str, str]] = set()  # outcome not known yet

    def restore(self, memory: dict[str, bytes], identity: str) -> None:
        """Restore the commands that an earlier run stored under one identity."""
        for key, value in memory.items():
            if key.startswith(PREFIX) and value:
                held = msgspec.json.decode(value, type=HeldCommand)
                self._held[held.command.device, held.command.point] = held
                self._identities[held.command.device, held.command.point] = identity

    def hold(self, command: Command, identity: str, at: float) -> list[Memory]:
        """Hold a command in the place of an older one for the same point."""
        forget = self.drop(command.device, command.point)
        key = command.device, command.point
        held = self._held[key] = HeldCommand(command, at + LIFE_S)
        self._identities[key] = identity
        return [*forget, Memory(identity, _name(key), msgspec.json.encode(held))]

    def wake(self, device: str, at: float) -> tuple[list[Command], list[Command], list[Memory]]:
        """The device woke: the commands to deliver now, those that have expired, and what the store forgets."""
        mine = {key: held for key, held in self._held.items() if key[0] == device and key not in self._in_delivery}
        expired = [held.command for held in mine.values() if held.has_expired(at)]
        fresh = [held.command for held in mine.values() if not held.has_expired(at)]
        self._in_delivery |= {(command.device, command.point) for command in fresh}
        return fresh, expired, [fact for command in expired for fact in self.settled(command)]

    def settled(self, command: Command) -> list[Memory]:
        """The outcome is known: what the store forgets. Nothing where a newer command has taken its place."""
        return self.drop(command.device, command.point) if self._is_newest(command) else []

    def keep(self, command: Command) -> bool:
        """It was not delivered. Returns whether it is held on, until the same time; not where there is a newer one."""
        newest = self._is_newest(command)
        if newest:
            self._in_delivery.discard((command.device, command.point))
        return newest

    def drop(self, device: str, point: str) -> list[Memory]:
        """No command waits for this point any more: what the store forgets."""
        key = device, point
        self._in_delivery.discard(key)
        return [Memory(self._identities.pop(key), _name(key), b"")] if self._held.pop(key, None) else []

    def forget(self, device: str) -> None:
        """Drop all commands of a device that is gone with its history."""
        for key in [key for key in self._held if key[0] == device]:
            self.drop(*key)

    def rename(self, old: str, new: str) -> list[Memory]:
        """A device has another id: what the store forgets and remembers."""
        facts: list[Memory] = []
        for device, point in [key for key in self._held if key[0] == old]:
            held, identity = self._held[device, point], self._identities[device, point]
            facts += self.drop(device, point)
            moved = self._held[new, point] = replace(held, command=replace(held.command, device=new))
            self._identities[new, point] = identity
            facts.append(Memory(identity, _name((new, point)), msgspec.json.encode(moved)))
        return facts

    def _is_newest(self, command: Command) -> bool:
        held = self._held.get((command.device, command.point))
        return held is not None and held.command is command


def _name(key: tuple[str, str]) -> str:
    return f"{PREFIX}{key[0]}:{key[1]}"
