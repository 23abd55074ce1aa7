"""The hub: runs the devices, routes commands to them, publishes what they report to subscribers.

    devices ──facts──► publish ──► board (the newest of everything)
                               └─► IdentityGate ──► subscribers with ``stamped``: the store
                               └──────────────────► other subscribers: pages, JSON lines

It satisfies ``model.PublicHub``; sinks and the web see no more of it than that.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

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
    Status,
    WireEntry,
    inherited,
    value_text,
)
from unclouded.core.sessions.recent_chunks import KEPT_BYTES, RecentChunks
from unclouded.core.sessions.session import Ambient, Answer, Logged, Question, Refusal, WireAction, WireCommand
from unclouded.core.text.printable import sentence
from unclouded.core.times import duration_text
from unclouded.hub.alerts import AlertWatch, alert_notice
from unclouded.hub.channel import Channel
from unclouded.hub.clock import WallClock
from unclouded.hub.colours import DeviceColours
from unclouded.hub.energy import DeviceEnergy
from unclouded.hub.gate import IdentityGate
from unclouded.hub.held_commands import HeldCommands
from unclouded.hub.identity import KnownDevice, known_device, with_parts
from unclouded.hub.node import DeviceNode, NodeSpec
from unclouded.hub.part import sub_id
from unclouded.hub.readings.board import Board
from unclouded.hub.services import Services
from unclouded.hub.spec_changes import SpecChanges, spec_changes

log = logging.getLogger("unclouded.hub")

ALL_CHUNKS_BYTES = 16 * 1024 * 1024  # of recent chunks, of all wires together
LEAST_CHUNKS_BYTES = 8 * 1024  # of one wire, however many there are
STORE_TIMEOUT_S = 5.0  # s to wait for the store; an MCU waits a little longer (docs/protocols/tuya_wifi.md §2.4.11)
MOST_SEEN = 256  # devices that are listed though they are not configured
NOTED_TEXT = 300  # characters of an outcome that the log and the events keep; the client gets all of it
RECONNECT_S = 10.0  # s that one who asks for another attempt to connect waits for the device
ALERT_DELAY_S = 1.0  # s after which what was published is looked through for alerts
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


class Admitter(Protocol):
    """Keeps the plugs that were admitted."""

    def admit(self, admission: Admission, taken: Sequence[str]) -> NodeSpec:
        """Store it; ``taken``: ids of devices. Raises CommandError."""

    def forget(self, device: str, known: Sequence[str]) -> None:
        """Remove it from what is kept. Raises CommandError where it was not admitted; ``known``: ids of devices."""

    def report_connected(self) -> None:
        """Report plugs that are connected and have no device, as ``seen`` is called for new ones."""


class NoAdmissions:
    """A hub without a broker."""

    def admit(self, admission: Admission, taken: Sequence[str]) -> NodeSpec:
        """Raises CommandError: there is no broker."""
        raise CommandError("This hub has no broker, so there is no plug to admit.")

    def forget(self, device: str, known: Sequence[str]) -> None:
        """Raises CommandError: there is no broker."""
        raise CommandError("This hub has no broker, so no plug was admitted that it could forget.")

    def report_connected(self) -> None:
        """There is none."""


class Hub:
    """All devices of one configuration. Make it inside a running loop."""

    def __init__(
        self,
        specs: Sequence[NodeSpec],
        services: Services,
        clock: WallClock,
        token: Callable[[int], bytes],
        restored: RestoredState | None = None,
        admissions: "Admitter | None" = None,
    ) -> None:
        restored = restored or RestoredState()
        self._ledgers_of = dict(restored.ledgers)  # by identity, of devices that do not count
        self._known = list(restored.known)
        self._colours = DeviceColours({one.identity: one.colour for one in self._known if one.colour is not None})
        self._services = services
        self._clock = clock
        self._token = token
        self._board = Board(self._wall)
        self._alerts = AlertWatch()
        self._alert_timer: asyncio.TimerHandle | None = None
        self._descriptions = -1  # of the board, when the alerts were last described
        self._subscribers: list[tuple[Deliver, bool]] = []
        self._log_followers: list[Callable[[LogEntry], None]] = []
        self._gate = IdentityGate(clock)
        self._energy: dict[str, DeviceEnergy] = {}
        self._memory = {identity: dict(memory) for identity, memory in restored.memory.items()}
        self._held = HeldCommands()
        self._seen: dict[str, Device] = {}
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
        for identity, memory in self._memory.items():
            self._held.restore(memory, identity)

    async def run(self) -> None:
        """Run every device until cancelled."""
        async with asyncio.TaskGroup() as self._group:
            for node in self._nodes.values():
                self._start(node)
            while True:
                await asyncio.sleep(INTEGRATE_S)
                if step := self._clock.step():
                    self._clock_was_set(step)
                for node in self._nodes.values():
                    node.integrate()

    # --- PublicHub -----------------------------------------------------------------------------

    def devices(self) -> list[Device]:
        """All devices and their sub-devices; the unknown plugs that have connected come last."""
        own = (self._colours.shown(device) for node in self._nodes.values() for device in node.devices())
        return [*own, *self._seen.values()]

    def snapshot(self) -> list[Fact]:
        """What is known now: all devices, then the statuses, then the newest reading of each point."""
        return [*self.devices(), *self._board.facts()]

    def alerts(self) -> list[Alert]:
        """The alerts that are active now."""
        return self._alerts.active()

    def subscribe(self, deliver: Deliver, *, stamped: bool = False) -> Callable[[], None]:
        """Calls ``deliver`` with facts; ``stamped``: once identity and time are right. The result ends it."""
        entry = (deliver, stamped)
        self._subscribers.append(entry)
        return lambda: self._subscribers.remove(entry)

    def follow_log(self, deliver: Callable[[LogEntry], None]) -> Callable[[], None]:
        """Calls ``deliver`` with each line of a device's own log. The result ends it."""
        self._log_followers.append(deliver)
        return lambda: self._log_followers.remove(deliver)

    async def command(self, command: Command) -> Outcome:
        """Sets a point; "held" where a sleeping device gets it later. Raises CommandError for what cannot be asked."""
        node, key, channel, wire = self._route(command)
        self.publish(self._held.drop(command.device, command.point))  # this command replaces one that is held
        outcome = Outcome("unreachable") if node.is_asleep(key) else await channel.command(wire)
        if outcome.result in ("unreachable", "timeout") and node.is_asleep(key):  # or it fell asleep before it got it
            identity = node.describe(channel, key).identity
            self.publish(self._held.hold(command, identity, self._wall()))
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
        status = self._board.status(device)
        return status is not None and status.state == "online"

    def use_admissions(self, admissions: "Admitter | None") -> None:
        """Plugs can be admitted, or no longer: a broker has started since the hub was made."""
        self._admissions = admissions or NoAdmissions()

    async def admit(self, admission: Admission) -> Device:
        """Makes an unknown plug that has connected a device. Raises CommandError for one that has not."""
        async with self._changing:
            return self._admit(admission)

    def _admit(self, admission: Admission) -> Device:
        seen = self._seen.get(admission.uuid)
        if seen is None:
            known = ", ".join(self._seen) or "none"
            raise CommandError(f"No unknown plug {admission.uuid} has connected. Those that have: {known}.")
        spec = self._admissions.admit(admission, [one.id for one in self.devices()])
        self.publish(self._forget_seen(admission.uuid, f"{spec.name or spec.id} was admitted."))
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
            self._note_known()
            await self._stop([node])
            del self._nodes[device]
            self._removed(described, "forgotten", f"{described[0].name} is forgotten; its history stays in the store.")
            self._admissions.report_connected()
            return described[0]

    def seen(self, device: Device) -> None:
        """A device that is not configured has connected: it is listed, and can be admitted.

        Of too many the one that connected longest ago is forgotten.
        """
        self._seen.pop(device.id, None)
        dropped = self._drop_seen() if len(self._seen) >= MOST_SEEN else []
        self._seen[device.id] = device
        reason = f"Not configured. To admit it: unclouded admit {device.id} --name NAME"
        self.publish([*dropped, device, Status(device.id, "seen", self._wall(), reason)])

    async def reconfigure(self, make: Callable[[], Awaitable[Sequence[NodeSpec]]]) -> Reconfigured:
        """Run the devices of another list; those that it does not change go on as they are.

        ``make`` is awaited while no device is admitted or forgotten. Where it raises, nothing was changed.
        """
        async with self._changing:
            specs = await make()
            changes = spec_changes(self._nodes, specs)
            removed = [one for id in changes.removed for one in self._with_former(self._nodes[id])]
            self._note_known()
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
            for kept in (self._energy, self._ledgers_of, self._memory):
                kept.pop(one.identity, None)
        gone = {one.identity for one in devices}
        self._known = [one for one in self._known if one.identity not in gone]

    def seen_before(self, uuids: Collection[str]) -> None:
        """These plugs have a device now: they are no longer listed as seen."""
        for uuid in [one for one in self._seen if one in uuids]:
            self.publish(self._forget_seen(uuid, f"{uuid} is in the configuration."))

    def wire(self, device: str) -> Mapping[str, Mapping[str, float]]:
        """The statistics of a device's wires, by channel ("" = unnamed). Raises CommandError for an unknown device."""
        return self._find(device)[0].stats()

    def frames(self, device: str, limit: int) -> Sequence[WireEntry]:
        """The last ``limit`` frames and noise of a device, oldest first. Raises CommandError for an unknown device."""
        return self._find(device)[0].frames(limit)

    # --- what channels need --------------------------------------------------------------------

    def publish(self, facts: Sequence[Fact]) -> None:
        """Put one batch of facts on the board and pass it to the subscribers."""
        if not facts:
            return
        if step := self._clock.step():
            self._clock_was_set(step)
        facts = self._coloured(facts)
        self._board.post(facts)
        self._pass_on(facts)
        self._look_for_alerts_soon()

    def report_own_alerts(self, alerts: Sequence[Alert]) -> None:
        """What needs attention of the hub itself, all of now: no device has it."""
        if self._alerts.set_own(alerts):
            self._look_for_alerts_soon()

    def _look_for_alerts_soon(self) -> None:
        if self._alert_timer is None and self._group is not None:
            self._alert_timer = asyncio.get_running_loop().call_later(ALERT_DELAY_S, self._look_for_alerts)

    def _pass_on(self, facts: Sequence[Fact]) -> None:
        stamped = self._gate.let_through(facts)
        for deliver, wants_stamped in self._subscribers:
            if not wants_stamped:
                deliver(facts)
            elif stamped:
                deliver(stamped)

    def logged(self, device: str, event: Logged, now: float) -> None:
        """A device printed a line by itself."""
        if self._log_followers:
            entry = LogEntry(device, self._clock.at(now), event.text, event.level, event.source)
            for deliver in self._log_followers:
                deliver(entry)

    def answer(self, question: Question) -> Answer | Refusal:
        """The answer to a question of a device, or why there is none."""
        return self._services.answer(question)

    def wall(self, now: float) -> float:
        """Unix seconds at a given ``now`` (monotonic seconds)."""
        return self._clock.at(now)

    def ambient(self, identity: str) -> Ambient:
        """What the session of a device gets from outside, with what it asked to remember."""
        return Ambient(self._clock.at, self._token, self._memory.get(identity, {}))

    def energy(self, identity: str) -> DeviceEnergy:
        """The energy ledgers of the device with this identity, which go on from those that were kept."""
        if identity not in self._energy:
            self._energy[identity] = DeviceEnergy(identity, self._ledgers(identity))
        return self._energy[identity]

    def recent_chunks(self) -> RecentChunks:
        """An empty buffer for the chunks of one channel."""
        return RecentChunks(self._chunks_bytes)

    def notify(self, notice: Notice) -> None:
        """A notice about the hub itself."""
        self.publish([notice])

    def remember(self, memory: Memory) -> Memory:
        """Keep it for sessions that begin again in this run; the fact that is returned is for the store."""
        self._memory.setdefault(memory.identity, {})[memory.key] = memory.value
        return memory

    def deliver_held(self, device: str) -> None:
        """A device is online: deliver the commands that are held for it."""
        fresh, expired, forget = self._held.wake(device, self._wall())
        self.publish(forget)
        for command in expired:
            self._note_command(command, Outcome("timeout", "The device slept longer than a command is held."))
        for command in fresh:
            if self._group is not None:
                self._group.create_task(self._deliver_held(command), name=f"{device}.held")

    def keep_readings(self, device: str, points: Sequence[Point]) -> None:
        """A device has another profile: forget the newest readings of points that it no longer has."""
        self._board.keep(device, {point.key for point in points})

    def when_stored(self, then: Callable[[bool], None]) -> None:
        """Call it with True once what is published in this turn of the loop is stored.

        With False where it could not be stored, or STORE_TIMEOUT_S have passed.
        """

        async def wait() -> None:
            then(await self._stored())

        if self._group is not None:
            self._group.create_task(wait(), name="stored")

    def part_left(self, device: str) -> None:
        """A sub-device left for good; a notice makes pages look for devices that are gone."""
        self._board.remove(device)
        others = self._colours.remove([device], asyncio.get_running_loop().time())
        self.publish([Notice(device, self._wall(), "left", "It left for good."), *others])

    # --- inside: devices come and go -----------------------------------------------------------

    def _node(self, spec: NodeSpec) -> DeviceNode:
        return DeviceNode(spec, self, tuple(self._known), self._taken_identities)

    def _with_former(self, node: DeviceNode) -> list[Device]:
        """A device and its sub-devices, also those that have not been identified in this run, as they were before."""
        own = next((one.identity for one in self._known if one.id == node.id), "")
        devices = [one if one.identity else msgspec.structs.replace(one, identity=own) for one in node.devices()]
        present = {one.identity for one in (*devices, *self.devices())}
        former = [one for one in with_parts(self._known, devices[0].identity) if one.identity not in present]
        parts = [
            Device(id=one.id, identity=one.identity, family=one.family, link=one.link, profile="") for one in former
        ]
        return [*devices, *parts]

    def _note_known(self) -> None:
        """Note the devices of now for the identities of those that take their places."""
        now = [known_device(device) for node in self._nodes.values() for device in node.devices() if device.identity]
        identities = {one.identity for one in now}
        self._known = [*now, *(one for one in self._known if one.identity not in identities)]

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
            self._gate.forget(id)

    def _removed(self, devices: Sequence[Device], kind: str, text: str) -> None:
        """Devices have stopped, and their ids are free."""
        for one in devices:
            self._board.remove(one.id)
        identities = [one.identity for one in devices if one.identity]
        others = self._colours.remove([one.id for one in devices], asyncio.get_running_loop().time())
        self.publish(
            [Notice("", self._wall(), kind, text, {"device": devices[0].id, "identities": identities}), *others]
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
        if new.spec.replaces != old.spec.replaces and (energy := self._energy.pop(old.identity, None)) is not None:
            self._ledgers_of[old.identity] = energy.ledgers  # it counts again, above the totals of the other device
        if all(channel.profile is not None for channel in new.spec.channels):
            self._board.keep(new.id, {point.key for point in new.devices()[0].points})

    # --- inside --------------------------------------------------------------------------------

    def _look_for_alerts(self) -> None:
        """Publish the alerts that began and ended, and note those that no state of a device shows.

        Those of a device that is gone, or has another id, ended with it: the log says so already.
        """
        self._alert_timer = None
        if self._descriptions != self._board.descriptions:
            self._descriptions = self._board.descriptions
            self._alerts.describe(device for node in self._nodes.values() for device in node.devices())
        known = {(one.device, one.kind, one.point): one.since for one in self._alerts.active()}
        changed = self._alerts.update(self._board)
        if not changed:
            return
        for deliver, wants_stamped in self._subscribers:
            if not wants_stamped:
                deliver(changed)
        new = [one for one in changed if not one.active or known.get((one.device, one.kind, one.point)) != one.since]
        noted = [one for one in new if one.kind != "offline" and self._alerts.has(one.device)]
        self._pass_on([alert_notice(one, self._wall()) for one in noted])

    def _clock_was_set(self, seconds: float) -> None:
        """What is shown keeps its age; what is stored keeps its time, and the store puts away what is in the future."""
        direction = "back" if seconds < 0 else "forward"
        text = f"The clock of this computer was set {direction} by {duration_text(abs(seconds))}."
        log.warning("%s", text)
        moved = self._board.shift(seconds)
        self._alerts.shift(seconds)
        for deliver, wants_stamped in self._subscribers:
            if not wants_stamped:
                deliver(moved)
        self._pass_on([Notice("", self._wall(), "clock", text, {"seconds": round(seconds, 3)})])

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

    def _forget_seen(self, uuid: str, text: str) -> list[Fact]:
        del self._seen[uuid]
        self._board.remove(uuid)
        return [Notice("", self._wall(), "admitted", text)]

    def _drop_seen(self) -> list[Fact]:
        uuid = next(iter(self._seen))
        del self._seen[uuid]
        self._board.remove(uuid)
        text = f"More than {MOST_SEEN} plugs that are not configured have connected: {uuid} is no longer listed."
        return [Notice("", self._wall(), "left", text)]

    def _ledgers(self, identity: str) -> Mapping[str, Ledger]:
        """The stored ledgers of a device; one that replaces another counts on above the other's totals."""
        own = self._newest_ledgers(identity)
        replaces = next((node.spec.replaces for node in self._nodes.values() if node.identity == identity), "")
        old = next((one.identity for one in self._known if replaces in (one.identity, one.id)), "")
        if not replaces or not old or old == identity:
            return own
        gone = self._newest_ledgers(old)
        blank = {point: Ledger(identity=identity, point=point) for point in gone}
        return {**own, **{point: inherited(gone[point], own.get(point, blank[point])) for point in gone}}

    def _newest_ledgers(self, identity: str) -> Mapping[str, Ledger]:
        energy = self._energy.get(identity)
        return self._ledgers_of.get(identity, {}) if energy is None else energy.ledgers

    def _taken_identities(self, asking: DeviceNode) -> set[str]:
        return {node.identity for node in self._nodes.values() if node is not asking and node.identity}

    def _wall(self) -> float:
        return self._clock.at(asyncio.get_running_loop().time())

    def _with_state(self, device: str, outcome: Outcome) -> Outcome:
        """An outcome of a device that cannot be reached, with the reason why not."""
        status = self._board.status(device)
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
        self.publish([Notice(device, self._wall(), kind, text, data)])


async def _nothing_to_store() -> bool:
    """There is no store."""
    return True
