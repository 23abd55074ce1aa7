"""The MCU's end of a gateway's line: a simulated gateway, and the other end in our tests.

    module 01 ─► product     02 ─► mode     03 ─► 03     06, 07 ─► the window     0a ─► who is there answers
    module 0c, 14, 22 ─► the world is asked; 0d reports what became of it       0b, 29 ─► 0d
    MCU 0d what has changed     08, 12 who joins     2c records, one at a time     the questions of ``ask``

What the world measures comes by ``submit(WireCommand(values, part, types))``; part "" is the gateway itself. Actions:
``ask`` (what=), ``record`` (of a part: values=), ``leave``, ``silent`` (state=), ``set_fault``.
Source: docs/protocols/tuya_gateway.md §1.7, §2.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    AskCommand,
    Event,
    Online,
    Refusal,
    Rejected,
    SessionCommand,
    Settled,
    Ticket,
    WireAction,
    WireCommand,
)
from unclouded.core.sessions.session_parts import FaultSwitches, earliest
from unclouded.families.tuya.gateway.infrared.packets import CodeAssembler, learned_packets
from unclouded.families.tuya.gateway.infrared.protocols import remote_code
from unclouded.families.tuya.gateway.mcu.asking import McuAsking
from unclouded.families.tuya.gateway.mcu.groups import McuGroups
from unclouded.families.tuya.gateway.mcu.joins import McuJoins
from unclouded.families.tuya.gateway.mcu.options import FAULTS, GatewayOptions, SimulatedSubDevice
from unclouded.families.tuya.gateway.mcu.questions import GatewayContext
from unclouded.families.tuya.gateway.mcu.records import McuRecords
from unclouded.families.tuya.gateway.mcu.reports import McuReports
from unclouded.families.tuya.gateway.mcu.sub_devices import McuSubDevice, McuSubDevices
from unclouded.families.tuya.gateway.mcu.transmit import McuTransmit
from unclouded.families.tuya.gateway.mcu.updates import McuUpdates
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.group_messages import GroupMembers
from unclouded.families.tuya.gateway.wire.infrared_messages import InfraredLearn, InfraredSend
from unclouded.families.tuya.gateway.wire.message_parts import GATEWAY_ID, BareSub, GatewayResult, result_of
from unclouded.families.tuya.gateway.wire.pairing_messages import BroadcastResult, PassThrough
from unclouded.families.tuya.gateway.wire.point_messages import GroupPoints, MemberPoints, SubDevicePoints
from unclouded.families.tuya.gateway.wire.start_messages import ProductInfo, ProductQuery, RemovalStatus
from unclouded.families.tuya.gateway.wire.sub_device_messages import (
    AddResult,
    DeleteSubDevice,
    HeartbeatQuery,
    HeartbeatReply,
    PointsQuery,
    VersionQuery,
    VersionReply,
)
from unclouded.families.tuya.gateway.wire.update_messages import SubUpdateBlock, SubUpdateStart
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import BOOL, KEYS, DataPoint
from unclouded.families.tuya.line.endpoint import Endpoint, EndpointParts
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import Request
from unclouded.families.tuya.messages import Bare, NetworkStatus
from unclouded.families.tuya.pending_commands import points_of
from unclouded.families.tuya.update.messages import UpdateBlock, UpdateStart

PAUSE_S = 0.005  # between any two frames; ours
COMMANDS = 1024  # that the world may be asked at once
HB_TIME_S = 60
RESTART, POLL, UNKNOWN, BURST, LOST = "restart", "network poll", "unknown", "burst", "lost"  # timers; in seconds:
PERIODS: Mapping[str, tuple[str, float]] = {
    RESTART: ("restarts", 60.0),
    POLL: ("polls-network", 10.0),
    UNKNOWN: ("reports-unknown-sub-device", 30.0),
    BURST: ("sends-in-bursts", 5.0),
    LOST: ("loses-sub-device", 600.0),
}
BUTTON, BUTTON_S = "button", 2.0  # a timer: a button of a remote control is pressed; ours
FLASHED, FLASH_S = "flashed", 0.2  # a timer: new firmware runs; ours
REMOTE = ("NEC", 4, 8)  # that button: protocol, address, command
NO_MODULE = "there is no module"
UNKNOWN_SUB = "never-joined"  # the id of a sub-device that never joined


class GatewayMcu:
    """A simulated gateway: the Role of the MCU."""

    def __init__(self, options: GatewayOptions, ambient: Ambient, parts: EndpointParts) -> None:
        self._options = options
        self._parts = parts
        self._ids = parts.ids
        self._line = parts.line
        self._queue = parts.queue
        self._timers = parts.timers
        self._deferred = parts.deferred
        self._world = parts.questions
        self._ambient = ambient
        self._faults = FaultSwitches(FAULTS, options.faults)
        self._own = McuSubDevice(SimulatedSubDevice(id=GATEWAY_ID, product=options.product))
        self._own.is_joined = True
        self.devices = McuSubDevices(options.sub_devices, options.joined, ambient.memory)
        self._transmit = McuTransmit(self._faults, parts)
        self._reports = McuReports(options, self._faults, self._reportable)
        self._records = McuRecords()
        self._joins = McuJoins(self.devices)
        self._groups = McuGroups(ambient.memory)
        self._asking = McuAsking(self._transmit, parts)
        self._infrared = CodeAssembler()
        self._updates = McuUpdates(options, self.devices)
        self._is_started = False  # the module has asked for the product
        self._network: int | None = None

    # --- the connection --------------------------------------------------------------------------

    def opened(self, now: float) -> Sequence[Event]:
        events = self._restart(NO_MODULE)
        for timer, (_, period_s) in PERIODS.items():
            self._timers.set(timer, now + period_s)
        return events

    def closed(self, reason: str, now: float) -> Sequence[Event]:
        return self._restart(NO_MODULE)

    def _restart(self, reason: str) -> list[Event]:
        """It starts again: what it was about to send is lost, but for records."""
        self._is_started = False
        self._network = None
        self._reports.clear()
        self._joins.reset()
        self._records.reset()
        self._queue.reset()
        self._updates.restarted()
        return self._asking.close(reason)

    # --- the world -------------------------------------------------------------------------------

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        """What the world measures now counts at once, with or without a module; a question waits for one."""
        one = self._of_part(command.part)
        match command:
            case WireCommand():
                for point in points_of(command, one.types()):
                    self._measure(one, point, now)
                return self._done([], now)
            case WireAction(name="ask", args={"what": what, **others}) if not others:
                ticket, events = self._asking.ask(what, now, self._context(now))
                gone = self._asking.close(NO_MODULE) if self._line.path is None else []
                self._deferred.add([*events, *gone], now)
                return ticket
            case WireAction(name="record"):
                self._records.add(one.spec.id, tuple(one.points.values()), self._unix(now))
                return self._done([], now)
            case WireAction(name="leave"):
                return self._done(self.devices.put(one.spec.id, False), now)
            case WireAction(name="silent", args=args):
                one.is_silent = args.get("state", "on") == "on"
                return self._done([], now)
        self._faults.set(command)
        return self._done([], now)

    def _done(self, events: Sequence[Event], now: float) -> Ticket:
        ticket = self._ids.next()
        self._deferred.add([*events, Settled(ticket)], now)
        return ticket

    def _context(self, now: float) -> GatewayContext:
        joined = self.devices.joined()
        points = tuple(joined[0].points.values()) if joined else ()
        return GatewayContext([one.spec.id for one in joined], self._groups.first, points, self._unix(now))

    def _of_part(self, part: str) -> McuSubDevice:
        one = self._own if not part else self.devices.get(part)
        if one is None:
            raise CommandError(f"This simulated gateway has no sub-device {part!r}.")
        return one

    def _measure(self, one: McuSubDevice, point: DataPoint, now: float) -> None:
        if one.put(point) and self._may_report(one):
            self._reports.due(one.spec.id, (KEYS[point.id],), now)

    def _may_report(self, one: McuSubDevice) -> bool:
        return self._is_started and one.is_there

    def _reportable(self, id: str) -> Mapping[str, DataPoint]:
        one = self._own if id == GATEWAY_ID else self.devices.get(id)
        return one.points if one is not None and self._may_report(one) else {}

    def _report_all(self, now: float) -> None:
        for one in (self._own, *self.devices.joined()):
            self._reports.due(one.spec.id, one.points.keys(), now)

    def _set(self, id: str, points: Sequence[DataPoint], now: float) -> list[Event]:
        """The module sets these points: does the world do it?"""
        one = self._own if id == GATEWAY_ID else self.devices.get(id)
        if one is None or not one.is_there:
            return []
        some = points[:1] if "handles-one-point-per-frame" in self._faults else points
        part = "" if id == GATEWAY_ID else id
        return [event for point in some for event in self._ask_world(one, part, point, now)]

    def _ask_world(self, one: McuSubDevice, part: str, point: DataPoint, now: float) -> Sequence[Event]:
        question = AskCommand(KEYS[point.id], point.value)
        return self._world.ask(question, partial(self._world_answered, one, point), now, part=part)

    def _world_answered(
        self, one: McuSubDevice, point: DataPoint, value: Answer | Refusal, now: float
    ) -> Sequence[Event]:
        """The point's new value is reported, or the old one again."""
        if not isinstance(value, Refusal):
            one.put(point)
        self._reports.due(one.spec.id, (KEYS[point.id],), now)
        self._work(now)
        return ()

    # --- time ------------------------------------------------------------------------------------

    def due(self, timer: str, now: float) -> Sequence[Event]:
        if timer == FLASHED:
            return self._restart("the MCU started again with new firmware")
        if timer == BUTTON:
            for packet in learned_packets(remote_code(*REMOTE)):
                self._transmit.send(packet)
            return ()
        fault, period_s = PERIODS[timer]
        self._timers.set(timer, now + period_s)
        if fault not in self._faults:
            return ()
        if timer == RESTART:
            return self._restart("the MCU started again")
        if timer == BURST:
            self._reports.burst()
            self._work(now)
        elif timer == LOST:
            self._lose(now)
        elif self._is_started and timer == POLL:
            self._transmit.send(Bare(codes.NETWORK))
        elif self._is_started:
            self._transmit.send(SubDevicePoints(codes.REPORT, UNKNOWN_SUB, (DataPoint(1, BOOL, True),)))
        return ()

    def _lose(self, now: float) -> None:
        """The first sub-device sends nothing any more, or is back and reports."""
        joined = self.devices.joined()
        if joined:
            joined[0].is_silent = not joined[0].is_silent
            self._reports.due(joined[0].spec.id, joined[0].points.keys(), now)

    def tick(self, now: float) -> Sequence[Event]:
        self._joins.tick(now)
        self._work(now)
        return self._asking.tick(now)

    def deadline(self) -> float | None:
        path = self._line.path
        if path is None:
            return self._asking.deadline()
        reports = self._reports.deadline() if self._is_started else None
        records = self._records.deadline() if self._is_started else None
        return earliest(reports, records, self._joins.deadline(), self._asking.deadline())

    def stats(self, now: float) -> Mapping[str, float]:
        return {"joined": len(self.devices.joined()), "records": len(self._records)}

    def _work(self, now: float) -> None:
        """Send what is to be sent now."""
        if self._line.path is None or not self._is_started:
            return
        report = self._reports.next(now)
        if report is not None:
            self._transmit.send(report)
        record = self._records.next(now)
        if record is not None:
            self._transmit.request(record, "record")
        add = self._joins.next()
        if add is not None:
            self._transmit.request(add, "join")

    def _unix(self, now: float) -> int:
        return int(self._ambient.wall(now))

    # --- what the module sends -------------------------------------------------------------------

    def noise(self, rejected: Rejected, now: float) -> Sequence[Event]:
        return (rejected,)

    def sending(self, request: Request, now: float) -> bool:
        return "sends-nothing" not in self._faults

    def unanswered(self, request: Request, now: float) -> Sequence[Event]:
        """There was no answer to its last try."""
        if request.name == "join":
            self._joins.unanswered()
        elif request.name == "record":
            self._records.unanswered(now)
        self._work(now)
        return self._asking.unanswered(request)

    def received(self, frame: Frame, now: float) -> Sequence[Event]:
        self._transmit.received(now)
        message = GATEWAY.read("controller", frame)
        request = self._queue.received(frame, now)
        events = [*self._answered(request, message, now), *self._asking.received(request, message)]
        if request is None or request.name not in ("join", "record"):
            events += self._obey(message, frame, now)
        self._work(now)
        return events

    def _answered(self, request: Request | None, message: Message, now: float) -> Sequence[Event]:
        if request is not None and isinstance(message, GatewayResult):
            if request.name == "join":
                self._joins.answered(message, now)
            elif request.name == "record":
                self._records.answered(message, now)
        return ()

    def _obey(self, message: Message, frame: Frame, now: float) -> Sequence[Event]:
        match message:
            case ProductQuery():
                return self._introduce(message)
            case Bare(command=codes.MODE) if "ignores-mode-query" not in self._faults:
                self._transmit.answer(self._options.mode)
            case NetworkStatus(command=codes.NETWORK, status=status):
                self._transmit.acknowledge(Bare(codes.NETWORK))
                self._network = status
            case Bare(command=codes.PERMIT):
                self._transmit.acknowledge(Bare(codes.PERMIT))
                self._joins.open(now)
            case Bare(command=codes.STOP_JOINING):
                self._transmit.acknowledge(Bare(codes.STOP_JOINING))
                self._joins.close()
            case AddResult():
                return self._joined(message, now)
            case DeleteSubDevice(sub_id=id):
                self._transmit.acknowledge(Bare(codes.DELETE))
                return self._removed(id)
            case RemovalStatus() if not message.keeps_sub_devices:
                self._joins.close()
                return self.devices.clear()
            case HeartbeatQuery(sub_id=id):
                self._beat(id)
            case Bare(command=codes.QUERY_ALL) if "ignores-queries" not in self._faults:
                self._report_all(now)
            case PointsQuery(sub_id=id, dpid=points) if "ignores-queries" not in self._faults:
                self._reports.due(id, [str(point) for point in points], now)
            case SubDevicePoints(command=codes.SET, sub_id=id, points=points):
                return self._set(id, points, now)
            case VersionQuery(sub_id=id) if (one := self.devices.get(id)) is not None and one.is_there:
                self._transmit.answer(VersionReply(id, one.version))
            case GroupMembers():
                return self._change_group(message)
            case GroupPoints(grp_id=gid, points=points) | MemberPoints(grp_id=gid, points=points):
                self._transmit.acknowledge(Bare(message.command))
                return [event for id in self._groups.members(gid) for event in self._set(id, points, now)]
            case UpdateStart() | UpdateBlock() | SubUpdateStart() | SubUpdateBlock():
                return self._update(message, now)
            case InfraredSend():
                self._infrared.add(message)
                self._transmit.answer(result_of(codes.INFRARED_SEND, True, codes.INFRARED_CODE))
            case InfraredLearn() if "learns-nothing" not in self._faults:
                self._timers.set(BUTTON, now + BUTTON_S)
            case Bare(command=codes.INFRARED_STOP):
                self._timers.clear(BUTTON)
                self._transmit.answer(result_of(codes.INFRARED_STOP, True))
            case PassThrough(command=codes.BROADCAST):
                self._transmit.answer(BroadcastResult(0))
            case BareSub():
                return ()
            case _:
                self._acknowledge_notice(message, frame)
        return ()

    def _acknowledge_notice(self, message: Message, frame: Frame) -> None:
        """Weather, security and alarms: the sub-command is the answer."""
        sub = GATEWAY.sub_of(frame.command, frame.payload)
        spec = GATEWAY.started_by("controller", frame.command, sub)
        if spec is not None and sub is not None and frame.command in (codes.SERVICES, codes.SECURITY, codes.ALARM):
            self._transmit.acknowledge(BareSub(frame.command, sub))
        elif spec is not None and frame.command in (codes.DROP_PHONE, codes.TO_APP):
            self._transmit.acknowledge(Bare(frame.command))

    def _introduce(self, query: ProductQuery) -> Sequence[Event]:
        options = self._options
        product = options.product if query.pid_asked and "reports-no-product" not in self._faults else None
        info = ProductInfo(
            v=self._updates.version,
            m=0,
            cap=options.capabilities,
            p=product,
            s=int(options.security),
            a=int(options.new_alarms),
        )
        self._transmit.answer(info)
        if self._is_started:
            return ()
        self._is_started = True
        return (Online(), *self._asking.begin())

    def _update(self, message: Message, now: float) -> Sequence[Event]:
        """A packet of an update; after the last one of its own the gateway starts again."""
        packet = self._updates.received(message)
        if packet.answer is not None:
            self._transmit.answer(packet.answer)
        if packet.restarts:
            self._timers.set(FLASHED, now + FLASH_S)
        return ()

    def _joined(self, message: AddResult, now: float) -> Sequence[Event]:
        self._transmit.acknowledge(Bare(codes.ADD_RESULT))
        joined, events = self._joins.results(message)
        for id in joined:
            one = self.devices.get(id)
            if one is not None:
                self._reports.due(id, one.points.keys(), now)
        return events

    def _removed(self, id: str) -> list[Event]:
        self._reports.drop(id)
        self._records.drop(id)
        self._joins.removed(id)
        return [*self.devices.put(id, False), *self._groups.drop(id)]

    def _beat(self, id: str) -> None:
        one = self.devices.get(id)
        if one is not None and one.is_there:
            hb_time = HB_TIME_S if "reports-heartbeat-time" in self._faults else None
            self._transmit.answer(HeartbeatReply(sub_id=id, lp=int(one.spec.low_power), hb_time=hb_time))

    def _change_group(self, message: GroupMembers) -> list[Event]:
        known = {one.spec.id for one in self.devices.joined()}
        answer, events = self._groups.change(message, known)
        self._transmit.answer(answer)
        return events


def gateway_mcu(options: GatewayOptions, ambient: Ambient) -> Endpoint[GatewayMcu]:
    """A session in the device role."""
    parts = EndpointParts(GATEWAY.shapes, pause_s=PAUSE_S, questions=COMMANDS)
    return Endpoint(parts, GatewayMcu(options, ambient, parts))
