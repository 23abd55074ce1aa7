"""The hub: runs the devices, routes wishes to them, hands what they say to whoever subscribed.

It satisfies ``model.House``: that is all that sinks and the web see of it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import (
    Action,
    Command,
    Deliver,
    Device,
    Fact,
    Ledger,
    Memory,
    Notice,
    OnProgress,
    Outcome,
    Status,
    WireEntry,
    inherited,
)
from unclouded.core.recent_chunks import KEPT_BYTES, RecentChunks
from unclouded.core.session import Ambient, Answer, Question, Refusal, WireAction, WireCommand
from unclouded.hub.board import Board
from unclouded.hub.channel import Channel, sub_id
from unclouded.hub.clock import WallClock
from unclouded.hub.energy import DeviceEnergy
from unclouded.hub.gate import IdentityGate
from unclouded.hub.held_commands import HeldCommands
from unclouded.hub.identity import KnownDevice
from unclouded.hub.node import DeviceNode, NodeSpec
from unclouded.hub.services import Services

log = logging.getLogger("unclouded.hub")

HOUSE_BYTES = 16 * 1024 * 1024  # of what went over all wires that are kept raw
LEAST_BYTES = 8 * 1024  # of one wire, however many there are
KEPT_S = 5.0  # s that somebody waits for the store; an MCU waits a little longer (docs/protocols/tuya_wifi.md §2.4.11)
AGAIN_S = 60.0  # s between two looks at the power of devices that count no energy themselves


class RestoredState(msgspec.Struct, frozen=True):
    """What earlier runs left behind: by identity the ledgers and memories; the devices known."""

    ledgers: Mapping[str, Mapping[str, Ledger]] = {}
    memory: Mapping[str, Mapping[str, bytes]] = {}
    known: Sequence[KnownDevice] = ()


class Hub:
    """All devices of one configuration. Make it inside a running loop."""

    def __init__(
        self,
        specs: Sequence[NodeSpec],
        services: Services,
        clock: WallClock,
        token: Callable[[int], bytes],
        past: RestoredState | None = None,
        admitter: Callable[[str, str], NodeSpec] | None = None,
    ) -> None:
        self._past = past or RestoredState()
        self._services = services
        self._clock = clock
        self._token = token
        self._board = Board()
        self._subscribers: list[tuple[Deliver, bool]] = []
        self._gate = IdentityGate(clock)
        self._books: dict[str, DeviceEnergy] = {}
        self._memory = {identity: dict(memory) for identity, memory in self._past.memory.items()}
        self._held = HeldCommands()
        self._seen: dict[str, Device] = {}
        self._admitter = admitter or _nobody
        self._group: asyncio.TaskGroup | None = None
        self.keep: Callable[[], Awaitable[None]] = _at_once  # stores what is published
        wires = sum(len(spec.channels) for spec in specs)
        self._tape_bytes = max(LEAST_BYTES, min(KEPT_BYTES, HOUSE_BYTES // max(wires, 1)))
        self._nodes = {spec.id: DeviceNode(spec, self, self._past.known, self._taken) for spec in specs}
        for identity, memory in self._memory.items():
            self._held.restore(memory, identity)

    async def run(self) -> None:
        """Run every device until cancelled."""
        async with asyncio.TaskGroup() as self._group:
            for node in self._nodes.values():
                self._group.create_task(node.run(), name=f"{node.id}.node")
            while True:
                await asyncio.sleep(AGAIN_S)
                for node in self._nodes.values():
                    node.integrate()

    # --- House ---------------------------------------------------------------------------------

    def devices(self) -> list[Device]:
        return [*(device for node in self._nodes.values() for device in node.devices()), *self._seen.values()]

    def snapshot(self) -> list[Fact]:
        return [*self.devices(), *self._board.facts()]

    def subscribe(self, deliver: Deliver, *, stamped: bool = False) -> Callable[[], None]:
        entry = (deliver, stamped)
        self._subscribers.append(entry)
        return lambda: self._subscribers.remove(entry)

    async def command(self, command: Command) -> Outcome:
        node, key, channel, wire = self._understood(command)
        self.publish(self._held.drop(command.device, command.point))  # the newest wish counts
        outcome = Outcome("unreachable") if node.is_asleep(key) else await channel.command(wire)
        if outcome.result in ("unreachable", "timeout") and node.is_asleep(key):  # or fell asleep before it had it
            identity = node.describe(channel, key).identity
            self.publish(self._held.hold(command, identity, self._wall()))
            await self._kept()  # what is told to be held outlives the hub
            outcome = Outcome("held", f"{command.device} is asleep; it gets this when it wakes.")
        if outcome.result == "confirmed" and not outcome.reason:
            words = channel.parts[key].interpreter.rounding(wire, command.value) if key in channel.parts else ""
            outcome = Outcome("confirmed", words, outcome.ms)
        self._note_command(command, outcome)
        return outcome

    async def act(self, command: Action, progress: OnProgress | None = None) -> Outcome:
        node, key = self._find(command.device)
        channel, action = node.channel_with_action(command)
        files = [command.args[arg] for arg in action.files if arg in command.args]
        with self._services.holding(files):
            outcome = await channel.command(WireAction(command.name, command.args, key), progress)
        self._note("action", command.device, " ".join([command.name, *files]), command.origin, outcome)
        return outcome

    async def admit(self, uuid: str, name: str) -> Device:
        if uuid not in self._seen:
            seen = ", ".join(self._seen) or "none"
            raise CommandError(f"No plug {uuid} has called that is not known already. Those that have: {seen}.")
        if name in self._nodes:
            raise CommandError(f"There is a device {name!r} already; choose another --id.")
        spec = self._admitter(uuid, name)
        self.publish(self._forget_seen(uuid))
        node = self._nodes[spec.id] = DeviceNode(spec, self, self._past.known, self._taken)
        if self._group is not None:
            self._group.create_task(node.run(), name=f"{node.id}.node")
        return node.devices()[0]

    def seen(self, device: Device) -> None:
        """A device called that nobody has configured: it is listed, and waits to be admitted."""
        self._seen[device.id] = device
        words = f"Not configured. To take it in: unclouded admit {device.id} --id NAME"
        self.publish([device, Status(device.id, "seen", self._wall(), words)])

    def wire(self, device: str) -> Mapping[str, Mapping[str, float]]:
        return self._find(device)[0].stats()

    def frames(self, device: str, limit: int) -> Sequence[WireEntry]:
        return self._find(device)[0].frames(limit)

    # --- what channels need --------------------------------------------------------------------

    def publish(self, facts: Sequence[Fact]) -> None:
        """Hang up and hand out one batch; who wants trusted times gets it when there are some."""
        if not facts:
            return
        self._board.post(facts)
        stamped = self._gate.let_through(facts)
        for deliver, wants_stamped in self._subscribers:
            if not wants_stamped:
                deliver(facts)
            elif stamped:
                deliver(stamped)

    def answer(self, question: Question) -> Answer | Refusal:
        return self._services.answer(question)

    def wall(self, now: float) -> float:
        return self._clock.at(now)

    def ambient(self, identity: str) -> Ambient:
        return Ambient(self._clock.at, self._token, self._memory.get(identity, {}))

    def book(self, identity: str) -> DeviceEnergy:
        if identity not in self._books:
            self._books[identity] = DeviceEnergy(identity, self._ledgers(identity))
        return self._books[identity]

    def tape(self) -> RecentChunks:
        return RecentChunks(self._tape_bytes)

    def notify(self, notice: Notice) -> None:
        """Something about the hub itself that people shall see."""
        self.publish([notice])

    def remember(self, memory: Memory) -> Memory:
        """A session that begins anew in this run finds it again; the fact is for the store."""
        self._memory.setdefault(memory.identity, {})[memory.key] = memory.value
        return memory

    def woke(self, device: str) -> None:
        """A device is there: deliver what waited for it."""
        fresh, stale, forget = self._held.wake(device, self._wall())
        self.publish(forget)
        for command in stale:
            self._note_command(command, Outcome("timeout", "The device slept longer than the wish was kept."))
        for command in fresh:
            if self._group is not None:
                self._group.create_task(self._deliver_held(command), name=f"{device}.held")

    def when_kept(self, then: Callable[[], None]) -> None:
        """Call it once what is published in this turn of the loop is stored, or KEPT_S have passed."""

        async def keep() -> None:
            await self._kept()
            then()

        if self._group is not None:
            self._group.create_task(keep(), name="keep")

    def left(self, device: str) -> None:
        """A sub-device is gone for good; pages look for what is gone when they hear a notice."""
        self._board.remove(device)
        self.publish([Notice(device, self._wall(), "left", "It left for good.")])

    # --- inside --------------------------------------------------------------------------------

    async def _kept(self) -> None:
        """What was published is stored, or the store is in trouble: it tells people so, and nobody waits for ever.

        It has everything in memory then, and stores it as soon as it can.
        """
        keeping = asyncio.ensure_future(self.keep())
        await asyncio.wait({keeping}, timeout=KEPT_S)
        if not keeping.done():
            keeping.cancel()
        elif error := keeping.exception():
            log.error("What was said could not be stored.", exc_info=error)

    async def _deliver_held(self, command: Command) -> None:
        """A wish that was fine when it was made; the device may have changed while it slept.

        It is kept until it has its fate, whatever becomes of the hub meanwhile.
        """
        try:
            node, key, channel, wire = self._understood(command)
            outcome = await channel.command(wire)
        except CommandError as error:
            outcome = Outcome("refused", str(error))
        except asyncio.CancelledError:
            self._held.keep(command)
            raise
        else:
            missed = outcome.result == "unreachable" or (outcome.result == "timeout" and node.is_asleep(key))
            if missed and self._held.keep(command):
                outcome = Outcome("held", f"{command.device} was gone again; it gets this when it wakes.")
        if outcome.result != "held":
            self.publish(self._held.settled(command))
        self._note_command(command, outcome)

    def _understood(self, command: Command) -> tuple[DeviceNode, str, Channel, WireCommand]:
        """Who can do it, and how it is said there. Raises CommandError."""
        node, key = self._find(command.device)
        if not command.point:
            raise CommandError(f"{command.device} has no main point: say which point to set.")
        channel, interpreter = node.channel_for(key, command.point)
        return node, key, channel, interpreter.command(command.point, command.value, key)

    def _find(self, device: str) -> tuple[DeviceNode, str]:
        if device in self._nodes:
            return self._nodes[device], ""
        for node in self._nodes.values():
            key = node.key_of(device)
            if key and sub_id(node.id, key) == device:
                return node, key
        known = ", ".join(one.id for one in self.devices())
        raise CommandError(f"There is no device {device!r}. There are: {known or 'none'}.")

    def _forget_seen(self, uuid: str) -> list[Fact]:
        del self._seen[uuid]
        self._board.remove(uuid)
        return [Notice("", self._wall(), "admitted", f"The plug {uuid} was taken in.")]

    def _ledgers(self, identity: str) -> Mapping[str, Ledger]:
        """What is known of a device's counters; one that replaces another goes on above the other's totals."""
        own = self._past.ledgers.get(identity, {})
        replaces = next((node.spec.replaces for node in self._nodes.values() if node.identity == identity), "")
        old = next((one.identity for one in self._past.known if replaces in (one.identity, one.id)), "")
        if not replaces or not old or old == identity:
            return own
        gone = self._past.ledgers.get(old, {})
        blank = {point: Ledger(identity=identity, point=point) for point in gone}
        return {**own, **{point: inherited(gone[point], own.get(point, blank[point])) for point in gone}}

    def _taken(self, asking: DeviceNode) -> set[str]:
        return {node.identity for node in self._nodes.values() if node is not asking and node.identity}

    def _wall(self) -> float:
        return self._clock.at(asyncio.get_running_loop().time())

    def _note_command(self, command: Command, outcome: Outcome) -> None:
        self._note("command", command.device, f"{command.point} = {command.value}", command.origin, outcome)

    def _note(self, kind: str, device: str, what: str, origin: str, outcome: Outcome) -> None:
        by = f" by {origin}" if origin else ""
        because = f" ({outcome.reason})" if outcome.reason else ""
        words = f"{what}{by}: {outcome.result}{because}"
        log.info("%s: %s", device, words)
        data: dict[str, Any] = {"what": what, "origin": origin, "result": outcome.result, "ms": outcome.ms}
        self.publish([Notice(device, self._wall(), kind, words, data)])


async def _at_once() -> None:
    """Nobody stores anything."""


def _nobody(uuid: str, name: str) -> NodeSpec:
    raise CommandError("This hub has no broker, so there is no plug to admit.")
