"""Wishes for devices that sleep: kept until they wake, the newest of each point, over restarts. Pure."""

import msgspec

from unclouded.model import Command, Memory

LIFE = 7 * 86_400.0  # s after which a wish that could not be delivered is forgotten

PREFIX = "wish:"


class HeldWish(msgspec.Struct, frozen=True):
    """A command that waits, and until when (Unix seconds) it is worth something."""

    command: Command
    until: float


class HeldWishes:
    """What waits for whom. Each change is a Memory fact that the store keeps."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], HeldWish] = {}
        self._under: dict[tuple[str, str], str] = {}  # the identity that each is kept under; a device may get another

    def restore(self, memory: dict[str, bytes], identity: str) -> None:
        """Take up what an earlier run kept for one identity."""
        for key, value in memory.items():
            if key.startswith(PREFIX) and value:
                wish = msgspec.json.decode(value, type=HeldWish)
                self._held[wish.command.device, wish.command.point] = wish
                self._under[wish.command.device, wish.command.point] = identity

    def hold(self, wish: Command, identity: str, at: float) -> Memory:
        """Keep a wish instead of an older one for the same point."""
        held = HeldWish(wish, at + LIFE)
        self._held[wish.device, wish.point] = held
        self._under[wish.device, wish.point] = identity
        return Memory(identity, f"{PREFIX}{wish.device}:{wish.point}", msgspec.json.encode(held))

    def take(self, device: str, at: float) -> tuple[list[Command], list[Command], list[Memory]]:
        """The device woke: what to deliver now, what has expired, and what to forget."""
        mine = [key for key in self._held if key[0] == device]
        held = [self._held.pop(key) for key in mine]
        forget = [Memory(self._under.pop(key), f"{PREFIX}{device}:{key[1]}", b"") for key in mine]
        fresh = [one.command for one in held if one.until >= at]
        stale = [one.command for one in held if one.until < at]
        return fresh, stale, forget
