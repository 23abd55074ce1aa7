"""The hub: runs the devices, lets them come and go, and routes commands to them.

    devices ◄──── commands, actions, another list of devices
       │
       ├── facts ──► FactPublisher: the newest of everything, subscribers, alerts
       └── identities ──► KeptState: ledgers and memories that go on

It satisfies ``model.PublicHub``; sinks and the web see no more of it than that.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import (
    Action,
    Admission,
    Alert,
    Command,
    Deliver,
    Device,
    Fact,
    Ledger,
    LogEntry,
    Memory,
    Notice,
    OnProgress,
    Outcome,
    Point,
    WireEntry,
    value_text,
)
from unclouded.core.sessions.recent_chunks import KEPT_BYTES, RecentChunks
from unclouded.core.sessions.session import Ambient, Answer, Logged, Question, Refusal, WireAction, WireCommand
from unclouded.core.text.printable import sentence
from unclouded.hub.admitting import Admitter, NoAdmissions, SeenPlugs
from unclouded.hub.channels.channel import Channel
from unclouded.hub.channels.part import sub_id
from unclouded.hub.clock import WallClock
from unclouded.hub.colours import DeviceColours
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.held_commands import HeldCommands
from unclouded.hub.identity import KnownDevice
from unclouded.hub.kept_state import KeptState
from unclouded.hub.node import DeviceNode, NodeSpec
from unclouded.hub.publishing import FactPublisher
from unclouded.hub.services.services import Services
from unclouded.hub.spec_changes import SpecChanges, spec_changes

log = logging.getLogger("unclouded.hub")

ALL_CHUNKS_BYTES = 16 * 1024 * 1024  # of recent chunks, of all wires together
LEAST_CHUNKS_BYTES = 8 * 1024  # of one wire, however many there are
STORE_TIMEOUT_S = 5.0  # s to wait for the store; an MCU waits a little longer (docs/protocols/tuya_wifi.md §2.4.11)
NOTED_TEXT = 300  # characters of an outcome that the log and the events keep; the client gets all of it
RECONNECT_S = 10.0  # s that one who asks for another attempt to connect waits for the device
INTEGRATE_S = 60.0  # s between two integrations of the power of devices that count no energy


class RestoredState(msgspec.Struct, frozen=True):
    """What earlier runs stored: ledgers and memories by identity, and the devices of those runs."""

    ledgers: Mapping[str, Mapping[str, Ledger]] = {}
    memory: Mapping[str, Mapping[str, bytes]] = {}
    known: Sequence[KnownDevice] = ()


class Reconfigured(msgspec.Struct, frozen=True):
    """What another list of devices changed. ``removed``: the devices that are gone, with their sub-devices."""

    changes: SpecChanges
    removed: tuple[Device, ...]


class Hub:
    """All devices of one configuration. Make it inside a running loop."""

    def __init__(
        self,
        specs: Sequence[NodeSpec],
        services: Services,
        clock: WallClock,
        token: Callable[[int], bytes],
        restored: RestoredState | None = None,
        admissions: Admitter | None = None,
    ) -> None:
        restored = restored or RestoredState()
        self._kept = KeptState(restored.ledgers, restored.memory, restored.known)
        self._colours = DeviceColours({one.identity: one.colour for one in restored.known if one.colour is not None})
        self._services = services
        self._clock = clock
        self._token = token
        self._facts = FactPublisher(clock, self._own_devices, self._coloured)
        self._held = HeldCommands()
        self._seen = SeenPlugs(self._facts)
        self._reconnecting: Counter[str] = Counter()  # by device: how many wait until it is connected
        self._admissions = admissions or NoAdmissions()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._changing = asyncio.Lock()  # held while devices are added or removed
        self._group: asyncio.TaskGroup | None = None
        self.wait_stored: Callable[[], Awaitable[bool]] = _nothing_to_store  # are all published facts stored?
        wires = sum(len(spec.channels) for spec in specs)
        self._chunks_bytes = max(LEAST_CHUNKS_BYTES, min(KEPT_BYTES, ALL_CHUNKS_BYTES // max(wires, 1)))
        self._nodes = {spec.id: self._node(spec) for spec in specs}
        self._arranged()
        for identity, memory in self._kept.memories:
            self._held.restore(memory, identity)

    async def run(self) -> None:
        """Run every device until cancelled."""
        async with asyncio.TaskGroup() as self._group:
            for node in self._nodes.values():
                self._start(node)
            while True:
                await asyncio.sleep(INTEGRATE_S)
                self._facts.check_clock()
                for node in self._nodes.values():
                    node.integrate()

    # --- PublicHub -----------------------------------------------------------------------------

    def devices(self) -> list[Device]:
        """All devices and their sub-devices; the unknown plugs that have connected come last."""
        return [*(self._colours.shown(device) for device in self._own_devices()), *self._seen.devices()]

    def snapshot(self) -> list[Fact]:
        """What is known now: all devices, then the statuses, then the newest reading of each point."""
        return [*self.devices(), *self._facts.newest()]

    def alerts(self) -> list[Alert]:
        """The alerts that are active now."""
        return self._facts.alerts()

    def subscribe(self, deliver: Deliver, *, stamped: bool = False) -> Callable[[], None]:
        """Calls ``deliver`` with facts; ``stamped``: once identity and time are right. The result ends it."""
        return self._facts.subscribe(deliver, stamped)

    def follow_log(self, deliver: Callable[[LogEntry], None]) -> Callable[[], None]:
        """Calls ``deliver`` with each line of a device's own log. The result ends it."""
        return self._facts.follow_log(deliver)

    async def command(self, command: Command) -> Outcome:
        """Sets a point; "held" where a sleeping device gets it later. Raises CommandError for what cannot be asked."""
        node, key, channel, wire = self._route(command)
        self.publish(self._held.drop(command.device, command.point))  # this command replaces one that is held
        outcome = Outcome("unreachable") if node.is_asleep(key) else await channel.command(wire)
        if outcome.result in ("unreachable", "timeout") and node.is_asleep(key):  # or it fell asleep before it got it
            identity = node.describe(channel, key).identity
            self.publish(self._held.hold(command, identity, self._facts.wall()))
            await self._stored()  # "held" promises that the command outlives the hub
            outcome = Outcome("held", f"{command.device} is asleep; it gets this when it wakes.")
        if outcome.result == "confirmed" and not outcome.reason:
            rounding = channel.parts[key].interpreter.rounding(wire, command.value) if key in channel.parts else ""
            outcome = Outcome("confirmed", rounding, outcome.ms)
        outcome = self._with_state(command.device, outcome)
        self._note_command(command, outcome)
        return outcome

    async def act(self, command: Action, progress: OnProgress | None = None) -> Outcome:
        """Carries out an action of a device, and reports its progress. Raises CommandError for what cannot be asked."""
        node, key = self._find(command.device)
        channel, action = node.channel_with_action(command, key)
        files = [command.args[arg] for arg in action.files if arg in command.args]
        with self._services.holding(files):
            outcome = await channel.command(WireAction(command.name, command.args, key), progress)
        self._note("action", command.device, " ".join([command.name, *files]), command.origin, outcome)
        return outcome

    async def reconnect(self, device: str) -> Outcome:
        """Open the link of a device now, and wait until it is online. One that is online is left alone."""
        node, key = self._find(device)
        if self._is_online(device):
            return Outcome("confirmed", f"{device} is connected already.")
        if why_not := node.why_not_reconnected(key):
            return Outcome("unreachable", why_not)
        began = asyncio.get_running_loop().time()
        if await self._reconnected(node, device):
            outcome = Outcome("confirmed", ms=round((asyncio.get_running_loop().time() - began) * 1000, 1))
        else:
            outcome = self._with_state(device, Outcome("timeout", f"It did not connect within {RECONNECT_S:.0f} s."))
        log.info("%s: reconnect: %s", device, outcome.result)
        return outcome

    async def _reconnected(self, node: DeviceNode, device: str) -> bool:
        """Whether the device is online within RECONNECT_S. Who asks meanwhile waits for the same attempt."""
        online = asyncio.Event()
        leave = self.subscribe(lambda facts: online.set() if self._is_online(device) else None)
        if not self._reconnecting[node.id]:
            node.reconnect()
        self._reconnecting[node.id] += 1
        try:
            async with asyncio.timeout(RECONNECT_S):
                await online.wait()
        except TimeoutError:
            return False
        finally:
            leave()
            self._reconnecting[node.id] -= 1
        return True

    def _is_online(self, device: str) -> bool:
        status = self._facts.status(device)
        return status is not None and status.state == "online"

    def use_admissions(self, admissions: Admitter | None) -> None:
        """Plugs can be admitted, or no longer: a broker has started since the hub was made."""
        self._admissions = admissions or NoAdmissions()

    async def admit(self, admission: Admission) -> Device:
        """Makes an unknown plug that has connected a device. Raises CommandError for one that has not."""
        async with self._changing:
            return self._admit(admission)

    def _admit(self, admission: Admission) -> Device:
        self._seen.check(admission.uuid)
        spec = self._admissions.admit(admission, [one.id for one in self.devices()])
        self._seen.admitted(admission.uuid, f"{spec.name or spec.id} was admitted.")
        node = self._nodes[spec.id] = self._node(spec)
        self.publish(self._arranged())
        self._start(node)
        return node.devices()[0]

    async def forget(self, device: str) -> Device:
        """Stops and removes a device that was admitted; its history stays. Raises CommandError where that cannot be."""
        inside = [one.id for one in self._nodes.values() if one.spec.parent == device]
        if inside:
            raise CommandError(
                f"{', '.join(inside)} counts inside {device}. Forget it first, or give it another parent."
            )
        async with self._changing:
            self._admissions.forget(device, [one.id for one in self.devices()])
            node = self._nodes[device]
            described = node.devices()
            self._kept.note(self._own_devices())
            await self._stop([node])
            del self._nodes[device]
            self._removed(described, "forgotten", f"{described[0].name} is forgotten; its history stays in the store.")
            self._admissions.report_connected()
            return described[0]

    def seen(self, device: Device) -> None:
        """A device that is not configured has connected: it is listed, and can be admitted.

        Of too many the one that connected longest ago is forgotten.
        """
        self._seen.connected(device)

    async def reconfigure(self, make: Callable[[], Awaitable[Sequence[NodeSpec]]]) -> Reconfigured:
        """Run the devices of another list; those that it does not change go on as they are.

        ``make`` is awaited while no device is admitted or forgotten. Where it raises, nothing was changed.
        """
        async with self._changing:
            specs = await make()
            changes = spec_changes(self._nodes, specs)
            removed = [one for id in changes.removed for one in self._with_former(self._nodes[id])]
            self._kept.note(self._own_devices())
            await self._stop([self._nodes[id] for id in changes.stopped])
            for id in changes.removed:
                described = self._nodes[id].devices()
                self._removed(described, "removed", f"{described[0].name} is no longer in the configuration.")
            for old, new in changes.renamed.items():
                devices = self._nodes[old].devices()
                self._removed(devices, "renamed", f"The id of {old} is {new} now.")
                for one in devices:
                    self.publish(self._held.rename(one.id, new + one.id.removeprefix(old)))
            self._replace_nodes(specs, changes)
            return Reconfigured(changes, tuple(removed))

    def compare(self, specs: Sequence[NodeSpec]) -> SpecChanges:
        """What ``reconfigure`` would do with these devices."""
        return spec_changes(self._nodes, specs)

    def drop_history(self, devices: Sequence[Device]) -> None:
        """Forget what is kept of devices that were removed: their history is deleted."""
        self._colours.forget(one.identity for one in devices)
        for one in devices:
            self._held.forget(one.id)
        self._kept.drop({one.identity for one in devices})

    def seen_before(self, uuids: Collection[str]) -> None:
        """These plugs have a device now: they are no longer listed as seen."""
        self._seen.configured(uuids)

    def wire(self, device: str) -> Mapping[str, Mapping[str, float]]:
        """The statistics of a device's wires, by channel ("" = unnamed). Raises CommandError for an unknown device."""
        return self._find(device)[0].stats()

    def frames(self, device: str, limit: int) -> Sequence[WireEntry]:
        """The last ``limit`` frames and noise of a device, oldest first. Raises CommandError for an unknown device."""
        return self._find(device)[0].frames(limit)

    # --- what channels need --------------------------------------------------------------------

    def publish(self, facts: Sequence[Fact]) -> None:
        """Put one batch of facts on the board and pass it to the subscribers."""
        self._facts.publish(facts)

    def report_own_alerts(self, alerts: Sequence[Alert]) -> None:
        """What needs attention of the hub itself, all of now: no device has it."""
        self._facts.report_own_alerts(alerts)

    def logged(self, device: str, event: Logged, now: float) -> None:
        """A device printed a line by itself."""
        self._facts.logged(device, event, now)

    def answer(self, question: Question) -> Answer | Refusal:
        """The answer to a question of a device, or why there is none."""
        return self._services.answer(question)

    def wall(self, now: float) -> float:
        """Unix seconds at a given ``now`` (monotonic seconds)."""
        return self._clock.at(now)

    def ambient(self, identity: str) -> Ambient:
        """What the session of a device gets from outside, with what it asked to remember."""
        return Ambient(self._clock.at, self._token, self._kept.memory(identity))

    def energy(self, identity: str) -> DeviceEnergy:
        """The energy ledgers of the device with this identity, which go on from those that were kept."""
        replaces = next((node.spec.replaces for node in self._nodes.values() if node.identity == identity), "")
        return self._kept.energy(identity, replaces)

    def recent_chunks(self) -> RecentChunks:
        """An empty buffer for the chunks of one channel."""
        return RecentChunks(self._chunks_bytes)

    def notify(self, notice: Notice) -> None:
        """A notice about the hub itself."""
        self.publish([notice])

    def remember(self, memory: Memory) -> Memory:
        """Keep it for sessions that begin again in this run; the fact that is returned is for the store."""
        self._kept.remember(memory)
        return memory

    def deliver_held(self, device: str) -> None:
        """A device is online: deliver the commands that are held for it."""
        fresh, expired, forget = self._held.wake(device, self._facts.wall())
        self.publish(forget)
        for command in expired:
            self._note_command(command, Outcome("timeout", "The device slept longer than a command is held."))
        for command in fresh:
            if self._group is not None:
                self._group.create_task(self._deliver_held(command), name=f"{device}.held")

    def keep_readings(self, device: str, points: Sequence[Point]) -> None:
        """A device has another profile: forget the newest readings of points that it no longer has."""
        self._facts.keep_points(device, [point.key for point in points])

    def when_stored(self, then: Callable[[bool], None]) -> None:
        """Call it with True once what is published in this turn of the loop is stored.

        With False where it could not be stored, or STORE_TIMEOUT_S have passed.
        """

        async def wait() -> None:
            then(await self._stored())

        if self._group is None:
            return
        waiting = wait()
        try:
            self._group.create_task(waiting, name="stored")
        except RuntimeError:  # the hub is stopping
            waiting.close()

    def part_left(self, device: str) -> None:
        """A sub-device left for good; a notice makes pages look for devices that are gone."""
        self._facts.remove(device)
        others = self._colours.remove([device], asyncio.get_running_loop().time())
        self.publish([Notice(device, self._facts.wall(), "left", "It left for good."), *others])

    # --- inside: devices come and go -----------------------------------------------------------

    def _own_devices(self) -> Iterator[Device]:
        return (device for node in self._nodes.values() for device in node.devices())

    def _node(self, spec: NodeSpec) -> DeviceNode:
        return DeviceNode(spec, self, tuple(self._kept.known), self._taken_identities)

    def _with_former(self, node: DeviceNode) -> list[Device]:
        """A device and its sub-devices, also those that have not been identified in this run, as they were before."""
        own = self._kept.identity_of(node.id)
        devices = [one if one.identity else msgspec.structs.replace(one, identity=own) for one in node.devices()]
        present = {one.identity for one in (*devices, *self.devices())}
        return [*devices, *self._kept.former_parts(devices[0].identity, present)]

    async def _stop(self, nodes: Sequence[DeviceNode]) -> None:
        """End what the devices do; their commands are settled, and their links closed."""
        tasks = {task for node in nodes if (task := self._running.pop(node.id, None)) is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        ids = [device.id for node in nodes for device in node.devices()]
        self._colours.stop(ids)
        for id in ids:
            self._facts.stop(id)

    def _removed(self, devices: Sequence[Device], kind: str, text: str) -> None:
        """Devices have stopped, and their ids are free."""
        for one in devices:
            self._facts.remove(one.id)
        identities = [one.identity for one in devices if one.identity]
        others = self._colours.remove([one.id for one in devices], asyncio.get_running_loop().time())
        self.publish(
            [Notice("", self._facts.wall(), kind, text, {"device": devices[0].id, "identities": identities}), *others]
        )

    def _replace_nodes(self, specs: Sequence[NodeSpec], changes: SpecChanges) -> None:
        """Start the devices that begin again, and describe those that go on under another name."""
        before, facts = self._nodes, list[Fact]()
        self._nodes = {spec.id: before[spec.id] if spec.id in changes.kept else self._node(spec) for spec in specs}
        for spec in specs:
            node = self._nodes[spec.id]
            if spec.id in changes.kept:
                facts += node.adopt(spec)
                continue
            if (old := before.get(spec.id)) is not None:
                self._restarts_as(old, node)
            self._start(node)
        self.publish([*facts, *self._arranged()])

    def _arranged(self) -> list[Device]:
        """The devices are these now, in this order. Those that have another colour therefore."""
        parents = {node.id: node.spec.parent for node in self._nodes.values()}
        return self._colours.arrange(parents, asyncio.get_running_loop().time())

    def _coloured(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """The facts with the colours of the devices in them, and the devices that have another one therefore."""
        described = [fact for fact in facts if type(fact) is Device and fact.id not in self._seen]
        if not described:
            return facts
        others = self._colours.describe(described, asyncio.get_running_loop().time())
        return [self._colours.shown(fact) if type(fact) is Device else fact for fact in (*facts, *others)]

    def _restarts_as(self, old: DeviceNode, new: DeviceNode) -> None:
        """A device restarts under its id: forget what it can no longer have."""
        if new.spec.replaces != old.spec.replaces:
            self._kept.count_again(old.identity)
        if all(channel.profile is not None for channel in new.spec.channels):
            self.keep_readings(new.id, new.devices()[0].points)

    # --- inside --------------------------------------------------------------------------------

    async def _stored(self) -> bool:
        """Wait until everything published is stored, STORE_TIMEOUT_S at most. Was the wait successful?

        A store with a problem reports it by itself, keeps the facts in memory and stores them as soon as it can.
        """
        waiting = asyncio.ensure_future(self.wait_stored())
        await asyncio.wait({waiting}, timeout=STORE_TIMEOUT_S)
        if not waiting.done():
            waiting.cancel()
            return False
        if error := waiting.exception():
            log.error("Facts could not be stored.", exc_info=error)
            return False
        return waiting.result()

    async def _deliver_held(self, command: Command) -> None:
        """Deliver a command that was valid when it was given; the device may have changed while it slept.

        It is held until its outcome is known, also over an end of the hub meanwhile.
        """
        try:
            node, key, channel, wire = self._route(command)
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

    def _route(self, command: Command) -> tuple[DeviceNode, str, Channel, WireCommand]:
        """The device, its part and its channel for a command, and the command in their terms. Raises CommandError."""
        node, key = self._find(command.device)
        if not command.point:
            raise CommandError(f"{command.device} has no main point: {node.what_to_set(command.device)}")
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

    def _start(self, node: DeviceNode) -> None:
        if self._group is not None:
            self._running[node.id] = self._group.create_task(node.run(), name=f"{node.id}.node")

    def _taken_identities(self, asking: DeviceNode) -> set[str]:
        return {node.identity for node in self._nodes.values() if node is not asking and node.identity}

    def _with_state(self, device: str, outcome: Outcome) -> Outcome:
        """An outcome of a device that cannot be reached, with the reason why not."""
        status = self._facts.status(device)
        if outcome.result not in ("unreachable", "timeout") or status is None or not status.reason:
            return outcome
        if status.state not in ("offline", "waiting", "faulted") or status.reason.rstrip(".") in outcome.reason:
            return outcome
        state = sentence(f"{device} is {status.state}: {status.reason}")
        before = f"{sentence(outcome.reason)} " if outcome.reason else ""
        return Outcome(outcome.result, before + state, outcome.ms, outcome.answer)

    def _note_command(self, command: Command, outcome: Outcome) -> None:
        self._note("command", command.device, f"{command.point} = {value_text(command.value)}", command.origin, outcome)

    def _note(self, kind: str, device: str, what: str, origin: str, outcome: Outcome) -> None:
        by = f" by {origin}" if origin else ""
        reason = outcome.reason if len(outcome.reason) <= NOTED_TEXT else f"{outcome.reason[:NOTED_TEXT]}…"
        because = f" ({reason})" if reason else ""
        text = f"{what}{by}: {outcome.result}{because}"
        log.info("%s: %s", device, text)
        data: dict[str, Any] = {"what": what, "origin": origin, "result": outcome.result, "ms": outcome.ms}
        self.publish([Notice(device, self._facts.wall(), kind, text, data)])


async def _nothing_to_store() -> bool:
    """There is no store."""
    return True
